"""DDL: read by parsers that did not write it, with the columns of its layout, and with nothing in it that was not checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
import trino_sql_validator
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp, parse

from sqlgen.cli import main
from sqlgen.ddl import Definition, Delivery, define
from sqlgen.dialects import load_layout
from sqlgen.errors import TemplateError, UsageError
from sqlgen.partitions import parse_partition
from sqlgen.resources import data_root
from sqlgen.store import EVENT_STORE

ACCOUNTS = ("111122223333", "444455556666")
TRAIL = Delivery(
    table="security.trail",
    bucket="s3://amzn-s3-demo-bucket/logs",
    accounts=ACCOUNTS[:1],
    regions=("us-east-1", "eu-west-1"),
    since=date(2023, 7, 1),
)
ORGANIZATION = Delivery(
    table="security.trail",
    bucket="s3://amzn-s3-demo-bucket/logs",
    accounts=ACCOUNTS,
    organization="o-exampleorgid",
    regions=("us-east-1",),
    since=date(2023, 7, 1),
)
SNOWFLAKE = Delivery(
    table="security.public.trail",
    bucket="s3://amzn-s3-demo-bucket/logs",
    accounts=ACCOUNTS[:1],
    integration="trail_bucket",
    topic="arn:aws:sns:eu-west-1:111122223333:trail",
)
CASES = [
    *[("athena", layout, trail) for layout in ("cloudtrail", "cloudtrail-serde") for trail in (TRAIL, ORGANIZATION)],
    ("trino", "cloudtrail", TRAIL),
    ("trino", "cloudtrail", ORGANIZATION),
    ("snowflake", "records", SNOWFLAKE),
    ("snowflake", "event", SNOWFLAKE),
    ("duckdb", "store", Delivery()),
]


def properties(defined: Definition) -> dict[str, str]:
    """Return the TBLPROPERTIES of Athena's DDL, as sqlglot reads them."""
    [statement] = parse(defined.sql, read="hive")
    assert statement is not None
    return {
        item.name: item.args["value"].name for item in statement.find_all(exp.Property) if type(item) is exp.Property
    }


def schema(statement: exp.Expr) -> dict[str, str]:
    """Return the columns that a CREATE TABLE lists outside its PARTITIONED BY, with their types."""
    return {
        column.name: column.args["kind"].sql("hive")
        for column in statement.this.expressions
        if isinstance(column, exp.ColumnDef)
    }


@pytest.mark.parametrize(("dialect", "layout", "delivery"), CASES)
def test_a_parser_that_did_not_write_it_reads_it(dialect: str, layout: str, delivery: Delivery) -> None:
    text = define(dialect, layout, delivery).sql
    if dialect == "trino":  # sqlfluff's grammar of it has no properties of columns
        results = [trino_sql_validator.validate(statement, jinja="reject") for statement in text.split(";\n")[:2]]
        assert [str(found.error) for found in results if found.error is not None] == []
    else:
        assert Linter(config=FluffConfig(overrides={"dialect": dialect})).parse_string(text).violations == []
    if dialect != "snowflake":  # sqlglot takes a pipe and a stream for commands it does not know
        assert all(parse(text, read=dialect))


@pytest.mark.parametrize("layout", ["cloudtrail", "cloudtrail-serde"])
@pytest.mark.parametrize("delivery", [TRAIL, ORGANIZATION])
def test_athenas_table_has_the_columns_that_its_layout_reads(layout: str, delivery: Delivery) -> None:
    defined = define("athena", layout, delivery)
    [statement] = parse(defined.sql, read="hive")
    assert statement is not None
    expected = {
        name: exp.DataType.build(kind, dialect="hive").sql("hive")
        for name, kind in load_layout("athena", layout).columns
    }
    assert schema(statement) == expected
    [partitioned] = statement.find_all(exp.PartitionedByProperty)
    by = [column.name for column in partitioned.this.expressions]
    assert by == (["account"] if delivery.organization else []) + ["region", "timestamp"]
    assert [column for text in defined.partitions for column in parse_partition(text).columns] == ["timestamp"]


