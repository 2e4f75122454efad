"""What a schedule keeps, in a DuckDB database: filled day by day, again and again, stopped and gone on with."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sqlgen import cli
from sqlgen.answers import ask as ask_in_place
from sqlgen.deliveries import load
from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.schedules.backfill import backfill, parse_days
from sqlgen.schedules.objects import CHAIN_EVENTS, OBJECTS, SESSION_SUMMARY, SESSIONS, KeptTable, choose, tables
from sqlgen.schedules.runs import Rhythm, parse_every, parse_overlap, runs
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.status import examine
from sqlgen.schedules.tables import TakenError, make, run
from sqlgen.store import EVENT_STORE, fill_store
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import Warehouse
from tests.embedded import ask
from tests.normalise import normal_rows
from tests.worlds import build, session, stamp, user

Record = dict[str, Any]
KEPT = tables(OBJECTS)
EVERYTHING = [item.name for item in OBJECTS]


def lab(path: Path) -> Profile:
    return Profile("lab", "duckdb", EVENT_STORE, layout="store", connection={"database": str(path)})


def write_log(path: Path, records: Sequence[Record]) -> None:
    """Write the records into the database as its log, in the place of what was there."""
    files = path.with_suffix(".json")
    files.write_text(json.dumps({"Records": list(records)}), encoding="utf-8")
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {EVENT_STORE}")
        load(connection, [str(files)])
        fill_store(connection)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.duckdb"


def opened(path: Path) -> Warehouse:
    return open_warehouse(lab(path))


def contents(path: Path, tables: Sequence[str] = ("chain_events", "sessions", "session_summary")) -> list[list[Any]]:
    with duckdb.connect(str(path)) as connection:
        return [connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in tables]


def fill(path: Path, first: date, last: date) -> list[tuple[str, date, bool]]:
    """Fill the days [first, last] in, and return what was done: table, day, whether it was done before."""
    statements = Statements(lab(path))
    with closing(opened(path)) as warehouse:
        list(make(warehouse, statements, OBJECTS))
        steps = backfill(warehouse, statements, KEPT, first, last + timedelta(days=1))
        return [(step.table.name, step.day, step.was_done) for step in steps]


def days_of(records: Sequence[Record]) -> tuple[date, date]:
    days = sorted(str(record["eventTime"])[:10] for record in records if str(record.get("eventTime", ""))[4:5] == "-")
    return date.fromisoformat(days[0]), date.fromisoformat(days[-1])


@pytest.mark.parametrize("seed", [5])
def test_each_day_holds_the_rows_of_its_own_window_and_a_second_time_changes_nothing(path: Path, seed: int) -> None:
    records = build(seed, 20, 0)
    write_log(path, records)
    first, last = days_of(records)
    assert first < last
    fill(path, first, last)
    before = contents(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM schedule_days")
        for table in (SESSIONS, SESSION_SUMMARY):
            for day in {first + timedelta(days=number) for number in range((last - first).days + 1)}:
                start = datetime.combine(day, datetime.min.time())
                expected = ask(connection, table.query, {}, (start, start + timedelta(days=1)))
                names = ", ".join(name for name, _ in table.columns[1:])
                cursor = connection.execute(f"SELECT {names} FROM {table.name} WHERE log_day = ?", [day])
                rows = [dict(zip(names.split(", "), row, strict=True)) for row in cursor.fetchall()]
                found = normal_rows([*_columns(table)], rows)
                assert sorted(map(repr, found)) == sorted(map(repr, expected)), (table.name, day)
    assert any(not was_done for _, _, was_done in fill(path, first, last))
    assert contents(path) == before


def _columns(table: KeptTable) -> Any:
    from sqlgen.queries import load_query

    return load_query(table.query).columns


@pytest.mark.parametrize("seed", range(2))
def test_chains_over_what_was_filled_in_by_the_day_are_the_logs(path: Path, seed: int) -> None:
    """All but what docs/rules.md §11 says: a forwarded session first seen on a later day than its creation."""
    records = build(seed, 16, 0)
    write_log(path, records)
    fill(path, *days_of(records))
    luck = random.Random(seed)
    with duckdb.connect(str(path)) as connection:
        late = connection.execute(
            f"SELECT DISTINCT identity_arn FROM {EVENT_STORE} WHERE invoked_by IS NOT NULL AND created_at IS NOT NULL"
            " AND CAST(created_at AS DATE) <> CAST(event_time AS DATE)"
        ).fetchall()
        keys = connection.execute(f"SELECT DISTINCT access_key_id FROM {EVENT_STORE} WHERE access_key_id IS NOT NULL")
        for key in luck.sample(sorted(row[0] for row in keys.fetchall()), 3):
            asked = {"access_key": key, "direction": luck.choice(("origin", "derived", "both"))}
            over_kept = ask(connection, "identity-chain", asked, table="chain_events")
            expected = ask(connection, "identity-chain", asked)
            assert late or sorted(map(repr, over_kept)) == sorted(map(repr, expected)), asked


def call(number: int, moment: datetime, name: str = "GetObject") -> Record:
    return {
        "eventID": f"e{number}",
        "eventTime": stamp(moment),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "userIdentity": session(user("alice"), "AKIAALICE", None),
    }


def test_what_comes_late_is_put_right_and_nothing_else_is_touched(path: Path) -> None:
    midnight = datetime(2023, 7, 10)
    records = [call(1, midnight - timedelta(minutes=5)), call(2, midnight + timedelta(minutes=5))]
    write_log(path, records)
    fill(path, date(2023, 7, 9), date(2023, 7, 10))
    before = contents(path)
    write_log(
        path, [*records, call(3, midnight + timedelta(minutes=1)), call(4, midnight + timedelta(hours=2), "PutObject")]
    )
    statements = Statements(lab(path))
    with closing(opened(path)) as warehouse:
        for table in KEPT:
            run(warehouse, statements.merge_day(table, date(2023, 7, 10)))
    kept, sessions, summary = contents(path)
    assert [row[0] for row in kept] == ["e1", "e2", "e3", "e4"]
    told = {row[0]: row for row in sessions}
    assert told[date(2023, 7, 9)] == before[1][0]
    named = dict(zip((name for name, _ in SESSIONS.columns), told[date(2023, 7, 10)], strict=True))
    assert (named["calls"], named["first_seen"], named["last_seen"]) == (
        3, midnight + timedelta(minutes=1), midnight + timedelta(hours=2),
    )  # fmt: skip
    assert len(summary) == len(before[2]) + 1


def test_a_session_over_midnight_has_a_row_a_day(path: Path) -> None:
    midnight = datetime(2023, 7, 10)
    write_log(path, [call(1, midnight - timedelta(seconds=1)), call(2, midnight)])
    fill(path, date(2023, 7, 9), date(2023, 7, 10))
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute("SELECT log_day, session_id, calls FROM sessions ORDER BY 1").fetchall()
    assert rows == [(date(2023, 7, 9), "AKIAALICE", 1), (date(2023, 7, 10), "AKIAALICE", 1)]


def test_days_that_are_done_are_passed_over_until_their_text_changes(path: Path) -> None:
    write_log(path, [call(1, datetime(2023, 7, 9, 12))])
    first, last = date(2023, 7, 8), date(2023, 7, 9)
    assert [was_done for _, _, was_done in fill(path, first, last)] == [False] * 6
    again = fill(path, first, last + timedelta(days=1))
    assert [was_done for _, day, was_done in again if day > last] == [False] * 3
    assert [was_done for _, day, was_done in again if day <= last] == [True] * 6
    assert [day for _, day, _ in again][:1] == [last + timedelta(days=1)], "the newest first"
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE schedule_days SET content_hash = 'another' WHERE table_name = 'sessions'")
    assert {name for name, _, was_done in fill(path, first, last) if not was_done} == {"sessions"}


def test_a_day_that_may_still_get_events_is_filled_but_not_noted_as_done(path: Path) -> None:
    now = datetime(2023, 7, 10, 12)
    write_log(path, [call(1, datetime(2023, 7, 9, 12))])
    statements = Statements(lab(path))
    with closing(opened(path)) as warehouse:
        list(make(warehouse, statements, OBJECTS))
        for _ in range(2):
            steps = list(backfill(warehouse, statements, KEPT, date(2023, 7, 8), date(2023, 7, 10), now=lambda: now))
        assert {step.day for step in steps if step.was_done} == {date(2023, 7, 8)}


KILLED = """
import os, signal, sys
from sqlgen.schedules import backfill
from sqlgen.cli import main

