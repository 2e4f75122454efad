"""One row of the log, as cheaply as it can be had: by it one sees that files are read, and what partition columns really hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlglot import exp

from sqlgen import tree
from sqlgen.checks.traits import traits_of
from sqlgen.dialects import load_dialect, load_layout
from sqlgen.partitions import Bounds, Partition, put_window
from sqlgen.profiles import Profile
from sqlgen.pruning import prune_layout
from sqlgen.queries import OutputColumn
from sqlgen.vocabulary import load_snippets
from sqlgen.warehouses.base import QueryLimits, QueryStatus, TableColumn, Warehouse

TIME = "event_time"
LOOK_BACK_DAYS = (2, 31, 366)
"""How far back is looked for a row, one after the other, before the whole table is."""


@dataclass(frozen=True)
class LiveRow:
    """A row of the log: its time (None where it cannot be read), what its partition columns hold, and what it took to find it.

    `days`: how far back was looked; None: the whole table was, without the profile's partitions.
    """

    event_time: datetime | None
    partitions: Mapping[str, str]
    days: int | None
    status: QueryStatus


def live_row(
    profile: Profile,
    layout: str,
    columns: Sequence[TableColumn],
    warehouse: Warehouse,
    limits: QueryLimits,
    now: datetime,
) -> LiveRow | None:
    """Return a row from the newest days that have one, None where the table is empty; WarehouseError when it cannot be asked."""
    named = {name.lower() for part in profile.partitions if part.kind != "time" for name in part.columns}
    held = [column.name for column in columns if column.partition or column.name in named]  # a view says no more which
    days: int | None
    for days in (*(LOOK_BACK_DAYS if profile.partitions else ()), None):
        bounds = Bounds(now - timedelta(days=days) if days else None, None)
        sql, read = row_sql(profile, layout, bounds, profile.partitions if days else (), held)
        told = [OutputColumn(TIME, "timestamp", ""), *(OutputColumn(name, "text", "") for name in read)]
        with warehouse.query(sql, columns=told, tag="sqlgen check", limits=limits) as answer:
            row = next(answer.rows, None)
        if row is not None:
            moment = row[TIME]
            values = {column: str(row[name]) for name, column in read.items() if row[name] is not None}
            return LiveRow(moment if isinstance(moment, datetime) else None, values, days, answer.status)
    return None


def row_sql(
    profile: Profile, layout: str, bounds: Bounds, partitions: Sequence[Partition], held: Sequence[str]
) -> tuple[str, Mapping[str, str]]:
    """Return the text that reads one row, and the partition columns by the names under which it gives them.

    A layout that reads the table inside a SELECT of its own or takes lists apart gives none.
    """
    engine, shape = load_dialect(profile.dialect), load_layout(profile.dialect, layout)
    select = tree.layout_select(shape, engine, tree.table_node(profile.table))
    prune_layout(select, exp.select(TIME))
    upper = traits_of(engine).folds_upper
    if upper:  # as in a rendered text: written in quotes, by the names that the engine gave them
        partitions = [replace(partition, columns=tuple(map(str.upper, partition.columns))) for partition in partitions]
    put_window(select, bounds, partitions)
    read: dict[str, str] = {}
    if isinstance(select.args["from_"].this, exp.Table) and not select.args.get("laterals") and not upper:
        for number, name in enumerate(held):
            read[f"partition_{number}"] = name
            column = exp.column(exp.to_identifier(name, quoted=True))
            select.select(exp.alias_(column, f"partition_{number}"), copy=False)
    tree.lower(select, load_snippets(engine), engine)
    return select.limit(1).sql(dialect=engine.sqlglot, pretty=True), read
