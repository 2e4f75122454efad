"""What a question reads of the log on a real Trino: the bytes of one full read (two where it says so), and with a window those of its days alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sqlgen.partitions import parse_partition
from sqlgen.queries import load_query, query_names
from sqlgen.renderer import Rendered, render
from tests.engines.ocsf import TIMESTAMP
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import COLUMNS, PARTITIONS, PARTS_OF_THE_DAY, Layout, Table, load_cloudtrail, type_sql
from tests.worlds import build

pytestmark = pytest.mark.trino

SCHEMA = "cost"
FIRST_DAY = date(2023, 7, 1)
DAYS = 12
WINDOW = (datetime(2023, 7, 8), datetime(2023, 7, 9))
LAST_DAY = date(2023, 7, 8)
LAST_DELIVERY = WINDOW[1].date() + timedelta(days=1)  # slack for late delivery (sqlgen.partitions)
SCAN_NODES = {"TableScan", "ScanFilter", "ScanProject", "ScanFilterProject"}


@dataclass(frozen=True)
class Log:
    """A table, the way its partitions are said, and the bytes of its files by day."""

    layout: Layout
    name: str
    partition: str | None
    bytes_by_day: Mapping[date, int]

    @property
    def bytes(self) -> int:
        return sum(self.bytes_by_day.values())

    def bytes_of(self, look_back_hours: int, last: date = LAST_DELIVERY) -> int:
        """The bytes of the days that a question about WINDOW may need."""
        first = (WINDOW[0] - timedelta(hours=look_back_hours)).date()
        return sum(size for day, size in self.bytes_by_day.items() if first <= day <= last)


def days_of_records() -> list[dict[str, Any]]:
    """Return the same world on each of several days, under event ids of its own."""
    records = [record for record in build(7, 24, 15) if record.get("eventTime")]
    return [
        {**record, "eventID": f"{day}-{number}", "eventTime": f"{day}T{10 + number % 12}:00:00Z"}
        for day in (FIRST_DAY + timedelta(days=number) for number in range(DAYS))
        for number, record in enumerate(records)
    ]


def day_of(path: Path) -> date:
    """Return the day that a file's folders say."""
    parts = dict(part.split("=", 1) for part in path.parts if "=" in part)
    if "timestamp" in parts:
        return date.fromisoformat(parts["timestamp"].replace("%2F", "-"))
    return date(int(parts["year"]), int(parts["month"]), int(parts["day"])) if "year" in parts else FIRST_DAY


def sizes(table: Table) -> dict[date, int]:
    found: dict[date, int] = {}
    for path in table.folder.rglob("*.json.gz"):
        day = day_of(path.relative_to(table.folder))
        found[day] = found.get(day, 0) + path.stat().st_size
    return found


LOGS: tuple[tuple[Layout, Sequence[str], str | None], ...] = (
    ("cloudtrail", PARTITIONS, "timestamp=yyyy/MM/dd"),
    ("cloudtrail-serde", PARTS_OF_THE_DAY, "year,month,day"),
    ("security-lake", (), None),
)
PARTITIONED = [log for log in LOGS if log[2]]


@pytest.fixture(scope="module", params=LOGS, ids=lambda log: log[0])
def log(request: pytest.FixtureRequest, trino: TrinoServer) -> Log:
    layout, columns, partition = request.param
    name = layout.replace("-", "_")
    table = load_cloudtrail(
        trino, days_of_records(), layout=layout, schema=SCHEMA, table=name, partitioned_by=columns or PARTITIONS
    )
    return Log(layout, f"hive.{SCHEMA}.{name}", partition, sizes(table))


def read_bytes(trino: TrinoServer, sql: str, values: Sequence[object] = ()) -> int:
    """Run a statement to its end and return the bytes that it read from files."""
    return int(trino.run(sql, values)[1]["physicalInputBytes"])


def scans(plan: object) -> int:
    """Count the table scans of a plan (`EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON)`)."""
    if isinstance(plan, list):
        return sum(scans(item) for item in plan)
    if isinstance(plan, dict):
        return (plan.get("name") in SCAN_NODES) + sum(scans(value) for value in plan.values())
    return 0


def explained(trino: TrinoServer, kind: str, sql: str) -> Any:
    return json.loads(trino.rows(f"EXPLAIN (TYPE {kind}, FORMAT JSON) {sql}")[0][0])


def subject(query: str) -> dict[str, object]:
    """Return a value for what a query must be asked about."""
    return {"access_key": "ASIANOBODY"} if "access_key" in load_query(query).one_of else {}


def rendered(
    query: str, log: Log, *, window: bool, markers: bool = False, dialect: str = "trino", **parameters: object
) -> Rendered:
    return render(
        query,
        dialect=dialect,
        layout=log.layout,
        table=log.name,
        parameters=parameters or (None if markers else subject(query)),
        window_from=WINDOW[0] if window else None,
        window_to=WINDOW[1] if window else None,
        partitions=[parse_partition(log.partition)] if log.partition else (),
        markers=markers,
    )


@pytest.mark.parametrize("query", query_names())
def test_a_question_reads_the_log_once(trino: TrinoServer, log: Log, query: str) -> None:
    sql = rendered(query, log, window=False).sql
    assert scans(explained(trino, "DISTRIBUTED", sql)) == 1
    assert read_bytes(trino, sql) == log.bytes


