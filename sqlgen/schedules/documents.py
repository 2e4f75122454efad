"""The schedule as documents for other people's pipelines: plain SQL, CloudFormation, Terraform.

What `--deploy` makes by itself, tables and views, is made here by jobs of their own, which come again each day and change nothing then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlgen.errors import UsageError
from sqlgen.grants import grant
from sqlgen.profiles import Profile
from sqlgen.schedules.jobs import Job, jobs
from sqlgen.schedules.objects import DONE_DAYS, KeptObject, KeptTable
from sqlgen.schedules.runs import Rate, Rhythm
from sqlgen.schedules.statements import Statement, Statements

MARKER = re.compile(r"<([A-Z_]+)>")
ROLE = "ScheduleRole"
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "<ACCOUNT>"}},
        }
    ],
}
MEANINGS = {
    "LOG_FOLDER": "Where the trail delivers: BUCKET, or BUCKET/PREFIX where the trail has one (what stands before /AWSLogs)",
    "LOG_BUCKET": "The bucket that the trail delivers to",
    "ANSWER_FOLDER": "Where Athena's answers go: BUCKET/PREFIX, the workgroup's or the profile's",
    "ANSWER_BUCKET": "The bucket that Athena's answers go to",
}
ABOUT = "What sqlgen keeps of CloudTrail: sqlgen schedule --emit"
LONGEST_INLINE = 51_200
"""Bytes of a template that CloudFormation takes by itself; a longer one comes from S3 (CloudFormation User Guide, "quotas")."""


@dataclass(frozen=True)
class Document:
    """A document and what to know about it."""

    text: str
    notes: tuple[str, ...] = ()


def emit(form: str, statements: Statements, objects: Sequence[KeptObject], rhythm: Rhythm) -> Document:
    """Return the schedule of these objects as a document of `FORMS`.

    Raises UsageError: no such form, or one that is not the warehouse's.
    """
    if form not in FORMS:
        raise UsageError(f"--emit takes one of {', '.join(FORMS)}, not {form!r}")
    if form != "sql" and statements.profile.dialect != "athena":
        raise UsageError(
            f"--emit {form} is for Athena; a schedule of {statements.profile.dialect} is all SQL: --emit sql"
        )
    return FORMS[form](statements, objects, rhythm)


def _made(statements: Statements, objects: Sequence[KeptObject]) -> list[tuple[str, str, Statement]]:
    """Return what makes tables and views: name, kind, statement."""
    tables = [(item.name, "table", statements.table(item)) for item in objects if isinstance(item, KeptTable)]
    views = [(item.name, "view", statements.view(item)) for item in objects if not isinstance(item, KeptTable)]
    return [*tables, (DONE_DAYS, "table", statements.done_days()), *views]


def _sql(statements: Statements, objects: Sequence[KeptObject], rhythm: Rhythm) -> Document:
    """Return statements to be run once, then those to be run by the clock; Snowflake's are tasks."""
    once = [statement.text for _, _, statement in _made(statements, objects)]
    if statements.profile.dialect == "snowflake":
        from sqlgen.schedules.snowflake import create_task, resume_task, wanted_task

        for job in jobs(statements, objects, rhythm):
            wanted = wanted_task(statements, job)
            once += [create_task(statements, job, wanted.description()), resume_task(statements, wanted.name)]
        again: list[str] = []
    else:
        again = [_ended(job.statement.text, job.rate.told) for job in jobs(statements, objects, rhythm)]
    # what is said stands behind a statement: Athena takes none before some (`sqlgen.schedules.statements`)
    first, *others = once
    parts = [
        _ended(first, "this and what follows is to be run once; a second time changes nothing"),
        *map(_ended, others),
    ]
    return Document("\n\n".join([*parts, *again]) + "\n")


def _ended(sql: str, note: str = "") -> str:
    return f"{sql.strip()};" + (f" -- {note}" if note else "")


@dataclass
class _Filler:
    """Puts references in the place of the markers of a policy. `asked`: the markers that the reader of the document must fill in."""

    known: Mapping[str, str]
    ask: Callable[[str], str]
    asked: dict[str, str] = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, value: str) -> str:
        def one(match: re.Match[str]) -> str:
            marker = match[1]
            if marker in self.known:
                return self.known[marker]
            self.asked[marker] = MEANINGS.get(marker, marker.replace("_", " ").capitalize())
            return self.ask(marker)

        return MARKER.sub(one, value)


def _policy(profile: Profile) -> Any:
    """Return the policy of the role that runs the jobs, markers for what is not known; its ARNs of the partition that it is deployed to."""
    known = {key: str(value) for key, value in profile.connection.items() if key not in ("role", "region")}
    granted = grant(
        profile.dialect,
        ("scheduled", "stack"),
        known | {"table": profile.table, "home": profile.home, "partition": "<PARTITION>"},
        layout=profile.layout,
    )
    return json.loads(granted.text)


def _schedules(
    statements: Statements, objects: Sequence[KeptObject], rhythm: Rhythm
) -> list[tuple[dict[str, Any], str]]:
    """Return every schedule as CreateSchedule takes it, and its description with our mark."""
    from sqlgen.schedules.athena import LONGEST_DESCRIPTION, schedule, wanted_schedule

    daily = Rate(timedelta(days=1))
    making = [Job(name, kind, daily, statement) for name, kind, statement in _made(statements, objects)]
    told = []
    for job in [*making, *jobs(statements, objects, rhythm)]:
        content = schedule(statements, job, "<ROLE>", "<PARTITION>")
        told.append((content, wanted_schedule(statements, job, content).description(LONGEST_DESCRIPTION)))
    return told