def test_the_folders_of_a_trail() -> None:
    told = properties(define("athena", None, TRAIL))
    home = "s3://amzn-s3-demo-bucket/logs/AWSLogs/111122223333/CloudTrail/"
    assert told["storage.location.template"] == home + "${region}/${timestamp}"
    assert told["projection.region.values"] == "us-east-1,eu-west-1" and "projection.account.type" not in told
    assert told["projection.timestamp.range"] == "2023/07/01,NOW"
    assert f"LOCATION '{home}'" in define("athena", None, TRAIL).sql


def test_the_folders_of_an_organizations_trail() -> None:
    told = properties(define("athena", None, ORGANIZATION))
    home = "s3://amzn-s3-demo-bucket/logs/AWSLogs/o-exampleorgid/"
    assert told["storage.location.template"] == home + "${account}/CloudTrail/${region}/${timestamp}"
    assert told["projection.account.values"] == ",".join(ACCOUNTS)


def test_several_accounts_in_one_bucket_without_an_organization() -> None:
    told = properties(define("athena", None, Delivery(bucket="s3://amzn-s3-demo-bucket", accounts=ACCOUNTS)))
    assert told["storage.location.template"].startswith("s3://amzn-s3-demo-bucket/AWSLogs/${account}/CloudTrail/")


def test_no_region_and_no_day_is_left_out_by_default() -> None:
    told = properties(define("athena", None, Delivery()))
    assert {"us-east-1", "eu-central-2", "ap-southeast-4"} <= set(told["projection.region.values"].split(","))
    assert told["projection.timestamp.range"] == "2013/11/13,NOW"


@pytest.mark.parametrize("layout", ["records", "event"])
@pytest.mark.parametrize("accounts", [(), ACCOUNTS[:1], ACCOUNTS])
def test_snowflakes_pipe_and_copy_load_what_the_trail_delivers_and_nothing_else(
    layout: str, accounts: tuple[str, ...]
) -> None:
    """A pipe matches what is left of a path after the stage's, a COPY the whole path."""
    text = define("snowflake", layout, replace(SNOWFLAKE, accounts=accounts)).sql
    patterns = re.findall(r"^  PATTERN = '(.*)'$", text, re.MULTILINE)
    assert len(patterns) == 2
    for folder in ("", "111122223333/", "AWSLogs/111122223333/", "logs/AWSLogs/o-exampleorgid/111122223333/"):
        for kind in ("CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight"):
            path = f"{folder}{kind}/eu-west-1/2021/08/27/x.json.gz"
            matched = [re.fullmatch(pattern, path) is not None for pattern in patterns]
            assert matched == [kind == "CloudTrail"] * 2, path
        assert not any(re.fullmatch(pattern, f"{folder}CloudTrail/x.csv.gz") for pattern in patterns)


def test_the_task_that_parts_files_is_not_switched_off_by_failures_and_may_take_hours() -> None:
    [task] = re.findall(r"^CREATE TASK (.*?)^  AS$", define("snowflake", "event", SNOWFLAKE).sql, re.M | re.S)
    lines = [line.strip() for line in task.splitlines()]
    names = ("SCHEDULE", "DEFAULT_NULL_ORDERING", "USER_TASK_TIMEOUT_MS", "SUSPEND_TASK_AFTER_NUM_FAILURES", "COMMENT")
    told = dict(line.split(" = ", 1) for line in lines if line.startswith(names))
    assert tuple(told) == names  # the order of the documentation
    assert (told["USER_TASK_TIMEOUT_MS"], told["SUSPEND_TASK_AFTER_NUM_FAILURES"]) == ("14400000", "0")


def test_duckdbs_table_is_the_store() -> None:
    with duckdb.connect() as connection:
        connection.execute(define("duckdb", None, Delivery()).sql)
        made = connection.execute(f"DESCRIBE {EVENT_STORE}").fetchall()
    assert tuple((name, kind) for name, kind, *_ in made) == load_layout("duckdb", "store").columns


