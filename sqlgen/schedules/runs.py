"""When each table is filled, and with which part of the log.

CloudTrail delivers within minutes as a rule and promises nothing (AWS CloudTrail User Guide, "How CloudTrail works"): so every night the days
before are filled anew, and what came late is found. In between, what is asked about while it is new is filled with what came since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlgen.errors import UsageError
from sqlgen.schedules.objects import KeptTable
from sqlgen.values import Moment

DAY_SECONDS = 86400
NIGHT = time(3, 15)
"""When the days before are filled, UTC: the last of their events have come, and few people ask."""
NIGHT_STEP = timedelta(minutes=10)
"""How much later each day further back is filled: two writers of one Iceberg table may have to begin again."""
MARGIN_SECONDS = 3 * 3600
"""How long after midnight the newest events are still looked for in the day before; the night's run comes after."""
EVIDENCE_HOURS = 1
"""How much before a day is read with it: the evidence of sessions that services went on with lies within ten minutes (docs/rules.md §3.6)."""

LEAST, MOST = timedelta(minutes=5), timedelta(days=1)
MOST_DAYS = 7
LENGTH = re.compile(r"(\d{1,4})\s*(m|h|d)", re.IGNORECASE)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True)
class Rate:
    """When something runs: `every` so often or, where that is None, every night at a time (UTC)."""

    every: timedelta | None = None
    at: time = NIGHT

    @property
    def minutes(self) -> int:
        """Every how many minutes; 0 at night."""
        return (self.every or timedelta()) // timedelta(minutes=1)

    @property
    def told(self) -> str:
        """For people."""
        if not self.minutes:
            return f"every night at {self.at:%H:%M} UTC"
        return f"every {self.minutes} min" if self.minutes % 60 else f"every {self.minutes // 60} h"


@dataclass(frozen=True)
class Rhythm:
    """How often and how far back. `every`: None for each table's own choice; `overlap_days`: how many days before are filled anew each night."""

    every: timedelta | None = None
    overlap_days: int = 1


@dataclass(frozen=True)
class Span:
    """The part of the log that one statement covers: [start, end). `look_back_hours`: read from so much earlier; None: as the query wants."""

    start: datetime | Moment
    end: datetime | Moment
    look_back_hours: int | None = None


@dataclass(frozen=True)
class Run:
    """A table filled with a span of the log, time and again."""

    name: str
    rate: Rate
    span: Span


def runs(table: KeptTable, rhythm: Rhythm) -> list[Run]:
    """Return the runs that keep a table.

    Events are filled within the day by the hour, unless `rhythm.every` says otherwise; what is kept by the day only where it says so:
    it is read again from its midnight each time.
    """
    every = rhythm.every or (MOST if table.daily else timedelta(hours=1))
    within = every < MOST
    if table.daily:
        today = [Run("today", Rate(every), _whole_day(0))] if within else []
        return today + [
            Run(
                "night" if back == 1 else f"night-{back}",
                Rate(at=_later(NIGHT, NIGHT_STEP * (back - 1))),
                _whole_day(back),
            )
            for back in range(1, rhythm.overlap_days + 1)
        ]
    recent = [Run("recent", Rate(every), Span(Moment(MARGIN_SECONDS, day=True), Moment(), 0))] if within else []
    return [*recent, Run("night", Rate(), Span(Moment(rhythm.overlap_days * DAY_SECONDS, day=True), Moment(), 0))]


def day_span(table: KeptTable, day: date) -> Span:
    """Return what fills one UTC day."""
    start = datetime.combine(day, time())
    return Span(start, start + timedelta(days=1), None if table.daily else EVIDENCE_HOURS)


def _later(at: time, by: timedelta) -> time:
    return (datetime.combine(datetime.min, at) + by).time()


def _whole_day(back: int) -> Span:
    return Span(Moment(back * DAY_SECONDS, day=True), Moment((back - 1) * DAY_SECONDS, day=True))


def parse_every(text: str) -> timedelta:
    """Return how often a run is: `30m`, `1h`, `1d`; UsageError for less than 5 minutes or more than a day."""
    length = _length(text)
    if length is None or not LEAST <= length <= MOST:
        raise UsageError(f"--every takes a time from 5m to 1d such as 30m or 6h, not {text!r}")
    return length


def parse_overlap(text: str) -> int:
    """Return how many whole days `2d` says; UsageError for none or more than a week."""
    length = _length(text)
    if length is None or length % timedelta(days=1) or not timedelta(days=1) <= length <= timedelta(days=MOST_DAYS):
        raise UsageError(f"--overlap takes whole days from 1d to {MOST_DAYS}d, not {text!r}")
    return length // timedelta(days=1)


def _length(text: str) -> timedelta | None:
    match = LENGTH.fullmatch(text.strip())
    return int(match[1]) * UNITS[match[2].lower()] if match else None
