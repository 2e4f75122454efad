"""Athena's jobs: EventBridge Scheduler calls StartQueryExecution with the whole statement, by a role that may do that and no more.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlgen.errors import UsageError
from sqlgen.objects.base import Kept, SavedObject
from sqlgen.profiles import Profile
from sqlgen.schedules.history import LINE, RUNS_SHOWN, PastRun
from sqlgen.schedules.jobs import Job
from sqlgen.schedules.runs import Rate
from sqlgen.schedules.statements import Statements
from sqlgen.warehouses.athena import LONGEST_STATEMENT, AthenaWarehouse
from sqlgen.warehouses.athena_errors import ERRORS, aws_error, explain
from sqlgen.warehouses.base import WarehouseError

KIND = "schedule"
TARGET = "arn:{partition}:scheduler:::aws-sdk:athena:startQueryExecution"
ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html, API_Target.html
LONGEST_NAME = 64
LONGEST_HOME = LONGEST_NAME - len("sqlgen--session_summary-optimize")
LONGEST_DESCRIPTION = 512
LONGEST_INPUT = 262_144
ONCE = "<aws.scheduler.scheduled-time>"
"""Names an invocation, so that one that is tried again starts no second query; an execution id is each attempt's own
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html)."""
RETRIES = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5}
MORE_TO_VACUUM = "ICEBERG_VACUUM_MORE_RUNS_NEEDED"
"""How a VACUUM ends that removed what one run may: the next goes on (https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html)."""
PAGE = 50
MOST_PAGES = 20
GRACE = timedelta(hours=1)
"""How much later than it is due a run may begin (`RETRIES`)."""


def workgroup_of(profile: Profile) -> str:
    """Return the workgroup that a profile's statements run in."""
    return str(profile.connection.get("workgroup") or os.environ.get("AWS_ATHENA_WORK_GROUP") or "primary")


def role_of(profile: Profile) -> str:
    """Return the ARN of the role by which the scheduler runs statements; UsageError where the profile names none."""
    role = str(profile.connection.get("role") or "")
    if not ROLE.fullmatch(role):
        raise UsageError(
            f"profile {profile.name}: set connection.role (or --role) to the ARN of the role by which EventBridge Scheduler runs statements, "
            f"arn:aws:iam::ACCOUNT:role/NAME{f', not {role!r}' if role else ''}; `sqlgen schedule --emit cloudformation` makes one"
        )
    return role


def database_of(statements: Statements) -> str:
    """Return the database of the profile's home."""
    return str(statements.place("").db or "default")


def home_start(statements: Statements) -> str:
    """Return what the names of all schedules of a home begin with."""
    home = re.sub(r"[^0-9a-zA-Z_.-]", "-", database_of(statements))
    if len(home) > LONGEST_HOME:
        home = f"{home[: LONGEST_HOME - 7]}-{hashlib.sha256(home.encode()).hexdigest()[:6]}"
    return f"sqlgen-{home}-"


def name_of(statements: Statements, table: str, job: str = "") -> str:
    """Return the name of a schedule; without a job what the names of all of a table's begin with."""
    return f"{home_start(statements)}{table}-{job}"


def expression(rate: Rate) -> str:
    """Return when something runs, in the scheduler's words."""
    return f"rate({rate.minutes} minutes)" if rate.minutes else f"cron({rate.at.minute} {rate.at.hour} * * ? *)"


