"""Athena's client against the SQL of the real engine: pyathena, boto3 and the endpoint, over Trino."""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from sqlgen.answers import ask
from sqlgen.profiles import Profile
from sqlgen.queries import OutputColumn, load_query
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import QueryLimits, QueryStatus, ScanLimitError, TableColumn, Warehouse, WarehouseError
from tests import reference
from tests.engines.athena_endpoint import AthenaEndpoint
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import load_cloudtrail
from tests.normalise import normal_rows
from tests.worlds import build, with_equal_copies

pytestmark = pytest.mark.trino

SCHEMA = "athena_client"
PROFILE = Profile("lab", "athena", f"{SCHEMA}.cloudtrail")
HOSTILE = [
    "it's",
    "''",
    "x' OR '1'='1",
    "\\'; DROP TABLE t; --",
    "'); SELECT 1 /*",
    "?",
    "$1 :name %(x)s {0}",
    'say "no"',
    "a\nb\tc\r\x00\x1b[31m",
    "Ünïcödé 👩‍💻 \u202e\ufeff",
    "null",
    "1",
    "TIMESTAMP '2020-01-01 00:00:00'",
    "",
    " ",
]
ENDLESS = " CROSS JOIN ".join(f"UNNEST(sequence(1, 10000)) AS s{n} (n{n})" for n in range(4))


@pytest.fixture
def warehouse(athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    monkeypatch.setattr("sqlgen.warehouses.athena.POLL_SECONDS", 0.05)
    warehouse = open_warehouse(PROFILE)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def records(trino: TrinoServer) -> list[dict[str, Any]]:
    made = with_equal_copies(build(7, 24, 40))
    load_cloudtrail(trino, made, layout="cloudtrail", schema=SCHEMA, table="cloudtrail")
    return made


def running(trino: TrinoServer, mark: str) -> int:
    """Count the statements that hold a mark and still run on the engine."""
    sql = f"SELECT count(*) FROM system.runtime.queries WHERE state = 'RUNNING' AND query LIKE '%{mark}%' AND query NOT LIKE '%system.runtime%'"
    return int(trino.rows(sql)[0][0])


@contextmanager
def ends(trino: TrinoServer, mark: str) -> Iterator[None]:
    """Check that a statement with a mark, which would run for hours, runs on the engine no longer."""
    yield
    deadline = time.monotonic() + 20
    while running(trino, mark):
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("session-summary", {}),
        ("console-keys", {}),
        ("session-events", {}),
        ("issuances", {}),
        ("sessions", {}),
        ("recycled-keys", {}),
        ("origins", {}),
        ("identity-chain", {"access_key": True}),
    ],
)
def test_questions_give_the_reference_s_rows(
    warehouse: Warehouse, records: list[dict[str, Any]], query: str, asked: dict[str, Any]
) -> None:
    if asked.get("access_key"):
        keys = (record.get("userIdentity") or {} for record in records)
        asked = asked | {"access_key": next(key["accessKeyId"] for key in keys if key.get("accessKeyId"))}
    expected = getattr(reference, query.replace("-", "_"))(records, **asked)
    with ask(query, PROFILE, parameters=asked, full_scan=True, warehouse=warehouse) as answer:
        rows = list(answer.rows)
        assert answer.status.state == "SUCCEEDED"
        assert (answer.status.scanned_bytes or 0) > 0
        assert answer.status.cost_dollars == pytest.approx(10 / 2**20 * 5)  # the smallest charge
    assert expected
    assert normal_rows(load_query(query).columns, rows) == expected


def test_hostile_values_come_back_as_they_went(warehouse: Warehouse) -> None:
    sql = "SELECT " + ", ".join(f"? AS v{n}" for n in range(len(HOSTILE)))
    with warehouse.query(sql, HOSTILE) as answer:
        (row,) = answer.rows
    assert list(row.values()) == HOSTILE
    with warehouse.query(
        "SELECT ? AS n, ? AS at, CAST(? AS varchar) AS nothing", [7, datetime(2023, 7, 9), None]
    ) as answer:
        assert list(answer.rows) == [{"n": 7, "at": datetime(2023, 7, 9), "nothing": None}]


def test_arrays_come_whole_and_in_order(warehouse: Warehouse) -> None:
    rows = "(VALUES (2, ARRAY['a, b', 'c]\"', '']), (1, ARRAY[]), (3, NULL)) AS t (n, r)"
    columns = [OutputColumn("n", "integer", ""), OutputColumn("r", "array", "")]
    with warehouse.query(
        f"SELECT t.n, CAST(t.r AS array(varchar)) AS r FROM {rows} ORDER BY t.n DESC", columns=columns
    ) as answer:
        assert list(answer.rows) == [{"n": 3, "r": None}, {"n": 2, "r": ["a, b", 'c]"', ""]}, {"n": 1, "r": []}]


