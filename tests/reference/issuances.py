"""Issuances: docs/rules.md §2."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.reference.events import (
    SIGN_INS,
    Event,
    Record,
    Row,
    Window,
    expiry,
    field,
    in_window,
    iso,
    last,
    read_events,
    session_name,
    text,
)

ASSUME_ROLE = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
ROLE_ARN = re.compile(r"arn:([^:]+):iam::([^:]+):role/(?:.*/)?([^/]+)")


@dataclass(eq=False)
class Issuance:
    """What one successful event issued; its caller is the event's userIdentity."""

    event: Event
    key: str | None = None
    principal: str | None = None
    arn: str | None = None
    type: str | None = None
    expires_at: datetime | None = None

    @property
    def is_created_key(self) -> bool:
        return self.event.event_name == "CreateAccessKey"

    @property
    def is_sign_in(self) -> bool:
        """A sign-in, or the UserAuthentication before one (rule 4 of §3)."""
        return self.event.is_sign_in or self.event.event_name == "UserAuthentication"

    @property
    def time(self) -> datetime | None:
        return self.event.event_time

    @property
    def account(self) -> str | None:
        return arn_account(self.arn) or self.event.account_id

    @property
    def created(self) -> datetime | None:
        return None if self.is_created_key else self.event.event_time

    @property
    def session_id(self) -> str | None:
        return session_name(self.principal, self.created, self.key)

    @property
    def requested_source_identity(self) -> str | None:
        return text(field(self.event.request_parameters, "sourceIdentity"))

    @property
    def source_identity(self) -> str | None:
        return self.event.source_identity or self.requested_source_identity

    @property
    def caller_session_id(self) -> str | None:
        """The caller's session; a sign-in without a key has none (§2.5)."""
        if self.event.is_sign_in and self.event.access_key_id is None:
            return None
        return self.event.session_id


def arn_account(arn: str | None) -> str | None:
    """The account in an arn, its fifth field."""
    fields = (arn or "").split(":")
    return fields[4] or None if len(fields) > 4 else None


def _assumed_arn(event: Event) -> str | None:
    """The arn of an assumed role: as answered, else put together from the request."""
    answered = text(field(event.response_elements, "assumedRoleUser", "arn"))
    role = ROLE_ARN.fullmatch(text(field(event.request_parameters, "roleArn")) or "")
    name = text(field(event.request_parameters, "roleSessionName"))
    if answered is not None or role is None or name is None:
        return answered
    partition, account, role_name = role.groups()
    return f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}"


def _root_of(target: str | None) -> tuple[str | None, str | None]:
    """Account and arn of AssumeRoot's target: twelve digits, or an arn."""
    if target is None:
        return None, None
    if re.fullmatch(r"[0-9]{12}", target):
        return target, f"arn:aws:iam::{target}:root"
    return (arn_account(target), target) if target.startswith("arn:") else (None, None)


