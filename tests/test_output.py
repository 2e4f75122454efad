from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from rich.cells import cell_len

from sqlgen.errors import UsageError
from sqlgen.output import Answer, Column, write
from sqlgen.output.samples import target
from sqlgen.output.words import client, identity, span
from sqlgen.queries import load_query

HOSTILE = "\x1b[31mred\x1b[0m\nnext\u202edlrow \u2028[bold]x[/bold] \x9b2J :smile: \ud800"


def columns_of(query: str) -> tuple[Column, ...]:
    return tuple(Column(column.name, column.type) for column in load_query(query).columns)


def shown(query: str, rows: list[dict[str, object]], format: str = "table", **options: Any) -> str:
    stream = io.StringIO()
    write(Answer(query, columns_of(query), rows, {}), format, stream, **{"width": 110, **options})
    return stream.getvalue()


def at(clock: str, day: str = "2021-08-27") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}")


def hop(depth: int, arn: str | None, key: str | None, direction: str = "origin", **more: Any) -> dict[str, object]:
    account = arn.split(":")[4] if arn else None
    row: dict[str, object] = {column.name: None for column in columns_of("identity-chain")}
    row |= {"start_session_id": "P:start@2021-08-27T19:42:56Z", "direction": "start" if depth == 0 else direction}
    row |= {"depth": depth, "session_id": f"s{depth}", "access_key_id": key, "identity_arn": arn, "account_id": account}
    if depth:
        row |= {"link": "issued-key", "confidence": "exact", "linked_session_id": f"s{depth - 1}"}
    return row | more


ELIAV = "arn:aws:iam::111111111111:user/eliav"
JUMP = "arn:aws:sts::111111111111:assumed-role/jumprole/eliavl"
ADMIN = "arn:aws:sts::222222222222:assumed-role/admin/itadmin"
CREATED = at("19:42:56")


def start(**more: Any) -> dict[str, object]:
    return hop(0, ADMIN, "ASIAADMIN", session_id="P:start@2021-08-27T19:42:56Z", session_created_at=CREATED, **more)


def first(arn: str | None, key: str | None, **more: Any) -> dict[str, object]:
    tie: dict[str, Any] = {"linked_session_id": "P:start@2021-08-27T19:42:56Z", "linked_access_key_id": "ASIAADMIN"}
    call: dict[str, Any] = {
        "event_name": "AssumeRole",
        "event_time": CREATED,
        "aws_region": "eu-west-1",
        "source_ip": "198.51.100.14",
    }
    return hop(1, arn, key, **{**tie, **call, "user_agent": "aws-cli/2.2.5 Python/3.8", **more})


def four_hops() -> list[dict[str, object]]:
    call: dict[str, Any] = {"source_ip": "203.0.113.7", "user_agent": "aws-cli/2.2.31 Python/3.8"}
    return [
        start(),
        first(JUMP, "ASIAJUMP", session_created_at=at("19:20:41")),
        hop(
            2, ELIAV, "ASIAELIAV", linked_access_key_id="ASIAJUMP", event_name="AssumeRole", event_time=at("19:20:41"),
            aws_region="eu-west-1", session_created_at=at("19:12:07"), mfa_authenticated=True, **call,
        ),
        hop(
            3, ELIAV, "AKIAELIAV", linked_access_key_id="ASIAELIAV", event_name="GetSessionToken",
            event_time=at("19:12:07"), aws_region="us-east-1", origin="long-term-key", **call,
        ),
    ]  # fmt: skip