def schedule(statements: Statements, job: Job, role: str, partition: str) -> dict[str, Any]:
    """Return a job as CreateSchedule takes it, without its description; WarehouseError where it is too long."""
    profile = statements.profile
    name = name_of(statements, job.table, job.name)
    request: dict[str, Any] = {
        "QueryString": job.statement.text,
        "WorkGroup": workgroup_of(profile),
        "QueryExecutionContext": {
            "Catalog": str(profile.connection.get("catalog") or "AwsDataCatalog"),
            "Database": database_of(statements),
        },
        "ClientRequestToken": f"{name}-{ONCE}",
    }
    if profile.connection.get("output_location"):
        request["ResultConfiguration"] = {"OutputLocation": str(profile.connection["output_location"])}
    size, text = len(json.dumps(request).encode()), len(job.statement.text.encode())
    if text > LONGEST_STATEMENT or size > LONGEST_INPUT:
        raise WarehouseError(
            f"the statement of {name} has {max(text, size):,} bytes, a schedule takes {LONGEST_INPUT:,}: "
            "name fewer partition values in the profile"
        )
    target: dict[str, Any] = {
        "Arn": TARGET.format(partition=partition),
        "RoleArn": role,
        "Input": json.dumps(request),
        "RetryPolicy": RETRIES,
    }
    if queue := profile.connection.get("dead_letter_queue"):
        target["DeadLetterConfig"] = {"Arn": str(queue)}
    return {
        "Name": name,
        "ScheduleExpression": expression(job.rate),
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": target,
    }


def wanted_schedule(statements: Statements, job: Job, content: Mapping[str, Any]) -> SavedObject:
    """Return a job as a schedule; `content`: what `schedule` says of it."""
    about = f"Keeps {statements.name(job.table)}: {job.name}."
    return SavedObject(KIND, content["Name"], shown(content), about, job.rate.told)


def shown(content: Mapping[str, Any]) -> str:
    """Return a schedule as a text that people can compare: what it says, and its statement."""
    target = content["Target"]
    try:
        request = json.loads(target.get("Input") or "{}")
    except ValueError:  # somebody changed it by hand
        request = {"QueryString": target["Input"]}
    told = {
        "when": content["ScheduleExpression"],
        "state": content.get("State"),
        "target": target["Arn"],
        "role": target["RoleArn"],
    }
    if "DeadLetterConfig" in target:
        told["dead letters"] = target["DeadLetterConfig"].get("Arn")
    told |= {key: value for key, value in sorted(request.items()) if key != "QueryString"}
    lines = [
        f"{key}: {value if isinstance(value, str) else json.dumps(value, sort_keys=True)}"
        for key, value in told.items()
    ]
    return "\n".join([*lines, "", str(request.get("QueryString", ""))])


def _statement(told: str) -> str:
    """Return the statement in what `shown` told."""
    return told.partition("\n\n")[2]


def _known_by(query: str) -> str:
    """Return what tells a statement from others, whichever version of ours made it: what its line says it is for, else all of it."""
    match = LINE.match(query)
    return match["title"] if match else query.strip()


