"""What is kept: tables that are filled by a query, and views over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlgen.dialects import event_columns
from sqlgen.queries import load_query
from sqlgen.resources import pick

DAY = "log_day"
"""The UTC day whose events a row tells of, in the tables that are kept by the day."""

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class KeptTable:
    """A table that holds the answers of a query.

    `key`: what tells its rows apart. `newest`: the column that says of when a row is. `daily`: each row is the query's row for one whole
    UTC day, and follows the log while that day lasts; otherwise rows are events, which never change.
    """

    name: str
    query: str
    key: tuple[str, ...]
    newest: str
    daily: bool = False

    @property
    def columns(self) -> Columns:
        """Its columns and their kinds: those of a query's columns, `day`, and `document` for what is kept as the engine's own."""
        documents = {name for name, kind in event_columns().items() if kind == "document"} if not self.daily else set()
        answer = tuple(
            (column.name, "document" if column.name in documents else column.type)
            for column in load_query(self.query).columns
        )
        return ((DAY, "day"), *answer) if self.daily else answer

    @property
    def partition(self) -> str:
        """The column by which it is partitioned, by the day."""
        return DAY if self.daily else self.newest

    @property
    def needs(self) -> tuple[str, ...]:
        """The objects that it reads: none, it reads the log."""
        return ()


@dataclass(frozen=True)
class KeptView:
    """A view: a query over a kept table of events in the place of the log."""

    name: str
    query: str
    over: str

    @property
    def columns(self) -> Columns:
        """Its columns and their kinds."""
        return tuple((column.name, column.type) for column in load_query(self.query).columns)

    @property
    def needs(self) -> tuple[str, ...]:
        """The objects that it reads."""
        return (self.over,)


KeptObject = KeptTable | KeptView

CHAIN_EVENTS = KeptTable("chain_events", "chain-events", ("event_id",), "event_time")
SESSIONS = KeptTable("sessions", "sessions", (DAY, "session_id"), "last_seen", daily=True)
SESSION_SUMMARY = KeptTable(
    "session_summary", "session-summary", (DAY, "session_id", "event_source", "event_name"), "last_seen", daily=True
)
ISSUANCES = KeptView("issuances", "issuances", CHAIN_EVENTS.name)
OBJECTS: tuple[KeptObject, ...] = (CHAIN_EVENTS, ISSUANCES, SESSIONS, SESSION_SUMMARY)

DONE_DAYS = "schedule_days"
"""The table of the days that were filled in behind the schedule."""
DONE_COLUMNS: Columns = (("table_name", "text"), (DAY, "day"), ("content_hash", "text"), ("done_at", "timestamp"))


def choose(names: Iterable[str]) -> list[KeptObject]:
    """Return the objects of these names (`-` for `_` will do) and what they need, in the order of `OBJECTS`; all of them for none.

    Raises UsageError for a name that is none.
    """
    known = {item.name: item for item in OBJECTS}
    wanted = {pick("object", name.replace("-", "_"), list(known)) for name in names} or set(known)
    wanted |= {need for name in wanted for need in known[name].needs}
    return [item for item in OBJECTS if item.name in wanted]


def tables(items: Iterable[KeptObject]) -> list[KeptTable]:
    """Return the tables among some objects."""
    return [item for item in items if isinstance(item, KeptTable)]