def _issued(event: Event) -> Issuance | None:
    """What a successful event issued by the table of §2, None where it is no issuance."""
    source = (event.event_source or "").removesuffix(".amazonaws.com")
    if source == event.event_source:
        source = ""
    answer = event.response_elements

    def answered(*path: str | int) -> Any:
        return text(field(answer, *path))

    key = answered("credentials", "accessKeyId")
    expires = expiry(field(answer, "credentials", "expiration"))
    match source, event.event_name:
        case "sts", name if name in ASSUME_ROLE:
            principal = answered("assumedRoleUser", "assumedRoleId")
            return Issuance(event, key, principal, _assumed_arn(event), "AssumedRole", expires)
        case "sts", "AssumeRoot":
            principal, arn = _root_of(text(field(event.request_parameters, "targetPrincipal")))
            return Issuance(event, key, principal, arn, "Root", expires)
        case "sts", "GetFederationToken":
            principal, arn = answered("federatedUser", "federatedUserId"), answered("federatedUser", "arn")
            return Issuance(event, key, principal, arn, "FederatedUser", expires)
        case ("sts", "GetSessionToken") | (_, "CreateOAuth2Token"):
            return Issuance(event, key, event.principal_id, event.identity_arn, event.identity_type, expires)
        case "signin", "GetSigninToken":
            if key == event.access_key_id:
                return None
            return Issuance(event, key, event.principal_id, event.identity_arn, event.identity_type, expires)
        case "cognito-identity", "GetCredentialsForIdentity":
            return Issuance(event, key, None, None, "AssumedRole", expires)
        case "rolesanywhere", "CreateSession":
            key = answered("credentialSet", 0, "credentials", "accessKeyId")
            principal = answered("credentialSet", 0, "assumedRoleUser", "assumedRoleId")
            arn = answered("credentialSet", 0, "assumedRoleUser", "arn")
            expires = expiry(field(answer, "credentialSet", 0, "credentials", "expiration"))
            return Issuance(event, key, principal, arn, "AssumedRole", expires)
        case "s3express", "CreateSession":
            return Issuance(event, key, None, None, event.identity_type, expires)
        case "iam", "CreateAccessKey":
            return Issuance(event, answered("accessKey", "accessKeyId"), None, None, "IAMUser", None)
        case "signin", name if name in (*SIGN_INS, "UserAuthentication"):
            return Issuance(event, None, event.principal_id, event.identity_arn, event.identity_type, None)
    return None


def _copy_order(issuance: Issuance) -> tuple[Any, ...]:
    """Which of the copies of one call is kept (§2.4)."""
    event = issuance.event
    no_key, foreign = event.access_key_id is None, event.identity_type == "AWSAccount"
    return (no_key, foreign, last(event.event_time), last(event.event_id))


def issuing_calls(events: Iterable[Event]) -> list[Issuance]:
    """What each event issued, where it issued something: of a call that two accounts logged, both copies."""
    found = [issuance for event in events if not event.failed and (issuance := _issued(event)) is not None]
    return [one for one in found if one.key is not None or (one.is_sign_in and one.principal is not None)]


def read_issuances(events: Iterable[Event]) -> list[Issuance]:
    """The issuances among the events, of copies of one call one (§2.4)."""
    kept: dict[tuple[str, str | None, str | None], Issuance] = {}
    alone: list[Issuance] = []
    for issuance in issuing_calls(events):
        event = issuance.event
        if event.shared_event_id is None:
            alone.append(issuance)
            continue
        shared = (event.shared_event_id, event.event_name, issuance.key)
        if shared not in kept or _copy_order(issuance) < _copy_order(kept[shared]):
            kept[shared] = issuance
    return [*kept.values(), *alone]


def _row(issuance: Issuance) -> Row:
    event = issuance.event
    return {
        "event_id": event.event_id,
        "event_time": iso(event.event_time),
        "event_name": event.event_name,
        "aws_region": event.aws_region,
        "account_id": event.recipient_account_id or event.account_id,
        "shared_event_id": event.shared_event_id,
        "caller_session_id": issuance.caller_session_id,
        "caller_access_key_id": event.access_key_id,
        "caller_principal_id": event.principal_id,
        "caller_type": event.identity_type,
        "caller_arn": event.identity_arn,
        "caller_account_id": event.account_id,
        "caller_created_at": iso(event.session_created_at),
        "invoked_by": event.invoked_by,
        "issued_access_key_id": issuance.key,
        "issued_principal_id": issuance.principal,
        "issued_arn": issuance.arn,
        "issued_account_id": issuance.account,
        "expires_at": iso(issuance.expires_at),
        "source_ip": event.source_ip,
        "user_agent": event.user_agent,
        "mfa_authenticated": event.mfa_authenticated,
        "source_identity": issuance.source_identity,
        "on_behalf_of": event.on_behalf_of,
    }


def issuances(records: list[Record], *, window: Window = (None, None)) -> list[Row]:
    """The issuances in the window (contract, "issuances"), by event_time and event_id."""
    found = read_issuances(in_window(read_events(records), window))
    found.sort(key=lambda issuance: (last(issuance.time), last(issuance.event.event_id)))
    return [_row(issuance) for issuance in found]
