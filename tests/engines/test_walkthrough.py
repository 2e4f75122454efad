"""The walk-throughs of `docs/`, carried out as they are written, over the demo's logs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sqlgen.demo import write_demo
from sqlgen.schedules.objects import DONE_DAYS, OBJECTS, tables
from tests.engines.trino_server import TrinoServer
from tests.walkthrough import carry_out, read_steps

if TYPE_CHECKING:
    from tests.engines.athena_endpoint import AthenaEndpoint

DOCS = Path(__file__).parents[2] / "docs"
NO_PROFILES = {"XDG_CONFIG_HOME": "/nonexistent", "SQLGEN_CONFIG": "", "SQLGEN_PROFILE": ""}


def demo_records(folder: Path) -> list[dict[str, Any]]:
    deliveries = write_demo(folder).deliveries
    return [record for path in deliveries for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def walk(page: str, folder: Path, environment: Mapping[str, str]) -> None:
    steps = read_steps(DOCS / page)
    assert steps, page
    for step in steps:
        carry_out(step, folder, {**NO_PROFILES, **environment})


def drop_kept(trino: TrinoServer) -> None:
    """Remove what the page has a schedule keep: a server that test runs share has it still."""
    trino.rows("CREATE SCHEMA IF NOT EXISTS iceberg.security")
    for table in (*tables(OBJECTS), DONE_DAYS):
        trino.rows(f"DROP TABLE IF EXISTS iceberg.security.{getattr(table, 'name', table)}")
    trino.rows("DROP VIEW IF EXISTS hive.security.issuances")


@pytest.mark.trino
def test_athena(trino: TrinoServer, athena: AthenaEndpoint, tmp_path: Path) -> None:
    from tests.engines.trino_tables import load_cloudtrail

    load_cloudtrail(
        trino, demo_records(tmp_path / "demo"), layout="cloudtrail", schema="security", table="cloudtrail_logs"
    )
    drop_kept(trino)
    walk("athena.md", tmp_path, athena.environment())
    drop_kept(trino)


@pytest.mark.snowflake
def test_snowflake(tmp_path: Path) -> None:
    from tests.engines.snowflake_server import snowflake_server
    from tests.engines.snowflake_tables import load_cloudtrail
    from tests.snowflake_home import HOME, write_connection

    with snowflake_server() as server:
        write_connection(server.port, options={"database": "SECURITY", "schema": "PUBLIC"})
        with server.connect(database="SECURITY", session_parameters={}) as loader:
            load_cloudtrail(loader, demo_records(tmp_path / "demo"), layout="event", table="cloudtrail_events")
        walk("snowflake.md", tmp_path, {"SNOWFLAKE_HOME": str(HOME)})
