"""Security Lake on Athena, as an investigator meets it: an Iceberg table that nobody made here, from `init` to what a schedule keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sqlgen.demo import DemoStory, write_demo
from sqlgen.schedules.objects import DONE_DAYS, OBJECTS, tables
from sqlgen.settings import load_profile
from tests.engines.commands import Call, verdicts
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import load_cloudtrail
from tests.logs import read_logs

pytestmark = [pytest.mark.trino, pytest.mark.usefixtures("athena")]
SCHEMA = "amazon_security_lake_glue_db_eu_west_1"
TABLE = "amazon_security_lake_table_eu_west_1_cloud_trail_mgmt_2_0"
HOME = "athena_lake_home"
ROLE = "arn:aws:iam::123456789012:role/sqlgen"
DAY = ("--from", "2021-08-27", "--to", "2021-08-28")


@pytest.fixture(scope="module")
def story(trino: TrinoServer, tmp_path_factory: pytest.TempPathFactory) -> DemoStory:
    """The demo's records in Security Lake's table."""
    story = write_demo(tmp_path_factory.mktemp("demo"))
    load_cloudtrail(trino, read_logs(story.deliveries), layout="security-lake", schema="athena_lake", table="rows")
    for catalog in ("hive", "iceberg"):  # one database to Athena
        for schema in (SCHEMA, HOME):
            trino.rows(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{schema}")
    for table in (*tables(OBJECTS), DONE_DAYS):  # a server that test runs share has them still
        trino.rows(f"DROP TABLE IF EXISTS iceberg.{HOME}.{getattr(table, 'name', table)}")
    trino.rows(f"DROP VIEW IF EXISTS hive.{HOME}.issuances")
    trino.rows(f"DROP TABLE IF EXISTS iceberg.{SCHEMA}.{TABLE}")
    trino.rows(
        f"CREATE TABLE iceberg.{SCHEMA}.{TABLE} WITH (partitioning = ARRAY['region', 'accountid', 'day(time_dt)'])"
        " AS SELECT * FROM hive.athena_lake.rows"
    )
    return story


def test_from_init_to_what_a_schedule_keeps(
    story: DemoStory, call: Call, trino: TrinoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqlgen.warehouses.athena.POLL_SECONDS", 0.05)
    init = ("--dialect", "athena", "--database", SCHEMA, "--set", f"home={HOME}", "--yes")
    status, out, err = call("init", "--profile", "lake", *init)
    assert status == 0 and 'partitions = ["time_dt"]' in out, err
    profile = load_profile("lake", tmp_path / "sqlgen.toml")
    assert (profile.table, profile.layout) == (f"{SCHEMA}.{TABLE}", "security-lake")

    status, out, err = call("check", "--write", "--format", "json")
    assert status == 0, out
    assert verdicts(out)["partitions"]["says"] == "time_dt"

    def chain() -> str:
        status, out, err = call("run", "identity-chain", "--access-key", story.alert_key, *DAY, "--format", "json")
        assert status == 0, err
        assert [row["access_key_id"] for row in json.loads(out)] == list(reversed(story.chain))
        return err

    assert "kept by a schedule" not in chain()
    status, out, err = call("run", "session-summary", "--access-key", story.alert_key, *DAY, "--format", "json")
    assert status == 0, err
    denied = {row["event_name"]: row["denied_resource"] for row in json.loads(out) if row["denied"]}
    assert denied["AttachUserPolicy"] == "user backup"

    status, out, err = call("save", "identity-chain", "session-summary")
    assert status == 0, err
    status, out, err = call("schedule", "--deploy", "--home-location", "s3://lake/home", "--role", ROLE)
    assert status == 0, err
    status, out, err = call("schedule", "--backfill", "2021-08-27", "2021-08-28", "--use-edges")
    assert status == 0, err
    kept = trino.rows(f"SELECT event_name, denied_resource FROM iceberg.{HOME}.session_summary WHERE denied > 0")
    assert ["AttachUserPolicy", "user backup"] in kept
    assert "kept by a schedule" in chain()
