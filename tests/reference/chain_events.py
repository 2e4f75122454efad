"""chain-events: the events that identity-chain rests on (docs/rules.md §11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.reference.events import (
    Event,
    Record,
    Row,
    Window,
    boolean,
    document,
    field,
    in_window,
    iso,
    last,
    look_back,
    read_events,
    text,
)

VENDING = (
    *("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetSessionToken"),
    *("GetFederationToken", "GetSigninToken", "GetCredentialsForIdentity", "CreateSession", "CreateAccessKey"),
    *("ConsoleLogin", "SwitchRole", "RenewRole", "UserAuthentication", "CreateOAuth2Token"),
)
NEAR = timedelta(seconds=600)


def chain_events(records: Iterable[Record], *, window: Window = (None, None)) -> list[Row]:
    """The rows of chain-events."""
    return [_row(event) for event in kept_events(records, window)]


def kept_events(records: Iterable[Record], window: Window = (None, None)) -> list[Event]:
    """The events that are kept, in the order of the rows."""
    events = in_window(read_events(records), look_back(window))
    kept = {id(event): event for part in (_vending, _first_uses, _evidence) for event in part(events)}
    return sorted(kept.values(), key=lambda event: (last(event.event_time), last(event.event_id)))


def _vending(events: list[Event]) -> Iterator[Event]:
    for event in events:
        if event.event_name in VENDING and event.error_code is None and event.error_message is None:
            yield event


def _order(event: Event) -> tuple[object, ...]:
    return (last(event.event_id), last(event.event_source), last(event.event_name))


def _first_uses(events: list[Event]) -> Iterator[Event]:
    groups: dict[Hashable, list[Event]] = defaultdict(list)
    for event in events:
        if event.session_id is not None:
            who = (*event.triple, event.identity_type, event.identity_arn, event.account_id, event.invoked_by)
            said = (event.mfa_authenticated, event.source_identity, event.on_behalf_of)
            hour = event.event_time and event.event_time.replace(minute=0, second=0)
            groups[who, said, hour].append(event)
    for group in groups.values():
        yield min(group, key=lambda event: (last(event.event_time), *_order(event)))


def _is_call(event: Event) -> bool:
    key = event.access_key_id
    is_long_term = key is not None and not key.startswith("ASIA") and event.session_created_at is None
    return is_long_term and event.invoked_by is None and event.identity_arn is not None and event.event_time is not None


def _evidence(events: list[Event]) -> Iterator[Event]:
    calls: dict[str | None, dict[datetime, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in filter(_is_call, events):
        assert event.event_time is not None
        calls[event.identity_arn][event.event_time].append(event)
    for arn, created in {
        (event.identity_arn, event.session_created_at)
        for event in events
        if event.access_key_id is not None and event.invoked_by is not None and event.identity_arn is not None
    }:
        if created is None:
            continue
        seconds = [moment for moment in calls[arn] if abs(moment - created) <= NEAR]
        before = max((moment for moment in seconds if moment <= created), default=None)
        after = min((moment for moment in seconds if moment > created), default=None)
        for moment in (before, after):
            by_key: dict[str | None, list[Event]] = defaultdict(list)
            for call in calls[arn][moment] if moment is not None else ():
                by_key[call.access_key_id].append(call)
            for group in by_key.values():
                yield min(group, key=_order)


def _row(event: Event) -> Row:
    record, identity = event.record, event.record.get("userIdentity")

    def said(name: str) -> str | None:
        return text(record.get(name))

    def paper(name: str) -> Any:
        return document(record.get(name)) if event.event_name in VENDING else None

    return {
        "event_id": event.event_id,
        "event_time": iso(event.event_time),
        "event_source": event.event_source,
        "event_name": event.event_name,
        "event_type": said("eventType"),
        "event_category": said("eventCategory"),
        "aws_region": event.aws_region,
        "source_ip": event.source_ip,
        "user_agent": event.user_agent,
        "error_code": event.error_code,
        "error_message": event.error_message,
        "read_only": boolean(record.get("readOnly")),
        "recipient_account_id": event.recipient_account_id,
        "shared_event_id": event.shared_event_id,
        "vpc_endpoint_id": said("vpcEndpointId"),
        "vpc_endpoint_account_id": said("vpcEndpointAccountId"),
        "from_console": event.from_console,
        "identity_type": event.identity_type,
        "principal_id": event.principal_id,
        "identity_arn": event.identity_arn,
        "account_id": event.account_id,
        "access_key_id": event.access_key_id,
        "user_name": text(field(identity, "userName")),
        "invoked_by": event.invoked_by,
        "created_at": iso(event.created_at),
        "mfa_authenticated": event.mfa_authenticated,
        "source_identity": event.source_identity,
        "on_behalf_of": event.on_behalf_of,
        "request_parameters": paper("requestParameters"),
        "response_elements": paper("responseElements"),
        "additional_event_data": paper("additionalEventData"),
        "service_event_details": paper("serviceEventDetails"),
        "resources": paper("resources"),
    }
