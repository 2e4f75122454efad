"""The command line as a user meets it: what it prints where, and how it ends."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sqlgen.cli import main
from sqlgen.demo import DemoStory, write_demo


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> DemoStory:
    return write_demo(tmp_path_factory.mktemp("demo"))


class Outcome:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Call = Callable[..., Outcome]


@pytest.fixture
def sqlgen(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call


def test_a_chain_as_json(sqlgen: Call, story: DemoStory) -> None:
    done = sqlgen(
        "run", "identity-chain", "--source", str(story.folder), "--access-key", story.alert_key, "--format", "json"
    )
    rows = json.loads(done.out)
    assert done.status == 0 and done.err == ""
    assert [row["access_key_id"] for row in rows] == list(reversed(story.chain))
    assert [row["origin"] for row in rows] == [None, None, None, "long-term-key"]
    assert rows[1]["event_time"] == "2021-08-27T19:42:56Z"


def test_a_window_with_nothing_in_it_is_done_and_says_why(sqlgen: Call, story: DemoStory) -> None:
    done = sqlgen(
        "run", "identity-chain", "--source", str(story.folder), "--access-key", story.alert_key, "--from", "2020-01-01", "--to", "2020-01-02",
        "--format", "json",
    )  # fmt: skip
    assert done.status == 0 and json.loads(done.out) == []
    assert "no rows: " in done.err and "records were read from 2021-08-27T" in done.err


def test_the_sessions_that_were_refused_something(sqlgen: Call, story: DemoStory) -> None:
    done = sqlgen("run", "sessions", "--source", str(story.folder), "--denied-only", "--format", "json")
    rows = {row["session_id"]: row for row in json.loads(done.out)}
    assert {key for row in rows.values() for key in row["access_keys"]} >= {story.alert_key, story.persistence_key}
    assert rows[story.persistence_key]["kind"] == "long-term-key" and all(row["denied"] for row in rows.values())


def test_a_call_through_an_endpoint_that_is_not_ones_own(sqlgen: Call, story: DemoStory) -> None:
    own = [argument for endpoint in story.own_endpoints for argument in ("--own-endpoint", endpoint)]
    done = sqlgen(
        "run", "origins", "--source", str(story.folder), *own, "--own-range", "10.0.0.0/8", "--format", "json"
    )
    told = {(row["trust"], row["vpc_endpoint_id"], row["in_own_range"]) for row in json.loads(done.out)}
    through = {place for place in told if place[1]}
    assert through == {
        ("unknown-endpoint", story.foreign_endpoint, True),
        *(("own-endpoint", endpoint, True) for endpoint in story.own_endpoints),
    }


def test_a_key_of_two_sessions(sqlgen: Call, story: DemoStory) -> None:
    done = sqlgen("run", "recycled-keys", "--source", str(story.folder), "--format", "json")
    rows = json.loads(done.out)
    assert {row["access_key_id"] for row in rows} == {story.recycled_key}
    assert {row["identity_arn"] for row in rows} == set(story.recycled_sessions)


HOSTILE = ["x' OR 1=1 --", 'arn:aws:iam::1:user/"q"\n\x1b[31m🦜\u202e', "%s {0} $1 :x ?"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("option", ["--access-key", "--arn", "--session-id"])
def test_a_hostile_value_is_only_a_value(sqlgen: Call, story: DemoStory, option: str, value: str) -> None:
    done = sqlgen("run", "session-summary", "--source", str(story.folder), option, value, "--format", "json")
    assert done.status == 0 and json.loads(done.out) == []
    assert "\x1b" not in done.err and "\u202e" not in done.err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run", "who", "--source", "."], 2, "unknown query 'who'; there is: chain-events, console-keys"),
        (["run", "issuances"], 2, "--source"),
        (["run", "issuances", "--source", "/does/not/exist"], 1, "/does/not/exist"),
        (["run", "identity-chain", "--source", "."], 2, "identity-chain needs --access-key or --session-id"),
        (["run", "issuances", "--source", ".", "--arn", "x"], 2, "unknown parameter of issuances 'arn'"),
        (["run", "issuances", "--source", ".", "--denied-only"], 2, "unknown parameter of issuances 'denied_only'"),
        (
            ["run", "sessions", "--source", ".", "--account", "me"],
            2,
            "--account takes an account id, 12 digits, not 'me'",
        ),
        (["run", "origins", "--source", ".", "--own-range", "office"], 2, "--own-range takes a range of addresses"),
        (["run", "issuances", "--source", ".", "--format", "xml"], 2, "--format takes one of table, json, jsonl, csv"),
        (["run", "issuances", "--source", ".", "--from", "soon"], 2, "--from takes an ISO 8601 time"),
        (["run", "issuances", "--nonsense"], 2, "No such option"),
        (["render", "issuances", "--dialect", "oracle"], 2, "unknown dialect 'oracle'"),
        (["render", "issuances"], 2, "--dialect"),
        (["render", "issuances", "--dialect", "duckdb", "--layout", "x"], 2, "unknown layout of duckdb 'x'"),
        (["render", "issuances", "--dialect", "duckdb", "--table", "a b"], 2, "--table takes a table name"),
        (["render", "issuances", "--dialect", "duckdb", "-o", "/does/not/exist"], 1, "cannot be written"),
        (["show", "who"], 2, "unknown query 'who'"),
        (["fly"], 2, "No such command 'fly'"),
    ],
)
def test_wrong_usage_is_one_line_and_the_right_status(
    sqlgen: Call, arguments: list[str], status: int, message: str
) -> None:
    done = sqlgen(*arguments)
    assert (done.status, done.out) == (status, "")
    assert message in done.err and done.err.count("\n") == 1 and done.err.startswith("sqlgen: ")


def deliver(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


RECORD = {
    "eventVersion": "1.08",
    "eventID": "00000000-0000-4000-8000-000000000001",
    "eventTime": "2021-08-27T19:00:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "ListBuckets",
    "userIdentity": {"type": "IAMUser", "principalId": "AIDAX", "arn": "arn:aws:iam::1:user/x", "accessKeyId": "AKIAX"},
}
GOOD = json.dumps({"Records": [RECORD]}).encode()


@pytest.mark.parametrize(
    ("name", "content", "lost"),
    [
        ("truncated.json.gz", gzip.compress(GOOD * 50, mtime=0)[:60], True),
        ("empty.json", b"", True),
        ("braces.json", b"{}", True),
        ("null.json", b'{"Records":null}', False),
        ("none.json", b'{"Records":[]}', False),
        ("junk.json", b'{"Records":[null,1,"x",[],{"a":1}]}', True),
        ("text.json", b"hello", True),
    ],
)
def test_a_broken_file_is_named_and_the_rest_is_answered(
    sqlgen: Call, tmp_path: Path, name: str, content: bytes, lost: bool
) -> None:
    deliver(tmp_path / "good.json", GOOD)
    deliver(tmp_path / name, content)
    done = sqlgen("run", "session-summary", "--source", str(tmp_path), "--format", "json")
    assert done.status == 0
    assert [row["event_name"] for row in json.loads(done.out)] == ["ListBuckets"]
    assert (name in done.err) or not lost


def test_only_broken_files_are_no_answer(sqlgen: Call, tmp_path: Path) -> None:
    deliver(tmp_path / "text.json", b"hello")
    done = sqlgen("run", "session-summary", "--source", str(tmp_path))
    assert done.status == 1 and done.out == "" and "Traceback" not in done.err


@pytest.mark.parametrize("format_name", ["table", "json", "jsonl", "csv"])
def test_every_format_goes_to_a_file(sqlgen: Call, story: DemoStory, tmp_path: Path, format_name: str) -> None:
    target = tmp_path / "answer"
    done = sqlgen(
        "run",
        "session-summary",
        "--source",
        str(story.folder),
        "--access-key",
        story.alert_key,
        "--format",
        format_name,
        "-o",
        str(target),
    )
    assert (done.status, done.out) == (0, "")
    assert "GetSecretValue" in target.read_text(encoding="utf-8")


def test_list_and_show_tell_what_there_is(sqlgen: Call) -> None:
    listed = sqlgen("list").out
    assert "identity-chain" in listed and "duckdb" in listed and "snowflake" in listed
    shown = sqlgen("show", "identity-chain").out
    assert "--access-key" in shown and "start_session_id" in shown and "sqlgen run identity-chain" in shown


def test_render_works_with_no_other_option(sqlgen: Call) -> None:
    done = sqlgen("render", "session-summary", "--dialect", "snowflake")
    assert done.status == 0 and done.out.startswith("WITH parameters")
    assert "bind markers, in order: access_key, window_from, window_to" in done.err


def test_help_loads_no_engine_and_no_driver() -> None:
    program = (
        "import sys\nfrom sqlgen.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'duckdb', 'sqlglot', 'jinja2', 'pyathena', 'boto3', 'snowflake', 'msgspec', 'rich'}\n"
        "heavy &= {name.split('.')[0] for name in sys.modules}\n"
        "print('HEAVY', sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_a_reader_that_goes_away_is_no_error(story: DemoStory) -> None:
    command = f"{sys.executable} -m sqlgen run session-events --source {story.folder} --format jsonl | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1 and "Traceback" not in done.stderr
