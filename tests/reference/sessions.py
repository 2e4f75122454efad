"""sessions: docs/rules.md §8."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.reference.console_keys import mfa_used
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
    look_back,
    matches,
    read_events,
    smallest,
)
from tests.reference.issuances import Issuance, issuing_calls

CONSOLE = "signin.amazonaws.com"
OUTSIDERS = ("SAMLUser", "WebIdentityUser", "Directory", "Unknown")


def is_served(event: Event) -> bool:
    """Whether a service made the call."""
    return event.invoked_by not in (None, CONSOLE)


def _kind(session: list[Event], openings: list[Issuance]) -> str:
    """How a session came about: the first of the list in §8 that holds."""
    kind = smallest(event.identity_type for event in session)
    arn = smallest(event.identity_arn for event in session) or ""
    created = smallest(event.session_created_at for event in session)
    openers = {issuance.event.identity_type for issuance in openings}
    from_console = any(event.from_console for event in session)
    if not from_console and all(map(is_served, session)):
        keyless = all(event.access_key_id is None for event in session)
        linked = ":assumed-role/AWSServiceRoleFor" in arn
        if kind == "AssumedRole" and ("AWSService" in openers or linked or (keyless and not openings)):
            return "service"
        if created is not None and not openings:
            return "forwarded"
    if kind == "Root":
        return "root"
    signed_in = any(event.is_sign_in or event.invoked_by == CONSOLE for event in session)
    if from_console or signed_in or any(issuance.event.is_sign_in for issuance in openings):
        return "console"
    reserved = ":assumed-role/AWSReservedSSO_" in arn
    if kind == "IdentityCenterUser" or reserved or any(event.on_behalf_of is not None for event in session):
        return "identity-center"
    if kind in ("FederatedUser", *OUTSIDERS) or openers.intersection(OUTSIDERS):
        return "federated"
    return "long-term-key" if kind == "IAMUser" or (kind is None and created is None) else "role"


def _said_of_mfa(event: Event) -> bool | None:
    """What an event says of MFA; of a successful sign-in also its MFAUsed."""
    if event.mfa_authenticated is None and event.is_sign_in and not event.failed:
        return mfa_used(event)
    return event.mfa_authenticated


def _agent_holds(user_agent: str | None, wanted: str) -> bool:
    return user_agent is not None and matches(f"*{wanted.lower()}*", user_agent.lower())


def _row(session_id: str, session: list[Event], openings: list[Issuance]) -> Row:
    # true is the largest of what was said, false where nobody said true
    mfa = largest(_said_of_mfa(event) for event in session)
    return {
        "session_id": session_id,
        "kind": _kind(session, openings),
        "identity_type": smallest(event.identity_type for event in session),
        "identity_arn": smallest(event.identity_arn for event in session),
        "principal_id": smallest(event.principal_id for event in session),
        "account_id": smallest(event.account_id for event in session),
        "session_created_at": iso(smallest(event.session_created_at for event in session)),
        "access_keys": first_twenty(event.access_key_id for event in session),
        "first_seen": iso(smallest(event.event_time for event in session)),
        "last_seen": iso(largest(event.event_time for event in session)),
        "calls": len(session),
        "failed": sum(event.failed for event in session),
        "denied": sum(event.denied for event in session),
        "writes": sum(not event.reads for event in session),
        "regions": first_twenty(event.aws_region for event in session),
        "source_ips": first_twenty(event.source_ip for event in session),
        "user_agents": first_twenty(event.user_agent for event in session),
        "mfa_authenticated": mfa,
        "sensitive": sum(event.sensitive for event in session),
        "forwarded": sum(event.invoked_by is not None for event in session),
        "source_identity": smallest(event.source_identity for event in session),
        "on_behalf_of": smallest(event.on_behalf_of for event in session),
    }


def sessions(
    records: list[Record],
    *,
    arn: str | None = None,
    account: str | None = None,
    source_ip: str | None = None,
    user_agent: str | None = None,
    access_key: Iterable[str] = (),
    denied_only: bool = False,
    window: Window = (None, None),
) -> list[Row]:
    """The sessions that were at work in the window, one row each; every filter given must hold for some event of it."""
    events, keys = read_events(records), set(access_key)
    opened: dict[str, list[Issuance]] = defaultdict(list)
    for issuance in issuing_calls(in_window(events, look_back(window))):
        if issuance.session_id is not None:
            opened[issuance.session_id].append(issuance)
    used: dict[str, list[Event]] = defaultdict(list)
    for event in in_window(events, window):
        if event.session_id is not None:
            used[event.session_id].append(event)

    def asked(session: list[Event]) -> bool:
        tests = (
            arn is None or any(matches(arn, event.identity_arn) for event in session),
            account is None or any(event.account_id == account for event in session),
            source_ip is None or any(matches(source_ip, event.source_ip) for event in session),
            user_agent is None or any(_agent_holds(event.user_agent, user_agent) for event in session),
            not keys or any(event.access_key_id in keys for event in session),
            not denied_only or any(event.denied for event in session),
        )
        return all(tests)

    rows = [_row(name, session, opened.get(name, [])) for name, session in used.items() if asked(session)]
    return sorted(rows, key=lambda row: (last(row["first_seen"]), row["session_id"]))
