"""`init` and `check` on a real Trino; and its access control, with the rules that `grants` writes: enough, and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sqlgen.cli import main
from sqlgen.ddl import Delivery, define
from sqlgen.grants import grant
from sqlgen.health import examine
from sqlgen.partitions import parse_partition
from sqlgen.profiles import Profile
from sqlgen.settings import load_profile
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import WarehouseError
from tests.engines.trino_server import TrinoServer, started
from tests.engines.trino_tables import load_cloudtrail
from tests.worlds import build

pytestmark = pytest.mark.trino
SCHEMA = "trino_setup"
LOG = f"hive.{SCHEMA}.trail"
RULES = "rules.json"
ADMINISTRATOR = {"user": "test"}
EVERYTHING: dict[str, list[dict[str, Any]]] = {
    "catalogs": [ADMINISTRATOR | {"allow": "all"}],
    "schemas": [ADMINISTRATOR | {"owner": True}],
    "tables": [ADMINISTRATOR | {"privileges": ["SELECT", "INSERT", "DELETE", "OWNERSHIP", "GRANT_SELECT"]}],
    "procedures": [
        ADMINISTRATOR | {"catalog": "hive", "schema": "system", "procedure": ".*", "privileges": ["EXECUTE"]}
    ],
    "queries": [ADMINISTRATOR | {"allow": ["execute", "kill", "view"]}],
}
"""Rules for the one who makes the tables; the others of a section come before them."""


def profile(server: TrinoServer, user: str) -> Profile:
    connection: dict[str, str | int | bool] = {
        "host": server.host,
        "port": server.port,
        "user": user,
        "http_scheme": "http",
        "catalog": "hive",
        "schema": SCHEMA,
    }
    return Profile("p", "trino", LOG, "cloudtrail", (parse_partition("timestamp=yyyy/MM/dd"),), connection)


def test_init_and_check(trino: TrinoServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_cloudtrail(trino, build(5, 24, 0), layout="cloudtrail", schema=SCHEMA, table="trail")
    config = ["--config", str(tmp_path / "sqlgen.toml")]
    keys = {"host": trino.host, "port": trino.port, "user": "test", "http_scheme": "http", "catalog": "hive"}
    settings = [text for key, value in keys.items() for text in ("--set", f"{key}={value}")]
    with pytest.raises(SystemExit) as ended:
        main(["init", "--dialect", "trino", "--database", SCHEMA, *settings, "--yes", *config])
    assert not ended.value.code, capsys.readouterr().err
    written = load_profile(None, tmp_path / "sqlgen.toml")
    assert (written.table, written.layout) == (f"{SCHEMA}.trail", "cloudtrail")
    assert written.partitions == (parse_partition("timestamp=yyyy/MM/dd"),)
    with pytest.raises(SystemExit) as ended:
        main(["check", "--write", *config])
    assert not ended.value.code, capsys.readouterr().out


@dataclass
class Guarded:
    """A Trino whose access control is ours to change."""

    server: TrinoServer
    rules: Path

    def let(self, *commands: str, user: str) -> None:
        """Let a user do what `grants` says that commands need, and wait until the server has read it."""
        written: dict[str, list[dict[str, Any]]] = json.loads(
            grant("trino", commands, {"table": LOG, "user": user}).text
        )
        self.rules.write_text(
            json.dumps({name: written.get(name, []) + EVERYTHING[name] for name in EVERYTHING}), encoding="utf-8"
        )
        time.sleep(2)

    def refuses(self, user: str, sql: str) -> bool:
        warehouse = open_warehouse(profile(self.server, user))
        try:
            warehouse.execute(sql)
        except WarehouseError as error:
            assert "Access Denied" in str(error) or "PERMISSION_DENIED" in str(error), error
            return True
        return False


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    more = {
        "access-control.properties": "access-control.name=file\nsecurity.config-file={folder}/rules.json\nsecurity.refresh-period=1s\n",
    }
    with started(more | {f"../{RULES}": json.dumps(EVERYTHING).replace("{", "{{").replace("}", "}}")}) as (
        server,
        folder,
    ):
        load_cloudtrail(server, build(5, 24, 0), layout="cloudtrail", schema=SCHEMA, table="trail")
        load_cloudtrail(server, build(6, 24, 0), layout="cloudtrail", schema=SCHEMA, table="other")
        yield Guarded(server, folder / RULES)


def test_rules_for_check_and_run_are_enough_and_no_more(guarded: Guarded) -> None:
    guarded.let("check", "run", user="ana.lyst")
    verdicts = {verdict.check: verdict for verdict in examine(profile(guarded.server, "ana.lyst"))}
    assert {verdict.state for verdict in verdicts.values()} == {"ok"}, verdicts
    assert guarded.refuses("ana.lyst", f"SELECT * FROM hive.{SCHEMA}.other LIMIT 1")
    assert guarded.refuses("ana.lyst", f"CREATE TABLE hive.{SCHEMA}.mine (a INT)")
    assert guarded.refuses("ana.lyst", f"DROP TABLE {LOG}")
    assert guarded.refuses("anaxlyst", f"SELECT * FROM {LOG} LIMIT 1")  # the point is no pattern


def test_rules_for_ddl_let_the_log_be_made(guarded: Guarded) -> None:
    guarded.let("ddl", user="maker")
    delivery = Delivery(table=LOG, bucket="local:///made", accounts=("111122223333",), regions=("us-east-1",))
    statements = define("trino", None, delivery).sql.split(";\n")[:2]
    warehouse = open_warehouse(profile(guarded.server, "maker"))
    (guarded.server.data / "made/AWSLogs/111122223333/CloudTrail").mkdir(parents=True)
    guarded.server.rows(f"DROP TABLE {LOG}")
    for statement in statements:
        warehouse.execute(statement)
    assert guarded.refuses("maker", f"SELECT * FROM hive.{SCHEMA}.other LIMIT 1")
