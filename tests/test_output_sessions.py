"""The pages of sessions, origins and recycled-keys."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pytest
from rich.cells import cell_len

from sqlgen.output import Answer, Column, write
from sqlgen.queries import load_query

Row = dict[str, object]
HOSTILE = "\x1b[31mred\x1b[0m\nnext\u202edlrow \u2028[bold]x[/bold] \x9b2J :smile: \ud800"
ACCOUNT = "111111111111"


def shown(query: str, rows: list[Row], **options: Any) -> str:
    columns = tuple(Column(column.name, column.type) for column in load_query(query).columns)
    stream = io.StringIO()
    write(Answer(query, columns, rows, {}), "table", stream, **{"width": 110, **options})
    return stream.getvalue()


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2021-08-27T{clock}")


def a_session(kind: str, name: str, **more: Any) -> Row:
    made: Row = {
        "session_id": f"{name.upper()}@2021-08-27T19:00:00Z",
        "kind": kind,
        "identity_type": "IAMUser",
        "identity_arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "account_id": ACCOUNT,
        "session_created_at": at("19:00:00"),
        "access_keys": ["ASIA1"],
        "first_seen": at("19:00:00"),
        "last_seen": at("19:45:00"),
        "calls": 3,
        "denied": 0,
        "writes": 0,
        "source_ips": ["203.0.113.7"],
        "user_agents": ["aws-cli/2.2.31 Python/3.8"],
    }
    return made | more


def linked(number: int, **more: Any) -> Row:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForRDS/RDS"
    return a_session("service", f"rds{number}", identity_arn=arn, identity_type="AssumedRole", **more)


def test_sessions_stand_in_their_order_and_those_of_services_are_summed_up() -> None:
    rows = [
        a_session("console", "dana", mfa_authenticated=False, writes=1, user_agents=["x/1", "y/2", "z/3"]),
        linked(1),
        linked(2, last_seen=at("20:30:00")),
        a_session("long-term-key", "eliav", denied=2, source_ips=["198.51.100.14"], sensitive=1, source_identity="eve"),
        a_session("forwarded", "eliav"),
    ]
    assert shown("sessions", rows, width=100).splitlines() == [
        "SESSIONS  5 sessions  1 account  15 calls, 1 write  2 denied in 1 session  2021-08-27 19:00-20:30Z",
        "",
        "  kind           who                            account       when         calls  denied  writes",
        "+ console        IAM user dana                  111111111111  19:00-19:45      3       0       1",
        "    DANA@2021-08-27T19:00:00Z  ASIA1  203.0.113.7  x/1, y/2 and 1 more  no MFA",
        "! long-term-key  IAM user eliav, temporary      111111111111  19:00-19:45      3       2       0",
        "    ELIAV@2021-08-27T19:00:00Z  ASIA1  198.51.100.14  aws-cli/2.2.31  1 sensitive read",
        "      source identity eve",
        "  service        AWSServiceRoleForRDS/RDS  x 2  111111111111  19:00-20:30      6       0       0",
        "  forwarded      IAM user eliav                 111111111111  19:00-19:45      3       0       0",
    ]


def test_of_many_sessions_the_telling_ones_are_shown() -> None:
    rows = [a_session("role", f"r{number}") for number in range(150)] + [a_session("role", "refused", denied=1)]
    text = shown("sessions", rows)
    assert text.count("IAM user r") == 100 and "! role  IAM user refused" in text
    assert "51 more sessions without refusals: --arn" in text


def a_place(trust: str | None, source: str | None, **more: Any) -> Row:
    made: Row = {
        "session_id": "AROA:itadmin@2021-08-27T19:42:56Z",
        "source_ip": source,
        "identity_arn": "arn:aws:sts::222222222222:assumed-role/admin/itadmin",
        "trust": trust,
        "calls": 2,
        "denied": 1,
        "user_agent": "Boto3/1.18.21 Python/3.8",
        "first_seen": at("19:44:00"),
        "last_seen": at("20:05:00"),
    }
    return made | more


def test_what_to_doubt_stands_first() -> None:
    rows = [
        a_place("public", "198.51.100.14"),
        a_place("aws", "AWS Internal", vpc_endpoint_id="vpce-9", calls=9),
        a_place("foreign-endpoint", "10.1.2.3", vpc_endpoint_id="vpce-1", vpc_endpoint_account_id="999999999999", in_own_range=True),
        a_place("public", "203.0.113.7", session_id="AKIA1", identity_arn=f"arn:aws:iam::{ACCOUNT}:user/eliav", calls=90),
    ]  # fmt: skip
    assert shown("origins", rows).splitlines()[:11] == [
        "WHERE  admin/itadmin  session 2021-08-27T19:42:56Z  13 calls from 3 places  1 of them doubtful",
        "",
        "  trust             from                                              with          calls  denied  when",
        "! foreign-endpoint  10.1.2.3 (own range) through vpce-1 of 99999999…  Boto3/1.18.…      2       1  19:44-20:05",
        "  public            198.51.100.14                                     Boto3/1.18.…      2       1  19:44-20:05",
        "  aws               AWS Internal                                      Boto3/1.18.…      9       1  19:44-20:05",
        "",
        "WHERE  IAM user eliav  key AKIA1  90 calls from 1 place",
        "",
        "  trust   from         with           calls  denied  when",
        "  public  203.0.113.7  Boto3/1.18.21     90       1  19:44-20:05",
    ]
    assert "of 999999999999  Boto3/1.18.21" in shown("origins", rows, width=120)
    assert "whoever owns a VPC endpoint chooses the addresses behind it" in " ".join(shown("origins", rows).split())
    assert "VPC endpoint" not in shown("origins", rows[:1])


def test_clients_of_one_name_are_one_place() -> None:
    agents = ("aws-cli/2.2.31 command/s3.ls", "aws-cli/2.2.31 command/sts.get-caller-identity", "Boto3/1.18.21")
    rows = [a_place("public", "203.0.113.7", user_agent=agent) for agent in agents]
    lines = shown("origins", rows).splitlines()
    assert lines[0].endswith("6 calls from 2 places")
    assert lines[3].split() == ["public", "203.0.113.7", "aws-cli/2.2.31", "4", "2", "19:44-20:05"]


def test_only_some_places_are_drawn() -> None:
    rows = [a_place("public", f"203.0.113.{number}", calls=number) for number in range(30)]
    text = shown("origins", [*rows, a_place("unknown-endpoint", "10.0.0.1", vpc_endpoint_id="vpce-1", calls=1)])
    assert "31 places  1 of them doubtful" in text and "! unknown-endpoint  10.0.0.1 through vpce-1" in text
    assert "203.0.113.29 " in text and "203.0.113.9 " not in text and "and 11 more places with fewer calls" in text


def test_only_some_sessions_are_drawn() -> None:
    rows = [a_place("public", "203.0.113.7", session_id=f"AKIA{number}", calls=number) for number in range(30)]
    text = shown("origins", rows)
    assert text.count("WHERE") == 20 and "key AKIA29 " in text and "key AKIA9 " not in text
    assert "10 more sessions with fewer calls" in text


def test_the_sessions_of_a_recycled_key_stand_below_it() -> None:
    use = {"access_key_id": "ASIA1", "first_seen": at("19:36:15"), "last_seen": at("20:15:00"), "calls": 25}
    rows: list[Row] = [
        {**use, "session_id": "AROA1:a@2021-08-27T19:36:15Z", "identity_arn": "arn:aws:sts::1:assumed-role/deploy/a"},
        {**use, "session_id": "AROA2:b@2021-08-27T20:01:51Z", "identity_arn": "arn:aws:sts::1:assumed-role/analyst/b"},
        {**use, "access_key_id": "AKIA1", "session_id": "AKIA1"},
    ]
    lines = shown("recycled-keys", rows).splitlines()
    assert lines[0] == "RECYCLED  ASIA1  used by 2 sessions"
    assert lines[4].split()[:3] == ["deploy/a", "AROA1:a@2021-08-27T19:36:15Z", "2021-08-27"]
    assert "RECYCLED  AKIA1  used by 1 session" in lines


def hostile(query: str) -> list[Row]:
    """A row whose every value is hostile, and one that is empty."""
    values = {"text": HOSTILE + "長" * 300, "array": [HOSTILE] * 20, "integer": 10**12, "boolean": True}
    columns = load_query(query).columns
    bad: Row = {column.name: values.get(column.type, at("19:00:00")) for column in columns}
    return [bad, {column.name: None for column in columns}]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("query", ["sessions", "origins", "recycled-keys"])
def test_no_line_is_wider_than_the_terminal_and_none_steers_it(query: str, unicode: bool, width: int) -> None:
    plain = {"sessions": [a_session("role", "x")], "origins": [a_place("private", "10.0.0.1")], "recycled-keys": []}
    for rows in (hostile(query), plain[query] + hostile(query)[1:]):
        text = shown(query, rows, width=width, unicode=unicode)
        assert text
        for line in text.splitlines():
            assert cell_len(line) <= width, line
            assert line.isprintable(), line
        assert unicode or text.isascii()
