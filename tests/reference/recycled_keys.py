"""recycled-keys: docs/rules.md §9."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from tests.reference.events import (
    Event,
    Record,
    Row,
    Window,
    first_twenty,
    in_window,
    iso,
    largest,
    last,
    read_events,
    smallest,
)

Credentials = tuple[str | None, datetime | None]
"""Principal and creation."""


def _differ(one: Credentials, other: Credentials) -> bool:
    """Whether two uses of a key cannot be the same credentials."""
    return any(
        mine is not None and theirs is not None and mine != theirs for mine, theirs in zip(one, other, strict=True)
    )


def _row(key: str, credentials: Credentials, events: list[Event]) -> Row:
    principal, created = credentials
    return {
        "access_key_id": key,
        "session_id": events[0].session_id,
        "principal_id": principal,
        "identity_arn": smallest(event.identity_arn for event in events),
        "session_created_at": iso(created),
        "first_seen": iso(smallest(event.event_time for event in events)),
        "last_seen": iso(largest(event.event_time for event in events)),
        "calls": len(events),
        "identity_type": smallest(event.identity_type for event in events),
        "account_id": smallest(event.account_id for event in events),
        "source_ips": first_twenty(event.source_ip for event in events),
        "user_agents": first_twenty(event.user_agent for event in events),
    }


def recycled_keys(records: list[Record], *, access_key: Iterable[str] = (), window: Window = (None, None)) -> list[Row]:
    """The uses of each key that cannot all be the same credentials."""
    wanted = set(access_key)
    by_key: dict[str, dict[Credentials, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in in_window(read_events(records), window):
        key = event.access_key_id
        if key is not None and not event.is_sign_in and (not wanted or key in wanted):
            by_key[key][event.principal_id, event.created_at].append(event)
    rows = [
        _row(key, credentials, events)
        for key, uses in by_key.items()
        if any(_differ(one, other) for one in uses for other in uses)
        for credentials, events in uses.items()
    ]
    order = ("access_key_id", "first_seen", "session_id", "principal_id", "session_created_at")
    return sorted(rows, key=lambda row: [last(row[name]) for name in order])
