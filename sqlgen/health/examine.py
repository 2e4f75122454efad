"""The examination: one thing after the other, the cheap ones first; what rests on a thing that failed is skipped."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlgen.dialects import load_dialect
from sqlgen.errors import SqlgenError
from sqlgen.health.kept import edges_verdict
from sqlgen.health.layouts import layout_verdict
from sqlgen.health.live import LiveRow, live_row
from sqlgen.health.partitions import partition_verdict
from sqlgen.health.verdict import Verdict, failed, ok, skipped
from sqlgen.profiles import Profile
from sqlgen.renderer import render
from sqlgen.sizes import size_text
from sqlgen.tree import table_node
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import QueryLimits, TableColumn, Warehouse

TRIED = "session-events"
"""The question whose text is explained: it reads most of what a layout gives, and is planned quickly."""

TAG = "sqlgen check"
CHEAP = QueryLimits(maximum_scan_bytes=10**9, timeout_seconds=300)
COUNTS_BYTES = frozenset({"athena", "trino"})
"""The engines that tell what a statement has read while it runs, so that it can be stopped by that."""


def examine(
    profile: Profile,
    *,
    write: bool = False,
    limits: QueryLimits = CHEAP,
    warehouse: Warehouse | None = None,
    now: datetime | None = None,
) -> Iterator[Verdict]:
    """Yield what is found of a profile, a verdict as soon as it is there.

    Args:
        profile: what is examined.
        write: make a view in the profile's home, and drop it again.
        limits: what the look for a live row may take.
        warehouse: an open connection to use; None: one of its own.
        now: naive UTC, the end of the newest days; None: this moment.
    """
    try:
        connection = warehouse or open_warehouse(profile)
    except SqlgenError as error:
        yield failed("connection", str(error), f"look at [profiles.{profile.name}.connection]")
        return
    try:
        yield from _examine(profile, connection, write, limits, now or datetime.now(UTC).replace(tzinfo=None))
    finally:
        if warehouse is None:
            connection.close()


def _examine(
    profile: Profile, warehouse: Warehouse, write: bool, limits: QueryLimits, now: datetime
) -> Iterator[Verdict]:
    if profile.dialect not in COUNTS_BYTES:
        limits = replace(limits, maximum_scan_bytes=None)
    try:
        told = warehouse.identity()
        columns = warehouse.describe(profile.table)
    except SqlgenError as error:
        yield failed("connection", str(error), f"look at [profiles.{profile.name}.connection] and your credentials")
        return
    yield ok("connection", ", ".join(f"{name} {value}" for name, value in told.items()))
    if columns is None:
        yield failed(
            "table", f"there is no {profile.table}", "`sqlgen init` shows what there is, `sqlgen ddl` makes one"
        )
    else:
        yield ok("table", profile.table)
        yield from _log(profile, columns, warehouse, limits, now)
    if profile.edges:
        yield edges_verdict(profile.edges, warehouse, limits, now)
    if write:
        yield _home(profile, warehouse)


def _log(
    profile: Profile, columns: Sequence[TableColumn], warehouse: Warehouse, limits: QueryLimits, now: datetime
) -> Iterator[Verdict]:
    verdict, layout = layout_verdict(profile, columns)
    yield verdict
    if layout is None:
        for name in ("rights", "row", "partitions"):
            yield skipped(name, "no layout fits")
        return
    names = {column.name for column in columns}
    there = tuple(part for part in profile.partitions if names.issuperset(map(str.lower, part.columns)))
    asked = replace(profile, partitions=there)  # of one that is not there the verdict on partitions tells
    yield _rights(asked, layout, warehouse, now)
    row: LiveRow | None = None
    try:
        row = live_row(asked, layout, columns, warehouse, limits, now)
        yield _row(row)
    except SqlgenError as error:
        yield failed("row", str(error), "look at what may be read there (`sqlgen grants` says what is needed)")
    yield partition_verdict(profile, columns, row.partitions if row else {})


def _rights(profile: Profile, layout: str, warehouse: Warehouse, now: datetime) -> Verdict:
    """Have the engine plan a question: it looks up every name and right for that, and reads nothing."""
    try:
        text = render(
            TRIED,
            dialect=profile.dialect,
            layout=layout,
            table=profile.table,
            window_from=now - timedelta(hours=1),
            window_to=now,
            partitions=profile.partitions,
            markers=False,
        ).sql
        warehouse.execute(f"EXPLAIN {text}", tag=TAG)
    except SqlgenError as error:
        return failed(
            "rights", f"{TRIED} cannot be planned: {error}", "`sqlgen grants` says which rights a question needs"
        )
    return ok("rights", f"{TRIED} was planned, nothing read")


def _row(row: LiveRow | None) -> Verdict:
    if row is None:
        return failed(
            "row",
            "the table gives no row",
            "look where it points (LOCATION, stage) and whether the trail delivers there",
        )
    cost = "" if row.status.scanned_bytes is None else f", {size_text(row.status.scanned_bytes)} read"
    if row.event_time is None:
        return failed(
            "row", f"a row came, its time cannot be read{cost}", "look whether the table holds CloudTrail records"
        )
    late = (
        [] if row.days in (None, 2) else [f"found only by looking {row.days} days back: is the trail still delivering?"]
    )
    return ok("row", f"one of {row.event_time:%Y-%m-%dT%H:%M:%SZ}{cost}", *late)


def _home(profile: Profile, warehouse: Warehouse) -> Verdict:
    """Make a view where objects are to be saved, and drop it."""
    home = profile.home or profile.table.rpartition(".")[0]
    name = f"sqlgen_check_{secrets.token_hex(4)}"
    view = table_node(f"{home}.{name}" if home else name).sql(dialect=load_dialect(profile.dialect).sqlglot)
    where = home or "the default schema"
    try:
        warehouse.execute(f"CREATE VIEW {view} AS SELECT 1 AS one", tag=TAG)
        warehouse.execute(f"DROP VIEW {view}", tag=TAG)
    except SqlgenError as error:
        return failed("home", f"{where}: {error}", "`sqlgen grants --command schedule` says which rights are needed")
    return ok("home", f"{where}: a view was made, and dropped again")
