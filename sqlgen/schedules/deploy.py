"""A schedule put into the customer's account, and taken out again: tables, views, then what fills them. Each step may be repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from sqlgen.errors import UsageError
from sqlgen.objects.base import Change, Kept, Plan
from sqlgen.profiles import Profile
from sqlgen.schedules.history import Scheduler
from sqlgen.schedules.jobs import jobs
from sqlgen.schedules.objects import DONE_DAYS, OBJECTS, KeptObject, tables
from sqlgen.schedules.runs import Rhythm
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.tables import Made, TakenError, drop_views, make
from sqlgen.warehouses.base import Warehouse

SCHEDULERS = {"athena": "sqlgen.schedules.athena", "snowflake": "sqlgen.schedules.snowflake"}


def has_scheduler(profile: Profile) -> bool:
    """Say whether the profile's warehouse runs statements by the clock."""
    return profile.dialect in SCHEDULERS


def open_scheduler(statements: Statements, warehouse: Warehouse) -> Scheduler:
    """Return who runs the profile's jobs; UsageError where the warehouse has nobody for that."""
    profile = statements.profile
    if not has_scheduler(profile):
        raise UsageError(
            f"{profile.dialect} has no scheduler of its own: --emit sql writes the statements for yours, --backfill fills the tables"
        )
    scheduler: Scheduler = import_module(SCHEDULERS[profile.dialect]).open_scheduler(statements, warehouse)
    return scheduler


def deploy(
    warehouse: Warehouse,
    statements: Statements,
    objects: Sequence[KeptObject],
    rhythm: Rhythm,
    *,
    dry_run: bool = False,
) -> Iterator[Made]:
    """Make tables and views, then create or change the schedules that fill them, and yield each as it is done.

    Schedules of these objects that are not wanted any more, after a change of rhythm, are removed.

    Raises:
        UsageError: the warehouse has no scheduler, or the profile lacks what it needs.
        TakenError: a name is taken by what is not ours.
        WarehouseError: refused; what was done before stays, and a second time goes on from there.
    """
    scheduler = open_scheduler(statements, warehouse)
    wanted = [scheduler.job(job) for job in jobs(statements, objects, rhythm)]
    plan = Plan(scheduler)
    changes = [change for item in wanted for change in plan.changes(item)]
    for change in changes:
        if change.action == "refuse" and change.wanted:
            raise TakenError(f"{change.wanted.name}: {change.reason}; rename that one, or use another home")
    yield from make(warehouse, statements, objects, dry_run=dry_run)
    left = [change for change in plan.rest() if change.kept and is_of(change.kept, statements, objects)]
    for change in [*changes, *left]:
        yield _done(change, scheduler, dry_run)


def remove(
    warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], *, dry_run: bool = False
) -> Iterator[Made]:
    """Remove the schedules and views of these objects; their tables, which were paid for, stay."""
    scheduler = open_scheduler(statements, warehouse)
    for kept in scheduler.kept():
        if kept.content_hash is not None and is_of(kept, statements, objects):
            yield _done(Change("drop", None, kept), scheduler, dry_run)
    yield from drop_views(warehouse, statements, objects, dry_run=dry_run)


def is_of(kept: Kept, statements: Statements, objects: Sequence[KeptObject]) -> bool:
    """Say whether a schedule fills or tidies a table of these objects."""
    module = import_module(SCHEDULERS[statements.profile.dialect])
    names = [table.name for table in tables(objects)]
    if names == [table.name for table in tables(OBJECTS)]:
        names.append(DONE_DAYS)
    return any(kept.name.startswith(module.name_of(statements, name)) for name in names)


def _done(change: Change, scheduler: Scheduler, dry_run: bool) -> Made:
    """Do one thing, unless it is a dry run."""
    wanted, kept = change.wanted, change.kept
    if change.action == "drop":
        assert kept is not None
        if not dry_run:
            scheduler.drop(kept)
        return Made("drop", kept.kind, kept.name, note=change.reason)
    assert wanted is not None and change.action != "refuse"
    if change.action != "keep" and not dry_run:
        scheduler.put(wanted, kept)
    before, after = (kept.sql, wanted.sql) if kept and change.action == "replace" else ("", "")
    note = wanted.call + (f" ({change.reason})" if change.reason else "")
    return Made(change.action, wanted.kind, wanted.name, note=note, before=before, after=after)
