"""Questions as table macros in a DuckDB database: really called, and compared with the answers over the files it was filled from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sqlgen.deliveries import TABLE as DELIVERY_RECORDS
from sqlgen.deliveries import load
from sqlgen.demo import DemoStory, write_demo
from sqlgen.objects.base import SavedObject
from sqlgen.objects.duckdb import KIND, DuckdbSchema, call_macro, create_macro, home_of
from sqlgen.profiles import Profile
from sqlgen.queries import load_query
from sqlgen.renderer import render
from sqlgen.runner import run
from sqlgen.store import EVENT_STORE, fill_store
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import Row, Warehouse, WarehouseError
from tests.test_layouts import TAILPIPE
from tests.ways import MARKED, Way, way_name, ways

TABLES = {"files": "logs.delivery_records", "store": "logs.event_store", "tailpipe": "logs.aws_cloudtrail_log"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> DemoStory:
    return write_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def warehouse(story: DemoStory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The demo's logs in tables of every layout, in a schema of their own."""
    path = tmp_path_factory.mktemp("database") / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        load(connection, [str(story.folder)])
        connection.execute(f"CREATE SCHEMA logs; CREATE TABLE logs.delivery_records AS FROM {DELIVERY_RECORDS}")
        connection.execute(TAILPIPE)
        fill_store(connection)
        connection.execute(f"CREATE TABLE logs.event_store AS FROM {EVENT_STORE}; DROP TABLE {EVENT_STORE}")
        connection.execute(
            "CREATE TABLE logs.aws_cloudtrail_log AS FROM aws_cloudtrail_log; DROP TABLE aws_cloudtrail_log"
        )
    with closing(open_warehouse(Profile("lab", "duckdb", "logs.x", connection={"database": str(path)}))) as opened:
        yield opened


def macro(way: Way, name: str, layout: str = "store", home: str | None = None) -> SavedObject:
    profile = Profile("lab", "duckdb", TABLES[layout], layout=layout, home=home)
    rendered = render(way[0], dialect="duckdb", layout=layout, table=profile.table, takes=way[1], named=True)
    sql = create_macro(rendered, name, home_of(profile))
    return SavedObject(KIND, name, sql, "Who's asking? " + call_macro(rendered, name, home_of(profile)))


def fetch(warehouse: Warehouse, sql: str) -> list[Row]:
    with warehouse.query(sql) as answer:
        return list(answer.rows)


@pytest.fixture(scope="module")
def asked(story: DemoStory) -> dict[str, Any]:
    """A value of the demo for each parameter."""
    [first, *_] = run("console-keys", sources=[story.folder], parameters={"arn": story.console_arn}).rows
    return {
        "access_key": first["access_key_id"], "session_id": first["session_id"], "arn": story.console_arn,
        "login_event_id": first["login_event_id"], "account": first["account_id"], "source_ip": "203.0.113.*", "user_agent": "Mozilla",
    }  # fmt: skip


