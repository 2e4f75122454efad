"""A schedule in Athena, its SQL on the real engine: deployed, fired, asked, filled in behind, killed, removed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sqlgen import cli
from sqlgen.answers import ask
from sqlgen.partitions import parse_partition
from sqlgen.profiles import Profile
from sqlgen.renderer import render
from sqlgen.schedules.backfill import backfill
from sqlgen.schedules.objects import CHAIN_EVENTS, SESSIONS
from sqlgen.schedules.runs import Rhythm, runs
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.tables import make
from sqlgen.warehouses import open_warehouse
from tests.engines.athena_endpoint import AthenaEndpoint
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import load_cloudtrail
from tests.worlds import assumed, session, stamp, user

pytestmark = pytest.mark.trino

SCHEMA = "athena_schedule"
TABLES = ("chain_events", "sessions", "session_summary", "schedule_days")
CONNECTION = {"home_location": "s3://lake/kept", "role": "arn:aws:iam::123456789012:role/sqlgen"}
PARTITION = "timestamp=yyyy/MM/dd"
PROFILE = Profile(
    "lab", "athena", f"{SCHEMA}.cloudtrail", partitions=(parse_partition(PARTITION),), connection=CONNECTION
)
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
YESTERDAY = datetime.combine(NOW.date() - timedelta(days=1), datetime.min.time()) + timedelta(hours=12)
Run = Callable[..., tuple[int, str, str]]


def story() -> list[dict[str, Any]]:
    """Return a chain of yesterday: alice's key, the role that she took, what the role did; and a call of today."""
    principal, arn = assumed("111111111111", "admin", "s1")
    role = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": "111111111111"}
    alice = session(user("alice"), "AKIAALICE", None)
    answer = {"credentials": {"accessKeyId": "ASIAROLE", "expiration": stamp(YESTERDAY + timedelta(hours=1))}}
    answer["assumedRoleUser"] = {"assumedRoleId": principal, "arn": arn}
    calls: list[tuple[datetime, str, str, Any, dict[str, Any]]] = [
        (YESTERDAY, "sts", "AssumeRole", alice, {"responseElements": answer, "requestParameters": {"roleArn": "x"}}),
        *(
            (YESTERDAY + timedelta(seconds=60 + n), "s3", "GetObject", session(role, "ASIAROLE", YESTERDAY), {})
            for n in range(5)
        ),
        (YESTERDAY + timedelta(minutes=2), "s3", "PutObject", session(role, "ASIAROLE", YESTERDAY), {}),
        (NOW - timedelta(seconds=1), "s3", "ListBuckets", alice, {}),
    ]
    return [
        {
            "eventID": f"e{number}", "eventTime": stamp(moment), "eventSource": f"{source}.amazonaws.com", "eventName": name,
            "awsRegion": "us-east-1", "userIdentity": identity, "recipientAccountId": "111111111111", **fields,
        }
        for number, (moment, source, name, identity, fields) in enumerate(calls)
    ]  # fmt: skip