def test_a_long_answer_is_paged_in_flat_memory(athena: AthenaEndpoint, warehouse: Warehouse) -> None:
    sql = (
        "SELECT 5000 * a.i + b.i AS n, rpad('', 200, 'x') AS filler "
        "FROM UNNEST(sequence(0, 4)) AS a (i) CROSS JOIN UNNEST(sequence(0, 4999)) AS b (i) ORDER BY 1"
    )
    with warehouse.query(sql) as answer:
        numbers, before = [], sys.getallocatedblocks()
        for row in answer.rows:
            numbers.append(row["n"])
            if len(numbers) == 20_500:
                held = sys.getallocatedblocks() - before - len(numbers)
    assert numbers == list(range(25_000))
    assert len(athena.actions("athena:GetQueryResults")) == 26
    assert held < 10_000  # 20,500 rows that are held would take three blocks each


def test_ctrl_c_stops_the_query_on_the_engine(trino: TrinoServer, athena: AthenaEndpoint, warehouse: Warehouse) -> None:
    told: list[QueryStatus] = []

    def listen(status: QueryStatus) -> None:
        told.append(status)
        if len(told) == 3:
            threading.Timer(0.3, _thread.interrupt_main).start()

    with ends(trino, "ctrl_c_mark"):
        with (
            pytest.raises(KeyboardInterrupt),
            warehouse.query(f"SELECT count(*) AS ctrl_c_mark FROM {ENDLESS}", listen=listen),
        ):
            raise AssertionError("it never ends")
        assert told[-1].state == athena.executions[0].state == "CANCELLED"


def test_the_scan_limit_stops_the_query_by_the_engine_s_own_figures(
    trino: TrinoServer, athena: AthenaEndpoint, warehouse: Warehouse, records: list[dict[str, Any]]
) -> None:
    sql = f"SELECT count(*) AS limit_mark FROM cloudtrail CROSS JOIN {ENDLESS}"
    with ends(trino, "limit_mark"):
        with (
            pytest.raises(ScanLimitError, match="more than the limit of 100"),
            warehouse.query(sql, limits=QueryLimits(100)),
        ):
            raise AssertionError("it never ends")
        assert athena.executions[0].state == "CANCELLED"
        assert athena.executions[0].scanned > 100


def test_the_workgroup_s_limit_is_told(
    trino: TrinoServer, athena: AthenaEndpoint, warehouse: Warehouse, records: list[dict[str, Any]]
) -> None:
    athena.saved.backend.work_groups["primary"].configuration["BytesScannedCutoffPerQuery"] = 100
    sql = f"SELECT count(*) AS cutoff_mark FROM cloudtrail CROSS JOIN {ENDLESS}"
    with ends(trino, "cutoff_mark"), pytest.raises(ScanLimitError, match="lets one query read 100 bytes"):
        warehouse.execute(sql)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "SELECT 1 FROM nothing",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.athena_client.nothing' does not exist: look at",
        ),
        (
            "SELECT nothing FROM cloudtrail",
            "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved: the layout does not",
        ),
        ("SELECT 1 FROM nobody.nothing", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nobody' does not exist: look at"),
        ("SELECT 1 FROM other.a.b", "CATALOG_NOT_FOUND: Catalog 'other' does not exist"),
        ("SELECT n, 1 / (n - 900) FROM UNNEST(sequence(1, 1000)) AS t (n)", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT FROM", "SYNTAX_ERROR: line 1:8: mismatched input 'FROM'"),
    ],
)
def test_what_the_engine_refuses_is_told_in_one_line(
    warehouse: Warehouse, records: list[dict[str, Any]], sql: str, told: str
) -> None:
    with pytest.raises(WarehouseError) as caught:
        warehouse.execute(sql)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_is_described_with_its_partitions(
    athena: AthenaEndpoint, warehouse: Warehouse, records: list[dict[str, Any]]
) -> None:
    table = f"{SCHEMA}.cloudtrail"
    described = warehouse.describe(table)
    assert described is not None
    assert described[0] == TableColumn("eventversion", "string")
    assert described[-2:] == [TableColumn("region", "string", True), TableColumn("timestamp", "string", True)]
    assert described[1].type.startswith("struct<type:string,principalid:string,")
    assert warehouse.describe(f"awsdatacatalog.{SCHEMA}.CloudTrail") == described
    assert warehouse.describe(f"{SCHEMA}.nothing") is None
    athena.faults.deny("athena:GetTableMetadata")
    listed = warehouse.describe(table)
    assert listed is not None
    assert [column.name for column in listed] == [column.name for column in described]
    assert warehouse.describe(f"{SCHEMA}.nothing") is None


def test_statements_are_executed_for_their_effect(
    trino: TrinoServer, warehouse: Warehouse, records: Sequence[Any]
) -> None:
    warehouse.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.seen AS SELECT eventid FROM {SCHEMA}.cloudtrail")
    assert trino.rows(f"SELECT count(*) FROM hive.{SCHEMA}.seen") == [[len(records)]]
    warehouse.execute(f"DROP VIEW {SCHEMA}.seen")
    assert warehouse.describe(f"{SCHEMA}.seen") is None
