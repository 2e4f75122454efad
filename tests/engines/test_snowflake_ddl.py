"""Snowflake's DDL, as far as fakesnow runs it: format, stage and tables, and what the task does with a file.

It knows no pipe, stream and task: those are read by a grammar alone (tests/test_ddl.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from sqlgen.ddl import Delivery, define
from sqlgen.dialects import load_layout
from sqlgen.renderer import render
from tests import reference
from tests.engines.snowflake_tables import load_cloudtrail
from tests.normalise import normal_rows
from tests.worlds import build

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

pytestmark = pytest.mark.snowflake
RUN = ("CREATE FILE FORMAT", "CREATE STAGE", "CREATE TABLE")
READ_ONLY = ("CREATE PIPE", "COPY INTO", "CREATE STREAM", "CREATE TASK", "ALTER TASK")


def statements(layout: str, table: str) -> list[str]:
    delivery = Delivery(table=f"logs.public.{table}", bucket="s3://amzn-s3-demo-bucket", integration="trail_bucket")
    sql = re.sub(r"^--.*\n", "", define("snowflake", layout, delivery).sql, flags=re.MULTILINE)
    return [text.strip().rstrip(";") for text in sql.split(";\n") if text.strip()]


@pytest.mark.parametrize("layout", ["records", "event"])
def test_format_stage_and_tables_are_made_and_made_again(
    snowflake_connection: SnowflakeConnection, layout: str
) -> None:
    table = f"made_{layout}"
    cursor = snowflake_connection.cursor()
    for _ in range(2):
        for statement in statements(layout, table):
            assert statement.startswith((*RUN, *READ_ONLY)), statement
            if statement.startswith(RUN):
                cursor.execute(statement)
    described = {
        str(row[0]).lower(): row[1] for row in cursor.execute(f"DESCRIBE TABLE logs.public.{table}").fetchall()
    }
    assert described == dict(load_layout("snowflake", layout).columns)


def test_files_that_the_task_takes_apart_answer_like_the_records(snowflake_connection: SnowflakeConnection) -> None:
    records: list[dict[str, Any]] = [*build(3, 24, 0), {"eventID": None}]
    made = statements("event", "parted")
    cursor = snowflake_connection.cursor()
    for statement in made:
        if statement.startswith("CREATE TABLE"):
            cursor.execute(statement)
    # the stream gives the new rows of the table of files, which here are all of them
    load_cloudtrail(snowflake_connection, records, layout="records", table="logs.public.parted_files")
    [task] = [statement for statement in made if statement.startswith("CREATE TASK")]
    parting = task[task.index("INSERT INTO") :].replace("parted_new_files", "parted_files")
    cursor.execute(parting)
    assert cursor.execute("SELECT COUNT(*) FROM logs.public.parted").fetchall() == [(len(records),)]
    rendered = render("issuances", dialect="snowflake", layout="event", table="logs.public.parted", markers=False)
    cursor.execute(rendered.sql)
    names = [column[0] for column in cursor.description or ()]
    found = normal_rows(rendered.columns, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
    assert found and found == reference.issuances(records)