@pytest.mark.parametrize(
    ("dialect", "layout", "delivery", "message"),
    [
        ("athena", None, Delivery(bucket="s3://amzn-s3-demo-bucket/a'b"), "--bucket takes s3://BUCKET"),
        ("athena", None, Delivery(bucket="s3://amzn-s3-demo-bucket/${x}"), "--bucket takes s3://BUCKET"),
        ("athena", None, Delivery(bucket="gs://amzn-s3-demo-bucket"), "--bucket takes s3://BUCKET"),
        ("athena", None, Delivery(bucket="s3://Capital"), "--bucket takes s3://BUCKET"),
        ("athena", None, Delivery(bucket="s3://bucket/AWSLogs/111122223333"), "what stands before /AWSLogs"),
        ("athena", None, Delivery(accounts=("1' OR",)), "--account takes an account id of 12 digits"),
        ("athena", None, Delivery(accounts=("١١١١٢٢٢٢٣٣٣٣",)), "--account takes an account id of 12 digits"),
        ("athena", None, Delivery(organization="o-'"), "--organization takes the id"),
        ("athena", None, Delivery(regions=("us-east-1,NOW",)), "--region takes a region such as eu-west-1"),
        ("athena", None, Delivery(table="a.b; DROP TABLE c"), "--table takes a table name"),
        ("athena", None, Delivery(integration="i"), "takes no --integration"),
        ("snowflake", None, Delivery(integration='x"; --'), "--integration takes the name"),
        ("snowflake", None, Delivery(topic="arn:aws:sns:x"), "--topic takes the ARN of an SNS topic"),
        ("duckdb", None, Delivery(bucket="s3://bucket"), "takes no --bucket"),
        ("athena", "security-lake", Delivery(), "Amazon Security Lake makes this table itself"),
        (
            "snowflake",
            "panther",
            Delivery(),
            "unknown layout with DDL of snowflake 'panther'; there is: event, records",
        ),
        ("athena", "records", Delivery(), "unknown layout of athena"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(dialect: str, layout: str | None, delivery: Delivery, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        define(dialect, layout, delivery)
    assert message in str(raised.value) and "\n" not in str(raised.value)


@pytest.fixture
def bare_template() -> Iterator[None]:
    """A template that prints a value as it came."""
    path = data_root() / "dialects" / "duckdb" / "ddl" / "tailpipe.sql"
    path.write_text("/*---\ntakes = []\n---*/\nCREATE TABLE {{ table }} (a INT)\n", encoding="utf-8")
    yield
    path.unlink()


@pytest.mark.usefixtures("bare_template")
def test_a_template_cannot_print_a_bare_value() -> None:
    with pytest.raises(TemplateError, match="prints a bare value"):
        define("duckdb", "tailpipe", Delivery())


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["ddl", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_it_works_with_nothing_but_a_dialect_and_says_what_to_fill_in(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = called(capsys, "--dialect", "athena")
    assert status == 0 and out.startswith("CREATE EXTERNAL TABLE") and "s3://<BUCKET>/AWSLogs/<ACCOUNT>/" in out
    assert "fill in s3://<BUCKET>: --bucket" in err and "fill in <ACCOUNT>: --account" in err
    assert 'partitions = ["timestamp=yyyy/MM/dd"]' in err


def test_a_profile_names_dialect_layout_and_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sqlgen.toml"
    path.write_text(
        '[profiles.p]\ndialect = "athena"\nlayout = "cloudtrail-serde"\ntable = "sec.old"\n', encoding="utf-8"
    )
    status, out, err = called(capsys, "--profile", "p", "--config", str(path))
    assert status == 0 and "sec.old (" in out and "CloudTrailSerde" in out and "prefer it for a new table" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say for which engine"),
        (["--dialect", "athena", "--since", "2023-13-01"], "--since takes a day"),
        (["--dialect", "oracle"], "unknown dialect"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    status, out, err = called(capsys, *arguments)
    assert (status, out) == (2, "") and message in err and err.count("\n") == 1
