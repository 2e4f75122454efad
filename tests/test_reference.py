"""Small cases of docs/rules.md answered by hand, for the reference that the SQL is held to."""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import reference, worlds
from tests.logs import REAL_LOGS, read_logs, real_logs, source
from tests.reference.events import expiry, matches, read_events, time
from tests.reference.session_summary import denied_target, search_filter

Record = dict[str, Any]
DAY = "2021-08-27T"
ALICE = {
    "type": "IAMUser",
    "principalId": "AIDAALICE",
    "arn": "arn:aws:iam::111111111111:user/alice",
    "accountId": "111111111111",
}


def ident(key: str | None = None, created: str | None = None, of: Record = ALICE, **more: Any) -> Record:
    """An identity with a key and, of a session, its creation (a clock time of the day)."""
    made = {**of, **more}
    if key:
        made["accessKeyId"] = key
    if created:
        made["sessionContext"] = {"attributes": {"creationDate": f"{DAY}{created}Z"}}
    return made


def role(name: str, account: str = "111111111111", session: str = "s") -> Record:
    """The identity of a role session."""
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    return {"type": "AssumedRole", "principalId": f"AROA{name.upper()}:{session}", "arn": arn, "accountId": account}


def event(clock: str | None, call: str, identity: Any, **more: Any) -> Record:
    """A record of `source:Name` at a clock time of the day; its eventID names both."""
    source, name = call.split(":")
    made = {
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "userIdentity": identity,
        "awsRegion": "us-east-1",
    }
    if clock:
        made["eventTime"] = f"{DAY}{clock}Z"
    return {**made, "eventID": f"{name}-{clock}", **more}


def assume(clock: str | None, caller: Any, key: str, of: Record, **more: Any) -> Record:
    """An AssumeRole that issues a key to a role session."""
    answer = {
        "credentials": {"accessKeyId": key, "expiration": "Aug 27, 2021, 11:00:00 PM"},
        "assumedRoleUser": {"assumedRoleId": of["principalId"], "arn": of["arn"]},
    }
    return event(clock, "sts:AssumeRole", caller, **{"responseElements": answer, **more})


def token(clock: str, caller: Any, key: str, **more: Any) -> Record:
    """A GetSessionToken."""
    return event(clock, "sts:GetSessionToken", caller, responseElements={"credentials": {"accessKeyId": key}}, **more)


def login(clock: str, identity: Any, answer: str = "Success", name: str = "ConsoleLogin", **more: Any) -> Record:
    """A sign-in."""
    return event(clock, f"signin:{name}", identity, responseElements={name: answer}, **more)


def look(clock: str, identity: Any, **more: Any) -> Record:
    """A call that reads."""
    return event(clock, "ec2:DescribeInstances", identity, **more)


def hops(records: list[Record], **asked: Any) -> list[tuple[Any, ...]]:
    """The rows as (direction's letter and depth, key or principal, link, confidence, origin)."""
    return [
        (
            f"{row['direction'][0]}{row['depth']}",
            row["access_key_id"] or row["principal_id"],
            row["link"],
            row["confidence"],
            row["origin"],
        )
        for row in reference.identity_chain(records, **asked)
    ]


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}{clock}")


JUMP, ADMIN = role("jump"), role("admin", "222222222222")
CHAIN = [
    look("19:00:00", ident("AKIA1")),
    token("19:12:07", ident("AKIA1"), "ASIA1"),
    assume("19:20:41", ident("ASIA1", "19:12:07"), "ASIA2", JUMP),
    assume("19:42:56", ident("ASIA2", "19:20:41", JUMP), "ASIA3", ADMIN),
    look("19:44:00", ident("ASIA3", "19:42:56", ADMIN)),
]


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


# §3 and §4, backwards


def test_four_hops_across_accounts() -> None:
    assert hops(CHAIN, access_key="ASIA3") == [
        ("s0", "ASIA3", None, None, None),
        ("o1", "ASIA2", "issued-key", "exact", None),
        ("o2", "ASIA1", "issued-key", "exact", None),
        ("o3", "AKIA1", "issued-key", "exact", "long-term-key"),
    ]


