"""The Athena of the tests itself: that it takes and gives what Athena does, by boto3 alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engines.athena_endpoint import START_QUERY, AthenaEndpoint
from tests.engines.trino_server import TrinoServer

pytestmark = pytest.mark.trino

SCHEMA = "athena_endpoint"
EDGES = (
    f"CREATE TABLE {SCHEMA}.edges WITH (table_type = 'ICEBERG', is_external = false, location = 's3://lake/edges/', format = 'PARQUET', "
    "partitioning = ARRAY['day(event_time)']) AS SELECT 'x' AS event_id, CAST(TIMESTAMP '2023-07-09 23:15:51' AS timestamp(6)) AS event_time"
)
MERGE = (
    f"MERGE INTO {SCHEMA}.edges AS t USING (SELECT event_id, CAST(event_time AS timestamp(6)) AS event_time FROM "
    "(VALUES ('x', TIMESTAMP '2023-07-09 23:15:51'), ('y', TIMESTAMP '2023-07-10 00:00:00')) AS v (event_id, event_time)) AS s "
    "ON t.event_id = s.event_id WHEN NOT MATCHED THEN INSERT (event_id, event_time) VALUES (s.event_id, s.event_time)"
)


@pytest.fixture
def database(trino: TrinoServer, athena: AthenaEndpoint) -> Iterator[AthenaEndpoint]:
    def drop() -> None:
        trino.rows(f"DROP TABLE IF EXISTS iceberg.{SCHEMA}.edges")
        trino.rows(f"DROP VIEW IF EXISTS hive.{SCHEMA}.seen")
        for catalog in ("iceberg", "hive"):
            trino.rows(f"DROP SCHEMA IF EXISTS {catalog}.{SCHEMA}")

    drop()
    run(athena, f"CREATE DATABASE {SCHEMA}")
    yield athena
    drop()


def run(athena: AthenaEndpoint, sql: str, *parameters: str, **options: Any) -> dict[str, Any]:
    """Run a statement and return its result; its reason where it fails."""
    if parameters:
        options["ExecutionParameters"] = list(parameters)
    client = athena.client("athena")
    started = client.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": SCHEMA}, **options)
    execution = athena.wait(started["QueryExecutionId"])
    assert execution.state == "SUCCEEDED", execution.reason
    result: dict[str, Any] = client.get_query_results(QueryExecutionId=execution.id)
    return result


def rows(athena: AthenaEndpoint, sql: str, *parameters: str) -> list[list[str | None]]:
    told = run(athena, sql, *parameters)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in told]


def test_values_are_written_as_athena_writes_them(athena: AthenaEndpoint) -> None:
    sql = (
        "SELECT TIMESTAMP '2023-07-09 23:15:51' AS t, true AS b, ARRAY['a', 'b, c', NULL] AS a, NULL AS n, MAP(ARRAY['k'], ARRAY[1]) AS m, "
        "CAST(ROW(1, NULL) AS ROW(x int, y varchar)) AS r, X'00ff' AS x, DATE '2023-07-09' AS d"
    )
    assert rows(athena, sql) == [
        ["t", "b", "a", "n", "m", "r", "x", "d"],
        ["2023-07-09 23:15:51.000", "true", "[a, b, c, null]", None, "{k=1}", "{x=1, y=null}", "00 ff", "2023-07-09"],
    ]


def test_iceberg_tables_are_made_merged_and_found_without_a_catalog(database: AthenaEndpoint) -> None:
    assert run(database, EDGES)["UpdateCount"] == 1
    assert run(database, MERGE)["UpdateCount"] == 1
    assert run(database, MERGE)["UpdateCount"] == 0
    run(database, f"CREATE OR REPLACE VIEW {SCHEMA}.seen AS SELECT event_id FROM {SCHEMA}.edges")
    for name in (f"{SCHEMA}.edges", "edges", f"awsdatacatalog.{SCHEMA}.edges", f'"{SCHEMA}"."edges"', "seen"):
        assert rows(database, f"SELECT event_id FROM {name} ORDER BY 1") == [["event_id"], ["x"], ["y"]]
    client = database.client("athena")
    told = client.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=SCHEMA, TableName="edges")
    assert told["TableMetadata"]["Parameters"] == {"table_type": "ICEBERG"}
    listed = client.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=SCHEMA)["TableMetadataList"]
    assert [(one["Name"], one["TableType"]) for one in listed] == [
        ("edges", "EXTERNAL_TABLE"),
        ("seen", "VIRTUAL_VIEW"),
    ]


def test_prepared_statements_are_run_by_name(athena: AthenaEndpoint) -> None:
    client = athena.client("athena")
    client.create_prepared_statement(StatementName="pick", WorkGroup="primary", QueryStatement="SELECT ? AS a, ? AS b")
    assert (
        rows(athena, "EXECUTE pick USING 'it''s', 2")
        == rows(athena, "EXECUTE pick", "'it''s'", "2")
        == [["a", "b"], ["it's", "2"]]
    )
    client.delete_prepared_statement(StatementName="pick", WorkGroup="primary")
    with pytest.raises(ClientError, match="was not found"):
        rows(athena, "EXECUTE pick USING 'x', 2")


def test_a_schedule_runs_its_query(database: AthenaEndpoint) -> None:
    run(database, EDGES)
    scheduler = database.client("scheduler")
    text = MERGE.replace("VALUES ('x'", "VALUES ('<aws.scheduler.scheduled-time>'")
    target = {"Arn": START_QUERY, "RoleArn": "arn:aws:iam::123456789012:role/sqlgen"}
    target["Input"] = json.dumps({"QueryString": text, "WorkGroup": "primary"})
    scheduler.create_schedule_group(Name="sqlgen")
    schedule = {"Name": "edges", "GroupName": "sqlgen", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    scheduler.create_schedule(**schedule, ScheduleExpression="rate(1 hour)")
    assert database.fire("edges", group="sqlgen", at="2023-07-10T01:00:00Z").state == "SUCCEEDED"
    assert database.fire("edges", group="sqlgen", at="2023-07-10T01:00:00Z").job.updated == 0
    assert rows(database, "SELECT event_id FROM edges ORDER BY 1")[1:] == [["2023-07-10T01:00:00Z"], ["x"], ["y"]]
    scheduler.update_schedule(**schedule, ScheduleExpression="rate(1 hour)", State="DISABLED")
    with pytest.raises(AssertionError, match="DISABLED"):
        database.fire("edges", group="sqlgen")
