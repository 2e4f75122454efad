"""One event: docs/rules.md §1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tests.reference import lists

Record = dict[str, Any]
Row = dict[str, Any]
Window = tuple[datetime | None, datetime | None]

LOOK_BACK = timedelta(hours=36)
SIGN_INS = ("ConsoleLogin", "SwitchRole", "RenewRole")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ISO = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})[T ](\d{2}):?(\d{2}):?(\d{2})(?:[.,]\d+)?(?:Z|([+-])(\d{2})(?::?(\d{2}))?)?", re.ASCII
)
EXPIRY = re.compile(
    rf"({'|'.join(MONTHS)}) ([0-9]{{1,2}}), ([0-9]{{4}}),? ([0-9]{{1,2}}):([0-9]{{2}}):([0-9]{{2}})\s(AM|PM)"
)


def field(value: Any, *path: str | int) -> Any:
    """What is at the path of a document; None where a level is missing or of another kind."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text(value: Any) -> str | None:
    """Text by §1.1: "" is None, a number or boolean is its JSON text, an object or list is None."""
    if value is None or value == "" or isinstance(value, dict | list):
        return None
    return value if isinstance(value, str) else json.dumps(value)


def boolean(value: Any) -> bool | None:
    """A boolean by §1.1: JSON's, or the text true or false in any case."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def document(value: Any) -> Any:
    """An object or a list; anything else is None (§1.1)."""
    return value if isinstance(value, dict | list) else None


def time(value: Any) -> datetime | None:
    """An ISO 8601 date and time (§1.2) as naive UTC of whole seconds."""
    match = ISO.fullmatch(text(value) or "")
    if match is None:
        return None
    *numbers, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    try:
        local = datetime(*map(int, numbers))  # type: ignore[arg-type]
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        return None


def expiry(value: Any) -> datetime | None:
    """An expiration in one of its three forms (§1.3) as naive UTC."""
    match = EXPIRY.fullmatch(text(value) or "")
    if match is None:
        return time(value)
    month, day, year, hour, minute, second, half = match.groups()
    if not 1 <= int(hour) <= 12:
        return None
    try:
        return datetime(
            int(year),
            MONTHS.index(month) + 1,
            int(day),
            int(hour) % 12 + (12 if half == "PM" else 0),
            int(minute),
            int(second),
        )
    except ValueError:
        return None


def iso(moment: datetime | None) -> str | None:
    """A time as the rows carry it."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def last(value: Any) -> tuple[bool, Any]:
    """A sort key that puts None last."""
    return (True, "") if value is None else (False, value)


def smallest(values: Iterable[Any]) -> Any:
    """The smallest value that is not None."""
    return min((value for value in values if value is not None), default=None)


def largest(values: Iterable[Any]) -> Any:
    """The largest value that is not None."""
    return max((value for value in values if value is not None), default=None)


def first_twenty(values: Iterable[Any]) -> list[Any]:
    """Distinct values that are not None, ascending, at most 20 (§6)."""
    return sorted({value for value in values if value is not None})[:20]


def session_name(principal: str | None, created: datetime | None, key: str | None) -> str | None:
    """The session_id of a principal, a creation and a key (§1.5)."""
    return f"{principal}@{iso(created)}" if principal is not None and created is not None else key


def matches(pattern: str, value: str | None) -> bool:
    """Whether a value matches exactly, or with `*` for any text."""
    return (
        value is not None and re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None
    )