def test_row_carries_the_issuance_and_the_hop_nearer_the_start() -> None:
    row = reference.identity_chain(CHAIN, access_key="ASIA3")[1]
    assert row["event_id"] == "AssumeRole-19:42:56"
    assert row["expires_at"] == f"{DAY}23:00:00Z"
    assert row["session_id"] == f"AROAJUMP:s@{DAY}19:20:41Z"
    assert (row["linked_session_id"], row["linked_access_key_id"]) == (f"AROAADMIN:s@{DAY}19:42:56Z", "ASIA3")
    assert row["start_session_id"] == f"AROAADMIN:s@{DAY}19:42:56Z"


@pytest.mark.parametrize(
    ("depth", "ends"), [(0, ["depth-limit"]), (1, [None, "depth-limit"]), (3, [None, None, None, "long-term-key"])]
)
def test_depth_limit(depth: int, ends: list[str | None]) -> None:
    assert [row["origin"] for row in reference.identity_chain(CHAIN, access_key="ASIA3", max_depth=depth)] == ends


def test_clocks_may_differ_by_two_seconds_exactly_by_more_inferred() -> None:
    for created, confidence in (("19:42:54", "exact"), ("19:42:58", "exact"), ("19:42:53", "inferred")):
        records = [CHAIN[3], look("19:44:00", ident("ASIA3", created, ADMIN))]
        assert hops(records, access_key="ASIA3")[1][2:4] == ("issued-key", confidence)


def test_inferred_takes_the_latest_valid_at_the_use() -> None:
    first = assume("10:00:00", ident("AKIA1"), "ASIA3", ADMIN)
    second = assume("12:00:00", ident("AKIA2"), "ASIA3", ADMIN)
    later = assume("14:00:00", ident("AKIA3"), "ASIA3", ADMIN)
    records = [first, second, later, look("13:00:00", ident("ASIA3", "12:30:00", ADMIN))]
    assert hops(records, access_key="ASIA3", window=(at("12:30:00"), at("13:30:00")))[1][1:4] == (
        "AKIA2",
        "issued-key",
        "inferred",
    )


def test_expired_key_is_not_inferred() -> None:
    records = [CHAIN[3], look("23:00:01", ident("ASIA3", "22:00:00", ADMIN))]
    assert hops(records, access_key="ASIA3", window=(at("22:00:00"), None)) == [
        ("s0", "ASIA3", None, None, "not-in-logs")
    ]


def test_recycled_key_goes_to_its_own_principal() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA9", JUMP),
        assume("10:00:00", ident("AKIA2"), "ASIA9", ADMIN, eventID="other"),
        look("10:00:05", ident("ASIA9", "10:00:00", JUMP)),
        look("10:00:06", ident("ASIA9", "10:00:00", ADMIN)),
    ]
    rows = reference.identity_chain(records, access_key="ASIA9")
    assert [(row["start_session_id"], row["access_key_id"]) for row in rows] == [
        (f"AROAADMIN:s@{DAY}10:00:00Z", "ASIA9"),
        (f"AROAADMIN:s@{DAY}10:00:00Z", "AKIA2"),
        (f"AROAJUMP:s@{DAY}10:00:00Z", "ASIA9"),
        (f"AROAJUMP:s@{DAY}10:00:00Z", "AKIA1"),
    ]


def test_several_issuances_are_ambiguous() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA9", JUMP),
        assume("10:00:01", ident("AKIA2"), "ASIA9", JUMP),
        look("10:00:05", ident("ASIA9", "10:00:00", JUMP)),
    ]
    assert hops(records, access_key="ASIA9") == [
        ("s0", "ASIA9", None, None, None),
        ("o1", "AKIA1", "issued-key", "ambiguous", "long-term-key"),
        ("o1", "AKIA2", "issued-key", "ambiguous", "long-term-key"),
    ]


def test_console_switch_role_through_its_assume_role() -> None:
    records = [
        login("10:00:00", ALICE),
        assume("10:05:00", ident("ASIAC", "10:00:00"), "ASIAUNUSED", ADMIN),
        login("10:05:00", ADMIN, name="SwitchRole"),
        look("10:06:00", ident("ASIAD", "10:05:00", ADMIN)),
    ]
    assert hops(records, access_key="ASIAD") == [
        ("s0", "ASIAD", None, None, None),
        ("o1", "ASIAC", "issued-session", "exact", None),
        ("o2", "AIDAALICE", "sign-in", "exact", "console-sign-in"),
    ]


