"""What a schedule keeps, in a DuckDB database: filled day by day, again and again, stopped and gone on with."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sqlgen.answers import ask as ask_in_place
from sqlgen.profiles import Profile
from sqlgen.schedules.backfill import backfill
from sqlgen.schedules.objects import CHAIN_EVENTS, OBJECTS, SESSION_SUMMARY, SESSIONS, KeptTable
from sqlgen.schedules.runs import Rhythm, runs
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.tables import TakenError, make, run
from sqlgen.store import EVENT_STORE
from tests.embedded import ask
from tests.normalise import normal_rows
from tests.schedule_lab import KEPT, call, contents, days_of, fill, lab, opened, write_config, write_log
from tests.worlds import build


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.duckdb"


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
