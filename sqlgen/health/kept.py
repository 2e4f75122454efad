"""Whether the scheduled table that chains are read from is there, is what they read, and follows the log."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlgen.answers import EDGES_LAYOUT
from sqlgen.dialects import load_dialect
from sqlgen.errors import SqlgenError
from sqlgen.fit import layout_fits
from sqlgen.health.verdict import Verdict, failed, ok
from sqlgen.queries import OutputColumn
from sqlgen.tree import table_node
from sqlgen.warehouses.base import QueryLimits, Warehouse

LATE = timedelta(days=2)
"""A schedule that runs at least every night, over a log in which sessions begin every day, is not further behind."""

MEND = "`sqlgen schedule` makes and fills it; without it take `edges` out of the profile"
NEWEST = (OutputColumn("newest", "timestamp", ""), OutputColumn("row_count", "integer", ""))


def edges_verdict(table: str, warehouse: Warehouse, limits: QueryLimits, now: datetime) -> Verdict:
    """Return the verdict on the table that a profile names as `edges`.

    Args:
        table: its name.
        limits: what the look for its newest row may take.
        now: naive UTC.
    """
    try:
        columns = warehouse.describe(table)
        if columns is None:
            return failed("edges", f"there is no {table}", MEND)
        fit = next((fit for fit in layout_fits(warehouse.dialect, columns) if fit.layout == EDGES_LAYOUT), None)
        if fit is not None and not fit.fits:
            return failed("edges", f"{table} lacks {', '.join((*fit.lacking, *fit.mistyped))}", MEND)
        name = table_node(table).sql(dialect=load_dialect(warehouse.dialect).sqlglot)
        sql = f"SELECT MAX(event_time) AS newest, COUNT(*) AS row_count FROM {name}"
        with warehouse.query(sql, columns=NEWEST, tag="sqlgen check", limits=limits) as answer:
            row = next(answer.rows)
    except SqlgenError as error:
        return failed("edges", str(error), MEND)
    newest = row["newest"]
    if not isinstance(newest, datetime):
        return failed(
            "edges",
            f"{table} is empty, so that no chain is found in it",
            "`sqlgen schedule --backfill FROM TO` fills it",
        )
    says = f"{table}: {row['row_count']} rows, the newest of {newest:%Y-%m-%dT%H:%M:%SZ}, {_lag(now - newest)} behind; read in place of the log"
    late = "a schedule would be nearer: `sqlgen schedule --status` says what failed; --from-log reads the log"
    return ok("edges", says, *([late] if now - newest > LATE else []))


def _lag(lag: timedelta) -> str:
    minutes = max(0, lag // timedelta(minutes=1))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
