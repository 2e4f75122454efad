"""What a schedule keeps in Snowflake, run by fakesnow: tables, the bodies of tasks, the view, and a chain over what is kept.

fakesnow has no tasks: `snowflake_objects.py` keeps them, and runs one when it is told to (docs/snowflake.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sqlgen.answers import ask as ask_in_place
from sqlgen.profiles import Profile
from sqlgen.queries import load_query
from sqlgen.schedules.backfill import backfill
from sqlgen.schedules.deploy import deploy, remove
from sqlgen.schedules.objects import OBJECTS, SESSION_SUMMARY, SESSIONS, tables
from sqlgen.schedules.runs import Rhythm
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.status import examine
from sqlgen.schedules.tables import make, run
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import Warehouse
from tests.embedded import ask, open_world
from tests.engines.snowflake_server import snowflake_server
from tests.engines.snowflake_tables import load_cloudtrail
from tests.normalise import normal_rows
from tests.snowflake_home import write_connection
from tests.worlds import build

pytestmark = pytest.mark.snowflake
RECORDS = build(1, 24, 0)
DAY = datetime(2023, 7, 10)
PROFILE = Profile(
    "test",
    "snowflake",
    "client.public.cloudtrail",
    layout="event",
    home="client.public",
    connection={"connection_name": "test", "database": "CLIENT", "schema": "PUBLIC"},
)
NAMES = ("chain_events", "sessions", "session_summary")


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with snowflake_server() as server:
        write_connection(server.port)
        with closing(open_warehouse(PROFILE)) as opened:
            with server.connect(database="CLIENT", session_parameters={}) as loader:
                load_cloudtrail(loader, RECORDS, layout="event")
            yield opened


def rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    with warehouse.query(sql) as answer:
        return list(answer.rows)


def content(warehouse: Warehouse) -> list[list[str]]:
    return [sorted(map(repr, rows(warehouse, f"SELECT * FROM client.public.{name}"))) for name in NAMES]


def over_kept(
    warehouse: Warehouse, table: str, query: str, parameters: dict[str, Any], window: tuple[datetime, datetime]
) -> list[dict[str, Any]]:
    edges = replace(PROFILE, edges=f"client.public.{table}")
    start, end = window
    with ask_in_place(
        query, edges, parameters=parameters, window_from=start, window_to=end, warehouse=warehouse
    ) as answer:
        return sorted(normal_rows(answer.columns, answer.rows), key=repr)


def test_a_day_is_filled_once_and_a_second_time_changes_nothing(warehouse: Warehouse) -> None:
    statements = Statements(PROFILE)
    assert {item.action for item in make(warehouse, statements, OBJECTS)} == {"create"}
    assert {item.action for item in make(warehouse, statements, OBJECTS)} == {"keep", "replace"}
    day, following = DAY.date(), (DAY + timedelta(days=1)).date()
    steps = list(backfill(warehouse, statements, tables(OBJECTS), day, following))
    assert [step.was_done for step in steps] == [False] * 3
    before = content(warehouse)
    for table in tables(OBJECTS):
        run(warehouse, statements.merge_day(table, day))
    assert content(warehouse) == before
    assert [step.was_done for step in backfill(warehouse, statements, tables(OBJECTS), day, following)] == [True] * 3
    window = (DAY, DAY + timedelta(days=1))
    with open_world(RECORDS) as embedded:
        for table in (SESSIONS, SESSION_SUMMARY):
            names = ", ".join(name for name, _ in table.columns[1:])
            columns = load_query(table.query).columns
            with warehouse.query(f"SELECT {names} FROM client.public.{table.name}", columns=columns) as answer:
                found = normal_rows(columns, answer.rows)
            expected = ask(embedded, table.query, {}, window)
            assert expected and sorted(map(repr, found)) == sorted(map(repr, expected)), table.name
        keys = "SELECT DISTINCT access_key_id FROM event_store WHERE event_time >= ? AND event_time < ? AND access_key_id IS NOT NULL"
        key = min(embedded.execute(keys, list(window)).fetchall())[0]
        asked = {"access_key": key, "direction": "both"}
        embedded.execute(
            "CREATE TABLE that_day AS FROM event_store WHERE event_time >= ? AND event_time < ?", list(window)
        )
        within = (DAY + timedelta(hours=1), window[1])
        whole = sorted(ask(embedded, "identity-chain", asked, within, table="that_day"), key=repr)
        assert whole and over_kept(warehouse, "chain_events", "identity-chain", asked, within) == whole
        # two tasks may have inserted an event both
        twice = " UNION ALL ".join(["SELECT * FROM client.public.chain_events"] * 2)
        warehouse.execute(f"CREATE TABLE client.public.kept_twice AS {twice}")
        assert over_kept(warehouse, "kept_twice", "identity-chain", asked, within) == whole
        issued = ask(embedded, "issuances", {}, within, table="that_day")
        assert issued and over_kept(warehouse, "kept_twice", "issuances", {}, within) == sorted(issued, key=repr)


def test_a_task_is_made_run_told_of_and_removed(warehouse: Warehouse) -> None:
    """It fills nothing here: the world is of 2023. But the moving window is understood, and leaves what there is as it is."""
    statements = Statements(PROFILE)
    assert {item.action for item in deploy(warehouse, statements, OBJECTS, Rhythm()) if item.kind == "task"} == {
        "create"
    }
    assert {item.action for item in deploy(warehouse, statements, OBJECTS, Rhythm())} == {"keep", "replace"}
    jobs = examine(warehouse, statements, OBJECTS, datetime.now()).jobs or ()
    assert all(job.is_on and not job.past for job in jobs)
    names = {job.name for job in jobs}
    assert names == {"SQLGEN_CHAIN_EVENTS_RECENT", *(f"SQLGEN_{name.upper()}_NIGHT" for name in NAMES)}
    before = content(warehouse)
    for name in names:
        warehouse.execute(f"EXECUTE TASK client.public.{name}")
    assert content(warehouse) == before
    runs = {job.name: job.past for job in examine(warehouse, statements, OBJECTS, datetime.now()).jobs or ()}
    assert {name: [run.succeeded for run in past] for name, past in runs.items()} == {name: [True] for name in names}
    warehouse.execute("ALTER TABLE client.public.sessions RENAME TO client.public.sessions_gone")
    warehouse.execute("EXECUTE TASK client.public.SQLGEN_SESSIONS_NIGHT")
    warehouse.execute("ALTER TABLE client.public.sessions_gone RENAME TO client.public.sessions")
    [failed] = [
        job for job in examine(warehouse, statements, OBJECTS, datetime.now()).jobs or () if "SESSIONS" in job.name
    ]
    assert {run.succeeded for run in failed.past} == {False, True} and len(failed.past) == 2
    assert any("sessions" in run.reason.lower() for run in failed.past)
    statement = "SCHEDULE = '5 MINUTE' COMMENT = 'of another database' AS SELECT 1"
    warehouse.execute(f"CREATE OR REPLACE TASK other.public.SQLGEN_SESSIONS_NIGHT {statement}")
    warehouse.execute("EXECUTE TASK other.public.SQLGEN_SESSIONS_NIGHT")
    [same] = [
        job for job in examine(warehouse, statements, OBJECTS, datetime.now()).jobs or () if "SESSIONS" in job.name
    ]
    assert same.past == failed.past
    removed = [item.name for item in remove(warehouse, statements, OBJECTS)]
    assert {*removed} == {*names, "client.public.issuances"} and not examine(
        warehouse, statements, OBJECTS, datetime.now()
    ).jobs