def test_sign_in_row_has_its_own_session() -> None:
    records = [login("10:00:00", ALICE, sourceIPAddress="203.0.113.7"), look("10:01:00", ident("ASIAC", "10:00:00"))]
    row = reference.identity_chain(records, access_key="ASIAC")[1]
    assert (row["session_id"], row["access_key_id"], row["source_ip"]) == (
        f"AIDAALICE@{DAY}10:00:00Z",
        None,
        "203.0.113.7",
    )


def test_failed_login_never_links() -> None:
    records = [login("10:00:00", ALICE, "Failure"), look("10:01:00", ident("ASIAC", "10:00:00"))]
    assert hops(records, access_key="ASIAC") == [("s0", "ASIAC", None, None, "not-in-logs")]


def test_federated_sign_in_goes_on_by_its_key() -> None:
    records = [
        assume("09:00:00", ident("AKIA1"), "ASIA2", JUMP),
        login("10:00:00", ident("ASIA2", None, JUMP)),
        look("10:01:00", ident("ASIAC", "10:00:00", JUMP)),
    ]
    assert hops(records, access_key="ASIAC") == [
        ("s0", "ASIAC", None, None, None),
        ("o1", "ASIA2", "sign-in", "exact", None),
        ("o2", "AKIA1", "issued-key", "inferred", "long-term-key"),
    ]


def test_federated_sign_in_does_not_step_to_itself() -> None:
    records = [login("10:00:00", ident("ASIA2", None, JUMP)), look("10:01:00", ident("ASIAC", "10:00:00", JUMP))]
    assert hops(records, access_key="ASIAC")[1:] == [("o1", "ASIA2", "sign-in", "exact", "not-in-logs")]
    assert hops(records, access_key="ASIA2") == [("s0", "ASIA2", None, None, "not-in-logs")]


def test_created_key_goes_to_its_creator() -> None:
    created = event(
        "10:00:00", "iam:CreateAccessKey", ident("AKIA1"), responseElements={"accessKey": {"accessKeyId": "AKIA2"}}
    )
    assert hops([created, look("10:01:00", ident("AKIA2"))], access_key="AKIA2") == [
        ("s0", "AKIA2", None, None, None),
        ("o1", "AKIA1", "created-key", "exact", "long-term-key"),
    ]
    assert hops([created, look("09:59:57", ident("AKIA2"))], access_key="AKIA2")[0] == (
        "s0",
        "AKIA2",
        None,
        None,
        "long-term-key",
    )


def test_forwarded_for_a_temporary_session_goes_to_the_same_session() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA2", JUMP),
        look("10:01:00", ident("ASIAF", "10:00:00", JUMP, invokedBy="AWS Internal")),
    ]
    assert hops(records, access_key="ASIAF")[1:] == [("o1", "AKIA1", "issued-session", "exact", "long-term-key")]


@pytest.mark.parametrize(
    ("call", "found"), [("10:00:00", True), ("09:50:05", True), ("09:50:04", False), ("10:10:05", True)]
)
def test_forwarded_for_a_long_term_key_within_ten_minutes(call: str, found: bool) -> None:
    records = [look(call, ident("AKIA1")), event("10:00:06", "kms:Decrypt", ident("ASIAF", "10:00:05", invokedBy="x"))]
    expected = [("o1", "AKIA1", "forwarded", "inferred", "long-term-key")] if found else []
    assert hops(records, access_key="ASIAF")[1:] == expected


def test_forwarded_takes_the_nearest_call_the_earlier_first() -> None:
    records = [
        look("10:00:00", ident("AKIA1")),
        look("10:00:10", ident("AKIA2")),
        event("10:00:06", "kms:Decrypt", ident("ASIAF", "10:00:05", invokedBy="x")),
    ]
    row = reference.identity_chain(records, access_key="ASIAF")[1]
    assert (row["access_key_id"], row["event_id"], row["expires_at"]) == ("AKIA1", "DescribeInstances-10:00:00", None)


@pytest.mark.parametrize(
    ("caller", "origin"),
    [
        ({"type": "AWSAccount", "principalId": "AROAX:y", "accountId": "333333333333"}, "external-account"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "service"),
        ({"invokedBy": "ec2.amazonaws.com"}, "service"),
        ({"type": "WebIdentityUser", "principalId": "idp:eve"}, "federated"),
        ({"type": "SAMLUser", "principalId": "idp:eve"}, "federated"),
        ({"type": "IdentityCenterUser"}, "identity-center"),
        (ident("AKIA1", of={"type": "Root", "principalId": "1"}), "root"),
        (ident("AKIA1"), "long-term-key"),
        (ident("ASIAX", "08:00:00"), "not-in-logs"),
        ("somebody", "not-in-logs"),
    ],
)
def test_origins(caller: Any, origin: str) -> None:
    records = [assume("10:00:00", caller, "ASIA2", JUMP), look("10:01:00", ident("ASIA2", "10:00:00", JUMP))]
    assert [row["origin"] for row in reference.identity_chain(records, access_key="ASIA2")] == [None, origin]


