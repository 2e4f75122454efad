"""origins: docs/rules.md §10."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable

from tests.reference import lists
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
    matches,
    read_events,
    smallest,
)
from tests.reference.sessions import is_served

Network = ipaddress.IPv6Network


def _mapped(text: str) -> str:
    """An IPv4 address or range as IPv6 writes it."""
    address, slash, length = text.partition("/")
    if ":" in address:
        return text
    return f"::ffff:{address}" + (f"/{int(length) + 96}" if slash else "")


def _network(text: str) -> Network:
    return ipaddress.IPv6Network(_mapped(text))


PRIVATE = [_network(entry["range"]) for entry in lists.load("private_ranges")["entry"]]


def address_of(text: str | None) -> ipaddress.IPv6Address | None:
    """The address that a text is, IPv4 as ::ffff:a.b.c.d; None for anything else."""
    if text is None or not re.fullmatch(r"[0-9A-Fa-f:.]+", text):
        return None
    try:
        return ipaddress.IPv6Address(_mapped(text))
    except ValueError:
        return None


def _is_aws_name(text: str | None) -> bool:
    return text is not None and (
        text.startswith("AWS Internal") or text.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    )


def _trust(calls: list[Event], accounts: set[str], endpoints: set[str], ranges: list[Network]) -> str | None:
    """How far the address of these calls can be believed."""
    source, endpoint = calls[0].source_ip, calls[0].vpc_endpoint_id
    owner = smallest(event.vpc_endpoint_account_id for event in calls)
    if any(map(_is_aws_name, (source, endpoint, owner))) or all(is_served(event) for event in calls):
        return "aws"
    if endpoint is not None or owner is not None:
        if endpoint in endpoints or owner in accounts:
            return "own-endpoint"
        return "unknown-endpoint" if owner is None else "foreign-endpoint"
    address = address_of(source)
    if address is None:
        return None
    return "private" if any(address in network for network in (*PRIVATE, *ranges)) else "public"


def origins(
    records: list[Record],
    *,
    access_key: Iterable[str] = (),
    session_id: Iterable[str] = (),
    arn: str | None = None,
    own_account: Iterable[str] = (),
    own_endpoint: Iterable[str] = (),
    own_range: Iterable[str] = (),
    window: Window = (None, None),
) -> list[Row]:
    """From where each session called, one row a session, address, endpoint and client."""
    events = in_window(read_events(records), window)
    keys, ids, endpoints = set(access_key), set(session_id), set(own_endpoint)
    ranges = [_network(text) for text in own_range]
    accounts = set(own_account) or {event.recipient_account_id for event in events if event.recipient_account_id}
    sessions: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.session_id is not None:
            sessions[event.session_id].append(event)
    rows = []
    for name, session in sessions.items():
        if ids and name not in ids:
            continue
        if keys and not any(event.access_key_id in keys for event in session):
            continue
        if arn is not None and not any(matches(arn, event.identity_arn) for event in session):
            continue
        places: dict[tuple[str | None, ...], list[Event]] = defaultdict(list)
        for event in session:
            places[event.source_ip, event.vpc_endpoint_id, event.user_agent].append(event)
        for (source, endpoint, agent), calls in places.items():
            address = address_of(source)
            rows.append(
                {
                    "session_id": name,
                    "source_ip": source,
                    "vpc_endpoint_id": endpoint,
                    "user_agent": agent,
                    "identity_arn": smallest(event.identity_arn for event in session),
                    "vpc_endpoint_account_id": smallest(event.vpc_endpoint_account_id for event in calls),
                    "trust": _trust(calls, accounts, endpoints, ranges),
                    "calls": len(calls),
                    "first_seen": iso(smallest(event.event_time for event in calls)),
                    "last_seen": iso(largest(event.event_time for event in calls)),
                    "in_own_range": any(address in network for network in ranges) if address and ranges else None,
                    "denied": sum(event.denied for event in calls),
                    "forwarded": sum(event.invoked_by is not None for event in calls),
                    "access_keys": first_twenty(event.access_key_id for event in calls),
                    "regions": first_twenty(event.aws_region for event in calls),
                }
            )
    order = ("session_id", "first_seen", "source_ip", "vpc_endpoint_id", "user_agent")
    return sorted(rows, key=lambda row: [last(row[name]) for name in order])