@dataclass(eq=False)
class Event:
    """A record read by §1; compared by identity, for records without eventID all count."""

    record: Record

    def _text(self, name: str) -> str | None:
        return text(self.record.get(name))

    def _identity(self, *path: str) -> str | None:
        return text(field(self.record.get("userIdentity"), *path))

    @cached_property
    def event_id(self) -> str | None:
        return self._text("eventID")

    @cached_property
    def event_time(self) -> datetime | None:
        return time(self.record.get("eventTime"))

    @cached_property
    def event_source(self) -> str | None:
        return self._text("eventSource")

    @cached_property
    def event_name(self) -> str | None:
        return self._text("eventName")

    @cached_property
    def aws_region(self) -> str | None:
        return self._text("awsRegion")

    @cached_property
    def source_ip(self) -> str | None:
        return self._text("sourceIPAddress")

    @cached_property
    def user_agent(self) -> str | None:
        return self._text("userAgent")

    @cached_property
    def error_code(self) -> str | None:
        return self._text("errorCode")

    @cached_property
    def error_message(self) -> str | None:
        return self._text("errorMessage")

    @cached_property
    def vpc_endpoint_id(self) -> str | None:
        return self._text("vpcEndpointId")

    @cached_property
    def vpc_endpoint_account_id(self) -> str | None:
        return self._text("vpcEndpointAccountId")

    @cached_property
    def shared_event_id(self) -> str | None:
        return self._text("sharedEventID")

    @cached_property
    def recipient_account_id(self) -> str | None:
        return self._text("recipientAccountId")

    @cached_property
    def identity_type(self) -> str | None:
        return self._identity("type")

    @cached_property
    def principal_id(self) -> str | None:
        return self._identity("principalId")

    @cached_property
    def identity_arn(self) -> str | None:
        return self._identity("arn")

    @cached_property
    def account_id(self) -> str | None:
        return self._identity("accountId")

    @cached_property
    def access_key_id(self) -> str | None:
        return self._identity("accessKeyId")

    @cached_property
    def invoked_by(self) -> str | None:
        return self._identity("invokedBy")

    @cached_property
    def mfa_authenticated(self) -> bool | None:
        return boolean(field(self.record.get("userIdentity"), "sessionContext", "attributes", "mfaAuthenticated"))

    @cached_property
    def created_at(self) -> datetime | None:
        return time(field(self.record.get("userIdentity"), "sessionContext", "attributes", "creationDate"))

    @cached_property
    def source_identity(self) -> str | None:
        return self._identity("sessionContext", "sourceIdentity")

    @cached_property
    def on_behalf_of(self) -> str | None:
        return self._identity("onBehalfOf", "userId")

    @cached_property
    def from_console(self) -> bool:
        return boolean(self.record.get("sessionCredentialFromConsole")) is True

    @cached_property
    def request_parameters(self) -> Any:
        return document(self.record.get("requestParameters"))

    @cached_property
    def response_elements(self) -> Any:
        return document(self.record.get("responseElements"))

    @cached_property
    def additional_event_data(self) -> Any:
        return document(self.record.get("additionalEventData"))

    @cached_property
    def resources(self) -> Any:
        return document(self.record.get("resources"))

    @cached_property
    def is_sign_in(self) -> bool:
        return self.event_source == "signin.amazonaws.com" and self.event_name in SIGN_INS

    @cached_property
    def session_created_at(self) -> datetime | None:
        return self.created_at or (self.event_time if self.is_sign_in else None)

    @cached_property
    def session_id(self) -> str | None:
        return session_name(self.principal_id, self.session_created_at, self.access_key_id)

    @cached_property
    def failed(self) -> bool:
        answer = field(self.response_elements, self.event_name) if self.event_name is not None else None
        return self.error_code is not None or self.error_message is not None or answer == "Failure"

    @cached_property
    def denied(self) -> bool:
        return lists.code_on_list("access_denied", self.error_code)

    @cached_property
    def throttled(self) -> bool:
        return lists.code_on_list("throttled", self.error_code)

    @cached_property
    def reads(self) -> bool:
        """Read-only by §1.7."""
        said = boolean(self.record.get("readOnly"))
        return lists.name_reads(self.event_name) if said is None else said

    @cached_property
    def sensitive(self) -> bool:
        return self.reads and lists.read_is_sensitive(self.event_source, self.event_name)

    @property
    def triple(self) -> tuple[str | None, str | None, datetime | None]:
        """(K, P, C): the credentials that made the call."""
        return (self.access_key_id, self.principal_id, self.session_created_at)


def _keeping_order(event: Event) -> list[tuple[bool, Any]]:
    """The order in which the first of the records of one eventID is kept (§1.4)."""
    values = (
        event.event_time,
        event.recipient_account_id,
        event.event_source,
        event.event_name,
        event.identity_type,
        event.principal_id,
        event.identity_arn,
        event.access_key_id,
        event.created_at,
        event.aws_region,
        event.error_code,
        event.source_ip,
        event.user_agent,
    )
    return [last(value) for value in values]


def read_events(records: Iterable[Record]) -> list[Event]:
    """The events of the records, once per eventID (§1.4)."""
    kept: dict[str, Event] = {}
    without: list[Event] = []
    for event in map(Event, records):
        if event.event_id is None:
            without.append(event)
        elif event.event_id not in kept or _keeping_order(event) < _keeping_order(kept[event.event_id]):
            kept[event.event_id] = event
    return [*kept.values(), *without]


def in_window(events: Iterable[Event], window: Window) -> list[Event]:
    """The events in [from, to); without a window, also those without a time (§1.8)."""
    begin, end = window
    if begin is None and end is None:
        return list(events)
    return [
        event
        for event in events
        if event.event_time is not None
        and (begin is None or begin <= event.event_time)
        and (end is None or event.event_time < end)
    ]


def look_back(window: Window) -> Window:
    """The window from which issuances are read (§1.8)."""
    begin, end = window
    return (None if begin is None else begin - LOOK_BACK, end)
