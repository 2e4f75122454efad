"""From nothing to an answer on Athena: `init` finds the log, `check` finds it well, a question is answered; and what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sqlgen.demo import DemoStory, write_demo
from sqlgen.settings import load_profile
from tests.engines.commands import Call, verdicts
from tests.engines.trino_server import TrinoServer
from tests.engines.trino_tables import Layout, load_cloudtrail
from tests.logs import read_logs

if TYPE_CHECKING:
    from tests.engines.athena_endpoint import AthenaEndpoint

pytestmark = [pytest.mark.trino, pytest.mark.usefixtures("athena")]
SCHEMA = "athena_setup"
DAY = ("--from", "2021-08-27", "--to", "2021-08-28")


@pytest.fixture(scope="module")
def story(trino: TrinoServer, tmp_path_factory: pytest.TempPathFactory) -> DemoStory:
    """The demo's records, in a database with a table of each age, and one of something else."""
    story = write_demo(tmp_path_factory.mktemp("demo"))
    records = read_logs(story.deliveries)
    layouts: dict[str, Layout] = {"trail": "cloudtrail", "old_trail": "cloudtrail-serde"}
    for table, layout in layouts.items():
        load_cloudtrail(trino, records, layout=layout, schema=SCHEMA, table=table)
    trino.rows(f"CREATE TABLE IF NOT EXISTS hive.{SCHEMA}.flows (srcaddr VARCHAR, dstaddr VARCHAR, bytes BIGINT)")
    return story


def test_from_init_to_an_answer(story: DemoStory, call: Call, tmp_path: Path) -> None:
    status, out, err = call(
        "init", "--profile", "prod", "--dialect", "athena", "--database", SCHEMA, "--table", f"{SCHEMA}.trail", "--yes"
    )
    assert status == 0, err
    assert "connected: region eu-west-1, workgroup primary" in err
    profile = load_profile("prod", tmp_path / "sqlgen.toml")
    assert (profile.table, profile.layout) == (f"{SCHEMA}.trail", "cloudtrail")
    assert [partition.format for partition in profile.partitions] == ["yyyy/MM/dd"]
    assert 'partitions = ["timestamp=yyyy/MM/dd"]' in out

    status, out, err = call("check", "--profile", "prod", "--write", "--format", "json")
    found = verdicts(out)
    assert status == 0, out
    assert list(found) == ["connection", "table", "layout", "rights", "row", "partitions", "home"]
    assert "one of 2021-08-27T" in found["row"]["says"] and "read" in found["row"]["says"]

    status, out, err = call(
        "run", "identity-chain", "--profile", "prod", "--access-key", story.alert_key, *DAY, "--format", "json"
    )
    assert status == 0, err
    assert [row["access_key_id"] for row in json.loads(out)] == list(reversed(story.chain))


def test_what_is_asked_of_aws_is_within_the_rights_of_the_command(
    story: DemoStory, call: Call, athena: AthenaEndpoint
) -> None:
    at = ("--profile", "prod")
    key = ("--access-key", story.alert_key)
    commands = [
        ("init", *at, "--dialect", "athena", "--database", SCHEMA, "--table", f"{SCHEMA}.trail", "--yes"),
        ("check", *at),
        ("run", "session-events", *at, *key, *DAY, "--max-scan", "1GB"),
        ("save", "identity-chain", "issuances", *at),
        ("save", "issuances", "--prune", *at),
    ]
    for command, *arguments in commands:
        athena.asked.clear()
        status, _, err = call(command, *arguments)
        assert status == 0, err
        asked = {one.action for one in athena.asked}
        _, policy, _ = call("grants", *at, "--command", command)
        granted = {action for statement in json.loads(policy)["Statement"] for action in statement["Action"]}
        assert any(action.startswith("athena:") for action in asked)
        assert asked <= granted | {"sts:GetCallerIdentity"}, command  # which everybody may ask


def test_init_asks_and_shows_the_tables_that_look_like_cloudtrail(
    story: DemoStory, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "profile": "prod",
        "database that": SCHEMA,
        "table of": "2",
        "your own AWS accounts": "111122223333, 444455556666",
    }

    def prompt(text: str, default: str | None = None, **_: Any) -> str:
        return next((answer for about, answer in answers.items() if text.startswith(about)), default or "")

    monkeypatch.setattr("typer.prompt", prompt)
    status, _, err = call("init")
    assert status == 0, err
    assert f"{SCHEMA}.trail (cloudtrail), {SCHEMA}.old_trail (cloudtrail-serde)" in err and "flows" not in err
    profile = load_profile(None, tmp_path / "sqlgen.toml")
    assert (profile.table, profile.layout) == (f"{SCHEMA}.old_trail", "cloudtrail-serde")
    assert profile.own_accounts == ("111122223333", "444455556666")


