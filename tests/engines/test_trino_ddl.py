"""Trino's DDL, run: a table over delivery files as a trail leaves them, and a log that answers like them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sqlgen.ddl import Definition, Delivery, define
from sqlgen.demo import DemoStory, write_demo
from sqlgen.dialects import load_layout
from sqlgen.partitions import parse_partition
from sqlgen.renderer import Rendered, render
from sqlgen.runner import run
from tests.engines.trino_server import TrinoServer
from tests.normalise import normal_rows

pytestmark = pytest.mark.trino
SCHEMA = "hive.ddl_test"
PLACE = "ddl_test"
OF_THE_DEMO = "\"timestamp\" BETWEEN '2021/08/26' AND '2021/08/28'"
DAY = ("2021-08-27T00:00:00Z", "2021-08-28T00:00:00Z")


def rows(trino: TrinoServer, sql: str) -> list[list[Any]]:
    connection = trino.connect()
    try:
        cursor = connection.cursor()
        # local folders are real ones, in a bucket a prefix without objects is just empty
        cursor.execute("SET SESSION hive.ignore_absent_partitions = true").fetchall()
        return list(cursor.execute(sql).fetchall())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def story(trino: TrinoServer) -> Iterator[DemoStory]:
    folder = trino.data / PLACE
    shutil.rmtree(folder, ignore_errors=True)
    yield write_demo(folder)
    shutil.rmtree(folder)


def made(trino: TrinoServer, table: str, bucket: str, organization: str | None, *accounts: str) -> Definition:
    """Run the DDL for deliveries under `bucket` and return it."""
    delivery = Delivery(
        table=f"{SCHEMA}.{table}",
        bucket=bucket,
        accounts=accounts,
        organization=organization,
        since=date(2021, 8, 1),
    )
    defined = define("trino", None, delivery)
    assert not defined.missing
    trino.rows(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    trino.rows(f"DROP VIEW IF EXISTS {SCHEMA}.{table}")
    trino.rows(f"DROP TABLE IF EXISTS {SCHEMA}.{table}_files")
    for statement in re.split(r";\n", defined.sql):
        if statement.strip():
            trino.rows(statement)
    return defined


def rendered(defined: Definition, query: str, parameters: dict[str, Any]) -> Rendered:
    return render(
        query,
        dialect="trino",
        layout=defined.layout,
        table=defined.table,
        parameters=parameters,
        partitions=[parse_partition(text) for text in defined.partitions],
        markers=False,
        window_from=DAY[0],
        window_to=DAY[1],
    )


def test_a_log_over_delivery_files_answers_like_them(trino: TrinoServer, story: DemoStory) -> None:
    defined = made(trino, "trail", f"local:///{PLACE}", None, *story.accounts)
    for query, parameters in (
        ("identity-chain", {"access_key": story.alert_key, "direction": "both"}),
        ("session-summary", {"access_key": [story.alert_key]}),
        ("console-keys", {}),
        ("issuances", {}),
        ("session-events", {"access_key": [story.alert_key]}),
    ):
        text = rendered(defined, query, parameters)
        names = [column.name for column in text.columns]
        found = [dict(zip(names, row, strict=True)) for row in rows(trino, text.sql)]
        expected = run(query, sources=[story.folder], parameters=parameters, window_from=DAY[0], window_to=DAY[1]).rows
        assert found and normal_rows(text.columns, found) == normal_rows(text.columns, expected), query


def test_only_the_windows_days_are_read(trino: TrinoServer, story: DemoStory) -> None:
    defined = made(trino, "trail_days", f"local:///{PLACE}", None, *story.accounts)
    text = rendered(defined, "session-summary", {})
    [[plan]] = rows(trino, f"EXPLAIN (TYPE IO, FORMAT JSON) {text.sql}")
    [table] = json.loads(plan)["inputTableColumnInfos"]
    [days] = [
        limit["domain"]["ranges"]
        for limit in table["constraint"]["columnConstraints"]
        if limit["columnName"] == "timestamp"
    ]
    seen = sorted(value["low"]["value"] for value in days)
    # the slack before it is for credentials issued earlier, the day behind it for late delivery
    assert seen[0] >= "2021/08/25" and seen[-1] <= "2021/08/29"


def test_the_trail_of_an_organization(trino: TrinoServer, story: DemoStory, tmp_path: Path) -> None:
    organization = "o-exampleorgid"
    below = trino.data / PLACE / "org" / "AWSLogs" / organization
    for account in story.accounts:
        shutil.copytree(story.folder / "AWSLogs" / account, below / account)
    defined = made(trino, "org_trail", f"local:///{PLACE}/org", organization, *story.accounts)
    counted = rows(
        trino,
        f"SELECT account, COUNT(DISTINCT eventid) FROM {defined.table} WHERE {OF_THE_DEMO} GROUP BY account ORDER BY account",
    )
    assert [account for account, _ in counted] == sorted(story.accounts)
    assert sum(count for _, count in counted) == story.events


def test_one_account_needs_no_column_for_it(trino: TrinoServer, story: DemoStory) -> None:
    defined = made(trino, "one_account", f"local:///{PLACE}", None, story.accounts[0])
    described = {name: kind for name, kind, *_ in rows(trino, f"DESCRIBE {defined.table}")}
    layout = [name for name, _ in load_layout("trino", "cloudtrail").columns]
    assert list(described) == [*layout, "region", "timestamp"]
    assert rows(trino, f"SELECT DISTINCT recipientaccountid FROM {defined.table} WHERE {OF_THE_DEMO}") == [
        [story.accounts[0]]
    ]
