"""The walk of the fold at its ends: as deep as may be asked, in circles, and of more than it holds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from trino.exceptions import TrinoUserError

from sqlgen.queries import load_query
from sqlgen.renderer import render
from sqlgen.warehouses.reasons import failure
from tests import reference
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import load_cloudtrail
from tests.normalise import normal_rows
from tests.records import ALICE, assume, event, ident, look, role, token

pytestmark = pytest.mark.trino

SCHEMA = "walks"
MOST_HELD = r"\b500000\b"
START = datetime(2023, 7, 10)
Record = dict[str, Any]


def key(number: int) -> str:
    return f"ASIA{number:016d}"


def assume_role(caller: int, issued: int, minute: int, *, created: int | None = None) -> Record:
    """Return an AssumeRole by the session with the key `caller`, created in the minute `created`, that issued the key `issued`."""
    role = "arn:aws:sts::111111111111:assumed-role/r{0}/s{0}"
    time, since = (
        f"{START + timedelta(minutes=at):%Y-%m-%dT%H:%M:%SZ}"
        for at in (minute, minute - 1 if created is None else created)
    )
    return {
        "eventID": f"e{minute}",
        "eventTime": time,
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": "us-east-1",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROA{caller}:s{caller}",
            "arn": role.format(caller),
            "accountId": "111111111111",
            "accessKeyId": key(caller),
            "sessionContext": {"attributes": {"creationDate": since, "mfaAuthenticated": "false"}},
        },
        "responseElements": {
            "credentials": {"accessKeyId": key(issued), "expiration": "Jul 11, 2023, 11:00:00 PM"},
            "assumedRoleUser": {"assumedRoleId": f"AROA{issued}:s{issued}", "arn": role.format(issued)},
        },
    }


def text(**asked: Any) -> str:
    return render(
        "identity-chain", dialect="trino", table=f"hive.{SCHEMA}.log", parameters=asked, markers=False, check=False
    ).sql


def chain(trino: TrinoServer, records: list[Record], **asked: Any) -> list[dict[str, Any]]:
    """Return the rows of the engine, after they were held to the reference's."""
    load_cloudtrail(trino, records, layout="cloudtrail", schema=SCHEMA, table="log")
    columns = load_query("identity-chain").columns
    names = [column.name for column in columns]
    rows = normal_rows(columns, [dict(zip(names, row, strict=True)) for row in trino.rows(text(**asked))])
    assert rows == reference.identity_chain(records, **asked)
    return rows


@pytest.mark.parametrize("direction", ["origin", "derived"])
@pytest.mark.parametrize("max_depth", [99, 100])
def test_a_hundred_hops(trino: TrinoServer, direction: str, max_depth: int) -> None:
    records = [assume_role(hop, hop + 1, hop) for hop in range(1, 101)]
    start = key(101) if direction == "origin" else key(1)
    rows = chain(trino, records, access_key=start, direction=direction, max_depth=max_depth)
    assert max(row["depth"] for row in rows) == max_depth
    if direction == "origin":
        assert rows[-1]["origin"] == ("depth-limit" if max_depth < 100 else "not-in-logs")


@pytest.mark.parametrize("direction", ["origin", "derived", "both"])
def test_a_circle_ends_where_it_closes(trino: TrinoServer, direction: str) -> None:
    records = [assume_role(1, 2, 1, created=3), assume_role(2, 3, 2), assume_role(3, 1, 3)]
    rows = chain(trino, records, access_key=key(2), direction=direction, max_depth=50)
    assert max(row["depth"] for row in rows) <= 4
    assert direction == "derived" or "cycle" in {row["origin"] for row in rows}


def test_who_issues_to_itself(trino: TrinoServer) -> None:
    rows = chain(trino, [assume_role(1, 1, 1, created=1)], access_key=key(1), direction="both", max_depth=50)
    assert "cycle" in {row["origin"] for row in rows}


SERVICE = ident("ASIASERVICE", "12:00:05", invokedBy="cloudformation.amazonaws.com")


@pytest.mark.parametrize("direction", ["origin", "derived"])
@pytest.mark.parametrize("keys", [1, 2, 3])
def test_a_service_goes_on_from_the_nearest_calls(trino: TrinoServer, direction: str, keys: int) -> None:
    called = [ident(f"AKIA{number}") for number in range(keys)]
    records = [
        look("11:59:50", called[0]),
        *(look("12:00:00", caller, eventID=f"called-{caller['accessKeyId']}") for caller in called),
        look("12:00:20", called[0]),
        look("12:00:30", SERVICE),
    ]
    start = "ASIASERVICE" if direction == "origin" else "AKIA0"
    rows = chain(trino, records, access_key=start, direction=direction)
    reached = {row["access_key_id"] for row in rows if row["direction"] == direction}
    assert reached == ({caller["accessKeyId"] for caller in called} if direction == "origin" else {"ASIASERVICE"})


def test_forwards_to_what_services_did_with_a_key_that_was_created(trino: TrinoServer) -> None:
    admin, bob = ident("ASIAADMIN", "09:00:00", role("admin")), {**ALICE, "arn": f"{ALICE['arn']}-bob"}
    created = {"accessKey": {"accessKeyId": "AKIANEW", "userName": "alice"}}
    records = [
        event("11:00:00", "iam:CreateAccessKey", admin, responseElements=created),
        look("12:00:00", ident("AKIANEW")),
        assume("12:00:30", SERVICE, "ASIADEPLOY", role("deploy")),
        look("12:00:00", ident("AKIABOB", of=bob), eventID="bob"),
        look("12:00:30", {**ident("ASIABOB", "12:00:05", bob), "invokedBy": "ssm.amazonaws.com"}, eventID="for bob"),
    ]
    rows = chain(trino, records, access_key="ASIAADMIN", direction="derived")
    assert [row["access_key_id"] for row in rows] == ["ASIAADMIN", "AKIANEW", "ASIASERVICE", "ASIADEPLOY"]


def test_a_key_that_looks_long_term_was_used_itself(trino: TrinoServer) -> None:
    admin = role("admin")
    records = [
        token("11:00:00", ident("ASIAADMIN", "09:00:00", admin), "AKIATOKEN"),
        look("11:00:10", ident("AKIATOKEN", of=admin)),
        look("11:00:20", ident("ASIAOTHER", "11:00:00", admin)),
    ]
    rows = chain(trino, records, access_key="ASIAADMIN", direction="derived")
    assert [(row["access_key_id"], row["link"]) for row in rows[1:]] == [("AKIATOKEN", "issued-key")]


@pytest.mark.parametrize("direction", ["origin", "derived"])
def test_more_than_a_walk_holds_is_said_with_the_way_out(trino: TrinoServer, direction: str) -> None:
    records = [assume_role(hop, hop + 1, hop) for hop in range(1, 9)]
    load_cloudtrail(trino, records, layout="cloudtrail", schema=SCHEMA, table="log")
    sql = text(access_key=key(9), direction=direction)
    assert trino.rows(re.sub(MOST_HELD, "16", sql))
    with pytest.raises(TrinoUserError) as refused:
        trino.rows(re.sub(MOST_HELD, "7", sql))
    assert failure(str(refused.value.message)).startswith(
        f"{8 if direction == 'origin' else 16} issuances and uses of keys are in this window, and a walk holds 7: take a narrower window"
    )