def _cloudformation(statements: Statements, objects: Sequence[KeptObject], rhythm: Rhythm) -> Document:
    """Return a template in JSON: a role, unless the profile names one, and the schedules."""
    profile = statements.profile
    filler = _Filler(
        {"ACCOUNT": "${AWS::AccountId}", "REGION": "${AWS::Region}", "PARTITION": "${AWS::Partition}"},
        lambda marker: f"${{{_camel(marker)}}}",
    )

    def substituted(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: substituted(item) for key, item in value.items()}
        if isinstance(value, list):
            return [substituted(item) for item in value]
        return {"Fn::Sub": value} if isinstance(value, str) and "${" in value else value

    resources: dict[str, Any] = {}
    role: Any = profile.connection.get("role")
    if not role:
        role = {"Fn::GetAtt": [ROLE, "Arn"]}
        policy = {"PolicyName": "sqlgen-schedule", "PolicyDocument": substituted(filler.fill(_policy(profile)))}
        resources[ROLE] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": substituted(filler.fill(ASSUME)),
                "Policies": [policy],
            },
        }
    for content, description in _schedules(statements, objects, rhythm):
        target = content["Target"] | {"RoleArn": role, "Arn": substituted(filler.text(content["Target"]["Arn"]))}
        resources[_camel(content["Name"])] = {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": content | {"Description": description, "Target": target},
        }
    template: dict[str, Any] = {"AWSTemplateFormatVersion": "2010-09-09", "Description": ABOUT}
    if filler.asked:
        template["Parameters"] = {
            _camel(marker): {"Type": "String", "Description": meaning} for marker, meaning in filler.asked.items()
        }
    text = json.dumps(template | {"Resources": resources}, indent=1) + "\n"
    notes = _asks("parameters", [_camel(marker) for marker in filler.asked])
    if ROLE in resources:
        notes += ("it makes a role: `aws cloudformation deploy` takes it with --capabilities CAPABILITY_IAM",)
    if len(text.encode()) > LONGEST_INLINE:
        notes += (
            "the template is longer than what a request holds: `aws cloudformation deploy` takes it with --s3-bucket",
        )
    return Document(text, notes)


def _terraform(statements: Statements, objects: Sequence[KeptObject], rhythm: Rhythm) -> Document:
    """Return Terraform in its JSON syntax (`.tf.json`): a role, unless the profile names one, and the schedules."""
    profile = statements.profile
    filler = _Filler(
        {
            "ACCOUNT": "${data.aws_caller_identity.current.account_id}",
            "REGION": "${data.aws_region.current.region}",
            "PARTITION": "${data.aws_partition.current.partition}",
        },
        lambda marker: f"${{var.{marker.lower()}}}",
    )
    resource: dict[str, Any] = {}
    role = str(profile.connection.get("role") or "")
    if not role:
        role = "${aws_iam_role.sqlgen_schedule.arn}"
        trust, policy = json.dumps(filler.fill(ASSUME)), json.dumps(filler.fill(_policy(profile)))
        resource["aws_iam_role"] = {"sqlgen_schedule": {"name_prefix": "sqlgen-schedule-", "assume_role_policy": trust}}
        resource["aws_iam_role_policy"] = {
            "sqlgen_schedule": {"role": "${aws_iam_role.sqlgen_schedule.id}", "policy": policy}
        }
    resource["aws_scheduler_schedule"] = {}
    for content, description in _schedules(statements, objects, rhythm):
        target = content["Target"]
        retries, dead_letters = target["RetryPolicy"], target.get("DeadLetterConfig")
        resource["aws_scheduler_schedule"][re.sub(r"\W", "_", content["Name"])] = {
            "name": content["Name"],
            "description": _plain(description),
            "schedule_expression": content["ScheduleExpression"],
            "state": content["State"],
            "flexible_time_window": {"mode": content["FlexibleTimeWindow"]["Mode"]},
            "target": {
                "arn": filler.text(target["Arn"]),
                "role_arn": role,
                "input": _plain(target["Input"]),
                "retry_policy": {
                    "maximum_event_age_in_seconds": retries["MaximumEventAgeInSeconds"],
                    "maximum_retry_attempts": retries["MaximumRetryAttempts"],
                },
            }
            | ({"dead_letter_config": {"arn": dead_letters["Arn"]}} if dead_letters else {}),
        }
    document: dict[str, Any] = {
        "//": ABOUT,
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 6.0"}}},
        "data": {
            "aws_caller_identity": {"current": {}},
            "aws_region": {"current": {}},
            "aws_partition": {"current": {}},
        },
        "resource": resource,
    }
    if filler.asked:
        document["variable"] = {
            marker.lower(): {"type": "string", "description": meaning} for marker, meaning in filler.asked.items()
        }
    notes = _asks("variables", [marker.lower() for marker in filler.asked])
    return Document(json.dumps(document, indent=1) + "\n", notes)


def _asks(what: str, names: Sequence[str]) -> tuple[str, ...]:
    return (f"its {what}: {', '.join(names)}",) if names else ()


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[^0-9A-Za-z]+", name))


def _plain(text: str) -> str:
    """Return a text in which Terraform finds nothing to fill in."""
    return text.replace("${", "$${").replace("%{", "%%{")


FORMS: Mapping[str, Callable[[Statements, Sequence[KeptObject], Rhythm], Document]] = {
    "sql": _sql,
    "cloudformation": _cloudformation,
    "terraform": _terraform,
}