def test_identity_center_by_the_reserved_role() -> None:
    reserved = role("AWSReservedSSO_Ops_0123456789abcdef", session="user@example.com")
    saml = {"type": "SAMLUser", "principalId": "idp:eve"}
    records = [assume("10:00:00", saml, "ASIAX", reserved), look("10:01:00", ident("ASIA2", "10:00:00", reserved))]
    assert hops(records, access_key="ASIA2")[1][2:] == ("issued-session", "exact", "identity-center")


def test_cycle_is_the_same_credentials_not_the_same_role() -> None:
    again = [
        assume("10:00:00", ident("AKIA1"), "ASIA1", JUMP),
        assume("10:00:05", ident("ASIA1", "10:00:00", JUMP), "ASIA2", JUMP),
        look("10:00:09", ident("ASIA2", "10:00:05", JUMP)),
    ]
    assert [hop[1] for hop in hops(again, access_key="ASIA2")] == ["ASIA2", "ASIA1", "AKIA1"]
    loop = [assume("10:00:00", ident("ASIA1", "10:00:00", JUMP), "ASIA1", JUMP)]
    assert hops(loop, access_key="ASIA1") == [
        ("s0", "ASIA1", None, None, None),
        ("o1", "ASIA1", "issued-key", "exact", "cycle"),
    ]


def test_issued_and_never_used_starts_a_walk() -> None:
    assert hops(CHAIN[:4], access_key="ASIA3")[:2] == [
        ("s0", "ASIA3", None, None, None),
        ("o1", "ASIA2", "issued-key", "exact", None),
    ]
    row = reference.identity_chain(CHAIN[:4], session_id=f"AROAADMIN:s@{DAY}19:42:56Z")[0]
    assert (row["access_key_id"], row["identity_type"], row["account_id"]) == ("ASIA3", "AssumedRole", "222222222222")


def test_window_selects_the_uses_and_looks_back_for_issuances() -> None:
    assert len(hops(CHAIN, access_key="ASIA3", window=(at("19:44:00"), at("19:45:00")))) == 4
    assert hops(CHAIN, access_key="ASIA1", window=(at("19:44:00"), None)) == []


def test_at_takes_the_session_of_that_second_else_the_one_alive() -> None:
    records = [
        assume("10:00:00", ident("AKIA1"), "ASIA9", JUMP),
        look("10:00:05", ident("ASIA9", "10:00:00", JUMP)),
        assume("12:00:00", ident("AKIA2"), "ASIA9", ADMIN),
        look("12:00:05", ident("ASIA9", "12:00:00", ADMIN)),
    ]

    def starts(clock: str) -> list[str]:
        rows = reference.identity_chain(records, access_key="ASIA9", at=at(clock))
        return [row["principal_id"] for row in rows if row["depth"] == 0]

    assert starts("10:00:05") == ["AROAJUMP:s"]
    assert starts("11:00:00") == ["AROAJUMP:s"]
    assert starts("13:00:00") == ["AROAADMIN:s"]
    assert starts("09:00:00") == starts("23:30:00") == []


def test_session_start_stands_on_a_key_without_forwarded_calls() -> None:
    records = [
        login("10:00:00", ALICE),
        look("10:00:01", ident("ASIAF", "10:00:00", invokedBy="AWS Internal")),
        look("10:00:02", ident("ASIAC", "10:00:00")),
    ]
    assert hops(records, session_id=f"AIDAALICE@{DAY}10:00:00Z") == [
        ("s0", "ASIAC", None, None, None),
        ("o1", "AIDAALICE", "sign-in", "exact", "console-sign-in"),
    ]


# §4, forwards