class EventBridge:
    """The schedules of one home, in EventBridge Scheduler's default group. See `sqlgen.schedules.history.Scheduler`."""

    def __init__(self, statements: Statements, warehouse: AthenaWarehouse) -> None:
        """Take the statements and the connection whose credentials are used; nothing is asked of AWS yet."""
        self._statements = statements
        self._scheduler: Any = warehouse.client("scheduler")
        self._athena: Any = warehouse.client("athena")
        self._workgroup = warehouse.workgroup
        self._content: dict[str, dict[str, Any]] = {}
        self._made: dict[str, datetime] = {}

    def job(self, job: Job) -> SavedObject:
        """See `Scheduler.job`."""
        role = role_of(self._statements.profile)
        match = ROLE.fullmatch(role)
        content = schedule(self._statements, job, role, match["partition"] if match else "aws")
        self._content[content["Name"]] = content
        return wanted_schedule(self._statements, job, content)

    def kept(self) -> Sequence[Kept]:
        """See `Keeper.kept`."""
        start = home_start(self._statements)
        names = [
            item["Name"]
            for page in self._pages(self._scheduler.list_schedules, GroupName="default", NamePrefix=start)
            for item in page["Schedules"]
            if item["Name"].startswith(start)
        ]
        return [self._kept(name) for name in sorted(names)]

    def _kept(self, name: str) -> Kept:
        told = self._ask(self._scheduler.get_schedule, Name=name, GroupName="default")
        if isinstance(made := told.get("LastModificationDate") or told.get("CreationDate"), datetime):
            self._made[name] = made.astimezone(UTC).replace(tzinfo=None)
        return Kept(KIND, name, name, told.get("Description", ""), shown(told))

    def is_on(self, kept: Kept) -> bool:
        """See `Scheduler.is_on`."""
        return "\nstate: ENABLED\n" in kept.sql

    def spelled(self, wanted: SavedObject) -> str:
        """See `Keeper.spelled`."""
        return wanted.sql

    def put(self, wanted: SavedObject, replaces: Kept | None) -> None:
        """See `Keeper.put`. One request, which the scheduler carries out whole."""
        request = self._scheduler.create_schedule if replaces is None else self._scheduler.update_schedule
        description = wanted.description(LONGEST_DESCRIPTION)
        self._ask(request, GroupName="default", Description=description, **self._content[wanted.name])

    def drop(self, kept: Kept) -> None:
        """See `Keeper.drop`."""
        try:
            self._ask(self._scheduler.delete_schedule, Name=kept.handle, GroupName="default")
        except WarehouseError as error:
            if aws_error(error)["Code"] != "ResourceNotFoundException":
                raise

    def when(self, kept: Kept) -> str:
        """See `Scheduler.when`."""
        return kept.sql.partition("\n")[0].removeprefix("when: ")

    def past(self, kept: Sequence[Kept]) -> Mapping[str, Sequence[PastRun]]:
        """See `Scheduler.past`: found among the last thousand queries of the workgroup, by the line before a statement or by all of it."""
        names = {_known_by(_statement(item.sql)): item.name for item in kept}
        found: dict[str, list[PastRun]] = {name: [] for name in names.values()}
        pages = self._pages(self._athena.list_query_executions, "athena", WorkGroup=self._workgroup, MaxResults=PAGE)
        for number, page in enumerate(pages, 1):
            ids = page.get("QueryExecutionIds") or []
            told = self._ask(self._athena.batch_get_query_execution, "athena", QueryExecutionIds=ids) if ids else {}
            for execution in told.get("QueryExecutions", []):
                if name := names.get(_known_by(execution.get("Query", ""))):
                    found[name].append(_past(execution))
            if number == MOST_PAGES or all(len(runs) >= RUNS_SHOWN for runs in found.values()):
                break
        return {name: sorted(runs, key=lambda run: run.at, reverse=True)[:RUNS_SHOWN] for name, runs in found.items()}

    def was_due(self, kept: Kept, now: datetime) -> bool:
        """See `Scheduler.was_due`."""
        made = self._made.get(kept.name)
        minutes = re.match(r"rate\((\d+) minutes\)", self.when(kept))
        period = timedelta(minutes=int(minutes[1])) if minutes else timedelta(days=1)
        return made is not None and now - made > period + GRACE

    def _pages(self, request: Callable[..., Any], service: str = "scheduler", **content: Any) -> Iterator[Any]:
        while True:
            page = self._ask(request, service, **content)
            yield page
            if not page.get("NextToken"):
                return
            content["NextToken"] = page["NextToken"]

    def _ask(self, request: Callable[..., Any], service: str = "scheduler", **content: Any) -> Any:
        """Make a request; WarehouseError in one line where it fails."""
        try:
            return request(**content)
        except ERRORS as error:
            raise WarehouseError(explain(error, self._workgroup, service)) from error


def _past(execution: Mapping[str, Any]) -> PastRun:
    """Return an execution as a run."""
    status = execution["Status"]
    at: datetime = status["SubmissionDateTime"]
    succeeded = {"SUCCEEDED": True, "FAILED": False, "CANCELLED": False}.get(status["State"])
    if MORE_TO_VACUUM in str(status.get("StateChangeReason")):
        succeeded = True
    reason = str(status.get("StateChangeReason") or status["State"].lower()) if succeeded is False else ""
    return PastRun(at.astimezone(UTC).replace(tzinfo=None), succeeded, reason, execution["QueryExecutionId"])


def open_scheduler(statements: Statements, warehouse: AthenaWarehouse) -> EventBridge:
    """Return the schedules of a profile's home."""
    return EventBridge(statements, warehouse)
