"""Small cases of docs/rules.md §9 answered by hand, for the reference that the SQL is held to and for the SQL itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests import reference
from tests.embedded import ask, open_world

Record = dict[str, Any]
ONE, TWO = "2021-08-27T19:36:15Z", "2021-08-27T20:01:51Z"


def use(principal: str | None, created: str | None, key: str = "ASIA1", **more: Any) -> Record:
    """A call signed with a key."""
    identity: Record = {"type": "AssumedRole", "accessKeyId": key, **more.pop("identity", {})}
    if principal:
        identity["principalId"] = principal
    if created:
        identity["sessionContext"] = {"attributes": {"creationDate": created}}
    event = {"eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances", "eventTime": "2021-08-27T20:10:00Z"}
    return {**event, "userIdentity": identity, **more}


FEDERATED_LOGIN = {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}


@pytest.mark.parametrize(
    ("records", "found"),
    [
        pytest.param([use("AROA1:a", ONE), use("AROA2:b", TWO)], [f"AROA1:a@{ONE}", f"AROA2:b@{TWO}"], id="the talk's: two live sessions"),
        pytest.param([use("AROA1:a", ONE), use("AROA1:a", TWO)], [f"AROA1:a@{ONE}", f"AROA1:a@{TWO}"], id="one principal, another creation"),
        pytest.param([use("AROA1:a", ONE), use("AROA1:b", ONE)], [f"AROA1:a@{ONE}", f"AROA1:b@{ONE}"], id="one second, another principal"),
        pytest.param([use("AIDA1", None, "AKIA1"), use("AIDA2", None, "AKIA1")], ["AKIA1", "AKIA1"], id="a long-term key across principals"),
        pytest.param([use("AROA1:a", ONE), use("AROA1:a", ONE)], [], id="one session"),
        pytest.param([use("AROA1:a", ONE), use("AROA1:a", ONE, "ASIA2")], [], id="a console session's keys"),
        pytest.param([use("AROA1:a", ONE), use("AROA1:a", ONE, "ASIA2", identity={"invokedBy": "AWS Internal"})], [], id="forwarded"),
        pytest.param([use("AROA1:a", ONE), use("AROA1:a", None)], [], id="a creation that is not known"),
        pytest.param([use("AROA1:a", ONE), use(None, ONE)], [], id="a principal that is not known"),
        pytest.param([use("AROA1:a", ONE), use("AROA1:a", TWO, **FEDERATED_LOGIN)], [], id="a federated sign-in shows its own time"),
        pytest.param(
            [use("AROA1:a", ONE), use("AROA2:b", TWO), use(None, TWO)],
            ["ASIA1", f"AROA1:a@{ONE}", f"AROA2:b@{TWO}"],
            id="of a recycled key every use is shown",
        ),
    ],
)  # fmt: skip
def test_recycled(records: list[Record], found: list[str]) -> None:
    rows = reference.recycled_keys(records)
    assert sorted(row["session_id"] for row in rows) == sorted(found)
    with open_world(records) as connection:
        assert ask(connection, "recycled-keys", {}) == rows


def test_a_row_says_who_when_and_from_where() -> None:
    arn = {"arn": "arn:aws:sts::111111111111:assumed-role/jump/a", "accountId": "111111111111"}
    first = use("AROA1:a", ONE, identity=arn, sourceIPAddress="203.0.113.7", userAgent="Boto3")
    records = [first, {**first, "eventTime": "2021-08-27T20:15:00Z"}, use("AROA2:b", TWO)]
    assert reference.recycled_keys(records)[0] == {
        "access_key_id": "ASIA1",
        "session_id": f"AROA1:a@{ONE}",
        "principal_id": "AROA1:a",
        "identity_arn": arn["arn"],
        "session_created_at": ONE,
        "first_seen": "2021-08-27T20:10:00Z",
        "last_seen": "2021-08-27T20:15:00Z",
        "calls": 2,
        "identity_type": "AssumedRole",
        "account_id": "111111111111",
        "source_ips": ["203.0.113.7"],
        "user_agents": ["Boto3"],
    }
    assert reference.recycled_keys(records, access_key=["ASIA2"]) == []