def test_a_chain_is_drawn_from_its_origin_down_to_the_start() -> None:
    assert shown("identity-chain", four_hops(), width=100) == (
        "WHO  admin/itadmin  222222222222  ASIAADMIN  session 2021-08-27T19:42:56Z\n"
        "\n"
        "  IAM user eliav  111111111111  AKIAELIAV                                      origin: long-term key\n"
        "  └─ GetSessionToken  2021-08-27 19:12:07Z  us-east-1  203.0.113.7  aws-cli/2.2.31\n"
        "     IAM user eliav, temporary  111111111111  ASIAELIAV\n"
        "     └─ AssumeRole  2021-08-27 19:20:41Z  eu-west-1  203.0.113.7  aws-cli/2.2.31  MFA\n"
        "        jumprole/eliavl  111111111111  ASIAJUMP\n"
        "        └─ AssumeRole, into another account  2021-08-27 19:42:56Z  eu-west-1  198.51.100.14\n"
        "             aws-cli/2.2.5\n"
        "           admin/itadmin  222222222222  ASIAADMIN                                            ◀ start\n"
        "\n"
        "  exact: every hop is tied by key, principal and creation time.\n"
    )


def test_a_terminal_without_symbols_gets_plain_ones() -> None:
    text = shown("identity-chain", four_hops(), unicode=False)
    assert text.isascii()
    assert "  `- GetSessionToken" in text
    assert "<- start" in text


def test_a_stream_that_cannot_encode_a_name_gets_its_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="")
    rows = [start(origin="not-in-logs") | {"identity_arn": "arn:aws:iam::222222222222:user/jürgen東"}]
    for format in ("table", "json", "jsonl", "csv"):
        write(Answer("identity-chain", columns_of("identity-chain"), rows, {}), format, stream, width=200)
    stream.flush()
    text = raw.getvalue().decode("ascii")
    assert "IAM user j\\xfcrgen\\u6771" in text
    assert "user/j\\u00fcrgen\\u6771" in text


def test_hops_that_fit_equally_well_are_branches() -> None:
    rows = [
        start(),
        first(JUMP, "ASIAONE", confidence="ambiguous", session_id="one", origin="not-in-logs"),
        first(ELIAV, "AKIATWO", confidence="ambiguous", session_id="two", origin="long-term-key"),
    ]
    text = shown("identity-chain", rows)
    assert text.index("branch 1") < text.index("ASIAONE") < text.index("branch 2") < text.index("AKIATWO")
    assert text.count("◀ start") == 2
    assert text.count("? ambiguous\n") == 2  # on each branch's line
    assert text.count("? ambiguous: several issuances fit admin/itadmin (ASIAADMIN)") == 1  # explained once
    assert "exact:" not in text


def test_branches_that_multiply_are_cut_off_and_said_to_be() -> None:
    rows = [start(), first(JUMP, "K1a"), first(JUMP, "K1b")]
    for depth in range(2, 17):
        rows += [
            hop(depth, JUMP, f"K{depth}{mine}", linked_access_key_id=f"K{depth - 1}{nearer}")
            for mine in "ab"
            for nearer in "ab"
        ]
    text = shown("identity-chain", rows)
    assert "branch 20" in text
    assert "branch 21" not in text
    assert "20 branches are shown, there are more: --format json has every hop." in text


def test_an_inferred_hop_says_what_it_rests_on() -> None:
    text = shown("identity-chain", [start(), first(ELIAV, "AKIAX", confidence="inferred", origin="long-term-key")])
    assert "~ inferred\n" in text
    assert "no issuance of admin/itadmin (ASIAADMIN) has its exact creation time" in " ".join(text.split())
    forwarded = first(ELIAV, "AKIAX", confidence="inferred", link="forwarded", event_name="PutObject")
    words = " ".join(shown("identity-chain", [start(), forwarded]).split())
    assert "calls that a service made for it, nearest PutObject" in words
    assert "IAM user eliav (AKIAX) is the same ARN's long-term key with the nearest call, within 10 minutes" in words


