"""A schedule at EventBridge Scheduler, without an engine: whole schedules, made once, whatever happens in between."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sqlgen import cli
from sqlgen.errors import UsageError
from sqlgen.objects.base import MARK
from sqlgen.partitions import parse_partition
from sqlgen.profiles import Profile
from sqlgen.schedules.athena import home_start
from sqlgen.schedules.deploy import deploy, remove
from sqlgen.schedules.objects import choose
from sqlgen.schedules.runs import Rhythm
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.tables import TakenError
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import WarehouseError
from tests.engines.athena_endpoint import START_QUERY, AthenaEndpoint, athena_endpoint
from tests.engines.athena_faults import Refusal
from tests.engines.athena_jobs import CannedEngine

ROLE = "arn:aws:iam::123456789012:role/sqlgen"
CONNECTION = {"home_location": "s3://lake/kept", "role": ROLE, "workgroup": "primary"}
PROFILE = Profile(
    "lab", "athena", "logs.cloudtrail", partitions=(parse_partition("timestamp=yyyy/MM/dd"),), connection=CONNECTION
)
NAMES = [
    f"sqlgen-logs-{name}"
    for name in (
        "chain_events-night",
        "chain_events-optimize",
        "chain_events-recent",
        "chain_events-vacuum",
        "schedule_days-optimize",
        "schedule_days-vacuum",
    )
]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def athena(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AthenaEndpoint]:
    with athena_endpoint(engine=CannedEngine()) as endpoint:
        endpoint.lead(monkeypatch)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
        monkeypatch.setattr("sqlgen.warehouses.athena.POLL_SECONDS", 0.02)
        monkeypatch.chdir(tmp_path)
        lines = "\n".join(f'{key} = "{value}"' for key, value in CONNECTION.items())
        Path("sqlgen.toml").write_text(
            '[profiles.lab]\ndialect = "athena"\ntable = "logs.cloudtrail"\npartitions = ["timestamp=yyyy/MM/dd"]\n'
            f"[profiles.lab.connection]\n{lines}\n"
        )
        yield endpoint


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["schedule", "chain_events", *arguments])
        said = capsys.readouterr()
        return int(str(ended.value.code or 0)), said.out, said.err

    return call


def deployed(profile: Profile = PROFILE, rhythm: Rhythm | None = None, *, dry_run: bool = False) -> dict[str, str]:
    """Deploy chain_events and return what was done to each schedule."""
    with closing(open_warehouse(profile)) as warehouse:
        made = deploy(warehouse, Statements(profile), choose(["chain_events"]), rhythm or Rhythm(), dry_run=dry_run)
        return {item.name: item.action for item in made if item.kind == "schedule"}


def schedules(endpoint: AthenaEndpoint) -> dict[str, Any]:
    return dict(sorted(endpoint.scheduler.schedule_groups["default"].schedules.items()))


def state(endpoint: AthenaEndpoint) -> dict[str, tuple[str, str, str, str]]:
    """Return all that each schedule says."""
    return {
        name: (item.description, item.schedule_expression, item.state, json.dumps(item.target))
        for name, item in schedules(endpoint).items()
    }


def writes(endpoint: AthenaEndpoint) -> list[str]:
    return [one.action for one in endpoint.asked if re.match("scheduler:(Create|Update|Delete)", one.action)]


def test_a_schedule_starts_its_statement_whole_and_once(athena: AthenaEndpoint) -> None:
    assert deployed() == dict.fromkeys(NAMES, "create") and list(schedules(athena)) == NAMES
    recent, night = schedules(athena)[NAMES[2]], schedules(athena)[NAMES[0]]
    assert (recent.schedule_expression, night.schedule_expression) == ("rate(60 minutes)", "cron(15 3 * * ? *)")
    assert recent.state == "ENABLED" and recent.flexible_time_window == {"Mode": "OFF"}
    assert MARK.search(recent.description) and recent.description.startswith("Keeps logs.chain_events: recent.")
    assert (recent.target["Arn"], recent.target["RoleArn"]) == (START_QUERY, ROLE)
    request = json.loads(recent.target["Input"])
    text = request.pop("QueryString")
    assert request == {
        "WorkGroup": "primary",
        "QueryExecutionContext": {"Catalog": "AwsDataCatalog", "Database": "logs"},
        "ClientRequestToken": f"{NAMES[2]}-<aws.scheduler.scheduled-time>",
    }
    assert re.match(
        r"-- sqlgen chain_events recent \[sqlgen \S+ [0-9a-f]{16}\]\nMERGE INTO logs.chain_events AS kept\n", text
    )
    assert "CURRENT_TIMESTAMP" in text and '"timestamp" >= ' in text
    first = athena.fire(NAMES[2], at="2023-07-10T01:00:00Z")
    assert 32 <= len(first.request["ClientRequestToken"]) <= 128
    assert athena.fire(NAMES[2], at="2023-07-10T01:00:00Z") is first, (
        "tried again, an invocation starts no second query"
    )
    assert athena.fire(NAMES[2], at="2023-07-10T02:00:00Z") is not first


def test_a_second_time_nothing_is_written(athena: AthenaEndpoint) -> None:
    deployed()
    done = len(writes(athena))
    assert deployed() == dict.fromkeys(NAMES, "keep") and len(writes(athena)) == done


def test_a_dry_run_changes_nothing_and_shows_what_differs(athena: AthenaEndpoint, run: Run) -> None:
    status, out, _ = run("--deploy", "--dry-run")
    assert status == 0 and out.count("to create") == len(NAMES) + 2 and writes(athena) == []
    deployed()
    status, out, _ = run("--deploy", "--every", "30m", "--dry-run")
    assert status == 0 and "-when: rate(60 minutes)" in out and "+when: rate(30 minutes)" in out
    assert schedules(athena)[NAMES[2]].schedule_expression == "rate(60 minutes)"


def test_another_rhythm_changes_in_place_and_removes_what_is_left_over(athena: AthenaEndpoint) -> None:
    deployed()
    assert deployed(rhythm=Rhythm(timedelta(minutes=30)))[NAMES[2]] == "replace"
    assert schedules(athena)[NAMES[2]].schedule_expression == "rate(30 minutes)"
    assert deployed(rhythm=Rhythm(timedelta(days=1)))[NAMES[2]] == "drop"
    assert NAMES[2] not in schedules(athena)


def test_what_was_switched_off_or_changed_by_hand_is_put_right(athena: AthenaEndpoint) -> None:
    deployed()
    whole = state(athena)
    schedules(athena)[NAMES[0]].state = "DISABLED"
    schedules(athena)[NAMES[2]].target["Input"] = "x"
    done = deployed()
    assert [name for name, action in done.items() if action == "replace"] == [NAMES[2], NAMES[0]]
    assert state(athena) == whole


def test_somebody_elses_schedule_is_left_and_named(athena: AthenaEndpoint) -> None:
    target = {"Arn": START_QUERY, "RoleArn": ROLE, "Input": "{}"}
    client = athena.client("scheduler")
    for name in (NAMES[2], "sqlgen-logs-mine", "sqlgen-other-chain_events-recent"):
        client.create_schedule(
            Name=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )
    theirs = state(athena)
    with pytest.raises(TakenError, match=f"{NAMES[2]}: somebody else's schedule has that name"):
        deployed()
    assert state(athena) == theirs and not athena.executions
    client.delete_schedule(Name=NAMES[2])
    deployed()
    with closing(open_warehouse(PROFILE)) as warehouse:
        list(remove(warehouse, Statements(PROFILE), choose([])))
    assert list(schedules(athena)) == ["sqlgen-logs-mine", "sqlgen-other-chain_events-recent"]


def test_many_schedules_are_paged(athena: AthenaEndpoint) -> None:
    target = {"Arn": START_QUERY, "RoleArn": ROLE, "Input": "{}"}
    for number in range(120):
        athena.client("scheduler").create_schedule(
            Name=f"sqlgen-logs-a{number:03}", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )  # fmt: skip
    deployed()
    assert set(deployed().values()) == {"keep"}


def test_a_long_home_has_a_short_name_of_its_own() -> None:
    homes = [Statements(replace(PROFILE, home="security_" * 6 + end)) for end in ("a", "b")]
    starts = [home_start(statements) for statements in homes]
    assert starts[0] != starts[1] and all(len(f"{start}session_summary-optimize") <= 64 for start in starts)


def test_a_statement_that_is_too_long_is_refused_before_anything_is_made(athena: AthenaEndpoint) -> None:
    regions = ",".join(f"region-{number:06}" for number in range(10_300))
    with pytest.raises(
        WarehouseError, match=r"has \d{3},\d{3} bytes, a schedule takes 262,144: name fewer partition values"
    ):
        deployed(replace(PROFILE, partitions=(parse_partition(f"region={regions}"),)))
    assert writes(athena) == [] and not athena.executions


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("role", r"set connection.role \(or --role\) to the ARN of the role .* --emit cloudformation` makes one"),
        ("home_location", r"set connection.home_location to s3://bucket/prefix"),
    ],
)
def test_what_the_profile_does_not_say(athena: AthenaEndpoint, missing: str, message: str) -> None:
    connection = {key: value for key, value in CONNECTION.items() if key != missing}
    with pytest.raises(UsageError, match=message):
        deployed(replace(PROFILE, connection=connection))
    with pytest.raises(UsageError, match=r"not 'sqlgen'"):
        deployed(replace(PROFILE, connection={**CONNECTION, "role": "sqlgen"}))


def test_how_it_stands(athena: AthenaEndpoint, run: Run) -> None:
    run("--deploy")
    athena.fire(NAMES[2])
    for reason in ("HIVE_BAD_DATA: Malformed \x1b[31mpage", "ICEBERG_COMMIT_ERROR: Failed to commit"):
        athena.faults.course(("RUNNING", 10), reason=reason)
        athena.fire(NAMES[2])
    schedules(athena)[NAMES[0]].state = "DISABLED"
    status, out, err = run("--status", "--format", "json")
    told = {row["name"]: row for row in json.loads(out)}
    assert status == 0 and list(told) == ["logs.chain_events", *(name for name in NAMES if "days" not in name)]
    assert told["logs.chain_events"]["state"] == "missing"
    assert told[NAMES[2]] | {"last_run": ""} == {
        "kind": "schedule", "name": NAMES[2], "state": "on", "runs": "rate(60 minutes)", "newest": None, "last_run": "",
        "lag_minutes": None, "rows": None, "failed_runs": 2, "last_result": "failed",
    }  # fmt: skip
    assert (told[NAMES[0]]["state"], told[NAMES[0]]["last_run"]) == ("off", None)
    assert f"{NAMES[2]}: 2 of the last 3 runs failed, the last " in err
    assert "ICEBERG_COMMIT_ERROR: Failed to commit" in err and "\x1b" not in err


def test_what_athena_takes_no_comment_before_has_none_and_its_runs_are_found_all_the_same(
    athena: AthenaEndpoint, run: Run
) -> None:
    run("--deploy")
    texts = [json.loads(item.target["Input"])["QueryString"] for item in schedules(athena).values()]
    assert [text.split()[0] for text in texts] == ["--", "OPTIMIZE", "--", "VACUUM", "OPTIMIZE", "VACUUM"]
    assert [one.request["QueryString"].split()[0] for one in athena.executions][:2] == ["CREATE", "CREATE"]
    athena.fire(NAMES[1])
    athena.faults.course(("RUNNING", 10), reason="ICEBERG_VACUUM_MORE_RUNS_NEEDED: Removed 1000 files, more to go")
    athena.fire(NAMES[3])
    told = {row["name"]: row for row in json.loads(run("--status", "--format", "json")[1])}
    assert [(told[name]["last_result"], told[name]["failed_runs"]) for name in (NAMES[1], NAMES[3])] == [
        ("succeeded", 0)
    ] * 2


def test_what_cannot_be_started_goes_to_the_queue_that_the_profile_names(athena: AthenaEndpoint) -> None:
    deployed()
    queue = "arn:aws:sqs:eu-west-1:123456789012:sqlgen-dead-letters"
    profile = replace(PROFILE, connection={**CONNECTION, "dead_letter_queue": queue})
    assert deployed(profile) == dict.fromkeys(NAMES, "replace") and deployed(profile) == dict.fromkeys(NAMES, "keep")
    assert {item.target["DeadLetterConfig"]["Arn"] for item in schedules(athena).values()} == {queue}


def test_a_schedule_that_was_due_and_never_started_is_told_of(athena: AthenaEndpoint, run: Run) -> None:
    run("--deploy")
    assert "no run found" not in run("--status", "--format", "json")[1]
    for name in (NAMES[0], NAMES[2]):  # by the night and by the hour: of three hours ago only the second was due
        schedules(athena)[name].last_modified_date -= 3 * 3600
    _, out, err = run("--status", "--format", "json")
    assert [row["name"] for row in json.loads(out) if row["last_result"] == "no run found"] == [NAMES[2]]
    assert f"{NAMES[2]}: it was due, and none of the workgroup's last queries is a run of it" in err


def test_nothing_is_scheduled(athena: AthenaEndpoint, run: Run) -> None:
    status, out, err = run("--status")
    assert status == 0 and "missing" in out and "nothing is scheduled: `sqlgen schedule --deploy` does it" in err


def test_what_is_denied_is_named_in_one_line_and_a_second_run_goes_on(athena: AthenaEndpoint, run: Run) -> None:
    athena.faults.deny("scheduler:CreateSchedule", "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/x")
    status, out, err = run("--deploy")
    assert status == 1 and out.count("created") == 2 and err.count("\n") == 1
    assert "AWS denies scheduler:CreateSchedule on arn:aws:scheduler:" in err
    athena.faults.clear()
    athena.faults.plant("scheduler:CreateSchedule", Refusal("ExpiredTokenException", "expired"), skip=2)
    status, out, err = run("--deploy")
    assert status == 1 and "the AWS credentials have expired" in err
    athena.faults.clear()
    assert run("--deploy")[0] == 0 and list(schedules(athena)) == NAMES


def test_throttling_is_waited_out(athena: AthenaEndpoint) -> None:
    athena.faults.throttle("scheduler:CreateSchedule", times=2)
    athena.faults.throttle("scheduler:ListSchedules", times=1)
    assert deployed() == dict.fromkeys(NAMES, "create")


def killed(endpoint: AthenaEndpoint, action: str, skip: int, *arguments: str) -> None:
    """Run `sqlgen schedule` and kill it when it has sent a request of an action, which is carried out all the same."""
    command = [sys.executable, "-m", "sqlgen", "schedule", "chain_events", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    endpoint.faults.plant(action, lambda: os.kill(process.pid, signal.SIGKILL), times=1, skip=skip)
    assert process.wait() == -signal.SIGKILL
    endpoint.faults.clear()


@pytest.mark.parametrize(
    ("action", "skip"),
    [("athena:StartQueryExecution", 1), ("scheduler:CreateSchedule", 0), ("scheduler:CreateSchedule", 3)],
)
def test_killed_while_it_deploys_a_second_run_comes_to_the_same_end(
    athena: AthenaEndpoint, action: str, skip: int
) -> None:
    deployed()
    whole = state(athena)
    athena.scheduler.schedule_groups["default"].schedules.clear()
    killed(athena, action, skip, "--deploy")
    assert set(deployed().values()) <= {"create", "keep"}
    assert state(athena) == whole


def test_killed_while_it_removes_a_second_run_removes_the_rest(athena: AthenaEndpoint, run: Run) -> None:
    deployed()
    killed(athena, "scheduler:DeleteSchedule", 1, "--remove")
    assert schedules(athena)
    status, _, err = run("--remove")
    assert status == 0 and "tables stay, with what they hold: logs.chain_events; DROP TABLE removes them" in err
    assert [name for name in schedules(athena) if "chain" in name] == []
