"""The sessions that an identity-chain starts from: docs/rules.md §4, "Start uses" to "at"."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from tests.reference.events import Event, largest, last, session_name, smallest
from tests.reference.issuances import Issuance
from tests.reference.steps import LIFE, Steps, Triple, Use


@dataclass(frozen=True)
class Start:
    """A session to walk from, with the times of its events and what only its row shows."""

    use: Use
    session_id: str | None
    times: frozenset[datetime | None]
    issued_and_unused: bool = False
    mfa_authenticated: bool | None = None
    source_identity: str | None = None
    on_behalf_of: str | None = None


def any_true(values: list[bool | None]) -> bool | None:
    """True if any is true, None if none is known."""
    return True if True in values else (False if False in values else None)


def joint_use(triple: Triple, events: list[Event]) -> Use:
    """The one use that stands for all events of a session."""
    key, principal, created = triple
    services = [event.invoked_by for event in events]
    return Use(
        key,
        principal,
        created,
        smallest(event.event_time for event in events),
        smallest(event.identity_type for event in events),
        smallest(event.identity_arn for event in events),
        smallest(event.account_id for event in events),
        None if None in services else smallest(services),
        any(event.is_sign_in for event in events),
    )


def _used(triple: Triple, events: list[Event], session_id: str | None) -> Start:
    return Start(
        joint_use(triple, events),
        session_id,
        frozenset(event.event_time for event in events),
        mfa_authenticated=any_true([event.mfa_authenticated for event in events]),
        source_identity=smallest(event.source_identity for event in events),
        on_behalf_of=smallest(event.on_behalf_of for event in events),
    )


def starts_of_key(events: list[Event], key: str) -> list[Start]:
    """Every (K, P, C) that used a key."""
    groups: dict[Triple, list[Event]] = defaultdict(list)
    for event in events:
        if event.access_key_id == key:
            groups[event.triple].append(event)
    return [_used(triple, group, group[0].session_id) for triple, group in groups.items()]


def starts_of_session(events: list[Event], session_id: str) -> list[Start]:
    """One use of a session for each of its (P, C), by the key that stands for it."""
    groups: dict[tuple[str | None, datetime | None], list[Event]] = defaultdict(list)
    for event in events:
        if event.session_id == session_id:
            groups[event.principal_id, event.session_created_at].append(event)
    return [_used((_standing_key(group), *holder), group, session_id) for holder, group in groups.items()]


def _standing_key(session: list[Event]) -> str | None:
    """The key that stands for a session: its own before a service's, then the first used, then the smaller id."""
    calls: dict[str, list[Event]] = defaultdict(list)
    for event in session:
        if event.access_key_id is not None:
            calls[event.access_key_id].append(event)

    def rank(key: str) -> tuple[object, ...]:
        forwarded = any(event.invoked_by is not None for event in calls[key])
        return (forwarded, last(smallest(event.event_time for event in calls[key])), key)

    return min(calls, key=rank, default=None)


def issued_starts(issuances: list[Issuance], used: list[Start], steps: Steps) -> list[Start]:
    """The starts of those issuances that no start use steps to."""
    reached = {issuance for start in used for issuance in steps.issued(start.use).issuances}
    groups: dict[Triple, list[Issuance]] = defaultdict(list)
    for issuance in issuances:
        if issuance not in reached:
            groups[issuance.key, issuance.principal, issuance.created].append(issuance)
    return [_never_used(triple, group) for triple, group in groups.items()]


def _never_used(triple: Triple, group: list[Issuance]) -> Start:
    key, principal, created = triple
    use = Use(
        key,
        principal,
        created,
        smallest(issuance.time for issuance in group),
        smallest(issuance.type for issuance in group),
        smallest(issuance.arn for issuance in group),
        smallest(issuance.account for issuance in group),
        is_sign_in=any(issuance.event.is_sign_in for issuance in group),
    )
    return Start(
        use,
        session_name(principal, created, key),
        frozenset(issuance.time for issuance in group),
        issued_and_unused=True,
        source_identity=smallest(issuance.requested_source_identity for issuance in group),
    )


def _begin(start: Start) -> datetime:
    """When a start's life began, -infinity where unknown."""
    begin = start.use.used_at if start.issued_and_unused else start.use.created
    return begin or datetime.min


def _end(start: Start, steps: Steps) -> datetime:
    """When a start's life ended: as its issuance says, else 36 hours after its creation, else never."""
    found = steps.back(start.use)
    said = largest(issuance.expires_at for issuance in found.issuances) if found.rule in (1, 2, 3) else None
    if isinstance(said, datetime):
        return said
    return datetime.max if start.use.created is None else start.use.created + LIFE


def at_time(starts: list[Start], at: datetime, steps: Steps) -> list[Start]:
    """The starts with an event at that second, else the youngest of those whose life covers it."""
    exactly = [start for start in starts if at in start.times]
    if exactly:
        return exactly
    covering = [start for start in starts if _begin(start) <= at <= _end(start, steps)]
    newest = max(map(_begin, covering), default=None)
    return [start for start in covering if _begin(start) == newest]
