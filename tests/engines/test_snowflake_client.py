"""The client of Snowflake against fakesnow's server: the texts as they are run, with values bound by the connector."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from sqlgen.profiles import Profile
from sqlgen.renderer import render
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import BindValue, QueryLimits, QueryStatus, TableColumn, Warehouse, WarehouseError
from tests import reference
from tests.engines.snowflake_server import SnowflakeServer, snowflake_server
from tests.engines.snowflake_tables import load_cloudtrail
from tests.normalise import normal_rows
from tests.snowflake_home import PASSWORD, write_connection
from tests.worlds import build

pytestmark = pytest.mark.snowflake
WINDOW = (datetime(2023, 7, 10), datetime(2023, 7, 11))
SLOW = "WITH RECURSIVE counted AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM counted WHERE n < 100000000) SELECT COUNT(*) AS n FROM counted"


@pytest.fixture(scope="module")
def server() -> Iterator[SnowflakeServer]:
    with snowflake_server() as running:
        write_connection(running.port)
        yield running


@pytest.fixture(scope="module")
def warehouse(server: SnowflakeServer) -> Iterator[Warehouse]:
    place = {"connection_name": "test", "database": "CLIENT", "schema": "PUBLIC"}
    with closing(open_warehouse(Profile("test", "snowflake", "cloudtrail", connection=place))) as opened:
        yield opened


@pytest.fixture(scope="module")
def records(server: SnowflakeServer, warehouse: Warehouse) -> list[dict[str, Any]]:
    """The records of the table `cloudtrail`, one VARIANT an event."""
    world = build(1, 24, 0)
    with server.connect(database="CLIENT", session_parameters={}) as loader:
        load_cloudtrail(loader, world, layout="event")
    return world


def seen(server: SnowflakeServer, beginning: str) -> list[dict[str, Any]]:
    """Return the statements that the server was sent, whose text begins so."""
    with urllib.request.urlopen(f"http://{server.host}:{server.port}/seen") as answer:
        return [statement for statement in json.load(answer) if statement["text"].startswith(beginning)]


def run(warehouse: Warehouse, query: str, given: dict[str, BindValue]) -> list[dict[str, Any]]:
    """Return the rows of a query whose markers are bound, in the reference's form, after a look at their kinds."""
    rendered = render(query, dialect="snowflake", layout="event", table="client.public.cloudtrail")
    binds = [given[bind.name] for bind in rendered.binds]
    with warehouse.query(rendered.sql, binds, columns=rendered.columns, tag=f"sqlgen {query}") as answer:
        rows = list(answer.rows)
    kinds = {"text": str, "json": str, "integer": int, "boolean": bool, "timestamp": datetime, "array": list}
    for row in rows:
        for column in rendered.columns:
            assert row[column.name] is None or type(row[column.name]) is kinds[column.type], column
    return normal_rows(rendered.columns, rows)


def used_key(records: list[dict[str, Any]]) -> str:
    """Return a key that was used in the window."""
    for event in reference.events.read_events(records):
        if event.access_key_id and event.event_time and WINDOW[0] <= event.event_time < WINDOW[1]:
            return event.access_key_id
    raise AssertionError("the world has no call in the window")


def test_who_did_it(server: SnowflakeServer, warehouse: Warehouse, records: list[dict[str, Any]]) -> None:
    key = used_key(records)
    found = run(warehouse, "identity-chain", {"access_key": key, "window_from": WINDOW[0], "window_to": WINDOW[1]})
    assert found and found == reference.identity_chain(records, access_key=key, window=WINDOW)
    [statement] = [
        s for s in seen(server, "WITH RECURSIVE") if s["parameters"] == {"QUERY_TAG": "sqlgen identity-chain"}
    ]
    assert [statement["bindings"][str(number)]["value"] for number in (1, 2, 3)] == [
        key,
        "2023-07-10 00:00:00",
        "2023-07-11 00:00:00",
    ]


def test_what_did_they_do(warehouse: Warehouse, records: list[dict[str, Any]]) -> None:
    key = used_key(records)
    found = run(warehouse, "session-summary", {"access_key": key, "window_from": WINDOW[0], "window_to": WINDOW[1]})
    assert found and found == reference.session_summary(records, access_key=[key], window=WINDOW)


def test_a_table_is_described_by_its_columns(warehouse: Warehouse, records: list[dict[str, Any]]) -> None:
    for name in ("cloudtrail", "public.cloudtrail", "client.public.cloudtrail"):
        assert warehouse.describe(name) == [TableColumn("raw", "VARIANT")]
    assert warehouse.describe("client.public.nothing") is None


def test_a_statement_for_its_effect_takes_effect(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE OR REPLACE TABLE kept (event_id VARCHAR, calls NUMBER(18,0), seen TIMESTAMP_NTZ)")
    warehouse.execute(
        "INSERT INTO kept VALUES ('a', 1, TO_TIMESTAMP_NTZ('2023-07-10 00:00:00', 'YYYY-MM-DD HH24:MI:SS'))"
    )
    described = warehouse.describe("kept")
    assert described is not None
    assert [column.name for column in described] == ["event_id", "calls", "seen"]
    with warehouse.query("SELECT * FROM kept") as answer:
        assert answer.columns == ("event_id", "calls", "seen")
        assert list(answer.rows) == [{"event_id": "a", "calls": 1, "seen": datetime(2023, 7, 10)}]


def test_a_long_answer_is_read_in_order(warehouse: Warehouse) -> None:
    numbers = "SELECT ROW_NUMBER() OVER (ORDER BY 1) AS n FROM TABLE(FLATTEN(SPLIT(REPEAT('a,', 30000), ',')))"
    with warehouse.query(f"SELECT n FROM ({numbers}) ORDER BY n") as answer:
        assert [row["n"] for row in answer.rows] == list(range(1, 30002))


@pytest.mark.parametrize("sql", ["SELECT * FROM nothing", "SELECT nothing FROM client.public.kept", "SELEC 1"])
def test_a_wrong_statement_is_one_line(warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(WarehouseError) as caught, warehouse.query(sql):
        pass
    assert str(caught.value).startswith("Snowflake ") and "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_what_takes_too_long_is_ended_in_the_warehouse(server: SnowflakeServer, warehouse: Warehouse) -> None:
    begun = time.monotonic()
    with pytest.raises(WarehouseError, match=r"took longer than 1 s.* was stopped"):  # noqa: SIM117
        with warehouse.query(SLOW, limits=QueryLimits(timeout_seconds=1)):
            pass
    assert time.monotonic() - begun < 10
    assert_ended(server, SLOW)


def test_an_interrupted_statement_is_ended_in_the_warehouse(server: SnowflakeServer, warehouse: Warehouse) -> None:
    def interrupt(status: QueryStatus) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), warehouse.query(SLOW + " /* again */", listen=interrupt):
        pass
    assert_ended(server, SLOW + " /* again */")
    with warehouse.query("SELECT 1 AS n") as answer:
        assert list(answer.rows) == [{"n": 1}]


def assert_ended(server: SnowflakeServer, text: str) -> None:
    """The statement was cancelled, and DuckDB has left it."""
    for _ in range(200):
        [statement] = seen(server, text[:250])[-1:]
        if statement["has_ended"]:
            break
        time.sleep(0.1)
    assert statement["text"] == text and statement["is_aborted"] and statement["has_ended"]
