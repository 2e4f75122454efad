"""Asking a question in place: in the warehouse where the log is, by what a profile says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlgen.dialects import load_dialect
from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.queries import OutputColumn, Query, load_query
from sqlgen.renderer import Rendered, render
from sqlgen.values import Arguments, check_arguments, require_arguments
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import NO_LIMITS, QueryLimits, QueryStatus, Row, Rows, StatusListener, Warehouse

EDGES_LAYOUT = "store"
EDGES_GRAIN = timedelta(hours=1)
"""The scheduled table keeps the first use of a key in each hour: a window over it is widened to whole hours."""


@dataclass
class WarehouseAnswer:
    """An answer that is still being fetched: each row is read once, as it comes; `count` says how many came so far.

    `read_from`: the table that was read: the log, or the scheduled edges in its place (`from_edges`).
    """

    query: str
    columns: tuple[OutputColumn, ...]
    arguments: Arguments
    rendered: Rendered
    read_from: str
    from_edges: bool
    _rows: Rows
    count: int = 0

    @property
    def rows(self) -> Iterator[Row]:
        """The rows in order; WarehouseError when one cannot be had."""
        for row in self._rows.rows:
            self.count += 1
            yield row

    @property
    def status(self) -> QueryStatus:
        """How the statement stands: after the last row, what it cost."""
        return self._rows.status

    @property
    def hints(self) -> tuple[str, ...]:
        """Why there may be no rows, once all were read; nothing where there were some."""
        if self.count:
            return ()
        if self.from_edges:
            return (
                f"no rows in {self.read_from}, which a schedule fills: `sqlgen schedule --status` says up to when; --from-log reads the log",
            )
        return (
            f"no rows: look whether the window is right, and whether {self.read_from} has the logs of the account and region",
        )


@contextmanager
def ask(
    query: str,
    profile: Profile,
    *,
    parameters: Mapping[str, object] | None = None,
    window_from: str | datetime | None = None,
    window_to: str | datetime | None = None,
    full_scan: bool = False,
    from_log: bool = False,
    limits: QueryLimits = NO_LIMITS,
    listen: StatusListener | None = None,
    warehouse: Warehouse | None = None,
) -> Iterator[WarehouseAnswer]:
    """Give the answer of `query` from the profile's warehouse; leaving the block ends the statement there.

    Args:
        query, parameters, window_from, window_to: as of `sqlgen.run`.
        profile: where the log is.
        full_scan: read the whole log where no window is given, which is refused otherwise.
        from_log: read the log although the profile names a scheduled table of edges.
        limits, listen: as of `Warehouse.query`.
        warehouse: an open connection to use; None: one of its own.

    Raises:
        UsageError: an unknown name, a missing or wrong value, no window.
        WarehouseError: no connection, or the statement failed.
    """
    question = load_query(query)
    asked = with_own(question, parameters or {}, profile)
    arguments = check_arguments(question, asked, window_from, window_to)
    require_arguments(question, arguments)
    edges = profile.edges if question.from_edges and not from_log else None
    if arguments.window_from is None and edges is None and profile.dialect != "duckdb" and not full_scan:
        raise UsageError(
            "without a window the whole log would be read and paid for: give --from (and --to), or --full-scan"
        )
    start, end = arguments.window_from, arguments.window_to
    if edges is not None:
        start, end = _hour(start), _hour(end, up=True)
    rendered = render(
        query,
        dialect=profile.dialect,
        layout=EDGES_LAYOUT if edges else profile.layout,
        table=edges or profile.table,
        parameters=asked,
        window_from=start,
        window_to=end,
        partitions=() if edges else profile.partitions,
        markers=False,
        bound=load_dialect(profile.dialect).binds_values,
    )
    connection = warehouse or open_warehouse(profile)
    try:
        with connection.query(
            rendered.sql,
            [bind.value for bind in rendered.binds],
            columns=rendered.columns,
            tag=f"sqlgen {query}",
            limits=limits,
            listen=listen,
        ) as rows:
            yield WarehouseAnswer(
                query, rendered.columns, arguments, rendered, edges or profile.table, edges is not None, rows
            )
    finally:
        if warehouse is None:
            connection.close()


def with_own(question: Query, parameters: Mapping[str, object], profile: Profile) -> dict[str, object]:
    """Fill in what the profile calls its own, where the question asks for it and nothing is given."""
    own = {
        "own_account": profile.own_accounts,
        "own_endpoint": profile.own_endpoints,
        "own_range": profile.own_ranges,
    }
    known = {parameter.name for parameter in question.parameters}
    return {name: list(value) for name, value in own.items() if name in known and value} | dict(parameters)


def _hour(moment: datetime | None, *, up: bool = False) -> datetime | None:
    if moment is None:
        return None
    hour = moment - timedelta(minutes=moment.minute, seconds=moment.second)
    return hour + EDGES_GRAIN if up and hour != moment else hour
