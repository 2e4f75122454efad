"""What every warehouse does for a question: answer one statement, in place, and say what that cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from sqlgen.errors import SqlgenError
from sqlgen.queries import OutputColumn

Row = dict[str, object]
"""Values by column name, in the kinds that answers are written in: str, int, bool, datetime (naive UTC), list[str] or None; JSON as text."""

BindValue = str | int | datetime | None
"""The value of one bind marker, in the order of the text's markers; times are naive UTC."""


class WarehouseError(SqlgenError):
    """The warehouse refused or failed: no connection, no rights, a statement that went wrong. One line, and what to do."""


class ScanLimitError(WarehouseError):
    """The statement was stopped because it had read more than `maximum_scan_bytes`, or than the warehouse lets one read."""


@dataclass(frozen=True)
class QueryStatus:
    """How a statement stands. `state` is the engine's own word; bytes are None where the engine does not say.

    `cost_dollars`: the list price of what was read so far, None where it is not charged by bytes.
    """

    query_id: str
    state: str
    scanned_bytes: int | None = None
    elapsed_seconds: float = 0.0
    cost_dollars: float | None = None


StatusListener = Callable[[QueryStatus], None]
"""Called when a statement's state or figures change."""


@dataclass
class Rows:
    """A statement that runs: its rows are fetched as they are read, never held together.

    `status` is the newest; after the last row, the final one. Reading on raises WarehouseError when a page cannot be had.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]
    status: QueryStatus


@dataclass(frozen=True)
class TableColumn:
    """A column of a table as the warehouse describes it: its name (lower case), and its type in the engine's words."""

    name: str
    type: str
    partition: bool = False


@dataclass(frozen=True)
class QueryLimits:
    """What a statement may take. `reuse_minutes`: an answer not older than that may be given again (Athena only; 0: never)."""

    maximum_scan_bytes: int | None = None
    timeout_seconds: float | None = None
    reuse_minutes: int = 0


NO_LIMITS = QueryLimits()


class Warehouse(Protocol):
    """A connection to one warehouse. Opened by `open_warehouse(profile)`, ended by `close`: `with contextlib.closing(...)`."""

    dialect: str

    def query(
        self,
        sql: str,
        binds: Sequence[BindValue] = (),
        *,
        columns: Sequence[OutputColumn] = (),
        tag: str = "",
        limits: QueryLimits = NO_LIMITS,
        listen: StatusListener | None = None,
    ) -> AbstractContextManager[Rows]:
        """Run one statement; leaving the block before its end (an error, Ctrl-C) stops it there, so that nobody pays on.

        Args:
            sql: one statement of the dialect, with its bind markers.
            binds: their values in order.
            columns: the columns that are expected; rows come with these names and kinds. Empty: the engine's own names, in lower case.
            tag: what the statement is for, shown in the warehouse's history where it can be (Snowflake QUERY_TAG, Trino client info).
            limits: see `QueryLimits`.
            listen: told of states and figures while it runs; where the statement is stopped, of that last.

        Raises:
            WarehouseError: refused or failed; ScanLimitError: stopped at the limit.
        """

    def execute(self, sql: str, *, tag: str = "") -> None:
        """Run one statement for its effect (DDL, MERGE); WarehouseError when it fails."""

    def describe(self, table: str) -> Sequence[TableColumn] | None:
        """Return the columns of `database.table`, None when there is no such table; WarehouseError when it cannot be asked."""

    def identity(self) -> Mapping[str, str]:
        """Return who is connected, as lines for people (account, role, workgroup, ...), without any secret."""

    def close(self) -> None:
        """End the connection; safe to call twice."""


@runtime_checkable
class Listing(Protocol):
    """A warehouse that tells without a statement which tables it has. None: that may not be asked; ask `information_schema`."""

    def databases(self) -> Sequence[str] | None:
        """Return the names of the databases; WarehouseError when they cannot be asked."""

    def tables(self, database: str) -> Mapping[str, Sequence[TableColumn]] | None:
        """Return the tables and views of a database with their columns; WarehouseError when they cannot be asked."""
