"""A schedule as documents: CloudFormation that cfn-lint takes, Terraform in its JSON syntax, SQL in the order in which it is run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cfnlint.api import lint_all

from sqlgen.errors import UsageError
from sqlgen.objects.base import MARK
from sqlgen.profiles import Profile
from sqlgen.schedules.athena import home_start
from sqlgen.schedules.statements import Statements
from tests.documents import ATHENA, document, golden_documents

ROLE = "arn:aws:iam::123456789012:role/sqlgen"
SNOWFLAKE = Profile("lab", "snowflake", "security.public.trail", layout="event", home="security.kept")
TRINO = Profile("lab", "trino", "hive.logs.cloudtrail", home="iceberg.kept")


@pytest.mark.parametrize(("path", "rendered"), list(golden_documents()), ids=lambda item: getattr(item, "stem", ""))
def test_the_document_is_the_golden_one(path: Path, rendered: str) -> None:
    """Its statements are pinned elsewhere, as golden files of the queries; here they are cut."""
    expected = path.read_text(encoding="utf-8") if path.exists() else ""
    assert rendered == expected, f"{path.name} differs: `make golden`, and read the difference"


def findings(template: str) -> list[str]:
    """Return the errors and warnings of cfn-lint."""
    return [str(match) for match in lint_all(template) if not match.rule.id.startswith("I")]


@pytest.mark.parametrize("role", [None, ROLE])
def test_cloudformation_takes_the_template(role: str | None) -> None:
    profile = replace(ATHENA, connection={**ATHENA.connection, **({"role": role} if role else {})})
    template = document("cloudformation", profile)
    assert findings(template) == []
    resources = json.loads(template)["Resources"]
    assert ("ScheduleRole" in resources) is not bool(role)
    targets = [item["Properties"]["Target"] for item in resources.values() if "Schedule::" in item["Type"] + "::"]
    assert all(target["RoleArn"] == (role or {"Fn::GetAtt": ["ScheduleRole", "Arn"]}) for target in targets)


def test_the_queue_of_dead_letters_is_in_every_document() -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:sqlgen-dead-letters"
    profile = replace(ATHENA, connection={**ATHENA.connection, "dead_letter_queue": queue})
    template = document("cloudformation", profile)
    assert findings(template) == []
    resources = json.loads(template)["Resources"]
    targets = [item["Properties"]["Target"] for item in resources.values() if "Target" in item["Properties"]]
    assert all(target["DeadLetterConfig"] == {"Arn": queue} for target in targets)
    [policy] = resources["ScheduleRole"]["Properties"]["Policies"]
    sent = [one for one in policy["PolicyDocument"]["Statement"] if one["Action"] == ["sqs:SendMessage"]]
    assert [one["Resource"] for one in sent] == [[queue]]
    told = json.loads(document("terraform", profile))["resource"]["aws_scheduler_schedule"]
    assert {item["target"]["dead_letter_config"]["arn"] for item in told.values()} == {queue}


def test_cfn_lint_would_find_a_mistake() -> None:
    template = json.loads(document("cloudformation", ATHENA))
    schedule = next(item for item in template["Resources"].values() if item["Type"] == "AWS::Scheduler::Schedule")
    del schedule["Properties"]["FlexibleTimeWindow"]
    assert "FlexibleTimeWindow" in findings(json.dumps(template))[0]


def test_the_role_may_do_that_and_no_more() -> None:
    role = json.loads(document("cloudformation", ATHENA))["Resources"]["ScheduleRole"]["Properties"]
    trust = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Fn::Sub": "${AWS::AccountId}"}}}
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert {"athena:StartQueryExecution", "glue:CreateTable", "glue:UpdateTable", "s3:PutObject"} <= actions
    assert not any(action.startswith(("iam:", "scheduler:", "sts:", "*")) or action.endswith("*") for action in actions)
    assert "glue:DeleteTable" not in actions
    resources = [str(resource) for statement in statements for resource in statement["Resource"]]
    assert "*" not in resources
    written = [str(item["Resource"]) for item in statements if "s3:PutObject" in item["Action"]]
    assert all("lake/kept" in place or "answers/here" in place for place in written)


def test_each_schedule_is_the_one_that_deploy_makes_and_is_known_as_ours() -> None:
    resources = json.loads(document("cloudformation", ATHENA))["Resources"]
    made = {
        item["Properties"]["Name"]: item["Properties"]
        for item in resources.values()
        if "Properties" in item and "Name" in item["Properties"]
    }
    assert all(
        name.startswith(home_start(Statements(ATHENA))) and MARK.search(item["Description"])
        for name, item in made.items()
    )
    assert {name for name in made if name.endswith(("-table", "-view"))} == {
        "sqlgen-logs-chain_events-table", "sqlgen-logs-sessions-table", "sqlgen-logs-session_summary-table",
        "sqlgen-logs-schedule_days-table", "sqlgen-logs-issuances-view",
    }  # fmt: skip
    table = json.loads(made["sqlgen-logs-chain_events-table"]["Target"]["Input"])
    assert "CREATE TABLE IF NOT EXISTS logs.chain_events" in table["QueryString"]
    assert made["sqlgen-logs-chain_events-table"]["ScheduleExpression"] == "rate(1440 minutes)"


def test_terraform_has_nothing_to_fill_in_but_what_is_meant() -> None:
    hostile = replace(ATHENA, table='"l${x}%{y}".cloudtrail', connection={**ATHENA.connection, "role": ROLE})
    told = json.loads(document("terraform", hostile))
    schedules = told["resource"].pop("aws_scheduler_schedule")
    assert not told["resource"]
    for item in schedules.values():
        assert set(item) == {"name", "description", "schedule_expression", "state", "flexible_time_window", "target"}
        assert "${" not in item["target"]["input"].replace("$${", "") and "%{" not in item["target"]["input"].replace(
            "%%{", ""
        )
        json.loads(item["target"]["input"])
    assert "$${x}%%{y}" in json.dumps(schedules)
    told = json.loads(document("terraform", ATHENA))
    roles = {item["target"]["role_arn"] for item in told["resource"]["aws_scheduler_schedule"].values()}
    assert roles == {"${aws_iam_role.sqlgen_schedule.arn}"}
    policy = json.loads(told["resource"]["aws_iam_role_policy"]["sqlgen_schedule"]["policy"])
    used = set(re.findall(r"\$\{([\w.]+)\}", json.dumps(policy)))
    variables = {f"var.{name}" for name in told["variable"]}
    data = {
        "data.aws_caller_identity.current.account_id",
        "data.aws_region.current.region",
        "data.aws_partition.current.partition",
    }
    assert used == variables | data


def test_sql_says_what_is_run_once_and_what_again() -> None:
    told = document("sql", TRINO)
    once, again = told[: told.index("MERGE INTO")], told[told.index("MERGE INTO") :]
    assert once.count("CREATE TABLE IF NOT EXISTS iceberg.kept.") == 4 and once.count("CREATE OR REPLACE VIEW") == 1
    assert "; -- this and what follows is to be run once; a second time changes nothing\n" in once
    assert re.findall(r"; -- (every .*)$", again, re.M) == ["every 1 h", *["every night at 03:15 UTC"] * 3]
    assert again.count("MERGE INTO iceberg.kept.") == 4


def test_snowflakes_sql_makes_tasks_and_switches_them_on() -> None:
    told = document("sql", SNOWFLAKE)
    tasks = re.findall(r"^CREATE OR REPLACE TASK (\S+)$", told, re.M)
    assert tasks == re.findall(r"^ALTER TASK (\S+) RESUME;$", told, re.M)
    assert [name.removeprefix("security.kept.SQLGEN_") for name in tasks] == [
        "CHAIN_EVENTS_RECENT", "CHAIN_EVENTS_NIGHT", "SESSIONS_NIGHT", "SESSION_SUMMARY_NIGHT",
    ]  # fmt: skip
    assert re.findall(r"^  SCHEDULE = '(.*)'$", told, re.M) == ["60 MINUTE", *["USING CRON 15 3 * * * UTC"] * 3]
    assert "WAREHOUSE = " not in told.replace("INITIAL_WAREHOUSE_SIZE = ", "")


def test_a_form_that_is_not_the_warehouses() -> None:
    with pytest.raises(UsageError, match="--emit cloudformation is for Athena; a schedule of snowflake is all SQL"):
        document("cloudformation", SNOWFLAKE)
