"""How a schedule stands: how new each table is, which schedules there are, when they last ran, and why they failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlgen.output.answer import Answer, Column
from sqlgen.schedules.deploy import has_scheduler, is_of, open_scheduler
from sqlgen.schedules.history import PastRun
from sqlgen.schedules.objects import KeptObject, KeptTable, tables
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.tables import TAG
from sqlgen.warehouses.base import Warehouse


@dataclass(frozen=True)
class TableStatus:
    """How a table stands. `newest`: of when its newest row is; `rows`: how many; None where there is no table, or none in it."""

    name: str
    is_there: bool
    newest: datetime | None = None
    rows: int = 0

    def lag(self, now: datetime) -> timedelta | None:
        """Return how far the newest row is behind."""
        return None if self.newest is None else now - self.newest


@dataclass(frozen=True)
class JobStatus:
    """How one schedule stands.

    `when`: in the scheduler's words; `past`: its last runs, the newest first; `is_missing`: one was due, and none is known.
    """

    name: str
    when: str
    is_on: bool
    past: Sequence[PastRun]
    is_missing: bool = False


@dataclass(frozen=True)
class Status:
    """How it all stands. `jobs`: None where the warehouse has no scheduler."""

    tables: Sequence[TableStatus]
    jobs: Sequence[JobStatus] | None


def examine(warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], now: datetime) -> Status:
    """Return how the schedule of these objects stands at `now` (UTC, naive); WarehouseError when it cannot be asked."""
    found = [_table(warehouse, statements, table) for table in tables(objects)]
    return Status(found, _jobs(warehouse, statements, objects, now) if has_scheduler(statements.profile) else None)


def _table(warehouse: Warehouse, statements: Statements, table: KeptTable) -> TableStatus:
    name = statements.name(table.name)
    if warehouse.describe(name) is None:
        return TableStatus(name, is_there=False)
    with warehouse.query(statements.newest(table), tag=f"{TAG} status") as answer:
        row = next(iter(answer.rows))
    newest = row["newest"]
    return TableStatus(name, True, newest if isinstance(newest, datetime) else None, int(str(row["row_count"])))


def _jobs(
    warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], now: datetime
) -> list[JobStatus]:
    scheduler = open_scheduler(statements, warehouse)
    ours = [kept for kept in scheduler.kept() if kept.content_hash is not None and is_of(kept, statements, objects)]
    past = scheduler.past(ours)
    found = []
    for kept in ours:
        is_on, runs = scheduler.is_on(kept), past.get(kept.name, ())
        is_missing = is_on and not runs and scheduler.was_due(kept, now)
        found.append(JobStatus(kept.name, scheduler.when(kept), is_on, runs, is_missing))
    return found


def as_answer(found: Status, now: datetime) -> Answer:
    """Return how it stands as an answer: the tables, then the schedules."""
    columns = (
        *(Column(name, "text") for name in ("kind", "name", "state", "runs")),
        *(Column(name, "timestamp") for name in ("newest", "last_run")),
        *(Column(name, "integer") for name in ("lag_minutes", "rows", "failed_runs")),
        Column("last_result", "text"),
    )
    empty: dict[str, object] = {column.name: None for column in columns}
    rows = []
    for table in found.tables:
        lag = table.lag(now)
        told = {
            "kind": "table",
            "name": table.name,
            "state": "there" if table.is_there else "missing",
            "newest": table.newest,
            "lag_minutes": None if lag is None else int(lag.total_seconds() // 60),
            "rows": table.rows if table.is_there else None,
        }
        rows.append(empty | told)
    for job in found.jobs or ():
        last = job.past[0] if job.past else None
        results = {True: "succeeded", False: "failed", None: "running"}
        told = {
            "kind": "schedule",
            "name": job.name,
            "state": "on" if job.is_on else "off",
            "runs": job.when,
            "last_run": last.at if last else None,
            "failed_runs": sum(run.succeeded is False for run in job.past),
            "last_result": results[last.succeeded] if last else "no run found" if job.is_missing else None,
        }
        rows.append(empty | told)
    return Answer("schedule", columns, rows)
