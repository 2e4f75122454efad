"""Small cases of docs/rules.md §8 answered by hand, for the reference that the SQL is held to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest

from tests import reference
from tests.embedded import ask, open_world

Record = dict[str, Any]
ACCOUNT = "111111111111"
USER = {
    "type": "IAMUser",
    "principalId": "AIDAALICE",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
}
ROOT = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
BORN = "2021-08-27T19:00:00Z"
LATER = "2021-08-27T20:00:00Z"


def of_role(name: str = "admin", session: str = "s", **more: Any) -> Record:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"
    return {"type": "AssumedRole", "principalId": f"AROA:{session}", "arn": arn, "accountId": ACCOUNT, **more}


def temporary(identity: Record, key: str | None = "ASIA1", **attributes: str) -> Record:
    """The identity in a session that began at BORN."""
    signed = {"accessKeyId": key} if key else {}
    return {**identity, **signed, "sessionContext": {"attributes": {"creationDate": BORN, **attributes}}}


def call(identity: Record, name: str = "DescribeInstances", at: str = LATER, **more: Any) -> Record:
    event = {"eventSource": "ec2.amazonaws.com", "eventName": name, "eventTime": at, "userIdentity": identity}
    return {**event, "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.2", **more}


def login(identity: Record, answer: str = "Success", **more: Any) -> Record:
    sign_in = {"eventSource": "signin.amazonaws.com", "responseElements": {"ConsoleLogin": answer}}
    return call(identity, "ConsoleLogin", BORN, **sign_in, **more)


def assume(caller: Record, identity: Record, name: str = "AssumeRole", key: str = "ASIA1") -> Record:
    answer = {"assumedRoleId": identity["principalId"], "arn": identity["arn"]}
    issued = {"credentials": {"accessKeyId": key}, "assumedRoleUser": answer}
    return call(caller, name, BORN, eventSource="sts.amazonaws.com", responseElements=issued)


SERVICE = {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}
SAML = {"type": "SAMLUser", "principalId": "idp:eve", "userName": "eve"}
BY_SERVICE, BY_CONSOLE = {"invokedBy": "rds.amazonaws.com"}, {"invokedBy": "signin.amazonaws.com"}
LINKED, CENTER = of_role("AWSServiceRoleForRDS"), of_role("AWSReservedSSO_Ops_0123456789abcdef")
FEDERATED = {**USER, "type": "FederatedUser", "principalId": f"{ACCOUNT}:eve"}


KINDS = [
    pytest.param("long-term-key", [call({**USER, "accessKeyId": "AKIA1"})], id="a user's own key"),
    pytest.param("long-term-key", [call(temporary(USER))], id="GetSessionToken"),
    pytest.param("root", [call({**ROOT, "accessKeyId": "AKIA1"})], id="root's key"),
    pytest.param("root", [login(ROOT), call(temporary(ROOT))], id="root in the console"),
    pytest.param("console", [login(USER)], id="a sign-in and nothing else"),
    pytest.param("console", [login(USER, "Failure")], id="a failed sign-in"),
    pytest.param("console", [call(temporary(USER), sessionCredentialFromConsole="true")], id="known by the flag alone"),
    pytest.param("console", [call(temporary({**USER, **BY_CONSOLE}))], id="as the console's calls were logged in 2017"),
    pytest.param("console", [call(temporary({**CENTER, **BY_SERVICE}), sessionCredentialFromConsole="true")], id="forwarded, but flagged"),
    pytest.param("identity-center", [call(temporary(CENTER))], id="by the role's name"),
    pytest.param("identity-center", [call(temporary(of_role(onBehalfOf={"userId": "u"})))], id="by onBehalfOf"),
    pytest.param("federated", [call(temporary(FEDERATED))], id="GetFederationToken"),
    pytest.param("role", [call(temporary(of_role()))], id="a role, its issuance not in the data"),
    pytest.param("role", [call(temporary(of_role("AWSServiceRoleForRDS")))], id="a name is no proof: no service made the call"),
    pytest.param("service", [call(temporary({**LINKED, **BY_SERVICE}))], id="a service-linked role"),
    pytest.param("service", [call(temporary({**of_role(), **BY_SERVICE}, None))], id="a role without a key, used by a service"),
    pytest.param("forwarded", [call(temporary({**of_role(), **BY_SERVICE}))], id="a service for a role session"),
    pytest.param("forwarded", [call(temporary({**USER, **BY_SERVICE}))], id="a service for a long-term key"),
    pytest.param("forwarded", [call(temporary({**ROOT, **BY_SERVICE}))], id="a service for root's key"),
    pytest.param("long-term-key", [call({**USER, **BY_SERVICE, "accessKeyId": "AKIA1"})], id="a long-term key through a service"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "records"), KINDS)
def test_kind(kind: str, records: list[Record]) -> None:
    assert [row["kind"] for row in reference.sessions(records)] == [kind]


def test_kinds_of_the_embedded_engine() -> None:
    world: list[Record] = []
    for number, case in enumerate(KINDS):  # each case with principals, accounts and keys of its own
        text = json.dumps(case.values[1]).replace(ACCOUNT, f"{number:012}").replace("AIDAALICE", f"AIDA{number}")
        world += json.loads(text.replace("AROA:", f"AROA{number}:").replace("AKIA1", f"AKIA1{number}"))
    with open_world(world) as connection:
        found = ask(connection, "sessions", {})
    assert found == reference.sessions(world)
    assert sorted(row["kind"] for row in found) == sorted(str(case.values[0]) for case in KINDS)


@pytest.mark.parametrize(
    ("kind", "opening", "identity"),
    [
        ("console", login(USER), USER),
        ("federated", assume(SAML, of_role(), "AssumeRoleWithSAML"), of_role()),
        ("identity-center", assume(SAML, CENTER, "AssumeRoleWithSAML"), CENTER),
        ("role", assume({**USER, "accessKeyId": "AKIA1"}, of_role()), of_role()),
        ("role", assume(SERVICE, of_role()), of_role()),
        ("service", assume(SERVICE, of_role()), {**of_role(), **BY_SERVICE}),
        ("role", assume({**USER, "accessKeyId": "AKIA1"}, of_role()), {**of_role(), **BY_SERVICE}),
        ("console", login(USER), {**USER, **BY_SERVICE}),
    ],
)
def test_what_opened_a_session_is_found_before_the_window(kind: str, opening: Record, identity: Record) -> None:
    window = (datetime(2021, 8, 27, 19, 30), datetime(2021, 8, 27, 21))
    assert [row["kind"] for row in reference.sessions([opening, call(temporary(identity))], window=window)] == [kind]


def test_a_failed_sign_in_before_the_window_opens_nothing() -> None:
    window = (datetime(2021, 8, 27, 19, 30), datetime(2021, 8, 27, 21))
    rows = reference.sessions([login(USER, "Failure"), call(temporary(USER))], window=window)
    assert [row["kind"] for row in rows] == ["long-term-key"]


def test_a_session_is_counted_whole() -> None:
    denied = {"errorCode": "AccessDenied", "sourceIPAddress": "198.51.100.14"}
    secret = {"eventSource": "secretsmanager.amazonaws.com"}
    records = [
        login(USER, additionalEventData={"MFAUsed": "Yes"}),
        call(temporary(USER, "ASIA2"), "RunInstances", "2021-08-27T19:30:00Z", **denied),
        call(temporary({**USER, **BY_SERVICE}, "ASIA1"), "GetSecretValue", **secret, userAgent="x"),
    ]
    (row,) = reference.sessions(records)
    assert row == {
        "session_id": f"AIDAALICE@{BORN}",
        "kind": "console",
        "identity_type": "IAMUser",
        "identity_arn": USER["arn"],
        "principal_id": "AIDAALICE",
        "account_id": ACCOUNT,
        "session_created_at": BORN,
        "access_keys": ["ASIA1", "ASIA2"],
        "first_seen": BORN,
        "last_seen": LATER,
        "calls": 3,
        "failed": 1,
        "denied": 1,
        "writes": 2,
        "regions": ["eu-west-1"],
        "source_ips": ["198.51.100.14", "203.0.113.7"],
        "user_agents": ["aws-cli/2.2", "x"],
        "mfa_authenticated": True,
        "sensitive": 1,
        "forwarded": 1,
        "source_identity": None,
        "on_behalf_of": None,
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([login(USER, additionalEventData={"MFAUsed": "No"})], False),
        ([login(USER, "Failure", additionalEventData={"MFAUsed": "Yes"})], None),
        ([call(temporary(USER, mfaAuthenticated="false")), call(temporary(USER, mfaAuthenticated="true"))], True),
        ([call(temporary(USER))], None),
    ],
)
def test_mfa(said: list[Record], expected: bool | None) -> None:
    assert [row["mfa_authenticated"] for row in reference.sessions(said)] == [expected]


OTHER = {**USER, "principalId": "AIDABOB", "arn": "arn:aws:iam::222222222222:user/bob", "accountId": "222222222222"}
TWO = [
    call({**USER, "accessKeyId": "AKIA1"}, errorCode="AccessDenied"),
    call({**USER, "accessKeyId": "AKIA1"}, sourceIPAddress="198.51.100.14"),
    call({**OTHER, "accessKeyId": "AKIA2"}, userAgent="Boto3/1.18 md/Botocore"),
]


@pytest.fixture(scope="module")
def two() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_world(TWO) as connection:
        yield connection


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["AKIA1", "AKIA2"]),
        ({"arn": "*:user/b*"}, ["AKIA2"]),
        ({"arn": USER["arn"]}, ["AKIA1"]),
        ({"account": ACCOUNT}, ["AKIA1"]),
        ({"source_ip": "198.51.100.14"}, ["AKIA1"]),
        ({"source_ip": "198.51.100"}, []),
        ({"source_ip": "203.0.113.*"}, ["AKIA1", "AKIA2"]),
        ({"user_agent": "botocore"}, ["AKIA2"]),
        ({"user_agent": "BOTO3*botocore"}, ["AKIA2"]),
        ({"user_agent": "cli_2"}, []),
        ({"access_key": ["AKIA2", "AKIA3"]}, ["AKIA2"]),
        ({"denied_only": True}, ["AKIA1"]),
        ({"denied_only": True, "user_agent": "boto"}, []),
        ({"denied_only": True, "source_ip": "198.*"}, ["AKIA1"]),  # not of the same call
    ],
)
def test_filters_are_about_any_call_and_give_the_whole_session(
    two: duckdb.DuckDBPyConnection, asked: dict[str, Any], found: list[str]
) -> None:
    rows = reference.sessions(TWO, **asked)
    assert [row["session_id"] for row in rows] == found
    assert all(row["calls"] == 2 for row in rows if row["session_id"] == "AKIA1")
    assert ask(two, "sessions", asked) == rows