def written(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


@pytest.mark.parametrize("way", list(ways()), ids=way_name)
def test_a_macro_answers_as_the_question_does(
    story: DemoStory, warehouse: Warehouse, asked: dict[str, Any], way: Way
) -> None:
    query, takes = way
    if query == "recycled-keys":
        asked = asked | {"access_key": story.recycled_key}
    expected = run(query, sources=[story.folder], parameters={name: asked[name] for name in takes}).rows
    many = {parameter.name for parameter in load_query(query).parameters if parameter.many}
    given = ", ".join(f"[{written(asked[name])}]" if name in many else written(asked[name]) for name in takes)
    for layout in TABLES if way in MARKED else ("store",):
        DuckdbSchema(warehouse, "saved").put(macro(way, "asked", layout, home="saved"), None)
        assert expected and fetch(warehouse, f"SELECT * FROM saved.asked({given})") == expected, layout


def test_a_window_is_given_by_name(story: DemoStory, warehouse: Warehouse) -> None:
    DuckdbSchema(warehouse, "logs").put(macro(("identity-chain", ("access_key",)), "identity_chain"), None)
    key = {"access_key": story.alert_key}
    for begin, end in (("2021-08-27T19:50:00Z", "2021-08-28"), ("2022-01-01", "2022-01-02")):
        expected = run("identity-chain", sources=[story.folder], parameters=key, window_from=begin, window_to=end)
        call = f"logs.identity_chain('{story.alert_key}', window_from := '{begin}', window_to := '{end}')"
        assert fetch(warehouse, f"SELECT * FROM {call}") == expected.rows


def test_several_values_are_a_list_and_one_given_twice_counts_once(story: DemoStory, warehouse: Warehouse) -> None:
    DuckdbSchema(warehouse, "logs").put(macro(("session-summary", ("access_key",)), "session_summary"), None)
    expected = run("session-summary", sources=[story.folder], parameters={"access_key": story.chain})
    keys = ", ".join(written(key) for key in [*story.chain, *story.chain])
    assert fetch(warehouse, f"SELECT * FROM logs.session_summary([{keys}])") == expected.rows


def test_a_forgotten_value_is_an_error_and_not_an_empty_answer(warehouse: Warehouse) -> None:
    DuckdbSchema(warehouse, "logs").put(macro(("identity-chain", ("access_key",)), "identity_chain"), None)
    with pytest.raises(WarehouseError, match="does not support the supplied arguments"):
        fetch(warehouse, "SELECT * FROM logs.identity_chain()")


def test_hostile_values_are_values(warehouse: Warehouse) -> None:
    DuckdbSchema(warehouse, "logs").put(macro(("identity-chain", ("access_key",)), "identity_chain"), None)
    for value in ("x' OR 1=1 --", "access_key", "'; DROP TABLE logs.event_store; --"):
        assert fetch(warehouse, f"SELECT * FROM logs.identity_chain({written(value)})") == []


def test_what_is_kept_is_found_again_with_its_mark(warehouse: Warehouse) -> None:
    place = DuckdbSchema(warehouse, "kept_here")
    wanted = macro(("issuances", ()), "issuances", home="kept_here")
    place.put(wanted, None)
    [kept] = place.kept()
    assert (kept.kind, kept.name, kept.content_hash) == (KIND, "issuances", wanted.content_hash)
    assert kept.description.startswith("Who's asking? SELECT * FROM kept_here.issuances(window_from := ")
    assert kept.sql == place.spelled(wanted)
    place.put(macro(("issuances", ()), "issuances", layout="files", home="kept_here"), kept)
    assert place.kept()[0].sql != kept.sql
    place.drop(kept)
    place.drop(kept)
    assert place.kept() == []


def test_a_macro_that_cannot_be_made_leaves_what_was_there(warehouse: Warehouse) -> None:
    place = DuckdbSchema(warehouse, "halfway")
    wanted = macro(("issuances", ()), "issuances", home="halfway")
    place.put(wanted, None)
    broken = SavedObject(KIND, "issuances", "CREATE OR REPLACE MACRO halfway.issuances() AS TABLE SELEC 1", "")
    with pytest.raises(WarehouseError):
        place.put(broken, place.kept()[0])
    assert [kept.content_hash for kept in place.kept()] == [wanted.content_hash]
    assert fetch(warehouse, "SELECT COUNT(*) AS n FROM halfway.issuances()")[0]["n"]


def test_names_with_blanks_are_quoted(warehouse: Warehouse) -> None:
    profile = Profile("lab", "duckdb", '"my logs"."event store"', layout="store")
    warehouse.execute('CREATE SCHEMA "my logs"')
    warehouse.execute('CREATE TABLE "my logs"."event store" AS FROM logs.event_store')
    rendered = render("issuances", dialect="duckdb", layout="store", table=profile.table, takes=(), named=True)
    warehouse.execute(create_macro(rendered, "issuances", home_of(profile)))
    assert fetch(warehouse, 'SELECT COUNT(*) AS n FROM "my logs".issuances()')[0]["n"]


def test_a_process_that_dies_in_between_leaves_no_macro_without_its_mark(tmp_path: Path) -> None:
    path = str(tmp_path / "events.duckdb")
    with closing(open_duckdb(path)) as warehouse:
        warehouse.execute("CREATE TABLE t (a INTEGER)")
    place = """
import os
from sqlgen.objects.base import SavedObject
from sqlgen.objects.duckdb import DuckdbSchema
from sqlgen.warehouses.base import WarehouseError
from tests.test_table_macros import open_duckdb

class Dying(SavedObject):
    def description(self, limit):
        return "[sqlgen]"

warehouse = open_duckdb(PATH)
kept = warehouse.execute
warehouse.execute = lambda sql, tag="": os._exit(9) if sql.startswith("COMMENT") else kept(sql)
DuckdbSchema(warehouse, "main").put(Dying("table macro", "m", "CREATE OR REPLACE MACRO main.m() AS TABLE SELECT 1 AS a", ""), None)
"""
    done = subprocess.run(
        [sys.executable, "-c", f"PATH = {path!r}\n{place}"], cwd=Path(__file__).parents[1], check=False
    )
    assert done.returncode == 9
    with closing(open_duckdb(path)) as warehouse:
        assert DuckdbSchema(warehouse, "main").kept() == []
        assert fetch(warehouse, "SELECT COUNT(*) AS n FROM t") == [{"n": 0}]


def open_duckdb(path: str) -> Warehouse:
    if not Path(path).exists():
        duckdb.connect(path).close()
    return open_warehouse(Profile("lab", "duckdb", "t", connection={"database": path}))
