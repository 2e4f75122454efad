"""Small cases of docs/rules.md §10 answered by hand, for the reference that the SQL is held to and for the SQL itself."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests import reference
from tests.embedded import ask, open_world

Record = dict[str, Any]
OWN, STRANGER = "111111111111", "999999999999"


def call(number: int, source: str | None, identity: Record | None = None, **more: Any) -> Record:
    """A call of a long-term key of its own, from an address."""
    signed = {"type": "IAMUser", "principalId": "AIDA", "accessKeyId": f"AKIA{number:03}", **(identity or {})}
    event = {"eventSource": "ec2.amazonaws.com", "eventName": "DescribeVpcs", "eventTime": "2021-08-27T20:10:00Z"}
    return {**event, "userIdentity": signed, "sourceIPAddress": source, "recipientAccountId": OWN, **more}


def through(endpoint: str | None, account: str | None = None) -> Record:
    return {"vpcEndpointId": endpoint, "vpcEndpointAccountId": account}


SERVED, CONSOLE = {"invokedBy": "rds.amazonaws.com"}, {"invokedBy": "signin.amazonaws.com"}
PLACES: list[tuple[str | None, str | None, Record | None, Record]] = [
    ("public", "203.0.113.7", None, {}),
    ("public", "2001:db8::7", None, {}),
    ("public", "37.15.201.180", CONSOLE, {}),  # the console's calls as they were logged in 2017
    ("private", "10.1.2.3", None, {}),
    ("private", "172.31.255.255", None, {}),
    ("private", "100.64.0.1", None, {}),
    ("private", "fd00::1", None, {}),
    ("private", "::ffff:192.168.0.9", None, {}),
    ("public", "172.32.0.1", None, {}),
    ("aws", "AWS Internal", None, {}),
    ("aws", "AWS Internal/3", None, {}),
    ("aws", "cloudformation.amazonaws.com", None, {}),
    ("aws", "cloudformation.amazonaws.com.cn", None, {}),
    ("aws", "203.0.113.7", SERVED, {}),
    ("aws", "secretsmanager.amazonaws.com", SERVED, through("vpce-1")),
    ("aws", "cloudtrail.amazonaws.com", SERVED, through("cloudtrail.amazonaws.com", "cloudtrail.amazonaws.com")),
    ("aws", "203.0.113.7", None, through("AWS Internal")),
    ("own-endpoint", "10.1.2.3", None, through("vpce-1", OWN)),
    ("foreign-endpoint", "10.1.2.3", None, through("vpce-1", STRANGER)),
    ("foreign-endpoint", "203.0.113.7", None, through(None, STRANGER)),
    ("unknown-endpoint", "10.1.2.3", None, through("vpce-1")),
    ("unknown-endpoint", "203.0.113.7", None, through("vpce-1")),
    (None, None, None, {}),
    (None, "not an address", None, {}),
    (None, "203.0.113.007", None, {}),
    (None, "amazonaws.com.evil.example", None, {}),
]
WORLD = [call(number, source, identity, **more) for number, (_, source, identity, more) in enumerate(PLACES)]


@pytest.fixture(scope="module")
def world() -> Any:
    with open_world(WORLD) as connection:
        yield connection


def test_trust(world: duckdb.DuckDBPyConnection) -> None:
    rows = reference.origins(WORLD)
    assert [row["trust"] for row in rows] == [trust for trust, *_ in PLACES]
    assert ask(world, "origins", {}) == rows


@pytest.mark.parametrize(
    ("asked", "number", "trust", "in_own_range"),
    [
        ({"own_account": [STRANGER]}, 17, "foreign-endpoint", None),
        ({"own_account": [STRANGER]}, 18, "own-endpoint", None),
        ({"own_endpoint": ["vpce-1"]}, 20, "own-endpoint", None),
        ({"own_endpoint": ["vpce-2"]}, 20, "unknown-endpoint", None),
        ({"own_endpoint": ["vpce-1"]}, 18, "own-endpoint", None),
        ({"own_range": ["203.0.112.0/23"]}, 0, "private", True),
        ({"own_range": ["203.0.112.0/24"]}, 0, "public", False),
        ({"own_range": ["2001:db8::/32", "10.0.0.0/8"]}, 1, "private", True),
        (
            {"own_range": ["10.0.0.0/8"]},
            18,
            "foreign-endpoint",
            True,
        ),  # an address of ours through an endpoint that is not
        ({"own_range": ["10.0.0.0/8", "10.1.0.0/16"]}, 20, "unknown-endpoint", True),
        ({"own_range": ["0.0.0.0/0"]}, 9, "aws", None),
        ({"own_range": ["0.0.0.0/0"]}, 24, None, None),
    ],
)
def test_what_is_ones_own(
    world: duckdb.DuckDBPyConnection, asked: dict[str, Any], number: int, trust: str | None, in_own_range: bool | None
) -> None:
    rows = reference.origins(WORLD, **asked)
    assert (rows[number]["trust"], rows[number]["in_own_range"]) == (trust, in_own_range)
    assert ask(world, "origins", asked) == rows


def test_own_accounts_are_by_default_all_whose_logs_are_read() -> None:
    records = [call(1, "10.1.2.3", **through("vpce-1", STRANGER)), call(2, "203.0.113.7", recipientAccountId=STRANGER)]
    rows = reference.origins(records, session_id=["AKIA001"])
    assert [row["trust"] for row in rows] == ["own-endpoint"]
    with open_world(records) as connection:
        assert ask(connection, "origins", {"session_id": ["AKIA001"]}) == rows


def test_one_row_a_session_address_endpoint_and_client() -> None:
    denied: Record = {"errorCode": "AccessDenied", "eventTime": "2021-08-27T20:20:00Z", "awsRegion": "eu-west-1"}
    records = [
        call(1, "203.0.113.7", {"arn": "arn:x"}, userAgent="cli"),
        call(1, "203.0.113.7", userAgent="cli", **denied),
        call(1, "203.0.113.7", userAgent="boto"),
        call(1, "203.0.113.7", userAgent="cli", **through("vpce-1", OWN)),
        call(1, None),
        call(2, "203.0.113.7"),
    ]
    rows = reference.origins(records, access_key=["AKIA001"])
    places = [(row["source_ip"], row["vpc_endpoint_id"], row["user_agent"], row["calls"]) for row in rows]
    assert places == [
        ("203.0.113.7", "vpce-1", "cli", 1),
        ("203.0.113.7", None, "boto", 1),
        ("203.0.113.7", None, "cli", 2),
        (None, None, None, 1),
    ]
    assert rows[2] == {
        "session_id": "AKIA001",
        "source_ip": "203.0.113.7",
        "vpc_endpoint_id": None,
        "user_agent": "cli",
        "identity_arn": "arn:x",
        "vpc_endpoint_account_id": None,
        "trust": "public",
        "calls": 2,
        "first_seen": "2021-08-27T20:10:00Z",
        "last_seen": "2021-08-27T20:20:00Z",
        "in_own_range": None,
        "denied": 1,
        "forwarded": 0,
        "access_keys": ["AKIA001"],
        "regions": ["eu-west-1"],
    }
    with open_world(records) as connection:
        assert ask(connection, "origins", {"access_key": ["AKIA001"]}) == rows
        assert ask(connection, "origins", {"arn": "arn:*"}) == rows
