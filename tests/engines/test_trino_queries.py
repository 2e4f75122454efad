"""Every question on a real Trino, over tables with exactly Athena's columns: the reference's rows, from one reading of the log."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sqlgen.demo import write_demo
from sqlgen.dialects import event_columns
from sqlgen.queries import load_query
from sqlgen.renderer import render, render_events
from tests import reference
from tests.engines.security_lake import as_recorded, lossy
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import Layout, held, load_cloudtrail
from tests.logs import TOLD_BY_CASE, once, read_logs, real_logs, source
from tests.normalise import normal_rows
from tests.records import event, ident
from tests.reference.events import Event, boolean, document, field, iso, read_events, text
from tests.reference.issuances import read_issuances
from tests.rendering import Case, cases
from tests.worlds import build, with_equal_copies

pytestmark = pytest.mark.trino

LAYOUTS: tuple[Layout, ...] = ("cloudtrail", "cloudtrail-serde")
WORLDS = int(os.environ.get("SQLGEN_WORLDS", "12"))
SCHEMA = "worlds"
SCAN_NODES = {"TableScan", "ScanFilter", "ScanProject", "ScanFilterProject"}
Record = dict[str, Any]


@pytest.fixture(scope="module")
def server(trino: TrinoServer) -> TrinoServer:
    trino.rows(f"CREATE SCHEMA IF NOT EXISTS hive.{SCHEMA}")
    return trino


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
    yield "origins", {"window": window, "own_range": ["203.0.113.0/24", "2001:db8::/32"]}
    yield "origins", {"access_key": [luck.choice(keys)], "own_account": ["111111111111"], "own_endpoint": ["vpce-0b2"]}
    yield "recycled-keys", {"window": window}
    yield "recycled-keys", {"access_key": [luck.choice(keys), luck.choice(keys)]}
    yield "sessions", {"window": window}
    yield (
        "sessions",
        luck.choice(
            (
                {"access_key": [luck.choice(keys)], "window": window},
                {"arn": "*:assumed-role/*", "denied_only": True},
                {"source_ip": "203.0.113.*", "account": "111111111111"},
                {"user_agent": "BOTO"},
            )
        ),
    )
    yield "session-events", {"window": window}
    yield "session-events", luck.choice(({"access_key": [luck.choice(keys)]}, {"session_id": [luck.choice(sessions)]}))
    yield "identity-chain", {"access_key": luck.choice(keys), "direction": "both", "window": window}
    yield (
        "identity-chain",
        {"session_id": luck.choice(sessions), "direction": luck.choice(("origin", "derived")), "max_depth": 2},
    )
    if times:
        yield "identity-chain", {"access_key": luck.choice(keys), "at": luck.choice(times)}


def assert_same(
    server: TrinoServer, records: list[Record], layout: Layout, luck: random.Random, some: slice = slice(None)
) -> None:
    """Ask `questions` about the records in a table of a layout, and the reference about what that table holds of them."""
    records = with_equal_copies(records)
    load_cloudtrail(server, records, layout=layout, schema=SCHEMA, table=layout.replace("-", "_"))
    known = [held(record, layout) for record in records]
    for query, asked in list(questions(known, luck))[some]:
        expected = getattr(reference, query.replace("-", "_"))(known, **asked)
        assert ask(server, query, layout, asked) == expected, (layout, query, asked)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_worlds(server: TrinoServer, seed: int) -> None:
    luck = random.Random(seed)
    layout = luck.choice(LAYOUTS)
    assert_same(server, build(seed, luck.randint(3, 24), luck.choice((0, 15, 40))), layout, luck)


def test_of_copies_that_differ_one_is_kept(server: TrinoServer) -> None:
    call = event("10:00:00", "s3:GetObject", ident("ASIAONE", "09:00:00"))
    load_cloudtrail(
        server, [call, call, {**call, "awsRegion": "eu-west-1"}], layout="cloudtrail", schema=SCHEMA, table="cloudtrail"
    )
    [row] = ask(server, "session-summary", "cloudtrail", {})
    assert row["calls"] == 1 and row["regions"] in (["us-east-1"], ["eu-west-1"])
    [row] = ask(server, "sessions", "cloudtrail", {})
    assert row["calls"] == 1 and row["regions"] in (["us-east-1"], ["eu-west-1"])


def test_what_a_sign_in_opened_has_no_issued_key(server: TrinoServer) -> None:
    """Not even where the session used one: docs/rules.md §4 tells of that only where an issued key was used by nobody."""
    records = [
        event("10:00:00", "s3:GetObject", ident("ASIAONE", "09:00:00")),
        event("10:05:00", "signin:SwitchRole", ident("ASIAONE", "09:00:00")),
        event("10:06:00", "s3:GetObject", ident("ASIATWO", "10:05:00")),
    ]
    load_cloudtrail(server, records, layout="cloudtrail", schema=SCHEMA, table="cloudtrail")
    asked: dict[str, Any] = {"access_key": "ASIAONE", "direction": "derived"}
    expected = reference.identity_chain(records, **asked)
    assert [(row["link"], row["access_key_id"]) for row in expected] == [(None, "ASIAONE"), ("sign-in", None)]
    assert ask(server, "identity-chain", "cloudtrail", asked) == expected


def lake_world(seed: int) -> tuple[list[Record], random.Random]:
    """Return a world with what Security Lake moves, and the luck to ask about it."""
    luck = random.Random(seed)
    return as_recorded(build(seed, luck.randint(8, 24), luck.choice((0, 15, 40))), seed), luck


@pytest.mark.parametrize("seed", range(100, 100 + max(1, WORLDS // 3)))
def test_worlds_in_security_lake(server: TrinoServer, seed: int) -> None:
    records, luck = lake_world(seed)
    assert_same(server, records, "security-lake", luck)


@pytest.fixture(scope="module")
def demo_records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    return read_logs(write_demo(tmp_path_factory.mktemp("demo")).deliveries)


def test_the_demo_in_security_lake(server: TrinoServer, demo_records: list[Record]) -> None:
    assert_same(server, demo_records, "security-lake", random.Random(1))


@pytest.mark.parametrize("layout", [*LAYOUTS, "security-lake"])
@pytest.mark.parametrize("path", [path for path in real_logs() if source(path) not in TOLD_BY_CASE], ids=source)
def test_real_logs(server: TrinoServer, path: Path, layout: Layout) -> None:
    turn = real_logs().index(path) + [*LAYOUTS, "security-lake"].index(layout)
    assert_same(server, once(read_logs([path])), layout, random.Random(turn), some=slice(turn % 3, None, 3))


def event_row(record: Record) -> dict[str, Any]:
    """Return the columns of `events` that docs/rules.md §1 reads from a record, in the form of `lake_events`."""
    event, identity = Event(record), record.get("userIdentity")
    texts = ("eventType", "eventCategory")
    said = {name: text(record.get(name)) for name in texts}
    row = {name: getattr(event, name) for name in event_columns() if hasattr(Event, name)}
    return row | {
        "event_time": iso(event.event_time),
        "created_at": iso(event.created_at),
        "event_type": said["eventType"],
        "event_category": said["eventCategory"],
        "read_only": boolean(record.get("readOnly")),
        "user_name": text(field(identity, "userName")),
        "service_event_details": document(record.get("serviceEventDetails")),
    }


def lake_events(server: TrinoServer) -> list[dict[str, Any]]:
    """Return every row of the table through the layout `security-lake`: documents parsed, times as text."""

    def normal(name: str, value: Any) -> Any:
        if isinstance(value, datetime):
            return iso(value)
        return json.loads(value) if value is not None and event_columns()[name] == "document" else value

    sql = render_events("trino", "security-lake", table("security-lake"))
    return [
        {name: normal(name, value) for name, value in zip(event_columns(), row, strict=True)}
        for row in server.rows(sql)
    ]


@pytest.mark.parametrize("overwrites", [True, False], ids=["since-2025", "before"])
@pytest.mark.parametrize("seed", range(200, 200 + max(1, WORLDS // 4)))
def test_events_of_security_lake(server: TrinoServer, seed: int, overwrites: bool) -> None:
    records, _ = lake_world(seed)
    load_cloudtrail(
        server, records, layout="security-lake", schema=SCHEMA, table="security_lake", overwrites=overwrites
    )
    expected = [event_row(lossy(record, overwrites=overwrites)) for record in records]
    assert sorted(map(json.dumps, lake_events(server))) == sorted(
        json.dumps({name: row[name] for name in event_columns()}) for row in expected
    )


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