@pytest.mark.parametrize("query", query_names())
def test_athenas_text_is_valid(trino: TrinoServer, log: Log, query: str) -> None:
    for window in (True, False):
        sql = rendered(query, log, window=window, dialect="athena").sql
        assert trino.rows(f"EXPLAIN (TYPE VALIDATE) {sql}") == [[True]]


@pytest.mark.parametrize("query", [name for name in query_names() if load_query(name).scans["fold"] > 1])
def test_a_session_known_by_a_key_alone_costs_a_second_reading(trino: TrinoServer, log: Log, query: str) -> None:
    sql = rendered(query, log, window=False, access_key=["ASIANOBODY"]).sql
    assert scans(explained(trino, "DISTRIBUTED", sql)) == load_query(query).scans["fold"] == 2
    assert log.bytes < read_bytes(trino, sql) <= 2 * log.bytes


@pytest.mark.parametrize("log", PARTITIONED, indirect=True, ids=lambda log: log[0])
@pytest.mark.parametrize("query", query_names())
def test_a_window_reads_its_days_alone(trino: TrinoServer, log: Log, query: str) -> None:
    sql = rendered(query, log, window=True).sql
    expected = log.bytes_of(load_query(query).look_back_hours)
    assert read_bytes(trino, sql) == expected < log.bytes
    assert_days(explained(trino, "IO", sql), log, load_query(query).look_back_hours)


@pytest.mark.parametrize("log", PARTITIONED, indirect=True, ids=lambda log: log[0])
@pytest.mark.parametrize("query", query_names())
def test_a_saved_text_prunes_by_the_window_that_it_is_given(trino: TrinoServer, log: Log, query: str) -> None:
    text = rendered(query, log, window=False, markers=True)
    window = {"window_from": str(WINDOW[0]), "window_to": str(WINDOW[1])}
    values = [window.get(bind.name, "nobody") for bind in text.binds]
    expected = log.bytes_of(load_query(query).look_back_hours)
    times = load_query(query).scans["fold"] if "access_key" in {bind.name for bind in text.binds} else 1
    assert expected <= read_bytes(trino, text.sql, values) <= times * expected


def assert_days(plan: Any, log: Log, look_back_hours: int) -> None:
    """Check that the partitions which the plan keeps are those of the days that the window needs."""
    first = (WINDOW[0] - timedelta(hours=look_back_hours)).date()
    (table,) = plan["inputTableColumnInfos"]
    kept = {
        constraint["columnName"]: [one["low"]["value"] for one in constraint["domain"]["ranges"]]
        for constraint in table["constraint"]["columnConstraints"]
    }
    days = [day for day in log.bytes_by_day if first <= day <= LAST_DELIVERY]
    if log.partition == "year,month,day":
        assert set(kept["day"]) == {f"{day:%d}" for day in days}
    else:
        assert set(kept["timestamp"]) == {f"{day:%Y/%m/%d}" for day in days}


LAKES = {"timestamp": "TIMESTAMP(6)", "timestamptz": "TIMESTAMP(6) WITH TIME ZONE"}
"""The types that Iceberg has for the time of Security Lake's table; the Glue catalog calls both `timestamp`."""
ROWS_OF_VALUES = 10  # rows that a text brings along are counted as read, too; a day has more


@pytest.fixture(scope="module", params=LAKES)
def lake(request: pytest.FixtureRequest, trino: TrinoServer) -> Log:
    """Security Lake's table as AWS keeps it: Iceberg's, by region, account and the day of `time_dt`; how many rows a day has stands for bytes."""
    load_cloudtrail(trino, days_of_records(), layout="security-lake", schema=SCHEMA, table="security_lake")
    name = f"iceberg.{SCHEMA}.lake_{request.param}"
    columns = [
        f'CAST("{column}" AS {type_sql(kind).replace(TIMESTAMP, LAKES[request.param])}) AS "{column}"'
        for column, kind in COLUMNS["security-lake"].items()
    ]
    trino.rows(f"CREATE SCHEMA IF NOT EXISTS iceberg.{SCHEMA}")
    trino.rows(f"DROP TABLE IF EXISTS {name}")
    trino.rows(
        f"CREATE TABLE {name} WITH (partitioning = ARRAY['region', 'accountid', 'day(time_dt)']) AS"
        f" SELECT {', '.join(columns)} FROM hive.{SCHEMA}.security_lake"
    )
    days = Counter(date.fromisoformat(record["eventTime"][:10]) for record in days_of_records())
    return Log("security-lake", name, None, days)


@pytest.mark.parametrize("markers", [False, True], ids=["literals", "markers"])
@pytest.mark.parametrize("query", query_names())
def test_a_window_reads_its_days_of_security_lake_alone(
    trino: TrinoServer, lake: Log, query: str, markers: bool
) -> None:
    text = rendered(query, lake, window=not markers, markers=markers)
    window = {"window_from": str(WINDOW[0]), "window_to": str(WINDOW[1])}
    rows, read = trino.run(text.sql, [window.get(bind.name, "nobody") for bind in text.binds])
    # the time of the event itself, so that no later day is read; a key that is asked about costs a second reading
    days = lake.bytes_of(load_query(query).look_back_hours, LAST_DAY)
    times = load_query(query).scans["fold"] if "access_key" in {bind.name for bind in text.binds} else 1
    assert days <= read["processedRows"] <= times * days + ROWS_OF_VALUES < lake.bytes
    if not markers:
        same = replace(lake, name=f"hive.{SCHEMA}.security_lake")
        assert sorted(map(repr, rows)) == sorted(map(repr, trino.rows(rendered(query, same, window=True).sql)))