def test_derived_goes_down_the_whole_chain() -> None:
    assert hops(CHAIN, access_key="AKIA1", direction="derived") == [
        ("s0", "AKIA1", None, None, None),
        ("d1", "ASIA1", "issued-key", "exact", None),
        ("d2", "ASIA2", "issued-key", "exact", None),
        ("d3", "ASIA3", "issued-key", "exact", None),
    ]
    assert hops(CHAIN, access_key="AKIA1", direction="derived", max_depth=2)[-1] == (
        "d2",
        "ASIA2",
        "issued-key",
        "exact",
        "depth-limit",
    )


def test_both_directions() -> None:
    assert [hop[0] for hop in hops(CHAIN, access_key="ASIA2", direction="both")] == ["s0", "o1", "o2", "d1"]


def test_derived_shows_the_key_that_the_console_used_instead() -> None:
    records = [
        look("10:04:00", ident("ASIAC", "10:00:00")),
        assume("10:05:00", ident("ASIAC", "10:00:00"), "ASIAUNUSED", ADMIN),
        look("10:05:30", ident("ASIAF", "10:05:00", ADMIN, invokedBy="x")),
        look("10:06:00", ident("ASIAD", "10:05:00", ADMIN)),
    ]
    assert hops(records, access_key="ASIAC", direction="derived")[1:] == [
        ("d1", "ASIAD", "issued-session", "exact", None)
    ]


def test_derived_forwarded_and_created_keys() -> None:
    created = event(
        "10:00:00", "iam:CreateAccessKey", ident("AKIA1"), responseElements={"accessKey": {"accessKeyId": "AKIA2"}}
    )
    forwarded = ident("ASIAF", "10:01:00", {**ALICE, "principalId": "AIDABOB", "arn": "bob"}, invokedBy="x")
    bob = ident("AKIA2", None, {**ALICE, "principalId": "AIDABOB", "arn": "bob"})
    records = [created, look("10:01:00", bob), event("10:01:01", "kms:Decrypt", forwarded)]
    assert hops(records, access_key="AKIA1", direction="derived")[1:] == [
        ("d1", "AKIA2", "created-key", "exact", None),
        ("d2", "ASIAF", "forwarded", "inferred", None),
    ]
    assert hops(records, access_key="AKIA2", direction="derived")[1:] == [
        ("d1", "ASIAF", "forwarded", "inferred", None)
    ]


def test_derived_leaves_out_a_return_to_the_start() -> None:
    loop = [assume("10:00:00", ident("ASIA1", "10:00:00", JUMP), "ASIA1", JUMP)]
    assert [hop[0] for hop in hops(loop, access_key="ASIA1", direction="derived")] == ["s0"]


# §5


def test_console_session_with_its_keys() -> None:
    records = [
        login("10:00:00", ALICE, additionalEventData={"MFAUsed": "YES"}, sourceIPAddress="203.0.113.7"),
        look("10:00:10", ident("ASIAC", "10:00:00")),
        look("10:00:20", ident("ASIAC", "10:00:00"), awsRegion="eu-west-1", sessionCredentialFromConsole="true"),
        look("10:00:30", ident("ASIAD", "10:00:00", invokedBy="x")),
        look("10:00:40", ident("ASIAE", "10:00:01")),
    ]
    first, second = reference.console_keys(records)
    assert first == {
        "session_id": f"AIDAALICE@{DAY}10:00:00Z",
        "identity_type": "IAMUser",
        "identity_arn": ALICE["arn"],
        "principal_id": "AIDAALICE",
        "account_id": "111111111111",
        "session_created_at": f"{DAY}10:00:00Z",
        "login_event_id": "ConsoleLogin-10:00:00",
        "login_event_name": "ConsoleLogin",
        "login_time": f"{DAY}10:00:00Z",
        "login_region": "us-east-1",
        "login_source_ip": "203.0.113.7",
        "login_user_agent": None,
        "mfa_used": True,
        "access_key_id": "ASIAC",
        "regions": ["eu-west-1", "us-east-1"],
        "first_seen": f"{DAY}10:00:10Z",
        "last_seen": f"{DAY}10:00:20Z",
        "calls": 2,
        "forwarded_calls": 0,
        "from_console_flag": True,
    }
    assert (second["access_key_id"], second["forwarded_calls"], second["from_console_flag"]) == ("ASIAD", 1, False)
    assert len(reference.console_keys(records, access_key="ASIAD")) == 2
    assert (
        len(reference.console_keys(records, login_event_id="ConsoleLogin-10:00:00", arn="arn:aws:iam::*:user/alice"))
        == 2
    )
    assert reference.console_keys(records, arn="*bob") == reference.console_keys(records, access_key="ASIAE") == []