@pytest.mark.parametrize(
    ("origin", "more", "said"),
    [
        ("not-in-logs", {}, ["origin: not in these logs", "jumprole/eliavl (ASIAJUMP) was created at 2021-08-27 19:20:41Z;",
         "include logs of account 111111111111 from 2021-08-27 19:20:41Z and from all regions."]),
        ("not-in-logs", {"session_created_at": None}, ["from 2021-08-26 07:42:56Z and from all regions."]),
        ("external-account", {"identity_arn": None, "identity_type": "AWSAccount", "account_id": "333333333333",
         "principal_id": "AROAX:them", "access_key_id": None},
         ["principal AROAX:them of another account", "origin: another account",
          "the call came from account 333333333333, principal AROAX:them; to go on, the trail of that account is needed"]),
        ("service", {"identity_arn": None, "identity_type": "AWSService", "invoked_by": "ec2.amazonaws.com",
         "access_key_id": None}, ["service ec2.amazonaws.com", "origin: AWS service", "ec2.amazonaws.com made the call;"]),
        ("cycle", {}, ["cycle: jumprole/eliavl (ASIAJUMP) is already in this chain, so the walk ended."]),
        ("depth-limit", {}, ["the walk ended after 1 hop and would go on; give a larger --max-depth."]),
        ("identity-center", {"on_behalf_of": "user-7"}, ["origin: IAM Identity Center", "(user id user-7)"]),
        ("federated", {"principal_id": "idp:bob"}, ["idp:bob was vouched for outside AWS"]),
        ("console-sign-in", {"link": "sign-in", "event_name": "ConsoleLogin", "mfa_authenticated": False},
         ["origin: console sign-in", "ConsoleLogin", "no MFA", "exact: every hop is tied by key"]),
        ("root", {}, ["origin: root user's key"]),
    ],
)  # fmt: skip
def test_the_end_of_a_chain_says_how_to_go_on(origin: str, more: dict[str, object], said: list[str]) -> None:
    last = first(JUMP, "ASIAJUMP", **{"session_created_at": at("19:20:41"), "origin": origin, **more})
    words = " ".join(shown("identity-chain", [start(), last], width=160).split())
    for saying in said:
        assert saying in words


def test_a_start_that_nothing_issued_names_the_logs_it_needs() -> None:
    text = shown("identity-chain", [start(origin="not-in-logs")])
    assert "origin: not in these logs  ◀ start" in text
    assert "include logs of account 222222222222 from 2021-08-27 19:42:56Z" in " ".join(text.split())


def test_several_starts_are_several_blocks() -> None:
    other = start(origin="not-in-logs", start_session_id="Q@x") | {"identity_arn": JUMP}
    text = shown("identity-chain", [*four_hops(), other])
    assert text.count("WHO  ") == 2


def test_what_came_of_a_session_is_a_tree_below_it() -> None:
    def child(depth: int, key: str, nearer: str, linked: str, **more: object) -> dict[str, object]:
        return hop(
            depth, JUMP, key, "derived", session_id=f"d-{key}", linked_session_id=linked, linked_access_key_id=nearer,
            event_name="AssumeRole", event_time=CREATED, **more,
        )  # fmt: skip

    opened = "P:start@2021-08-27T19:42:56Z"
    rows = [start(), child(1, "A", "ASIAADMIN", opened), child(1, "B", "ASIAADMIN", opened), child(2, "AA", "A", "d-A")]
    text = shown("identity-chain", rows)
    tree = text[text.index("WHAT CAME OF IT") :]
    assert tree == (
        "WHAT CAME OF IT\n"
        "\n"
        "  admin/itadmin  222222222222  ASIAADMIN\n"
        "  ├─ AssumeRole, into another account  2021-08-27 19:42:56Z\n"
        "  │  jumprole/eliavl  111111111111  A\n"
        "  │  └─ AssumeRole  2021-08-27 19:42:56Z\n"
        "  │     jumprole/eliavl  111111111111  AA\n"
        "  └─ AssumeRole, into another account  2021-08-27 19:42:56Z\n"
        "     jumprole/eliavl  111111111111  B\n"
        "\n"
        "  exact: every hop is tied by key, principal and creation time.\n"
    )


