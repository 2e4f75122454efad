"""session-summary: docs/rules.md §6 and §7."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from tests.reference import lists
from tests.reference.events import (
    Event,
    Record,
    Row,
    Window,
    field,
    first_twenty,
    in_window,
    iso,
    largest,
    last,
    matches,
    read_events,
    smallest,
)

ON_RESOURCE, BECAUSE, EXPLICIT = " on resource: ", " because ", " with an explicit deny"


EMPTY: tuple[Any, ...] = (None, {}, [], "")


def denied_target(event: Event) -> str | None:
    """The target that the message of a denied event names (§7)."""
    message = event.error_message
    if not event.denied or message is None or ON_RESOURCE not in message:
        return None
    target = message.split(ON_RESOURCE, 1)[1]
    if BECAUSE in target or EXPLICIT in target:
        target = target.split(BECAUSE, 1)[0].split(EXPLICIT, 1)[0]
    elif ". " in target:
        target = target.split(". ", 1)[0]
    else:
        target = target.removesuffix(".")
    target = target.strip()
    return None if target in ("", "*") else target


def search_filter(event: Event) -> Any:
    """The first search filter of a read-only call that is not empty (§6)."""
    if not event.reads:
        return None
    for path in lists.filter_paths(event.event_name):
        value = field(event.request_parameters, *path)
        if value not in EMPTY:
            return value
    return None


def _request_sample(event: Event) -> Any:
    return None if event.reads and not event.sensitive else event.request_parameters


def _rank(event: Event) -> tuple[bool, datetime, bool, str]:
    """Greatest for the best event: succeeded, latest, greatest event_id (None is worst of each)."""
    return (not event.failed, event.event_time or datetime.min, event.event_id is not None, event.event_id or "")


def _sample(events: Iterable[Event], value_of: Callable[[Event], Any]) -> Any:
    """The value of the best event that has one; {}, [] and "" are none."""
    having = [(event, value) for event in events if (value := value_of(event)) not in EMPTY]
    if not having:
        return None
    best = max(_rank(event) for event, _ in having)
    # Equally good events without eventID: the smaller text, so that the order of delivery does not matter.
    return min(
        (value for event, value in having if _rank(event) == best), key=lambda value: json.dumps(value, sort_keys=True)
    )


def _row(session: list[Event], events: list[Event]) -> Row:
    first = events[0]
    return {
        "session_id": first.session_id,
        "identity_arn": smallest(event.identity_arn for event in session),
        "identity_type": smallest(event.identity_type for event in session),
        "account_id": smallest(event.account_id for event in session),
        "event_source": first.event_source,
        "event_name": first.event_name,
        "read_only": all(event.reads for event in events),
        "sensitive": any(event.sensitive for event in events),
        "calls": len(events),
        "succeeded": sum(not event.failed for event in events),
        "failed": sum(event.failed for event in events),
        "denied": sum(event.denied for event in events),
        "throttled": sum(event.throttled for event in events),
        "forwarded": sum(event.invoked_by is not None for event in events),
        "first_seen": iso(smallest(event.event_time for event in events)),
        "last_seen": iso(largest(event.event_time for event in events)),
        "regions": first_twenty(event.aws_region for event in events),
        "source_ips": first_twenty(event.source_ip for event in events),
        "access_keys": first_twenty(event.access_key_id for event in events),
        "sample_resources": _sample(events, lambda event: event.resources),
        "denied_resource": _sample(events, denied_target),
        "error_codes": first_twenty(event.error_code for event in events),
        "sample_request_parameters": _sample(events, _request_sample),
        "sample_filters": _sample(events, search_filter),
        "sample_event_id": _sample(events, lambda event: event.event_id),
    }


def session_summary(
    records: list[Record],
    *,
    access_key: Iterable[str] = (),
    session_id: Iterable[str] = (),
    arn: str | None = None,
    window: Window = (None, None),
) -> list[Row]:
    """What each session did, one row a session and API call; every parameter given must hold."""
    keys, ids = set(access_key), set(session_id)
    sessions: dict[str, list[Event]] = defaultdict(list)
    for event in in_window(read_events(records), window):
        if event.session_id is not None:
            sessions[event.session_id].append(event)
    rows = []
    for name, session in sessions.items():
        if ids and name not in ids:
            continue
        if keys and not any(event.access_key_id in keys for event in session):
            continue
        if arn is not None:
            session = [event for event in session if matches(arn, event.identity_arn)]
        groups: dict[tuple[str | None, str | None], list[Event]] = defaultdict(list)
        for event in session:
            groups[event.event_source, event.event_name].append(event)
        rows += [_row(session, events) for events in groups.values()]
    return sorted(rows, key=lambda row: [last(row[name]) for name in ("session_id", "event_source", "event_name")])
