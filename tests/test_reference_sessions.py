"""Small cases of docs/rules.md §5 to §7 answered by hand, for the reference that the SQL is held to: console sessions and summaries."""

from __future__ import annotations

from typing import Any

import pytest

from tests import reference
from tests.records import (
    ALICE,
    DAY,
    event,
    ident,
    login,
    look,
    token,
)
from tests.reference.events import matches, read_events
from tests.reference.session_summary import denied_target, search_filter

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