def test_console_session_without_its_sign_in_by_the_flag() -> None:
    records = [look("10:00:10", ident("ASIAC", "10:00:00"), sessionCredentialFromConsole=True)]
    assert [
        (row["access_key_id"], row["login_event_id"], row["mfa_used"]) for row in reference.console_keys(records)
    ] == [("ASIAC", None, None)]


def test_vended_key_is_no_console_key_unless_flagged() -> None:
    vended = [
        login("10:00:00", ALICE),
        token("10:00:00", ident("AKIA1"), "ASIAC"),
        look("10:00:10", ident("ASIAC", "10:00:00")),
    ]
    assert reference.console_keys(vended) == []
    flagged = [*vended, look("10:00:20", ident("ASIAC", "10:00:00"), sessionCredentialFromConsole=True)]
    assert [row["calls"] for row in reference.console_keys(flagged)] == [2]


# §6 and §7


def test_summary_row() -> None:
    key = ident("AKIA1")
    records = [
        event("10:00:00", "iam:AttachUserPolicy", key, requestParameters={"n": 1}),
        event(
            "10:00:05",
            "iam:AttachUserPolicy",
            key,
            requestParameters={"n": 2},
            errorCode="AccessDenied",
            errorMessage="x on resource: user bob because y",
        ),
        event(
            "10:00:06",
            "iam:AttachUserPolicy",
            key,
            requestParameters={},
            errorCode="ThrottlingException",
            awsRegion="eu-west-1",
        ),
    ]
    assert reference.session_summary(records) == [
        {
            "session_id": "AKIA1",
            "identity_arn": ALICE["arn"],
            "identity_type": "IAMUser",
            "account_id": "111111111111",
            "event_source": "iam.amazonaws.com",
            "event_name": "AttachUserPolicy",
            "read_only": False,
            "sensitive": False,
            "calls": 3,
            "succeeded": 1,
            "failed": 2,
            "denied": 1,
            "throttled": 1,
            "forwarded": 0,
            "first_seen": f"{DAY}10:00:00Z",
            "last_seen": f"{DAY}10:00:06Z",
            "regions": ["eu-west-1", "us-east-1"],
            "source_ips": [],
            "access_keys": ["AKIA1"],
            "sample_resources": None,
            "denied_resource": "user bob",
            "error_codes": ["AccessDenied", "ThrottlingException"],
            "sample_request_parameters": {"n": 1},
            "sample_filters": None,
            "sample_event_id": "AttachUserPolicy-10:00:00",
        }
    ]


def test_summary_of_reads() -> None:
    records = [
        look("10:00:00", ident("AKIA1"), requestParameters={"filters": ["a"]}),
        event(
            "10:00:01",
            "s3:GetObject",
            ident("AKIA1"),
            requestParameters={"key": "k"},
            resources=[{"ARN": "x"}],
            readOnly="true",
        ),
    ]
    plain, secret = reference.session_summary(records)
    assert (plain["read_only"], plain["sensitive"], plain["sample_filters"], plain["sample_request_parameters"]) == (
        True,
        False,
        ["a"],
        None,
    )
    assert (secret["sensitive"], secret["sample_request_parameters"], secret["sample_resources"]) == (
        True,
        {"key": "k"},
        [{"ARN": "x"}],
    )


def test_summary_takes_a_keys_sessions_whole() -> None:
    records = [
        login("10:00:00", ALICE),
        look("10:01:00", ident("ASIAC", "10:00:00")),
        look("10:02:00", ident("ASIAD", "10:00:00")),
    ]
    rows = reference.session_summary(records, access_key=["ASIAC"])
    assert [(row["event_name"], row["calls"], row["access_keys"]) for row in rows] == [
        ("DescribeInstances", 2, ["ASIAC", "ASIAD"]),
        ("ConsoleLogin", 1, []),
    ]
    assert reference.session_summary(records, access_key=["ASIAC"], arn="nobody") == []


