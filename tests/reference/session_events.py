"""session-events: the calls themselves, in order (docs/rules.md §1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.reference.events import Event, Record, Row, Window, in_window, iso, last, read_events

EMPTY: tuple[Any, ...] = (None, {}, [], "")


def session_events(
    records: Iterable[Record],
    *,
    access_key: Iterable[str] = (),
    session_id: Iterable[str] = (),
    window: Window = (None, None),
) -> list[Row]:
    """The events of the sessions asked for; of all where none is named, those without a session too."""
    events = in_window(read_events(records), window)
    keys, sessions = set(access_key), set(session_id)
    if keys:
        using = {event.session_id for event in events if event.access_key_id in keys}
        events = [event for event in events if event.session_id is not None and event.session_id in using]
    if sessions:
        events = [event for event in events if event.session_id in sessions]
    return [_row(event) for event in sorted(events, key=lambda event: (last(event.event_time), last(event.event_id)))]


def _row(event: Event) -> Row:
    return {
        "event_time": iso(event.event_time),
        "event_id": event.event_id,
        "session_id": event.session_id,
        "access_key_id": event.access_key_id,
        "identity_arn": event.identity_arn,
        "event_source": event.event_source,
        "event_name": event.event_name,
        "aws_region": event.aws_region,
        "source_ip": event.source_ip,
        "user_agent": event.user_agent,
        "read_only": event.reads,
        "error_code": event.error_code,
        "error_message": event.error_message,
        "resources": _part(event.resources),
        "request_parameters": _part(event.request_parameters),
        "response_elements": _part(event.response_elements),
    }


def _part(document: Any) -> Any:
    return None if document in EMPTY else document
