"""The days before the schedule began, filled a day at a time: stopped and gone on with at any moment.

Which days are done is noted in the warehouse (`schedule_days`), after each is filled. A process that is killed between the two fills
that day again, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlgen.errors import UsageError
from sqlgen.schedules.objects import KeptTable
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.tables import TAG, run
from sqlgen.warehouses.base import QueryStatus, Warehouse

SETTLED = timedelta(days=2)
"""A day is noted as done when it is so long over that nothing of it is to come."""


@dataclass(frozen=True)
class Step:
    """One table and day. `status`: how the statement went, None where it was done before or is yet to be done; `place`: n of how many."""

    table: KeptTable
    day: date
    place: tuple[int, int]
    status: QueryStatus | None = None
    was_done: bool = False


def parse_days(start: str, end: str, today: date) -> tuple[date, date]:
    """Return the days [start, end); UsageError where they are no days, none, or to come."""
    try:
        first, last = date.fromisoformat(start.strip()), date.fromisoformat(end.strip())
    except ValueError as error:
        raise UsageError(
            f"--backfill takes two days, 2023-01-01 2023-02-01 (the second is left out), not {start!r} {end!r}"
        ) from error
    if first >= last:
        raise UsageError(
            "--backfill takes an earlier day first; the second is left out, so one day is 2023-01-01 2023-01-02"
        )
    if last > today + timedelta(days=1):
        raise UsageError(f"--backfill ends with today at the latest: {today + timedelta(days=1)}")
    return first, last


def backfill(
    warehouse: Warehouse,
    statements: Statements,
    tables: Sequence[KeptTable],
    start: date,
    end: date,
    *,
    dry_run: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
) -> Iterator[Step]:
    """Fill the days [start, end) of these tables, the newest first; days that are done by the same text are passed over.

    The tables must be there. Raises WarehouseError when a statement fails; what was done stays done.
    """
    done = {table.name: _done(warehouse, statements, table) for table in tables}
    days = [end - timedelta(days=back) for back in range(1, (end - start).days + 1)]
    steps = [(table, day) for day in days for table in tables]
    for number, (table, day) in enumerate(steps, 1):
        place = (number, len(steps))
        if day.isoformat() in done[table.name]:
            yield Step(table, day, place, was_done=True)
        elif dry_run:
            yield Step(table, day, place)
        else:
            status = run(warehouse, statements.merge_day(table, day))
            if datetime.combine(day, datetime.min.time()) + SETTLED <= now():
                run(warehouse, statements.mark_day(table, day))
            yield Step(table, day, place, status)


def _done(warehouse: Warehouse, statements: Statements, table: KeptTable) -> set[str]:
    with warehouse.query(statements.marked_days(table), tag=f"{TAG} {table.name}") as answer:
        return {str(row["done_day"]) for row in answer.rows}
