"""console-keys: docs/rules.md §5."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

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
    look_back,
    matches,
    read_events,
    smallest,
    text,
)
from tests.reference.issuances import Issuance, issuing_calls
from tests.reference.steps import CLOCK_SKEW, fits

Session = tuple[str, datetime]


def _session(event: Event) -> Session | None:
    """Principal and creation of a session that has both."""
    if event.principal_id is None or event.session_created_at is None:
        return None
    return (event.principal_id, event.session_created_at)


def _vended(key: str | None, session: Session, issuances: list[Issuance]) -> bool:
    """Whether an issuance other than a sign-in gave the key out for the session."""
    principal, created = session
    return any(
        issuance.key == key
        and not issuance.event.is_sign_in
        and issuance.time is not None
        and abs(issuance.time - created) <= CLOCK_SKEW
        and fits(issuance.principal, principal)
        for issuance in issuances
    )


def mfa_used(login: Event) -> bool | None:
    """What a sign-in says of MFA (§5)."""
    used = text(field(login.additional_event_data, "MFAUsed"))
    return {"yes": True, "no": False}.get((used or "").lower())


def _login_columns(login: Event | None) -> Row:
    if login is None:
        names = ("event_id", "event_name", "time", "region", "source_ip", "user_agent")
        return {**{f"login_{name}": None for name in names}, "mfa_used": None}
    return {
        "login_event_id": login.event_id,
        "login_event_name": login.event_name,
        "login_time": iso(login.event_time),
        "login_region": login.aws_region,
        "login_source_ip": login.source_ip,
        "login_user_agent": login.user_agent,
        "mfa_used": mfa_used(login),
    }


def _session_rows(session: Session, by_key: dict[str, list[Event]], login: Event | None) -> list[Row]:
    principal, created = session
    together = [event for events in by_key.values() for event in events]
    return [
        {
            "session_id": f"{principal}@{iso(created)}",
            "identity_type": smallest(event.identity_type for event in together),
            "identity_arn": smallest(event.identity_arn for event in together),
            "principal_id": principal,
            "account_id": smallest(event.account_id for event in together),
            "session_created_at": iso(created),
            **_login_columns(login),
            "access_key_id": key,
            "regions": first_twenty(event.aws_region for event in events),
            "first_seen": iso(smallest(event.event_time for event in events)),
            "last_seen": iso(largest(event.event_time for event in events)),
            "calls": len(events),
            "forwarded_calls": sum(event.invoked_by is not None for event in events),
            "from_console_flag": any(event.from_console for event in events),
        }
        for key, events in by_key.items()
    ]


def _order(row: Row) -> list[Any]:
    return [last(row[name]) for name in ("session_created_at", "session_id", "first_seen", "access_key_id")]


def console_keys(
    records: list[Record],
    *,
    login_event_id: str | None = None,
    arn: str | None = None,
    session_id: str | None = None,
    access_key: str | None = None,
    window: Window = (None, None),
) -> list[Row]:
    """The keys of console sessions, one row a session and key; every parameter given must hold."""
    events = read_events(records)
    issuances = issuing_calls(in_window(events, look_back(window)))
    logins: dict[Session, list[Event]] = defaultdict(list)
    vended: dict[str, list[Issuance]] = defaultdict(list)
    for issuance in issuances:
        if issuance.event.is_sign_in and issuance.principal is not None and issuance.time is not None:
            logins[issuance.principal, issuance.time].append(issuance.event)
        if issuance.key is not None:
            vended[issuance.key].append(issuance)

    flagged: set[Session] = set()
    calls: dict[Session, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in in_window(events, window):
        session = _session(event)
        if session is None:
            continue
        if event.from_console:
            flagged.add(session)
        if not event.is_sign_in and event.access_key_id is not None:
            calls[session][event.access_key_id].append(event)

    rows: list[Row] = []
    for session, by_key in calls.items():
        if session not in logins and session not in flagged:
            continue
        kept = {
            key: of_key
            for key, of_key in by_key.items()
            if any(event.from_console for event in of_key) or not _vended(key, session, vended.get(key, []))
        }
        login = min(logins.get(session, ()), key=lambda event: last(event.event_id), default=None)
        found = _session_rows(session, kept, login)
        asked = (
            (session_id, lambda row, wanted: row["session_id"] == wanted),
            (login_event_id, lambda row, wanted: row["login_event_id"] == wanted),
            (arn, lambda row, wanted: matches(wanted, row["identity_arn"])),
        )
        wanted_key = access_key is None or access_key in kept
        rows += [
            row for row in found if wanted_key and all(value is None or holds(row, value) for value, holds in asked)
        ]
    return sorted(rows, key=_order)
