"""A warehouse that answers from a table of canned facts: what it has, what it may be asked, what it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlgen.dialects import load_layout
from sqlgen.queries import OutputColumn
from sqlgen.warehouses.base import (
    NO_LIMITS,
    BindValue,
    QueryLimits,
    QueryStatus,
    Row,
    Rows,
    StatusListener,
    TableColumn,
    WarehouseError,
)


def described(
    dialect: str, layout: str, *, without: Sequence[str] = (), partitions: Sequence[str] = ()
) -> list[TableColumn]:
    """Return the columns of a table of a layout, as its engine describes them."""
    columns = [
        TableColumn(name.lower(), kind) for name, kind in load_layout(dialect, layout).columns if name not in without
    ]
    return [*columns, *(TableColumn(name, "string", partition=True) for name in partitions)]


@dataclass
class StubWarehouse:
    """See `Warehouse`. `tables`: columns by name. `rows`: what the first, second, ... query gives (the last one again and again).

    `refuse`: statements that begin so fail. `asked`: the statements so far.
    """

    dialect: str
    tables: Mapping[str, Sequence[TableColumn]]
    rows: Sequence[Sequence[Row]] = ((),)
    refuse: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    limits: list[QueryLimits] = field(default_factory=list)
    closed: bool = False

    @contextmanager
    def query(
        self,
        sql: str,
        binds: Sequence[BindValue] = (),
        *,
        columns: Sequence[OutputColumn] = (),
        tag: str = "",
        limits: QueryLimits = NO_LIMITS,
        listen: StatusListener | None = None,
    ) -> Iterator[Rows]:
        self._meet(sql)
        self.limits.append(limits)
        rows = self.rows[min(len(self.limits), len(self.rows)) - 1]
        yield Rows(tuple(column.name for column in columns), iter(rows), QueryStatus("q", "FINISHED", 1234))

    def execute(self, sql: str, *, tag: str = "") -> None:
        self._meet(sql)

    def _meet(self, sql: str) -> None:
        self.asked.append(sql)
        for beginning, message in self.refuse.items():
            if sql.startswith(beginning):
                raise WarehouseError(message)

    def describe(self, table: str) -> Sequence[TableColumn] | None:
        return self.tables.get(table)

    def identity(self) -> Mapping[str, str]:
        self._meet("IDENTITY")
        return {"account": "111122223333"}

    def close(self) -> None:
        self.closed = True
