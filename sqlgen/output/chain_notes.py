"""The sentences below a chain: what a mark means at its hop, and what an end lacks to go on."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlgen.output.answer import Row
from sqlgen.output.words import identity, when

LONGEST_LIFE = timedelta(hours=36)
"""Temporary credentials live no longer (AWS STS: GetSessionToken, GetFederationToken)."""


def hop_note(hop: Row, nearer: Row, *, derived: bool = False) -> str:
    """Return why `hop` is not exact, in one sentence; `""` when it is exact.

    Args:
        hop: a row with link and confidence; the tie's event stands on it.
        nearer: the hop nearer to the start that it is tied to.
        derived: the walk went forwards, so `nearer` is the caller.
    """
    confidence, link = hop.get("confidence"), hop.get("link")
    who = _named(hop if derived else nearer)
    if confidence == "ambiguous":
        what = "callers" if derived else "issuances"
        return (
            f"? ambiguous: several {what} fit {who} equally well by key, principal and time; each is shown as a branch."
        )
    if confidence != "inferred":
        return ""
    if link == "forwarded":
        keeper = _named(nearer if derived else hop)
        return (
            f"~ inferred: {who} was used by an AWS service on someone's behalf and no event issued it; {keeper} is the same "
            "ARN's long-term key with the nearest call, within 10 minutes."
        )
    return (
        f"~ inferred: no issuance of {who} has its exact creation time; the latest one of that key to that principal "
        "that was valid at the use is taken."
    )


def end_note(way: list[Row]) -> str:
    """Return what the end of a walk (its last row) means for going on, in one or two sentences; `""` where it says it all."""
    end = way[-1]
    who, origin = _named(end), end.get("origin")
    account = end.get("account_id")
    logs = f"account {account}" if account else "the account that the session belongs to"
    service = end.get("invoked_by") or end.get("principal_id") or "an AWS service"
    notes = {
        "not-in-logs": f"not in these logs: {_missing(end, who, logs)}",
        "external-account": (
            f"another account: the call came from account {account or '(not named)'}, principal "
            f"{end.get('principal_id') or end.get('identity_arn') or '(not named)'}; to go on, the trail of that account is "
            f"needed{_around(end)}."
        ),
        "service": f"AWS service: {service} made the call; no person's key stands behind it in the record.",
        "identity-center": (
            "IAM Identity Center: the person signed in there"
            f"{_behalf(end)}; its sign-in events are in the account and home region of Identity Center."
        ),
        "federated": (
            f"federated identity: {end.get('principal_id') or end.get('identity_arn') or 'the caller'} was vouched for "
            "outside AWS; the log of that identity provider goes on."
        ),
        "depth-limit": f"depth limit: the walk ended after {_hops(end)} and would go on; give a larger --max-depth.",
        "cycle": f"cycle: {who} is already in this chain, so the walk ended.",
    }
    return notes.get(str(origin), "")


def legend(hops: list[Row]) -> str:
    """Return what exact means, when every hop is; `""` otherwise and where there is no hop."""
    if not hops or any(hop.get("confidence") != "exact" for hop in hops):
        return ""
    links = {hop.get("link") for hop in hops}
    if links <= {"issued-key"}:
        return "exact: every hop is tied by key, principal and creation time."
    ties = (
        ["a console session, whose keys no event issues, by the latter two"]
        if links & {"sign-in", "issued-session"}
        else []
    )
    ties += ["a created key by its id"] if "created-key" in links else []
    return f"exact: every hop is tied by key, principal and creation time ({'; '.join(ties)})."


def _missing(end: Row, who: str, logs: str) -> str:
    created = end.get("session_created_at")
    if isinstance(created, datetime):
        return (
            f"{who} was created at {when(created)}; include logs of {logs} from {when(created)} and from all regions."
        )
    # the hop's event is a use of its credentials
    used = end.get("event_time")
    earliest = used - LONGEST_LIFE if isinstance(used, datetime) and used > datetime.min + LONGEST_LIFE else None
    since = f"from {when(earliest)}" if earliest else "from 36 hours before its first use"
    return f"the record does not say when {who} was created; include logs of {logs} {since} and from all regions."


def _around(end: Row) -> str:
    moment = when(end.get("event_time"))
    return f" (around {moment})" if moment else ""


def _behalf(end: Row) -> str:
    return f" (user id {end['on_behalf_of']})" if end.get("on_behalf_of") else ""


def _hops(end: Row) -> str:
    depth = end.get("depth")
    return f"{depth} hop" if depth == 1 else f"{depth} hops"


def _named(row: Row) -> str:
    key, name = row.get("access_key_id"), identity(row)[:160]
    return f"{name} ({key})" if key else name
