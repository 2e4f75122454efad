"""One step backwards, and where a walk ends: docs/rules.md §3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.reference.events import Event, largest, last, session_name
from tests.reference.issuances import Issuance

CLOCK_SKEW = timedelta(seconds=2)
LIFE = timedelta(hours=36)
FORWARD = timedelta(seconds=600)

Triple = tuple[str | None, str | None, datetime | None]


@dataclass(frozen=True)
class Use:
    """A use of credentials, and who the record says used them."""

    key: str | None
    principal: str | None
    created: datetime | None
    used_at: datetime | None
    identity_type: str | None = None
    identity_arn: str | None = None
    account: str | None = None
    invoked_by: str | None = None
    is_sign_in: bool = False

    @property
    def triple(self) -> Triple:
        return (self.key, self.principal, self.created)

    @property
    def session_id(self) -> str | None:
        return session_name(self.principal, self.created, self.key)


@dataclass(frozen=True)
class Found:
    """What a step finds: the issuances (rules 1-5) or the calls (rule 6) behind a use."""

    rule: int
    link: str
    confidence: str
    issuances: tuple[Issuance, ...] = ()
    calls: tuple[Event, ...] = ()


NOTHING = Found(0, "", "")


def use_of(event: Event) -> Use:
    """The use that an event is."""
    return Use(
        event.access_key_id,
        event.principal_id,
        event.session_created_at,
        event.event_time,
        event.identity_type,
        event.identity_arn,
        event.account_id,
        event.invoked_by,
        event.is_sign_in,
    )


def fits(principal: str | None, other: str | None) -> bool:
    """Whether two principals may be the same: one is unknown, or both are equal."""
    return principal is None or other is None or principal == other


def not_after(earlier: datetime | None, later: datetime | None, slack: timedelta = timedelta()) -> bool:
    """Whether earlier <= later + slack; an unknown side does not stand in the way."""
    return earlier is None or later is None or earlier <= later + slack


def _latest(found: Iterable[Issuance]) -> list[Issuance]:
    """The issuances of the latest second there is; without any time, all."""
    found = list(found)
    newest = largest(issuance.time for issuance in found)
    return [issuance for issuance in found if issuance.time == newest]


def _found(rule: int, link: str, found: list[Issuance]) -> Found:
    """A finding whose confidence rests on how many there are."""
    return Found(rule, link, "exact" if len(found) == 1 else "ambiguous", tuple(found))


class Steps:
    """The rules of one step over the issuances and calls that were read."""

    def __init__(self, events: list[Event], issuances: list[Issuance]) -> None:
        """Index the events and issuances by what the rules look for."""
        self._temporary: dict[str, list[Issuance]] = defaultdict(list)
        self._created: dict[str, list[Issuance]] = defaultdict(list)
        self._sessions: dict[tuple[str, datetime], list[Issuance]] = defaultdict(list)
        self._sign_ins: dict[tuple[str, datetime], list[Issuance]] = defaultdict(list)
        self._long_term: dict[str, list[Event]] = defaultdict(list)
        self._known: dict[Use, Found] = {}
        for issuance in issuances:
            if issuance.key is not None:
                (self._created if issuance.is_created_key else self._temporary)[issuance.key].append(issuance)
            if issuance.principal is not None and issuance.time is not None and not issuance.is_created_key:
                by = self._sign_ins if issuance.is_sign_in else self._sessions
                by[issuance.principal, issuance.time].append(issuance)
        for event in events:
            key, arn = event.access_key_id, event.identity_arn
            if key is None or key.startswith("ASIA") or arn is None or event.event_time is None:
                continue
            if event.session_created_at is None and event.invoked_by is None:
                self._long_term[arn].append(event)

    def back(self, use: Use) -> Found:
        """The finding of the first rule that finds something; of no rule NOTHING."""
        if use not in self._known:
            rules = (
                self._by_key_and_time,
                self._by_key_in_its_life,
                self._by_session,
                self._by_sign_in,
                self._by_created_key,
                self._by_forwarded_call,
            )
            self._known[use] = next((found for rule in rules if (found := rule(use)) is not NOTHING), NOTHING)
        return self._known[use]

    def issued(self, use: Use) -> Found:
        """The finding of rules 1-5 alone."""
        found = self.back(use)
        return found if found.issuances else NOTHING

    def _of_key(self, use: Use) -> list[Issuance]:
        """The temporary issuances of the use's key that fit its principal."""
        if use.key is None:
            return []
        return [one for one in self._temporary.get(use.key, ()) if fits(use.principal, one.principal)]

    def _by_key_and_time(self, use: Use) -> Found:
        if use.created is None:
            return NOTHING
        found = [one for one in self._of_key(use) if one.time is not None and abs(one.time - use.created) <= CLOCK_SKEW]
        return _found(1, "issued-key", found) if found else NOTHING

    def _by_key_in_its_life(self, use: Use) -> Found:
        if use.key is None or (use.created is None and not use.key.startswith("ASIA")):
            return NOTHING
        valid = []
        for one in self._of_key(use):
            end = one.expires_at or (None if one.time is None else one.time + LIFE)
            if not_after(one.time, use.used_at, CLOCK_SKEW) and not_after(use.used_at, end):
                valid.append(one)
        return Found(2, "issued-key", "inferred", tuple(_latest(valid))) if valid else NOTHING

    def _by_session(self, use: Use) -> Found:
        if use.principal is None or use.created is None:
            return NOTHING
        found = [one for one in self._sessions.get((use.principal, use.created), ()) if one.key is not None]
        return _found(3, "issued-session", found) if found else NOTHING

    def _by_sign_in(self, use: Use) -> Found:
        """Rule 4. A sign-in whose own caller is this very use is the use's own record and leads nowhere."""
        if use.principal is None or use.created is None:
            return NOTHING
        found = [
            one
            for one in self._sign_ins.get((use.principal, use.created), ())
            if one.caller_session_id is None or one.event.triple != use.triple
        ]
        return _found(4, "sign-in", found) if found else NOTHING

    def _by_created_key(self, use: Use) -> Found:
        if use.key is None or use.created is not None:
            return NOTHING
        found = _latest(one for one in self._created.get(use.key, ()) if not_after(one.time, use.used_at, CLOCK_SKEW))
        return _found(5, "created-key", found) if found else NOTHING

    def _by_forwarded_call(self, use: Use) -> Found:
        created = use.created
        if use.key is None or created is None or use.invoked_by is None or use.identity_arn is None:
            return NOTHING
        near = [
            (abs(call.event_time - created), call.event_time, call)
            for call in self._long_term.get(use.identity_arn, ())
            if call.event_time is not None and abs(call.event_time - created) <= FORWARD
        ]
        if not near:
            return NOTHING
        nearest = min((distance, moment) for distance, moment, _ in near)
        evidence: dict[str, Event] = {}
        for distance, moment, call in near:
            key = call.access_key_id or ""
            if (distance, moment) == nearest and (
                key not in evidence or last(call.event_id) < last(evidence[key].event_id)
            ):
                evidence[key] = call
        return Found(6, "forwarded", "inferred", calls=tuple(evidence.values()))


def origin(use: Use, issued_arn: str | None) -> str:
    """Where a chain ends (§3, "Origin"); issued_arn is the arn that the use's own call issued to, if any."""
    no_key, kind = use.key is None, use.identity_type
    if kind == "AWSAccount":
        return "external-account"
    if (no_key and kind == "AWSService") or ((kind is None or no_key) and use.invoked_by is not None):
        return "service"
    if kind == "IdentityCenterUser" or (kind == "SAMLUser" and ":assumed-role/AWSReservedSSO_" in (issued_arn or "")):
        return "identity-center"
    if kind in ("SAMLUser", "WebIdentityUser", "Directory", "Unknown"):
        return "federated"
    if no_key and use.is_sign_in:
        return "console-sign-in"
    if use.key is not None and use.created is None and not use.key.startswith("ASIA"):
        return "root" if kind == "Root" else "long-term-key"
    return "not-in-logs"
