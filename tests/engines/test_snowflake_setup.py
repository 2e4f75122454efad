"""From nothing to an answer on Snowflake (fakesnow, by the real connector): `init` finds the log, `check` finds it well; faults are named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sqlgen.settings import load_profile
from tests import reference
from tests.engines.commands import Call, Called, verdicts
from tests.engines.snowflake_server import SnowflakeServer, snowflake_server
from tests.engines.snowflake_tables import load_cloudtrail
from tests.snowflake_home import PASSWORD, write_connection
from tests.worlds import build

pytestmark = pytest.mark.snowflake
CONNECTION = ("--set", "connection_name=test", "--set", "database=SETUP", "--set", "schema=PUBLIC")


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return build(1, 24, 0)


@pytest.fixture(scope="module", autouse=True)
def server(records: list[dict[str, Any]]) -> Iterator[SnowflakeServer]:
    """A server with a log in each of two layouts, and a table of something else."""
    with snowflake_server() as running:
        write_connection(running.port)
        with running.connect(database="SETUP", session_parameters={}) as loader:
            load_cloudtrail(loader, records, layout="event", table="trail")
            load_cloudtrail(loader, records, layout="panther", table="panther_trail")
            loader.cursor().execute("CREATE TABLE flows (srcaddr VARCHAR)")
        yield running


@pytest.fixture
def call(call: Call) -> Call:
    """Call the command line, which never tells the password."""

    def called(command: str, *arguments: str) -> Called:
        status, out, err = call(command, *arguments)
        assert PASSWORD not in out + err
        return status, out, err

    return called


def test_from_init_to_an_answer(call: Call, tmp_path: Path, records: list[dict[str, Any]]) -> None:
    init = ("init", "--profile", "prod", "--dialect", "snowflake", *CONNECTION, "--database", "PUBLIC", "--yes")
    status, _, err = call(*init)
    assert status == 2 and "look like CloudTrail: public.panther_trail (panther), public.trail (event)" in err
    status, out, err = call(*init, "--table", "public.trail")
    assert status == 0, err
    profile = load_profile("prod", tmp_path / "sqlgen.toml")
    assert (profile.table, profile.layout) == ("public.trail", "event") and PASSWORD not in out

    status, out, err = call("check", "--write", "--format", "json")
    found = verdicts(out)
    assert status == 0, out
    assert list(found) == ["connection", "table", "layout", "rights", "row", "partitions", "home"]
    assert found["row"]["says"].startswith("one of 20")

    window = (datetime(2023, 7, 10), datetime(2023, 7, 11))
    events = reference.events.read_events(records)
    keys = {event.access_key_id for event in events if event.event_time and window[0] <= event.event_time < window[1]}
    key = min(key for key in keys if key)
    asked = ("--access-key", key, "--from", "2023-07-10", "--to", "2023-07-11", "--format", "json")
    status, out, err = call("run", "identity-chain", *asked)
    expected = reference.identity_chain(records, access_key=key, window=window)
    assert (
        status == 0 and [row["session_id"] for row in json.loads(out)] == [row["session_id"] for row in expected] != []
    ), err


def test_what_is_wrong_is_named(call: Call, tmp_path: Path) -> None:
    keys = '[profiles.{name}.connection]\nconnection_name = "test"\ndatabase = "SETUP"\nschema = "PUBLIC"\n'
    profiles = {
        "other": 'table = "public.panther_trail"\nlayout = "event"\n',
        "flows": 'table = "public.flows"\n',
        "gone": 'table = "public.gone"\nedges = "public.edges"\n',
    }
    text = "".join(
        f'[profiles.{name}]\ndialect = "snowflake"\n{more}{keys.format(name=name)}' for name, more in profiles.items()
    )
    (tmp_path / "sqlgen.toml").write_text(text, encoding="utf-8")
    status, out, _ = call("check", "--profile", "other", "--format", "json")
    layout = verdicts(out)["layout"]
    assert status == 1 and layout["do"] == 'say layout = "panther" in the profile'
    assert any(
        "a console session shows only where its sign-in is in the data" in detail for detail in layout["details"]
    )
    status, out, _ = call("check", "--profile", "flows", "--format", "json")
    assert status == 1 and "no layout of snowflake fits" in verdicts(out)["layout"]["says"]
    status, out, _ = call("check", "--profile", "gone", "--format", "json")
    found = verdicts(out)
    assert status == 1 and found["table"]["says"] == "there is no public.gone" and found["edges"]["state"] == "failed"
