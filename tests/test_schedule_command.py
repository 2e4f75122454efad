"""`sqlgen schedule` in a DuckDB database: what is meant by its words, from nothing to a chain that is read from what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from sqlgen import cli
from sqlgen.errors import UsageError
from sqlgen.schedules.backfill import parse_days
from sqlgen.schedules.objects import CHAIN_EVENTS, OBJECTS, SESSIONS, KeptTable, choose
from sqlgen.schedules.runs import Rhythm, parse_every, parse_overlap, runs
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.status import examine
from sqlgen.store import EVENT_STORE
from tests.schedule_lab import call, days_of, lab, opened, write_config, write_log
from tests.worlds import build


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.duckdb"


@pytest.fixture
def config(path: Path) -> Iterator[Path]:
    records = build(3, 16, 0)
    write_log(path, records)
    yield write_config(path)


def command(config: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--config", str(config)])
    return int(str(ended.value.code or 0))


def test_which_runs_keep_a_table() -> None:
    def told(table: KeptTable, rhythm: Rhythm) -> list[str]:
        return [f"{item.name} {item.rate.told}" for item in runs(table, rhythm)]

    night = "night every night at 03:15 UTC"
    assert told(CHAIN_EVENTS, Rhythm()) == ["recent every 1 h", night]
    assert told(CHAIN_EVENTS, Rhythm(timedelta(days=1))) == [night]
    assert told(SESSIONS, Rhythm()) == [night]
    assert told(SESSIONS, Rhythm(timedelta(minutes=90), 2)) == [
        "today every 90 min",
        night,
        "night-2 every night at 03:25 UTC",
    ]
    assert parse_every("90m") == timedelta(minutes=90) and parse_overlap("7d") == 7
    for text in ("4m", "2d", "h", "1w", ""):
        with pytest.raises(UsageError, match="--every takes"):
            parse_every(text)
    for text in ("0d", "8d", "12h", "x"):
        with pytest.raises(UsageError, match="--overlap takes"):
            parse_overlap(text)


def test_which_objects_are_meant() -> None:
    assert [item.name for item in choose(["session-summary"])] == ["session_summary"]
    assert [item.name for item in choose(["issuances"])] == ["chain_events", "issuances"]
    assert [item.name for item in choose([])] == [item.name for item in OBJECTS]
    with pytest.raises(UsageError, match="unknown object 'who'; there is: chain_events, issuances"):
        choose(["who"])


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("yesterday", "2023-07-01", "takes two days"),
        ("2023-07-02", "2023-07-02", "an earlier day first"),
        ("2023-07-01", "2023-07-12", "ends with today at the latest: 2023-07-11"),
    ],
)
def test_days_that_are_none(start: str, end: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_days(start, end, date(2023, 7, 10))


def test_from_an_empty_database_to_a_chain_read_from_what_is_kept(
    config: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = days_of(build(3, 16, 0))
    end = str(last + timedelta(days=1))
    assert command(config, "schedule", "--backfill", str(first), end, "--dry-run") == 0
    assert "to create table chain_events" in capsys.readouterr().err
    assert command(config, "schedule", "--backfill", str(first), end) == 0
    told = capsys.readouterr()
    assert told.out == "" and f"/{3 * ((last - first).days + 1)} {last} chain_events: finished" in told.err
    assert 'put edges = "chain_events" into profile lab' in told.err
    assert command(config, "schedule", "chain_events", "--backfill", str(first), end, "--use-edges") == 0
    assert "done before" in capsys.readouterr().err
    assert config.read_text().startswith('# ours\n[profiles.lab]\ndialect = "duckdb"\n')
    assert 'edges = "chain_events"' in config.read_text()
    with duckdb.connect(str(path)) as connection:
        keys = connection.execute(f"SELECT DISTINCT access_key_id FROM {EVENT_STORE} WHERE access_key_id LIKE 'A%'")
        key = sorted(row[0] for row in keys.fetchall())[0]
    answers = []
    for option in ([], ["--from-log"]):
        assert command(config, "run", "identity-chain", "--access-key", key, "--format", "json", *option) == 0
        told = capsys.readouterr()
        answers.append(sorted(map(repr, json.loads(told.out))))
        assert ("read from chain_events, kept by a schedule" in told.err) is not bool(option)
    assert answers[0] == answers[1] != []
    assert command(config, "schedule", "--status", "--format", "json") == 0
    told = capsys.readouterr()
    state = {row["name"]: row for row in json.loads(told.out)}
    assert state["sessions"]["state"] == "there" and state["chain_events"]["rows"] > 0
    assert state["sessions"]["lag_minutes"] > 1000 and "no scheduler of its own" in told.err


def test_how_it_stands_before_there_is_anything(path: Path) -> None:
    write_log(path, [call(1, datetime(2023, 7, 9, 12))])
    with closing(opened(path)) as warehouse:
        found = examine(warehouse, Statements(lab(path)), OBJECTS, datetime.now())
    assert found.jobs is None and [(table.is_there, table.newest) for table in found.tables] == [(False, None)] * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say one of --emit FORM, --deploy"),
        (["--deploy", "--status"], "say one of"),
        (["--deploy"], "duckdb has no scheduler of its own"),
        (["--remove"], "duckdb has no scheduler of its own"),
        (["--emit", "pulumi"], "--emit takes one of sql, cloudformation, terraform"),
        (["--emit", "terraform"], "--emit terraform is for Athena"),
        (["--status", "--format", "xml"], "--format takes one of"),
        (["--status", "--role", "x"], "--role is for Athena"),
        (["nothing", "--status"], "unknown object 'nothing'"),
    ],
)
def test_wrong_usage(config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert command(config, "schedule", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1