@pytest.fixture
def log(
    trino: TrinoServer, athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[AthenaEndpoint]:
    monkeypatch.setattr("sqlgen.warehouses.athena.POLL_SECONDS", 0.05)
    monkeypatch.chdir(tmp_path)
    lines = "\n".join(f'{key} = "{value}"' for key, value in CONNECTION.items())
    Path("sqlgen.toml").write_text(
        f'[profiles.lab]\ndialect = "athena"\ntable = "{SCHEMA}.cloudtrail"\npartitions = ["{PARTITION}"]\n'
        f"[profiles.lab.connection]\n{lines}\n"
    )
    drop(trino)
    load_cloudtrail(trino, story(), layout="cloudtrail", schema=SCHEMA, table="cloudtrail")
    yield athena
    drop(trino)


def drop(trino: TrinoServer) -> None:
    for name in TABLES:
        trino.rows(f"DROP TABLE IF EXISTS iceberg.{SCHEMA}.{name}")
    trino.rows(f"CREATE SCHEMA IF NOT EXISTS hive.{SCHEMA}")
    trino.rows(f"DROP VIEW IF EXISTS hive.{SCHEMA}.issuances")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        said = capsys.readouterr()
        return int(str(ended.value.code or 0)), said.out, said.err

    return call


def content(trino: TrinoServer, table: str) -> tuple[list[list[Any]], int]:
    """Return the rows of a kept table, and how many states it has had."""
    rows = trino.rows(f"SELECT * FROM iceberg.{SCHEMA}.{table}")
    states = trino.rows(f'SELECT COUNT(*) FROM iceberg.{SCHEMA}."{table}$snapshots"')
    return sorted(rows, key=repr), int(states[0][0])


def test_from_nothing_to_a_scheduled_table_that_answers(trino: TrinoServer, log: AthenaEndpoint, run: Run) -> None:
    status, out, err = run("schedule", "--deploy")
    assert status == 0, err
    assert [line.split()[:3] for line in out.splitlines()][:5] == [
        *(["created", "table", f"{SCHEMA}.{name}"] for name in TABLES),
        ["created", "view", f"{SCHEMA}.issuances"],
    ]
    assert f'put edges = "{SCHEMA}.chain_events" into profile lab' in err
    status, out, _ = run("schedule", "--deploy")
    assert status == 0 and {line.split()[0] for line in out.splitlines()} == {"unchanged", "replaced"}
    for name, rows in (("chain_events", 3), ("sessions", 2), ("session_summary", 3)):
        fired = log.fire(f"sqlgen-{SCHEMA}-{name}-night")
        assert (fired.state, fired.job.updated) == ("SUCCEEDED", rows), fired.reason
        before = content(trino, name)
        assert log.fire(f"sqlgen-{SCHEMA}-{name}-night").job.updated == 0
        assert content(trino, name) == before
    assert trino.rows(f"SELECT event_name, issued_access_key_id FROM hive.{SCHEMA}.issuances") == [
        ["AssumeRole", "ASIAROLE"]
    ]
    assert trino.rows(f"SELECT calls, kind FROM iceberg.{SCHEMA}.sessions ORDER BY 1") == [
        [1, "long-term-key"],
        [6, "role"],
    ]
    edges = replace(PROFILE, edges=f"{SCHEMA}.chain_events")
    asked = {"access_key": "ASIAROLE", "direction": "both"}
    window = {"window_from": YESTERDAY - timedelta(hours=2), "window_to": YESTERDAY + timedelta(hours=2)}
    with ask("identity-chain", edges, parameters=asked, **window) as kept:  # type: ignore[arg-type]
        over_kept = list(kept.rows)
    with ask("identity-chain", PROFILE, parameters=asked, **window) as whole:  # type: ignore[arg-type]
        assert list(whole.rows) == over_kept and [row["access_key_id"] for row in over_kept] == [
            "ASIAROLE",
            "AKIAALICE",
        ]
    assert kept.read_from == f"{SCHEMA}.chain_events"
    for kind in ("optimize", "vacuum"):
        assert log.fire(f"sqlgen-{SCHEMA}-chain_events-{kind}").state == "SUCCEEDED"
    status, out, _ = run("schedule", "--status", "--format", "json")
    told = {row["name"]: row for row in json.loads(out)}
    assert told[f"sqlgen-{SCHEMA}-sessions-night"]["last_result"] == "succeeded"
    assert told[f"{SCHEMA}.chain_events"]["rows"] == 3 and 0 <= told[f"{SCHEMA}.chain_events"]["lag_minutes"] < 60
    status, out, err = run("schedule", "--remove")
    assert status == 0 and f"removed     view      {SCHEMA}.issuances" in out and "tables stay" in err
    assert not log.scheduler.schedule_groups["default"].schedules
    assert len(content(trino, "chain_events")[0]) == 3


def test_the_newest_run_reads_the_partitions_of_its_window_alone(trino: TrinoServer, log: AthenaEndpoint) -> None:
    now = datetime.now(UTC)
    for table, run_name, days in ((CHAIN_EVENTS, "recent", 1 if now.hour >= 3 else 2), (SESSIONS, "night", 4)):
        span = next(item.span for item in runs(table, Rhythm()) if item.name == run_name)
        assert not isinstance(span.start, datetime) and not isinstance(span.end, datetime)
        text = render(
            table.query,
            dialect="trino",
            table=f"hive.{SCHEMA}.cloudtrail",
            moving=(span.start, span.end),
            look_back_hours=span.look_back_hours,
            partitions=PROFILE.partitions,
            markers=False,
        ).sql
        load_cloudtrail(
            trino,
            [
                {**story()[-1], "eventID": f"d{back}", "eventTime": stamp(NOW - timedelta(days=back))}
                for back in range(7)
            ],
            layout="cloudtrail",
            schema=SCHEMA,
            table="cloudtrail",
        )
        plan = json.loads(trino.rows(f"EXPLAIN (TYPE IO, FORMAT JSON) {text}")[0][0])
        columns = plan["inputTableColumnInfos"][0]["constraint"]["columnConstraints"]
        ranges = next(item["domain"]["ranges"] for item in columns if item["columnName"] == "timestamp")
        assert len(ranges) <= days < 7, (table.name, ranges)


def killed(endpoint: AthenaEndpoint, skip: int, *arguments: str) -> None:
    """Run `sqlgen schedule` and kill it when it has sent a statement, which goes on all the same."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-m", "sqlgen", "schedule", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    begun = len(endpoint.executions)
    endpoint.faults.plant(
        "athena:StartQueryExecution", lambda: os.kill(process.pid, signal.SIGKILL), times=1, skip=skip
    )
    assert process.wait() == -signal.SIGKILL
    endpoint.faults.clear()
    for execution in endpoint.executions[begun:]:
        endpoint.wait(execution.id)


@pytest.mark.parametrize("statements", [1, 4])
def test_killed_while_tables_are_made_a_second_run_makes_the_rest(
    trino: TrinoServer, log: AthenaEndpoint, run: Run, statements: int
) -> None:
    killed(log, statements, "--deploy")
    status, out, err = run("schedule", "--deploy")
    assert status == 0, err
    assert "created" in out and all(content(trino, name)[0] == [] for name in TABLES)
    assert trino.rows(f"SELECT COUNT(*) FROM hive.{SCHEMA}.issuances") == [[0]]


def test_killed_while_a_day_is_filled_in_a_second_run_comes_to_the_same_end(
    trino: TrinoServer, log: AthenaEndpoint, run: Run
) -> None:
    days = [str((YESTERDAY + timedelta(days=shift)).date()) for shift in (-1, 1)]
    assert run("schedule", "sessions", "--deploy")[0] == 0
    begun = len(log.executions)
    killed(log, 2, "sessions", "--backfill", *days)
    assert any("MERGE INTO" in execution.request["QueryString"] for execution in log.executions[begun:])
    status, _, err = run("schedule", "sessions", "--backfill", *days)
    assert status == 0, err
    rows, _ = content(trino, "sessions")
    assert [str(row[0]) for row in rows] == [str(YESTERDAY.date())] * 2
    with closing(open_warehouse(PROFILE)) as warehouse:
        statements = Statements(PROFILE)
        assert {item.action for item in make(warehouse, statements, [SESSIONS])} == {"keep"}
        first, last = (datetime.fromisoformat(day).date() for day in days)
        again = list(backfill(warehouse, statements, [SESSIONS], first, last))
    assert [step.was_done for step in again] == [False, True], "yesterday may get events still"
    assert content(trino, "sessions")[0] == rows


def test_a_table_gets_the_columns_of_a_later_version(trino: TrinoServer, log: AthenaEndpoint, run: Run) -> None:
    assert run("schedule", "sessions", "--deploy")[0] == 0
    for name in ("on_behalf_of", "user_agents"):
        trino.rows(f"ALTER TABLE iceberg.{SCHEMA}.sessions DROP COLUMN {name}")
    status, out, _ = run("schedule", "sessions", "--deploy")
    assert status == 0 and "new columns: user_agents, on_behalf_of" in out
    assert log.fire(f"sqlgen-{SCHEMA}-sessions-night").job.updated == 2


def test_what_is_asked_of_aws_is_within_the_rights_of_the_command(
    trino: TrinoServer, log: AthenaEndpoint, run: Run
) -> None:
    def granted(command: str) -> set[str]:
        status, out, err = run("grants", "--profile", "lab", "--command", command)
        assert status == 0, err
        statements = json.loads(out)["Statement"]
        return {action for statement in statements for action in statement["Action"]}

    schedule, scheduled = granted("schedule"), granted("scheduled")
    days = [str((YESTERDAY + timedelta(days=shift)).date()) for shift in (0, 1)]
    asked: set[str] = set()
    for arguments in (
        ("--deploy",),
        ("--deploy", "--every", "15m"),
        ("--backfill", *days),
        ("--status",),
        ("--remove",),
    ):
        log.asked.clear()
        status, _, err = run("schedule", "chain_events", *arguments)
        assert status == 0, err
        now = {one.action for one in log.asked}
        assert now <= schedule, arguments
        asked |= now
        if arguments == ("--deploy",):
            log.asked.clear()
            assert log.fire(f"sqlgen-{SCHEMA}-chain_events-recent").state == "SUCCEEDED"
            assert {one.action for one in log.asked} == {one for one in scheduled if one.startswith("athena:Start")}
    # and nothing is granted of these services that is not asked, but what Athena itself looks up for a query, and what stops one
    own = ("athena:", "scheduler:")
    looked_up = {"athena:GetDataCatalog", "athena:GetWorkGroup"}
    assert {one for one in schedule if one.startswith(own)} == asked | looked_up | {"athena:StopQueryExecution"}
    assert {one for one in scheduled if one.startswith(own)} == {"athena:StartQueryExecution", "athena:GetDataCatalog"}