def call(source: str, name: str, **more: object) -> dict[str, object]:
    row: dict[str, object] = {column.name: None for column in columns_of("session-summary")}
    row |= {"session_id": "AROA:itadmin@2021-08-27T19:42:56Z", "identity_arn": ADMIN, "account_id": "222222222222"}
    row |= {"event_source": f"{source}.amazonaws.com", "event_name": name, "read_only": True, "sensitive": False}
    row |= {"calls": 1, "succeeded": 1, "failed": 0, "denied": 0, "throttled": 0, "forwarded": 0}
    row |= {"first_seen": at("19:58:00"), "last_seen": at("20:01:59"), "regions": ["eu-west-1"], "source_ips": []}
    return row | {"access_keys": ["ASIAADMIN"], "error_codes": []} | more


def summary() -> list[dict[str, object]]:
    items = [{"name": "tag:env", "valueSet": {"items": [{"value": "prod"}]}}]
    return [
        call("ec2", "DescribeInstances", calls=18, succeeded=18, sample_filters=json.dumps(items)),
        call("ec2", "RunInstances", read_only=False, sample_request_parameters='{"instanceType":"p3.16xlarge","n":1}'),
        call("iam", "AttachUserPolicy", calls=2, succeeded=0, failed=2, denied=2, read_only=False,
             denied_resource="user backup"),
        call("secretsmanager", "GetSecretValue", calls=4, succeeded=4, sensitive=True,
             sample_resources='[{"ARN":"arn:aws:secretsmanager:eu-west-1:222222222222:secret:prod/db"}]'),
    ]  # fmt: skip


def test_a_summary_tells_the_most_telling_first() -> None:
    assert shown("session-summary", summary(), width=120) == (
        "WHAT  admin/itadmin  222222222222  session 2021-08-27T19:42:56Z  1 key, 1 region\n"
        "  25 calls: 2 denied, 3 writes, 4 sensitive reads  2021-08-27 19:58-20:01Z\n"
        "\n"
        "  service         call               calls  ok  denied  what                                   when\n"
        "! iam             AttachUserPolicy       2   0       2  user backup (from the denial)          19:58-20:01\n"
        "! secretsmanager  GetSecretValue         4   4       0  secret:prod/db                         19:58-20:01\n"
        '+ ec2             RunInstances           1   1       0  {"instanceType":"p3.16xlarge", "n":1}  19:58-20:01\n'
        "  ec2             DescribeInstances     18  18       0  filter tag:env=prod                    19:58-20:01\n"
    )


