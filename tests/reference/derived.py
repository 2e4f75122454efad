"""The walk forwards of identity-chain: docs/rules.md §4, "direction derived"."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.reference.events import Event, Row, last, smallest
from tests.reference.issuances import Issuance
from tests.reference.rows import event_columns, session_columns
from tests.reference.starts import Start, joint_use
from tests.reference.steps import Steps, Triple, Use, fits, use_of


@dataclass(frozen=True)
class Forwarded:
    """A session that a service forwarded for a long-term key, and the call that is the evidence."""

    use: Use
    evidence: Event


Child = Issuance | Forwarded


@dataclass(frozen=True, eq=False)
class Born:
    """A child and its row."""

    child: Child
    row: Row


def _tie(child: Child) -> Event:
    """The event that ties a child to its parent."""
    return child.event if isinstance(child, Issuance) else child.evidence


def _identity(child: Child) -> Any:
    """What a child is known by: an issuance, or the (K, P, C) of a forwarded session."""
    return child if isinstance(child, Issuance) else child.use.triple


class Descent:
    """What came out of what, over the rows read."""

    def __init__(self, read: list[Event], issuances: list[Issuance], steps: Steps) -> None:
        """Index the issuances by what their callers step to, and find the forwarded sessions."""
        self.issuances, self.steps = issuances, steps
        self.issued_keys = {issuance.key for issuance in issuances}
        self.used_keys = {event.access_key_id for event in read}
        self.by_session: dict[str, list[Event]] = defaultdict(list)
        groups: dict[Triple, list[Event]] = defaultdict(list)
        for event in read:
            groups[event.triple].append(event)
            if event.session_id is not None:
                self.by_session[event.session_id].append(event)
        self.children_of: dict[Issuance, list[tuple[Issuance, str]]] = defaultdict(list)
        for issuance in issuances:
            if issuance.caller_session_id is None:
                continue
            found = steps.issued(use_of(issuance.event))
            for behind in found.issuances:
                self.children_of[behind].append((issuance, found.confidence))
        self.forwarded = [
            Forwarded(use, call)
            for triple, events in groups.items()
            for use in [joint_use(triple, events)]
            for call in steps.back(use).calls
        ]

    def of_start(self, start: Start) -> list[tuple[Child, str]]:
        """The children of a start."""
        found: dict[Child, str] = {}
        for issuance in self.issuances:
            if issuance.caller_session_id == start.session_id is not None and fits(
                issuance.event.principal_id, start.use.principal
            ):
                found[issuance] = "exact"
        for behind in self.steps.issued(start.use).issuances:
            for issuance, confidence in self.children_of[behind]:
                found.setdefault(issuance, confidence)
        for session in self.forwarded:
            if session.evidence.triple == start.use.triple:
                found[session] = "inferred"
        return list(found.items())

    def of_issuance(self, issuance: Issuance) -> list[tuple[Child, str]]:
        """The children of an issuance."""
        sessions = [
            (session, "inferred")
            for session in self.forwarded
            if issuance in self.steps.issued(use_of(session.evidence)).issuances
        ]
        return [*self.children_of[issuance], *sessions]

    def of_forwarded(self, session: Forwarded) -> list[tuple[Child, str]]:
        """The issuances that a forwarded session itself called."""
        return [
            (issuance, "exact")
            for issuance in self.issuances
            if issuance.caller_session_id is not None and issuance.event.triple == session.use.triple
        ]

    def of(self, child: Child) -> list[tuple[Child, str]]:
        """The children of an issuance or of a forwarded session."""
        return self.of_issuance(child) if isinstance(child, Issuance) else self.of_forwarded(child)

    def console_key(self, issuance: Issuance) -> str | None:
        """The key first used in the issued session where the issued key itself is used by nobody."""
        if issuance.key is None or issuance.key in self.used_keys or issuance.session_id is None:
            return None
        calls: dict[str, list[Event]] = defaultdict(list)
        for event in self.by_session.get(issuance.session_id, ()):
            if event.access_key_id is not None and event.access_key_id not in self.issued_keys:
                calls[event.access_key_id].append(event)
        own = {key: events for key, events in calls.items() if any(event.invoked_by is None for event in events)}
        return min(own, key=lambda key: (last(smallest(e.event_time for e in own[key])), key), default=None)


def _session_of(child: Child) -> str | None:
    return child.session_id if isinstance(child, Issuance) else child.use.session_id


def _row(child: Child, confidence: str, parent: Row, descent: Descent) -> Row:
    """The row of a child under its parent's row."""
    if isinstance(child, Forwarded):
        use = child.use
        session = session_columns(
            use.session_id,
            use.key,
            use.principal,
            use.identity_type,
            use.identity_arn,
            use.account,
            use.created,
        )
        link, tie, source_identity = "forwarded", event_columns(child.evidence, None), None
    else:
        console_key = descent.console_key(child)
        session = session_columns(
            child.session_id,
            console_key or child.key,
            child.principal,
            child.type,
            child.arn,
            child.account,
            child.created,
        )
        tie, source_identity = event_columns(child.event, child), child.requested_source_identity
        if child.is_created_key:
            link = "created-key"
        elif child.is_sign_in:
            link = "sign-in"
        else:
            link = "issued-session" if console_key else "issued-key"
    return {
        "start_session_id": parent["start_session_id"],
        "direction": "derived",
        "depth": parent["depth"] + 1,
        **session,
        "link": link,
        "confidence": confidence,
        **tie,
        "mfa_authenticated": None,
        "source_identity": source_identity,
        "on_behalf_of": None,
        "origin": None,
        "linked_session_id": parent["session_id"],
        "linked_access_key_id": parent["access_key_id"],
    }


def _parent_order(born: Born) -> list[Any]:
    """The smaller parent first: event_time, event_id, then what the row shows."""
    names = ("event_time", "event_id", "session_id", "access_key_id")
    return [last(born.row[name]) for name in names]


def derived_rows(start: Start, read: list[Event], issuances: list[Issuance], steps: Steps, max_depth: int) -> list[Row]:
    """What came out of a start, each issuance and forwarded session once, at its smallest depth."""
    descent = Descent(read, issuances, steps)
    top: Row = {
        "start_session_id": start.session_id,
        "depth": 0,
        "session_id": start.session_id,
        "access_key_id": start.use.key,
    }
    seen: set[Any] = set()
    rows: list[Row] = []

    def children(born: Born | None) -> list[tuple[Child, str]]:
        found = descent.of_start(start) if born is None else descent.of(born.child)
        return [
            (child, confidence)
            for child, confidence in found
            if _session_of(child) != start.session_id and _identity(child) not in seen
        ]

    parents: list[Born | None] = [None] if max_depth > 0 else []
    while parents:
        level: list[Born] = []
        for parent in parents:
            for child, confidence in children(parent):
                if _identity(child) not in seen:
                    seen.add(_identity(child))
                    row = _row(child, confidence, top if parent is None else parent.row, descent)
                    level.append(Born(child, row))
        level.sort(key=_parent_order)
        if level and level[0].row["depth"] >= max_depth:
            for born in level:
                born.row["origin"] = "depth-limit" if children(born) else None
            parents = []
        else:
            parents = list(level)
        rows += [born.row for born in level]
    return rows
