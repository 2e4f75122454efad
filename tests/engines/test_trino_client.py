"""Trino's client against the real engine."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from sqlgen.answers import ask
from sqlgen.profiles import Profile
from sqlgen.queries import OutputColumn, load_query
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import QueryLimits, QueryStatus, ScanLimitError, TableColumn, Warehouse, WarehouseError
from tests import reference
from tests.engines.test_athena_client import ENDLESS, HOSTILE, ends
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import load_cloudtrail
from tests.normalise import normal_rows
from tests.worlds import build, with_equal_copies

pytestmark = pytest.mark.trino

SCHEMA = "trino_client"


@pytest.fixture(scope="module")
def records(trino: TrinoServer) -> list[dict[str, Any]]:
    made = with_equal_copies(build(8, 16, 20))
    load_cloudtrail(trino, made, layout="cloudtrail", schema=SCHEMA, table="cloudtrail")
    return made


@pytest.fixture(scope="module")
def profile(trino: TrinoServer, records: list[dict[str, Any]]) -> Profile:
    connection: dict[str, str | int] = {
        "host": trino.host,
        "port": trino.port,
        "http_scheme": "http",
        "user": "analyst",
        "catalog": "hive",
    }
    return Profile("lab", "trino", f"{SCHEMA}.cloudtrail", connection=connection)


@pytest.fixture
def warehouse(profile: Profile) -> Iterator[Warehouse]:
    warehouse = open_warehouse(profile)
    yield warehouse
    warehouse.close()


@pytest.mark.parametrize("query", ["session-summary", "session-events"])
def test_questions_give_the_reference_s_rows(profile: Profile, records: list[dict[str, Any]], query: str) -> None:
    with ask(query, profile, full_scan=True) as answer:
        rows = list(answer.rows)
        assert answer.status.state == "FINISHED"
        assert (answer.status.scanned_bytes or 0) > 0
    assert normal_rows(load_query(query).columns, rows) == getattr(reference, query.replace("-", "_"))(records)


def test_hostile_values_come_back_as_they_went(warehouse: Warehouse) -> None:
    sql = "SELECT " + ", ".join(f"? AS v{n}" for n in range(len(HOSTILE)))
    with warehouse.query(sql, HOSTILE) as answer:
        (row,) = answer.rows
    assert list(row.values()) == HOSTILE
    with warehouse.query("SELECT ? AS n, ? AS at", [7, datetime(2023, 7, 9)]) as answer:
        assert list(answer.rows) == [{"n": 7, "at": datetime(2023, 7, 9)}]


def test_leaving_the_block_stops_the_statement(trino: TrinoServer, warehouse: Warehouse) -> None:
    told: list[QueryStatus] = []
    with (
        ends(trino, "leave_mark"),
        warehouse.query(f"SELECT n0 AS leave_mark FROM {ENDLESS}", listen=told.append) as answer,
    ):
        assert next(answer.rows) == {"leave_mark": 1}
    assert told[-1].state == "CANCELED"


def test_ctrl_c_stops_the_statement(trino: TrinoServer, warehouse: Warehouse) -> None:
    with (
        ends(trino, "interrupt_mark"),
        pytest.raises(KeyboardInterrupt),
    ):
        threading.Timer(0.5, _thread.interrupt_main).start()
        with warehouse.query(f"SELECT count(*) AS interrupt_mark FROM {ENDLESS}"):
            raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("limits", "error", "told"),
    [
        (QueryLimits(maximum_scan_bytes=100), ScanLimitError, r"more than the limit of 100, and was stopped"),
        (QueryLimits(timeout_seconds=0.5), WarehouseError, r"ran for longer than 0.5 s and was stopped"),
    ],
    ids=["bytes", "time"],
)
def test_limits_stop_the_statement(
    trino: TrinoServer, warehouse: Warehouse, limits: QueryLimits, error: type[WarehouseError], told: str
) -> None:
    sql = f"SELECT count(*) AS limits_mark FROM cloudtrail CROSS JOIN {ENDLESS}"
    with ends(trino, "limits_mark"), pytest.raises(error, match=told), warehouse.query(sql, limits=limits):
        raise AssertionError("it never ends")


def test_what_the_engine_refuses_is_told_in_one_line(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match=r"TABLE_NOT_FOUND: .*'hive.trino_client.nothing' does not exist: look at"):
        warehouse.execute("SELECT 1 FROM nothing")
    columns = [OutputColumn("session_id", "text", "")]
    with (
        pytest.raises(WarehouseError, match="the answer has no column session_id"),
        warehouse.query("SELECT 1 AS a", columns=columns),
    ):
        pass
    began = time.monotonic()
    with (
        pytest.raises(WarehouseError, match=r"the answer broke off|DIVISION_BY_ZERO"),
        warehouse.query("SELECT 1 / (n - 9999) AS a FROM UNNEST(sequence(1, 10000)) AS t (n)") as answer,
    ):
        list(answer.rows)
    assert time.monotonic() - began < 30


def test_tables_and_who_is_connected_are_described(warehouse: Warehouse) -> None:
    described = warehouse.describe(f"{SCHEMA}.cloudtrail")
    assert described is not None
    assert described[0] == TableColumn("eventversion", "varchar")
    assert described[-1] == TableColumn("timestamp", "varchar", True)
    assert warehouse.describe(f"hive.{SCHEMA}.cloudtrail") == described
    assert warehouse.describe(f"{SCHEMA}.nothing") is None
    assert warehouse.describe("nobody.nothing") is None
    told = warehouse.identity()
    assert (told["user"], told["version"], told["catalog"], told["schema"]) == ("analyst", "476", "hive", SCHEMA)


def test_statements_are_executed_for_their_effect(trino: TrinoServer, warehouse: Warehouse) -> None:
    warehouse.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.seen AS SELECT 1 AS one")
    assert trino.rows(f"SELECT one FROM hive.{SCHEMA}.seen") == [[1]]
    warehouse.execute(f"DROP VIEW {SCHEMA}.seen")