def test_only_the_busiest_sessions_are_drawn() -> None:
    rows = [call("ec2", "DescribeInstances", session_id=f"P{n}@2021-08-27T00:00:00Z", calls=n) for n in range(1, 24)]
    text = shown("session-summary", rows)
    assert text.count("WHAT  ") == 20
    assert text.splitlines()[-1].startswith("3 more sessions with fewer calls: --session-id or --arn shows one of them")
    assert "23 calls: 0 denied" in text
    assert " 3 calls: 0 denied" not in text


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"denied_resource": "user bob", "sample_resources": '[{"ARN":"a"}]'}, "user bob (from the denial)"),
        ({"sample_resources": '[{"ARN":"arn:aws:s3:::b"},{"ARNPrefix":"arn:aws:s3:::b/"}]'}, "b, b/"),
        ({"sample_resources": '[{"ARN":"arn:aws:kms:eu-west-1:9:key/k"}]', "account_id": "1"}, "arn:aws:kms:eu-west-1:9:key/k"),
        ({"sample_request_parameters": '{"a": 1}', "sample_filters": "[]"}, '{"a":1}'),
        ({"sample_filters": '[{"key":"Name","values":["x","y"]}]'}, "filter Name=x|y"),
        ({"sample_filters": '{"tag":1,"Name":"state","Value":{"tag":1,"content":"up"}}'}, "filter state=1|up"),
        ({"sample_filters": '{"eventStatusCodes":["open"]}'}, 'filter {"eventStatusCodes":["open"]}'),
        ({"sample_filters": '"plain"'}, 'filter "plain"'),
        ({"sample_filters": '{"name":"n","values":' + "[" * 900 + "]" * 900 + "}"}, ""),
        ({"sample_resources": "no json"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_what_a_call_was_about(row: dict[str, object], expected: str) -> None:
    assert target(row) == expected


def key_row(key: str, **more: object) -> dict[str, object]:
    row: dict[str, object] = {column.name: None for column in columns_of("console-keys")}
    row |= {"session_id": "AIDA@2021-08-27T18:31:22Z", "identity_arn": "arn:aws:iam::111111111111:user/dana"}
    row |= {"account_id": "111111111111", "session_created_at": at("18:31:22"), "access_key_id": key, "calls": 3}
    row |= {"first_seen": at("18:31:38"), "last_seen": at("18:44:51"), "forwarded_calls": 1, "from_console_flag": True}
    return row | {"regions": ["eu-west-1", "us-east-1"]} | more


def test_the_keys_of_a_console_session_stand_below_its_sign_in() -> None:
    login: dict[str, object] = {
        "login_event_id": "e-1",
        "login_event_name": "ConsoleLogin",
        "login_time": at("18:31:22"),
    }
    login |= {"login_region": "us-east-1", "login_source_ip": "203.0.113.88", "mfa_used": True}
    login |= {
        "login_user_agent": "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4 Safari/537.36"
    }
    rows = [
        key_row("ASIAONE", **login),
        key_row("ASIATWO", **login),
        key_row("ASIATHREE", session_id="X@2021-08-28T00:00:00Z"),
    ]
    lines = shown("console-keys", rows, width=120).splitlines()
    assert lines[:2] == [
        "CONSOLE  IAM user dana  111111111111  session 2021-08-27T18:31:22Z  2 keys",
        "  ConsoleLogin  2021-08-27 18:31:22Z  us-east-1  203.0.113.88  Chrome/92.0.4  MFA  event e-1",
    ]
    assert lines[3].split() == [
        "access_key_id",
        "first_seen",
        "last_seen",
        "calls",
        "forwarded",
        "regions",
        "console_flag",
    ]
    assert re.split(r"\s{2,}", lines[5].strip())[:3] == ["ASIAONE", "2021-08-27 18:31:38Z", "2021-08-27 18:44:51Z"]
    assert "  sign-in not in these logs  it was at 2021-08-27 18:31:22Z" in lines


def every_table() -> Iterator[tuple[str, list[dict[str, object]]]]:
    long = {"user_agent": "A" * 10_000, "source_ip": HOSTILE, "source_identity": "東京" * 300}
    arn = f"arn:aws:sts::222222222222:assumed-role/{HOSTILE}/" + "長" * 400
    chain = [row | (long | {"identity_arn": arn, "event_name": HOSTILE}) for row in four_hops()]
    deep = [start(), first(JUMP, "K1")]
    deep += [hop(depth, JUMP, f"K{depth}", linked_access_key_id=f"K{depth - 1}") for depth in range(2, 100)]
    derived = [row | {"direction": "derived" if row["depth"] else "start"} for row in deep]
    calls = [row | {"event_name": HOSTILE, "denied_resource": "[red]" + "x" * 5000} for row in summary()]
    events: list[dict[str, object]] = [
        {column.name: HOSTILE * 50 for column in columns_of("session-events") if column.type != "timestamp"}
    ]
    yield "identity-chain", four_hops()
    yield "identity-chain", chain
    yield "identity-chain", deep
    yield "identity-chain", derived
    yield "identity-chain", [start(origin="not-in-logs") | {"account_id": HOSTILE, "origin": HOSTILE}]
    yield "session-summary", summary()
    yield "session-summary", calls
    yield "console-keys", [key_row("ASIA" + HOSTILE, login_event_id=HOSTILE, regions=[HOSTILE] * 20)]
    yield "session-events", events
    yield "issuances", [{"event_id": HOSTILE, "event_time": CREATED, "user_agent": "B" * 10_000, "event_name": "x"}]


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal_and_none_steers_it(width: int, unicode: bool) -> None:
    for query, rows in every_table():
        text = shown(query, rows, width=width, unicode=unicode)
        assert text
        for line in text.splitlines():
            assert cell_len(line) <= width, (query, line)
            assert line.isprintable(), (query, line)
        assert unicode or text.isascii()


def test_markup_and_emoji_codes_in_a_log_are_text() -> None:
    text = shown("session-summary", [call("ec2", "[red]:smile:[/red]")], color=True)
    assert "[red]:smile:[/red]" in text


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def written() -> str:
        stream = Terminal()
        write(Answer("identity-chain", columns_of("identity-chain"), four_hops(), {}), "table", stream)
        return stream.getvalue()

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in written()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in shown("identity-chain", four_hops())


def test_the_width_of_a_pipe_is_columns_or_120(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    rows = [call("ec2", "RunInstances", read_only=False, sample_request_parameters=json.dumps({"a": "x" * 500}))]
    assert max(map(len, shown("session-summary", rows, width=None).splitlines())) <= 70
    for unset in ("", "0", "wide"):
        monkeypatch.setenv("COLUMNS", unset)
        assert max(map(len, shown("session-summary", rows, width=None).splitlines())) == 120


TWO = (Column("t", "timestamp"), Column("s", "text"), Column("n", "integer"), Column("b", "boolean"), Column("a", "array"),
       Column("j", "json"))  # fmt: skip
ROWS: list[dict[str, object]] = [
    {"t": at("19:42:56"), "s": "plain", "n": 3, "b": True, "a": ["x", "y"], "j": '{"k":"v"}'},
    {"t": None, "s": None, "n": None, "b": None, "a": [], "j": None},
]


def machine(format: str, rows: list[dict[str, object]], columns: tuple[Column, ...] = TWO) -> str:
    stream = io.StringIO(newline="")
    write(Answer("any", columns, rows, {}), format, stream)
    return stream.getvalue()


def test_json_is_one_array_of_objects() -> None:
    expected = [
        {"t": "2021-08-27T19:42:56Z", "s": "plain", "n": 3, "b": True, "a": ["x", "y"], "j": '{"k":"v"}'},
        {"t": None, "s": None, "n": None, "b": None, "a": [], "j": None},
    ]
    assert json.loads(machine("json", ROWS)) == expected
    assert [json.loads(line) for line in machine("jsonl", ROWS).splitlines()] == expected
    assert list(json.loads(machine("json", ROWS))[0]) == [column.name for column in TWO]


def test_json_keeps_every_character_and_shows_none_that_steers() -> None:
    value = HOSTILE.replace("\ud800", "") + "\x7f\u200b\U000e0041 jürgen 東京 👩\u200d💻"
    for format in ("json", "jsonl"):
        text = machine(format, [{"s": value}], (Column("s", "text"),))
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "jürgen 東京" in text
        read = json.loads(text)
        assert (read[0] if format == "json" else read)["s"] == value
    assert "\\ud800" in machine("json", [{"s": "\ud800"}], (Column("s", "text"),))


def test_csv_is_read_back_by_any_reader() -> None:
    assert machine("csv", ROWS) == (
        't,s,n,b,a,j\r\n2021-08-27T19:42:56Z,plain,3,true,"[""x"", ""y""]","{""k"":""v""}"\r\n,,,,[],\r\n'
    )


@pytest.mark.parametrize(
    "formula", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"]
)
def test_a_cell_is_never_a_formula(formula: str) -> None:
    read = list(csv.reader(io.StringIO(machine("csv", [{"s": formula, "n": -5}]), newline="")))
    assert read[1][1].startswith("'")
    assert read[1][2] == "-5"  # a number is no text


def test_csv_rows_are_lines_and_its_json_stays_json() -> None:
    document = '{"k": "\x85\u202e\x7f",\n "l": 1}'
    text = machine("csv", [{"s": HOSTILE, "j": document, "a": [HOSTILE]}])
    assert text.count("\r\n") == 2
    assert all(character.isprintable() for character in text.replace("\r\n", ""))
    cells = list(csv.reader(io.StringIO(text, newline="")))[1]
    assert json.loads(cells[5]) == json.loads(document)
    assert json.loads(cells[4]) == [HOSTILE]


@pytest.mark.parametrize(
    ("format", "expected"), [("table", ""), ("json", "[]\n"), ("jsonl", ""), ("csv", "t,s,n,b,a,j\r\n")]
)
def test_no_rows(format: str, expected: str) -> None:
    assert machine(format, []) == expected


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match="--format takes one of table, json, jsonl, csv, not 'xml'"):
        machine("xml", ROWS)


def test_rows_are_written_as_they_come() -> None:
    class Stream(Answer):
        @property
        def rows(self) -> Iterator[dict[str, object]]:  # type: ignore[override]
            for number in range(3):
                seen.append(stream.getvalue())
                yield {"n": number}

        def __init__(self) -> None:
            object.__setattr__(self, "query", "any")
            object.__setattr__(self, "columns", (Column("n", "integer"),))

    for format in ("jsonl", "csv", "json"):
        seen: list[str] = []
        stream = io.StringIO()
        write(Stream(), format, stream)
        assert all(len(before) < len(after) for before, after in pairwise(seen))


def test_programs_do_not_wait_for_what_draws_tables() -> None:
    code = (
        "import io, sys; from sqlgen.output import Answer, write; a = Answer('any', (), [], {})\n"
        "for f in ('json', 'jsonl', 'csv'): write(a, f, io.StringIO())\n"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"identity_arn": ADMIN}, "admin/itadmin"),
        ({"identity_arn": "arn:aws:iam::1:user/team/eve"}, "IAM user eve"),
        ({"identity_arn": ELIAV, "access_key_id": "ASIA", "session_created_at": CREATED}, "IAM user eliav, temporary"),
        ({"identity_arn": "arn:aws:iam::1:root"}, "root user"),
        ({"identity_arn": "arn:aws:sts::1:federated-user/bob"}, "federated user bob"),
        ({"identity_type": "AWSService", "invoked_by": "ec2.amazonaws.com"}, "service ec2.amazonaws.com"),
        ({"identity_type": "SAMLUser", "principal_id": "idp:bob"}, "SAMLUser idp:bob"),
        ({"identity_type": "IAMUser"}, "IAM user"),
        ({"session_id": "AKIA1"}, "AKIA1"),
        ({}, "unknown identity"),
    ],
)
def test_identities_in_few_words(row: dict[str, object], expected: str) -> None:
    assert identity(row) == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("aws-cli/2.2.31 Python/3.8.8 Linux/5", "aws-cli/2.2.31"),
        ("[Boto3/1.18.21 Python/3.9]", "Boto3/1.18.21"),
        ("signin.amazonaws.com", "signin.amazonaws.com"),
        ("Mozilla/5.0 (X) Chrome/92.0 Safari/537.36 Edg/92.1", "Edg/92.1"),
        ("Mozilla/5.0 (X) Gecko/20100101 Firefox/91.0", "Firefox/91.0"),
        ("Mozilla/5.0", "browser"),
        (None, ""),
    ],
)
def test_clients_in_few_words(agent: str | None, expected: str) -> None:
    assert client(agent) == expected


def test_spans_in_few_words() -> None:
    noon = at("12:00:00")
    assert span(noon, noon + timedelta(seconds=30), date=False) == "12:00"
    assert span(noon, noon + timedelta(minutes=5), date=False) == "12:00-12:05"
    assert span(noon, noon + timedelta(minutes=5), date=True) == "2021-08-27 12:00-12:05"
    assert span(noon, noon + timedelta(days=1), date=True) == "2021-08-27 12:00 to 2021-08-28 12:00"
    assert span(None, noon, date=True) == ""