def test_init_asks_by_a_query_what_it_may_not_ask_the_catalog(
    story: DemoStory, call: Call, athena: AthenaEndpoint
) -> None:
    arguments = ("--dialect", "athena", "--database", SCHEMA, "--yes")
    _, _, listed = call("init", "--profile", "prod", *arguments)
    assert "athena:StartQueryExecution" not in {one.action for one in athena.asked}
    athena.faults.deny("athena:ListTableMetadata")
    status, _, asked = call("init", "--profile", "prod", *arguments)
    assert status == 2 and asked == listed
    assert f"{SCHEMA}.trail (cloudtrail), {SCHEMA}.old_trail (cloudtrail-serde): name one with --table" in listed


def test_check_names_the_layout_that_fits_and_what_an_older_table_costs(story: DemoStory, call: Call) -> None:
    call(
        "init",
        "--profile",
        "old",
        "--dialect",
        "athena",
        "--table",
        f"{SCHEMA}.old_trail",
        "--layout",
        "cloudtrail",
        "--yes",
    )
    status, out, _ = call("check", "--profile", "old", "--format", "json")
    layout = verdicts(out)["layout"]
    assert status == 1 and layout["state"] == "failed"
    assert layout["says"].startswith(
        "cloudtrail-serde fits, not cloudtrail: the table lacks eventcategory, sessioncredentialfromconsole"
    )
    assert layout["do"] == 'say layout = "cloudtrail-serde" in the profile'
    wanted = "sessioncredentialfromconsole is missing: a console session shows only where its sign-in is in the data ("
    assert any(detail.startswith(wanted) for detail in layout["details"])


@pytest.mark.parametrize(
    ("partitions", "says", "do"),
    [
        ((), "the profile does not say so: every question reads the whole log", '["timestamp=yyyy/MM/dd"]'),
        (
            ("timestamp=yyyyMMdd",),
            "timestamp holds '2021/08/27', the profile says yyyyMMdd",
            '["timestamp=yyyy/MM/dd"]',
        ),
        (("timestamp=yyyy/MM/dd", "day=yyyy-MM-dd"), "there is no column day", '["timestamp=yyyy/MM/dd"]'),
    ],
)
def test_check_reads_partitions_from_a_live_row(
    story: DemoStory, call: Call, tmp_path: Path, partitions: tuple[str, ...], says: str, do: str
) -> None:
    text = f'[profiles.p]\ndialect = "athena"\ntable = "{SCHEMA}.trail"\npartitions = {json.dumps(partitions)}\n'
    (tmp_path / "sqlgen.toml").write_text(text, encoding="utf-8")
    status, out, _ = call("check", "--format", "json")
    verdict = verdicts(out)["partitions"]
    assert status == 1 and says in verdict["says"] and do in verdict["do"]


def test_a_table_of_something_else_and_one_that_is_not_there(story: DemoStory, call: Call, tmp_path: Path) -> None:
    tables = {"flows": f"{SCHEMA}.flows", "gone": f"{SCHEMA}.gone"}
    text = "".join(f'[profiles.{name}]\ndialect = "athena"\ntable = "{table}"\n' for name, table in tables.items())
    (tmp_path / "sqlgen.toml").write_text(text, encoding="utf-8")
    status, out, _ = call("check", "--profile", "flows", "--format", "json")
    found = verdicts(out)
    assert status == 1 and "no layout of athena fits" in found["layout"]["says"] and found["row"]["state"] == "skipped"
    status, out, _ = call("check", "--profile", "gone", "--format", "json")
    assert status == 1 and verdicts(out)["table"]["says"] == f"there is no {SCHEMA}.gone"


def test_what_may_not_be_asked_is_said_and_what_to_do(
    story: DemoStory, call: Call, athena: AthenaEndpoint, tmp_path: Path
) -> None:
    text = f'[profiles.p]\ndialect = "athena"\ntable = "{SCHEMA}.trail"\npartitions = ["timestamp=yyyy/MM/dd"]\n'
    (tmp_path / "sqlgen.toml").write_text(text, encoding="utf-8")
    athena.faults.deny("athena:StartQueryExecution")
    status, out, _ = call("check", "--format", "json")
    found = verdicts(out)
    assert status == 1 and found["rights"]["state"] == found["row"]["state"] == "failed"
    assert "athena:StartQueryExecution" in found["rights"]["says"] and "sqlgen grants" in found["rights"]["do"]
