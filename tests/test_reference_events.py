"""Small cases of docs/rules.md §1 and §2 answered by hand, for the reference that the SQL is held to: events and issuances."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests import reference
from tests.records import (
    ADMIN,
    ALICE,
    CHAIN,
    DAY,
    JUMP,
    assume,
    at,
    event,
    ident,
    login,
    look,
    token,
)
from tests.reference.events import expiry, read_events, time

# §1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-07-10T11:42:18Z", "2023-07-10T11:42:18"),
        ("20230710T114218Z", "2023-07-10T11:42:18"),
        ("2023-07-10 11:42:18.999", "2023-07-10T11:42:18"),
        ("2023-07-10T11:42:18,5+02:00", "2023-07-10T09:42:18"),
        ("2023-07-10T23:42:18-0530", "2023-07-11T05:12:18"),
        ("2023-07-10T11:42:18+01", "2023-07-10T10:42:18"),
        ("2023-02-30T11:42:18Z", None),
        ("2023-07-10T11:42:60Z", None),
        ("2023-07-10T24:00:00Z", None),
        ("2023-07-10T11:42:18Z\n", None),
        ("2023-07-10", None),
        ("...", None),
        (1688990082, None),
    ],
)
def test_time(written: Any, read: str | None) -> None:
    assert time(written) == (datetime.fromisoformat(read) if read else None)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Sep 17, 2020 8:04:10 PM", "2020-09-17T20:04:10"),
        ("Jul 10, 2023, 1:14:53\u202fPM", "2023-07-10T13:14:53"),
        ("Jul 01, 2023, 12:00:00 AM", "2023-07-01T00:00:00"),
        ("Jul 1, 2023, 12:00:00 PM", "2023-07-01T12:00:00"),
        ("2026-07-28T10:13:58Z", "2026-07-28T10:13:58"),
        ("Jul 1, 2023, 0:00:00 PM", None),
        ("Jul 1, 2023, 13:00:00 PM", None),
        ("soon", None),
    ],
)
def test_expiry(written: str, read: str | None) -> None:
    assert expiry(written) == (datetime.fromisoformat(read) if read else None)


def test_text_boolean_and_odd_types() -> None:
    odd = {
        "userIdentity": "somebody",
        "userAgent": ["a"],
        "errorCode": 404,
        "awsRegion": "",
        "sessionCredentialFromConsole": "TRUE",
    }
    (one,) = read_events([odd])
    assert (one.principal_id, one.user_agent, one.error_code, one.aws_region, one.from_console) == (
        None,
        None,
        "404",
        None,
        True,
    )


def test_once_per_event_id_the_first_by_rule_and_all_without_one() -> None:
    east, west = look("10:00:00", ident("AKIA1")), look("10:00:00", ident("AKIA1"), awsRegion="eu-west-1")
    assert [one.aws_region for one in read_events([east, west])] == ["eu-west-1"]
    assert len(read_events([{**east, "eventID": ""}, {**west, "eventID": None}])) == 2


def test_sign_in_belongs_to_the_session_it_opens() -> None:
    assert [one.session_id for one in read_events([login("10:00:00", ALICE)])] == [f"AIDAALICE@{DAY}10:00:00Z"]


def test_window_takes_its_begin_and_leaves_its_end_and_what_has_no_time() -> None:
    records = [
        look("10:00:00", ident("AKIA1")),
        look("11:00:00", ident("AKIA1")),
        {**look("", ident("AKIA1")), "eventID": "x"},
    ]
    assert reference.session_summary(records, window=(at("10:00:00"), at("11:00:00")))[0]["calls"] == 1
    assert reference.session_summary(records)[0]["calls"] == 3


# §2


def test_issuance_columns() -> None:
    (row,) = reference.issuances([CHAIN[3]])
    assert row == {
        "event_id": "AssumeRole-19:42:56",
        "event_time": f"{DAY}19:42:56Z",
        "event_name": "AssumeRole",
        "aws_region": "us-east-1",
        "account_id": "111111111111",
        "shared_event_id": None,
        "caller_session_id": f"AROAJUMP:s@{DAY}19:20:41Z",
        "caller_access_key_id": "ASIA2",
        "caller_principal_id": "AROAJUMP:s",
        "caller_type": "AssumedRole",
        "caller_arn": JUMP["arn"],
        "caller_account_id": "111111111111",
        "caller_created_at": f"{DAY}19:20:41Z",
        "invoked_by": None,
        "issued_access_key_id": "ASIA3",
        "issued_principal_id": "AROAADMIN:s",
        "issued_arn": ADMIN["arn"],
        "issued_account_id": "222222222222",
        "expires_at": f"{DAY}23:00:00Z",
        "source_ip": None,
        "user_agent": None,
        "mfa_authenticated": None,
        "source_identity": None,
        "on_behalf_of": None,
    }


def test_arn_is_put_together_from_the_request() -> None:
    request = {
        "roleArn": "arn:aws-cn:iam::111111111111:role/a/b/deep",
        "roleSessionName": "me",
        "sourceIdentity": "eve",
    }
    answer = {"credentials": {"accessKeyId": "ASIA1"}}
    (row,) = reference.issuances(
        [event("10:00:00", "sts:AssumeRole", {}, requestParameters=request, responseElements=answer)]
    )
    assert row["issued_arn"] == "arn:aws-cn:sts::111111111111:assumed-role/deep/me"
    assert row["source_identity"] == "eve"


@pytest.mark.parametrize("target", ["222222222222", "arn:aws:iam::222222222222:root"])
def test_assume_root(target: str) -> None:
    answer = {"credentials": {"accessKeyId": "ASIA1"}}
    root = event(
        "10:00:00",
        "sts:AssumeRoot",
        ident("AKIA1"),
        requestParameters={"targetPrincipal": target},
        responseElements=answer,
    )
    (row,) = reference.issuances([root])
    assert (row["issued_principal_id"], row["issued_arn"]) == ("222222222222", "arn:aws:iam::222222222222:root")


def test_no_issuance_by_failure_without_key_or_of_the_callers_own_key() -> None:
    answer = {"credentials": {"accessKeyId": "ASIA1"}}
    records = [
        token("10:00:00", ident("AKIA1"), "ASIA1", errorCode="AccessDenied"),
        event("10:00:01", "sts:GetSessionToken", ident("AKIA1")),
        event("10:00:02", "signin:GetSigninToken", ident("ASIA1", "09:00:00"), responseElements=answer),
        login("10:00:03", ALICE, "Failure"),
        login("10:00:04", {"type": "SAMLUser"}),
    ]
    assert reference.issuances(records) == []


def test_rarer_issuances() -> None:
    entry = {
        "credentials": {"accessKeyId": "ASIA1"},
        "assumedRoleUser": {"assumedRoleId": "AROAX:c", "arn": "arn:aws:sts::3:assumed-role/x/c"},
    }
    plain = {"credentials": {"accessKeyId": "ASIA2"}}
    federated = {**plain, "federatedUser": {"federatedUserId": "1:fed", "arn": "arn:aws:sts::1:federated-user/fed"}}
    records = [
        event("10:00:00", "rolesanywhere:CreateSession", {}, responseElements={"credentialSet": [entry]}),
        event("10:00:01", "s3express:CreateSession", ident("AKIA1"), responseElements=plain),
        event("10:00:02", "cognito-identity:GetCredentialsForIdentity", {}, responseElements=plain),
        event("10:00:03", "sts:GetFederationToken", ident("AKIA1"), responseElements=federated),
        event(
            "10:00:04", "iam:CreateAccessKey", ident("AKIA1"), responseElements={"accessKey": {"accessKeyId": "AKIA2"}}
        ),
    ]
    rows = reference.issuances(records)
    assert [(row["issued_access_key_id"], row["issued_principal_id"], row["issued_account_id"]) for row in rows] == [
        ("ASIA1", "AROAX:c", "3"),
        ("ASIA2", None, "111111111111"),
        ("ASIA2", None, None),
        ("ASIA2", "1:fed", "1"),
        ("AKIA2", None, "111111111111"),
    ]


def test_of_two_accounts_copies_the_callers_is_kept() -> None:
    owner = {"type": "AWSAccount", "principalId": "AROAJUMP:s", "accountId": "111111111111"}
    copies = [
        assume("10:00:00", owner, "ASIA3", ADMIN, sharedEventID="s", eventID="a"),
        assume("10:00:01", ident("ASIA2", "09:00:00", JUMP), "ASIA3", ADMIN, sharedEventID="s", eventID="b"),
    ]
    assert [row["event_id"] for row in reference.issuances(copies)] == ["b"]
