"""What `save` keeps at Athena, called on the real engine: the rows of the question itself, from the window's partitions alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sqlgen.answers import ask
from sqlgen.demo import write_demo
from sqlgen.partitions import parse_partition
from sqlgen.profiles import Profile
from sqlgen.queries import Form, load_query, query_names
from sqlgen.saving import save
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.athena import AthenaWarehouse
from sqlgen.warehouses.base import Row, WarehouseError
from tests import reference
from tests.engines.athena_endpoint import AthenaEndpoint
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import load_cloudtrail
from tests.logs import read_logs
from tests.worlds import build

pytestmark = pytest.mark.trino

SCHEMA = "athena_saved"
PROFILE = Profile("lab", "athena", f"{SCHEMA}.cloudtrail", partitions=(parse_partition("timestamp=yyyy/MM/dd"),))
BEGIN, END = datetime(2023, 7, 10), datetime(2023, 7, 11)
WINDOW = {"window_from": "2023-07-10T00:00:00Z", "window_to": "2023-07-11 00:00:00"}
RECORDS = build(1, 24, 0)


@pytest.fixture(scope="module")
def log(trino: TrinoServer) -> None:
    load_cloudtrail(trino, RECORDS, layout="cloudtrail", schema=SCHEMA, table="cloudtrail")


@pytest.fixture
def warehouse(athena: AthenaEndpoint, log: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[AthenaWarehouse]:
    monkeypatch.setattr("sqlgen.warehouses.athena.POLL_SECONDS", 0.05)
    opened = open_warehouse(PROFILE)
    assert isinstance(opened, AthenaWarehouse)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def values() -> Mapping[str, str]:
    """Return a value of the window for each parameter."""
    read = [
        event for event in reference.events.read_events(RECORDS) if event.event_time and BEGIN <= event.event_time < END
    ]
    used = next(event for event in read if event.access_key_id and event.session_id)
    login = next(event for event in read if event.is_sign_in)
    found = {
        "access_key": used.access_key_id, "session_id": used.session_id, "arn": "arn:aws:*", "source_ip": "*",
        "login_event_id": login.event_id,
    }  # fmt: skip
    return {name: str(value) for name, value in found.items()}


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def called(warehouse: AthenaWarehouse, sql: str, *given: str) -> list[Row]:
    with warehouse.query(sql, given) as answer:
        return list(answer.rows)


def expected(warehouse: AthenaWarehouse, query: str, form: Form, values: Mapping[str, str]) -> list[Row]:
    """Return what `run` answers, arrays as Athena writes them."""
    asked: dict[str, Any] = {name: values[name] for name in form.takes} | dict(form.choices)
    with ask(query, PROFILE, parameters=asked, window_from=BEGIN, window_to=END, warehouse=warehouse) as answer:
        return [
            {name: f"[{', '.join(value)}]" if isinstance(value, list) else value for name, value in row.items()}
            for row in answer.rows
        ]


@pytest.mark.parametrize("query", [name for name in query_names() if load_query(name).forms])
def test_what_is_saved_answers_as_the_question_does(
    athena: AthenaEndpoint, warehouse: AthenaWarehouse, values: Mapping[str, str], query: str
) -> None:
    assert {item.outcome for item in save([query], PROFILE, warehouse=warehouse)} == {"created"}
    texts = {kept.name: kept.query_string for kept in athena.saved.backend.named_queries.values()}
    found = 0
    for form in load_query(query).forms:
        given = [values[name] for name in form.takes] + list(WINDOW.values())
        rows = expected(warehouse, query, form, values)
        execute = f"EXECUTE sqlgen_{form.name} USING {', '.join(map(literal, given))}"
        assert called(warehouse, execute) == rows, form.name
        found += bool(rows)
    # the same text, as the console starts it
    first = load_query(query).forms[0]
    given = [values[name] for name in first.takes] + list(WINDOW.values())
    assert called(warehouse, texts[f"sqlgen_{first.name}"], *given) == expected(warehouse, query, first, values)
    started = athena.actions("athena:StartQueryExecution")[-2]
    assert started["ExecutionParameters"] == [literal(value) for value in given]
    assert found or query == "recycled-keys"


def test_a_window_reads_its_partitions_alone(
    athena: AthenaEndpoint, warehouse: AthenaWarehouse, values: Mapping[str, str]
) -> None:
    list(save(["session-events", "identity-chain"], PROFILE, warehouse=warehouse))
    read = {}
    for name in ("session_events_by_session_id", "identity_chain"):
        takes = "session_id" if name.endswith("session_id") else "access_key"
        for window in (
            ("2023-07-01", "2023-08-01"),
            ("2023-07-10", "2023-07-11"),
            ("2031-01-01T00:00:00Z", "2031-01-02"),
        ):
            given = ", ".join(map(literal, (values[takes], *window)))
            called(warehouse, f"EXECUTE sqlgen_{name} USING {given}")
            read[window] = athena.executions[-1].scanned
        whole, day, nothing = read.values()
        assert nothing == 0 < day < whole, (name, read)


def test_the_page_s_statement_finds_the_demo_s_origin(
    trino: TrinoServer, warehouse: AthenaWarehouse, tmp_path: Path
) -> None:
    story = write_demo(tmp_path)
    records = read_logs(story.deliveries)
    load_cloudtrail(trino, records, layout="cloudtrail", schema=SCHEMA, table="demo")
    list(save(["identity-chain"], replace(PROFILE, table=f"{SCHEMA}.demo"), warehouse=warehouse))
    page = (Path(__file__).parents[2] / "docs" / "save.md").read_text()
    (statement,) = re.findall(r"^```sql\n(EXECUTE .*?)\n```$", page, re.MULTILINE | re.DOTALL)
    chain = called(warehouse, statement)
    assert [row["access_key_id"] for row in chain] == list(reversed(story.chain))
    assert chain[-1]["origin"] == "long-term-key"


@pytest.mark.parametrize("time", ["2023-07-10T00:00:00+02:00", "2023-07-10 00:00:00 +02:00", "yesterday", ""])
def test_a_time_that_is_not_in_utc_is_refused_and_not_misread(warehouse: AthenaWarehouse, time: str) -> None:
    list(save(["issuances"], PROFILE, warehouse=warehouse))
    with pytest.raises(WarehouseError, match="INVALID_CAST_ARGUMENT"):
        called(warehouse, f"EXECUTE sqlgen_issuances USING {literal(time)}, '2023-07-11'")