def test_failed_login_is_a_failure_without_error_code() -> None:
    (row,) = reference.session_summary([login("10:00:00", ALICE, "Failure")])
    assert (row["succeeded"], row["failed"], row["denied"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("request_parameters", "found"),
    [
        ({"filterSet": {"items": [1]}, "filters": [2]}, [1]),
        ({"filterSet": {}, "filters": []}, None),
        ({"filters": "", "Filters": "tag"}, "tag"),
        ({"DescribeInstancesRequest": {"Filter": {"Name": "a"}}}, {"Name": "a"}),
        ("a text", None),
    ],
)
def test_search_filter(request_parameters: Any, found: Any) -> None:
    (one,) = read_events([look("10:00:00", ident("AKIA1"), requestParameters=request_parameters)])
    assert search_filter(one) == found


@pytest.mark.parametrize(
    ("message", "target"),
    [
        ("x on resource: arn:a because no policy", "arn:a"),
        ("x on resource: a key with an explicit deny in a policy", "a key"),
        ("x on resource: a with an explicit deny because b", "a"),
        ("x on resource: arn:aws:s3:::b/o.txt", "arn:aws:s3:::b/o.txt"),
        ("x on resource: user bob.", "user bob"),
        ("x on resource: arn:a. Encoded authorization failure message: z", "arn:a"),
        ("x on resource: * because no policy", None),
        ("x on resource: a on resource: b", "a on resource: b"),
        ("x on resource:  ", None),
        ("Access Denied", None),
    ],
)
def test_denied_target(message: str, target: str | None) -> None:
    (one,) = read_events([look("10:00:00", ident("AKIA1"), errorCode="AccessDenied", errorMessage=message)])
    assert denied_target(one) == target


def test_arn_patterns() -> None:
    assert matches("a*c", "abbc") and matches("a.c", "a.c") and matches("*", "")
    assert not matches("a.c", "abc") and not matches("a*c", None) and not matches("a?c", "abc")


# Worlds and real logs


def ask(query: str, records: list[Record], asked: dict[str, Any]) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = getattr(reference, query.replace("-", "_"))(records, **asked)
    return answer


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_answers_do_not_depend_on_the_order_of_delivery(data: st.DataObject) -> None:
    records = data.draw(worlds.worlds())
    query, asked = data.draw(worlds.questions(records))
    rows, turned = ask(query, records, asked), ask(query, records[::-1], asked)
    assert sorted(map(repr, rows)) == sorted(map(repr, turned))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_walk_ends_somewhere(data: st.DataObject) -> None:
    records = data.draw(worlds.worlds())
    _, asked = data.draw(worlds.questions(records, query="identity-chain"))
    rows = ask("identity-chain", records, {**asked, "direction": "origin"})
    starts = {(row["session_id"], row["access_key_id"]) for row in rows if row["depth"] == 0}
    assert not starts or any(row["origin"] for row in rows)
    assert all(row["depth"] <= asked["max_depth"] for row in rows)


def logs_by_source() -> dict[str, list[Record]]:
    """The records of the real logs; none, with a warning, where there are none."""
    if not real_logs():
        warnings.warn(f"no real logs at {REAL_LOGS}: nothing was checked against them", stacklevel=2)
    return {source(path): read_logs([path]) for path in real_logs()}


def test_real_logs_go_through_every_query() -> None:
    for records in logs_by_source().values():
        rows = [*reference.issuances(records), *reference.console_keys(records), *reference.session_summary(records)]
        keys = sorted({one.access_key_id for one in read_events(records) if one.access_key_id})[:5]
        for key in keys:
            rows += reference.identity_chain(records, access_key=key, direction="both")
        assert all(isinstance(row, dict) for row in rows)


def test_what_is_known_of_the_real_logs() -> None:
    logs = logs_by_source()
    if (records := logs.get("invictus-aws-dataset")) is not None:
        derived = hops(records, access_key="AKIATFQR7NSC8Q4X20BJ", direction="derived")
        assert ("d1", "ASIATFQR7NSCWLLE7IWW", "issued-key", "exact", None) in derived
        console = [row for row in reference.console_keys(records) if row["login_time"] == "2023-07-10T12:27:45Z"]
        assert (len(console), sum(row["calls"] for row in console)) == (21, 217)
    if (records := logs.get("maheribra-attack-chain")) is not None:
        assert hops(records, access_key="ASIAUACFUVW5DYJLHKCA")[-1][4] == "external-account"
    if (records := logs.get("otrf-ec2-proxy-s3")) is not None:
        instance = hops(records, access_key="ASIA5FLZVX4OPVKKVBMX")
        assert instance[1][2:] == ("issued-key", "inferred", "service")
