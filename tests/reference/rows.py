"""The columns of an identity-chain row, in the contract's order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tests.reference.events import Event, Row, iso
from tests.reference.issuances import Issuance

COLUMNS = (
    "start_session_id",
    "direction",
    "depth",
    "session_id",
    "access_key_id",
    "principal_id",
    "identity_type",
    "identity_arn",
    "account_id",
    "session_created_at",
    "link",
    "confidence",
    "event_name",
    "event_id",
    "event_time",
    "aws_region",
    "source_ip",
    "user_agent",
    "expires_at",
    "mfa_authenticated",
    "source_identity",
    "on_behalf_of",
    "origin",
    "linked_session_id",
    "linked_access_key_id",
    "invoked_by",
)
NO_EVENT: Row = dict.fromkeys((*COLUMNS[12:19], "invoked_by"))


def session_columns(
    session_id: str | None,
    key: str | None,
    principal: str | None,
    identity_type: str | None,
    arn: str | None,
    account: str | None,
    created: datetime | None,
) -> Row:
    """The columns that say which session a row is."""
    return {
        "session_id": session_id,
        "access_key_id": key,
        "principal_id": principal,
        "identity_type": identity_type,
        "identity_arn": arn,
        "account_id": account,
        "session_created_at": iso(created),
    }


def event_columns(event: Event, issuance: Issuance | None) -> Row:
    """The event that ties a row to the one nearer the start."""
    return {
        "event_name": event.event_name,
        "event_id": event.event_id,
        "event_time": iso(event.event_time),
        "aws_region": event.aws_region,
        "source_ip": event.source_ip,
        "user_agent": event.user_agent,
        "invoked_by": event.invoked_by,
        "expires_at": iso(issuance.expires_at) if issuance else None,
    }


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Each row once, its columns in the contract's order."""
    ordered = [{name: row[name] for name in COLUMNS} for row in rows]
    return list({tuple(row.values()): row for row in ordered}.values())