runs = backfill.run

def run(warehouse, statement):
    if run.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    run.left -= 1
    return runs(warehouse, statement)

run.left = int(sys.argv[1])
backfill.run = run
main(["schedule", "--backfill", "2023-07-09", "2023-07-11", "--config", sys.argv[2]])
"""


def write_config(path: Path) -> Path:
    config = path.with_name("sqlgen.toml")
    config.write_text(
        f'# ours\n[profiles.lab]\ndialect = "duckdb"\ntable = "{EVENT_STORE}"\nlayout = "store"\n'
        f'[profiles.lab.connection]\ndatabase = "{path}"\n',
        encoding="utf-8",
    )
    return config


@pytest.mark.parametrize("statements", [0, 1, 2, 5])
def test_killed_between_any_two_statements_it_goes_on_to_the_same_end(path: Path, statements: int) -> None:
    records = [call(1, datetime(2023, 7, 9, 23, 59)), call(2, datetime(2023, 7, 10, 0, 1))]
    write_log(path, records)
    fill(path, date(2023, 7, 9), date(2023, 7, 10))
    whole = contents(path)
    path.unlink()
    write_log(path, records)
    config = write_config(path)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(statements), str(config)], capture_output=True, timeout=120, cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    done = fill(path, date(2023, 7, 9), date(2023, 7, 10))
    assert sum(was_done for _, _, was_done in done) == statements // 2
    assert contents(path) == whole


def test_the_names_of_others_are_left_alone(path: Path) -> None:
    write_log(path, [call(1, datetime(2023, 7, 9, 12))])
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE sessions (id INTEGER)")
    with (
        closing(opened(path)) as warehouse,
        pytest.raises(TakenError, match=r"sessions is there and is not ours .*`home`"),
    ):
        list(make(warehouse, Statements(lab(path)), OBJECTS))
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT * FROM sessions").fetchall() == []


def test_a_table_of_an_earlier_version_gets_the_columns_that_it_lacks(path: Path) -> None:
    write_log(path, [call(1, datetime(2023, 7, 9, 12))])
    fill(path, date(2023, 7, 9), date(2023, 7, 9))
    whole = contents(path, ["sessions"])
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE sessions DROP COLUMN on_behalf_of")
        connection.execute("DELETE FROM schedule_days")
    with closing(opened(path)) as warehouse:
        made = {item.name: item for item in make(warehouse, Statements(lab(path)), OBJECTS)}
    assert (made["sessions"].action, made["sessions"].note) == ("change", "new columns: on_behalf_of")
    fill(path, date(2023, 7, 9), date(2023, 7, 9))
    assert contents(path, ["sessions"]) == whole


def test_moving_runs_fill_what_the_clock_says(path: Path) -> None:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    if now.hour == 23 and now.minute > 55:
        pytest.skip("midnight is near")
    noons = [datetime.combine(now.date() - timedelta(days=back), datetime.min.time()) for back in range(4)]
    write_log(path, [call(number, moment + timedelta(seconds=1)) for number, moment in enumerate(noons)])
    statements, seen = Statements(lab(path)), {}
    with closing(opened(path)) as warehouse:
        list(make(warehouse, statements, OBJECTS))
        for table in (CHAIN_EVENTS, SESSIONS):
            for filled in runs(table, Rhythm(timedelta(minutes=30), overlap_days=2)):
                warehouse.execute(f"DELETE FROM {table.name}")
                run(warehouse, statements.merge(table, filled.span, filled.name))
                column = "event_time" if table is CHAIN_EVENTS else "log_day"
                with warehouse.query(
                    f"SELECT CAST({column} AS DATE) AS day FROM {table.name} ORDER BY 1 DESC"
                ) as answer:
                    seen[table.name, filled.name] = [(now.date() - row["day"]).days for row in answer.rows]  # type: ignore[operator]
    today = [0] if now.hour >= 3 else [0, 1]
    assert seen == {
        ("chain_events", "recent"): today,
        ("chain_events", "night"): [0, 1, 2],
        ("sessions", "today"): [0],
        ("sessions", "night"): [1],
        ("sessions", "night-2"): [2],
    }


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
        night.replace(" ", "-2 ", 1),
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
    assert [item.name for item in choose([])] == EVERYTHING
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


@pytest.fixture
def config(path: Path) -> Iterator[Path]:
    records = build(3, 16, 0)
    write_log(path, records)
    yield write_config(path)


def command(config: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--config", str(config)])
    return int(str(ended.value.code or 0))


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
        found = examine(warehouse, Statements(lab(path)), OBJECTS)
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


def test_edges_answer_by_whole_hours(path: Path) -> None:
    """A window that begins within an hour is widened: the first use of the hour is what is kept."""
    moment = datetime(2023, 7, 9, 12, 50)
    write_log(path, [call(1, moment - timedelta(minutes=40)), call(2, moment)])
    fill(path, date(2023, 7, 9), date(2023, 7, 9))
    profile = Profile(
        "lab", "duckdb", EVENT_STORE, layout="store", connection={"database": str(path)}, edges="chain_events"
    )
    asked = {
        "parameters": {"access_key": "AKIAALICE"},
        "window_from": moment,
        "window_to": moment + timedelta(minutes=1),
    }
    with ask_in_place("identity-chain", profile, **asked) as answer:  # type: ignore[arg-type]
        assert answer.from_edges and [row["origin"] for row in answer.rows] == ["long-term-key"]
