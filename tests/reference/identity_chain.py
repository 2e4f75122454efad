"""identity-chain: docs/rules.md §4."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.reference.derived import derived_rows
from tests.reference.events import Event, Record, Row, Window, in_window, last, look_back, read_events
from tests.reference.issuances import Issuance, read_issuances
from tests.reference.rows import NO_EVENT, distinct, event_columns, session_columns
from tests.reference.starts import Start, at_time, issued_starts, starts_of_key, starts_of_session
from tests.reference.steps import Found, Steps, Use, origin, use_of

DIRECTIONS = ("start", "origin", "derived")


class Hop:
    """A row of the walk back: a use, the row's other columns, and the path that led here."""

    def __init__(
        self, use: Use, row: Row, path: frozenset[Any], *, goes_on: bool = True, issued_arn: str | None = None
    ) -> None:
        """Note whether the hop returns to its own path (a caller without session never does)."""
        self.use, self.row, self.goes_on, self.issued_arn = use, row, goes_on, issued_arn
        self.is_cycle = goes_on and use.triple in path
        self.path = path | {use.triple} if goes_on else path

    def alike(self) -> tuple[Any, ...]:
        """Equal for hops that go on alike."""
        return (self.use, tuple(self.row.values()), self.path, self.is_cycle, self.issued_arn)


def start_row(start: Start) -> Row:
    """The row of depth 0."""
    return {
        "start_session_id": start.session_id,
        "direction": "start",
        "depth": 0,
        **session_columns(
            start.session_id,
            start.use.key,
            start.use.principal,
            start.use.identity_type,
            start.use.identity_arn,
            start.use.account,
            start.use.created,
        ),
        "link": None,
        "confidence": None,
        **NO_EVENT,
        "mfa_authenticated": start.mfa_authenticated,
        "source_identity": start.source_identity,
        "on_behalf_of": start.on_behalf_of,
    }


def _hop_row(nearer: Row, found: Found, event: Event, issuance: Issuance | None) -> Row:
    """The row of a caller (or of the long-term key of a forwarded call) one step further from the start."""
    return {
        "start_session_id": nearer["start_session_id"],
        "direction": "origin",
        "depth": nearer["depth"] + 1,
        **session_columns(
            event.session_id,
            event.access_key_id,
            event.principal_id,
            event.identity_type,
            event.identity_arn,
            event.account_id,
            event.session_created_at,
        ),
        "link": found.link,
        "confidence": found.confidence,
        **event_columns(event, issuance),
        "mfa_authenticated": event.mfa_authenticated,
        "source_identity": issuance.source_identity if issuance else event.source_identity,
        "on_behalf_of": event.on_behalf_of,
        "linked_session_id": nearer["session_id"],
        "linked_access_key_id": nearer["access_key_id"],
    }


def _further(hop: Hop, found: Found) -> list[Hop]:
    """The hops one step behind a hop."""
    callers = [
        Hop(
            use_of(issuance.event),
            _hop_row(hop.row, found, issuance.event, issuance),
            hop.path,
            goes_on=issuance.caller_session_id is not None,
            issued_arn=issuance.arn,
        )
        for issuance in found.issuances
    ]
    return callers + [Hop(use_of(call), _hop_row(hop.row, found, call, None), hop.path) for call in found.calls]


def origin_rows(start: Start, first: Row, steps: Steps, max_depth: int) -> list[Row]:
    """The walk back from a start, its own row (first) included, with the origin where it ends."""
    rows: list[Row] = []
    hops = [Hop(start.use, first, frozenset())]
    while hops:
        further: dict[Any, Hop] = {}
        for hop in hops:
            found = steps.back(hop.use)
            if hop.is_cycle:
                end: str | None = "cycle"
            elif not hop.goes_on or not (found.issuances or found.calls):
                end = origin(hop.use, hop.issued_arn)
            elif hop.row["depth"] >= max_depth:
                end = "depth-limit"
            else:
                end = None
                further.update({one.alike(): one for one in _further(hop, found)})
            rows.append({**hop.row, "origin": end})
        hops = list(further.values())
    return rows


def _order(row: Row) -> list[Any]:
    names = (
        "depth",
        "event_time",
        "event_id",
        "session_id",
        "access_key_id",
        "linked_session_id",
        "linked_access_key_id",
        "principal_id",
        "session_created_at",
        "origin",
    )
    direction = DIRECTIONS.index(row["direction"])
    return [last(row["start_session_id"]), direction, *[last(row[name]) for name in names]]


def identity_chain(
    records: list[Record],
    *,
    access_key: str | None = None,
    session_id: str | None = None,
    at: datetime | None = None,
    direction: str = "origin",
    max_depth: int = 16,
    window: Window = (None, None),
) -> list[Row]:
    """Who is behind a key or session (exactly one of the two), and what came out of it.

    ``at`` and ``window`` are naive UTC; ``direction`` is origin, derived or both.
    """
    events = read_events(records)
    read = in_window(events, look_back(window))
    issuances = read_issuances(read)
    steps = Steps(read, issuances)
    inside = in_window(events, window)
    if access_key is not None:
        starts = starts_of_key(inside, access_key)
        asked = [issuance for issuance in issuances if issuance.key == access_key]
    else:
        starts = starts_of_session(inside, session_id or "")
        asked = [issuance for issuance in issuances if issuance.session_id == session_id]
    at_start = set(inside)
    starts += issued_starts([issuance for issuance in asked if issuance.event in at_start], starts, steps)
    if at is not None:
        starts = at_time(starts, at, steps)

    rows: list[Row] = []
    for start in starts:
        first = {**start_row(start), "linked_session_id": None, "linked_access_key_id": None}
        if direction in ("origin", "both"):
            rows += origin_rows(start, first, steps, max_depth)
        else:
            rows.append({**first, "origin": None})
        if direction in ("derived", "both"):
            rows += derived_rows(start, read, issuances, steps, max_depth)
    return sorted(distinct(rows), key=_order)
