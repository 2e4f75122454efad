"""Every question on a real Trino, over tables with exactly Athena's columns: the reference's rows, from one reading of the log."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sqlgen.queries import load_query
from sqlgen.render import render
from tests import reference
from tests.engines.trino_server import TrinoServer, trino_server
from tests.engines.trino_tables import Layout, held, load_cloudtrail
from tests.normalise import normal_rows
from tests.reference.events import read_events
from tests.reference.issuances import read_issuances
from tests.rendering import Case, cases
from tests.worlds import build

pytestmark = pytest.mark.trino

LAYOUTS: tuple[Layout, ...] = ("cloudtrail", "cloudtrail-serde")
WORLDS = int(os.environ.get("SQLGEN_WORLDS", "12"))
SCHEMA = "worlds"
SCAN_NODES = {"TableScan", "ScanFilter", "ScanProject", "ScanFilterProject"}
Record = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[TrinoServer]:
    with trino_server() as running:
        running.rows(f"CREATE SCHEMA IF NOT EXISTS hive.{SCHEMA}")
        yield running


def ask(server: TrinoServer, query: str, layout: Layout, asked: dict[str, Any]) -> list[dict[str, Any]]:
    start, end = asked.get("window", (None, None))
    rendered = render(
        query,
        dialect="trino",
        layout=layout,
        table=table(layout),
        parameters={name: value for name, value in asked.items() if name != "window"},
        window_from=start,
        window_to=end,
        markers=False,
        check=False,
    )
    columns = load_query(query).columns
    names = [column.name for column in columns]
    return normal_rows(columns, [dict(zip(names, row, strict=True)) for row in server.rows(rendered.sql)])


def table(layout: Layout) -> str:
    return f"hive.{SCHEMA}.{layout.replace('-', '_')}"


def questions(records: list[Record], luck: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each query with values that occur in a world, a chain in every direction."""
    events = read_events(records)
    issued = read_issuances(events)
    keys = sorted({key for key in [*(e.access_key_id for e in events), *(i.key for i in issued)] if key}) or [
        "ASIANOBODY"
    ]
    sessions = (
        sorted({name for name in [*(e.session_id for e in events), *(i.session_id for i in issued)] if name}) or keys
    )
    times = sorted({event.event_time for event in events if event.event_time})
    window = (luck.choice(times), max(times) + timedelta(seconds=1)) if times and luck.random() < 0.3 else (None, None)
    yield "issuances", {"window": window}
    yield "console-keys", {"window": window}
    yield "session-summary", {"window": window}
    yield "session-summary", {"access_key": [luck.choice(keys)]}
    yield "identity-chain", {"access_key": luck.choice(keys), "direction": "both", "window": window}
    yield (
        "identity-chain",
        {"session_id": luck.choice(sessions), "direction": luck.choice(("origin", "derived")), "max_depth": 2},
    )
    if times:
        yield "identity-chain", {"access_key": luck.choice(keys), "at": luck.choice(times)}


@pytest.mark.parametrize("seed", range(WORLDS))
def test_worlds(server: TrinoServer, seed: int) -> None:
    luck = random.Random(seed)
    layout = luck.choice(LAYOUTS)
    records = build(seed, luck.randint(3, 24), luck.choice((0, 15, 40)))
    load_cloudtrail(server, records, layout=layout, schema=SCHEMA, table=layout.replace("-", "_"))
    known = [held(record, layout) for record in records]
    for query, asked in questions(known, luck):
        expected = getattr(reference, query.replace("-", "_"))(known, **asked)
        assert ask(server, query, layout, asked) == expected, (layout, query, asked)


def scans(plan: object) -> int:
    """Count the table scans of a plan (`EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON)`)."""
    if isinstance(plan, list):
        return sum(scans(item) for item in plan)
    if isinstance(plan, dict):
        return (plan.get("name") in SCAN_NODES) + sum(scans(value) for value in plan.values())
    return 0


@pytest.mark.parametrize(
    "case",
    [case for case in cases() if case.dialect == "trino" and case.layout == "cloudtrail"],
    ids=lambda case: case.path.stem + "-" + case.query,
)
def test_the_plan_reads_the_log_as_often_as_promised(server: TrinoServer, case: Case) -> None:
    load_cloudtrail(server, [], layout="cloudtrail", schema=SCHEMA, table="cloudtrail")
    parameters = dict(case.parameters) | {
        parameter.name: "AKIAX" for parameter in load_query(case.query).parameters if parameter.marker
    }
    sql = render(
        case.query,
        dialect="trino",
        table=table("cloudtrail"),
        parameters=parameters,
        partitions=case.partitions,
        window_from="2023-07-10T00:00:00Z",
        window_to="2023-07-11T00:00:00Z",
    ).sql
    server.rows(f"EXPLAIN (TYPE VALIDATE) {sql}")
    plan = json.loads(server.rows(f"EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON) {sql}")[0][0])
    assert scans(plan) <= load_query(case.query).scans["fold"]
