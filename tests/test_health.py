"""What `check` says: of a sound profile, of each thing that can be wrong with one, and how it is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sqlgen import settings
from sqlgen.cli import main
from sqlgen.deliveries import load
from sqlgen.demo import write_demo
from sqlgen.health import Verdict, examine
from sqlgen.output.verdicts import write_verdicts
from sqlgen.partitions import parse_partition
from sqlgen.profiles import Profile
from sqlgen.store import EVENT_STORE, fill_store
from sqlgen.warehouses.base import Row, TableColumn
from tests.stub_warehouse import StubWarehouse, described

NOW = datetime(2023, 7, 10, 12)
LOG = "security.trail"
BY_DAY = ("region", "timestamp")
ROW: Row = {"event_time": datetime(2023, 7, 10, 11), "partition_0": "us-east-1", "partition_1": "2023/07/10"}


def profile(*partitions: str, dialect: str = "athena", layout: str | None = None, edges: str | None = None) -> Profile:
    return Profile("p", dialect, LOG, layout, tuple(map(parse_partition, partitions)), edges=edges)


def warehouse(
    layout: str = "cloudtrail", rows: Sequence[Sequence[Row]] = ((ROW,),), refuse: Mapping[str, str] | None = None
) -> StubWarehouse:
    return StubWarehouse("athena", {LOG: described("athena", layout, partitions=BY_DAY)}, rows, refuse or {})


def found(place: Profile, stub: StubWarehouse, *, write: bool = False) -> dict[str, Verdict]:
    verdicts = list(examine(place, warehouse=stub, now=NOW, write=write))
    assert all("\n" not in verdict.says and verdict.says for verdict in verdicts)
    assert all(verdict.do for verdict in verdicts if verdict.state == "failed")
    assert not stub.closed  # it is not ours
    return {verdict.check: verdict for verdict in verdicts}


def test_a_sound_profile() -> None:
    stub = warehouse()
    verdicts = found(profile("timestamp=yyyy/MM/dd"), stub)
    assert list(verdicts) == ["connection", "table", "layout", "rights", "row", "partitions"]
    assert {verdict.state for verdict in verdicts.values()} == {"ok"}
    assert verdicts["row"].says == "one of 2023-07-10T11:00:00Z, 1.23 kB read"
    explained, row = stub.asked[1:]
    assert explained.startswith("EXPLAIN WITH") and '"timestamp" >= \'2023/07/10' in explained
    assert "\"timestamp\" >= '2023/07/08'" in row and row.endswith("LIMIT 1")
    assert all(limits.maximum_scan_bytes == 10**9 for limits in stub.limits)


def test_an_older_table_names_its_layout_and_what_it_costs() -> None:
    verdict = found(profile("timestamp=yyyy/MM/dd"), warehouse("cloudtrail-serde"))["layout"]
    assert verdict.says.startswith(
        "cloudtrail-serde fits, not cloudtrail: the table lacks eventcategory, sessioncredentialfromconsole"
    )
    assert verdict.do == 'say layout = "cloudtrail-serde" in the profile'
    costs = " | ".join(verdict.details)
    assert (
        "sessioncredentialfromconsole is missing: a console session shows only where its sign-in is in the data ("
        in costs
    )
    assert (
        "useridentity.onbehalfof.userid is missing: the Identity Center user behind a role session is not known ("
        in costs
    )


def test_an_older_table_in_its_own_layout_is_well_and_says_what_it_costs() -> None:
    verdict = found(profile("timestamp=yyyy/MM/dd", layout="cloudtrail-serde"), warehouse("cloudtrail-serde"))["layout"]
    assert verdict.state == "ok" and any(
        detail.startswith("sessioncredentialfromconsole is missing") for detail in verdict.details
    )


def test_a_table_that_has_more_than_its_layout_reads() -> None:
    verdict = found(profile("timestamp=yyyy/MM/dd", layout="cloudtrail-serde"), warehouse())["layout"]
    assert verdict.state == "ok" and verdict.details[0] == 'cloudtrail fits too and reads more: layout = "cloudtrail"'


def test_a_table_that_lacks_what_every_layout_reads() -> None:
    columns = described(
        "athena", "cloudtrail", without=("sessioncredentialfromconsole", "sharedeventid"), partitions=BY_DAY
    )
    verdicts = found(profile(), StubWarehouse("athena", {LOG: columns}))
    assert verdicts["layout"].state == "failed"
    assert verdicts["layout"].says == "cloudtrail-serde comes nearest: the table lacks sharedeventid"
    [cost] = verdicts["layout"].details
    assert cost.startswith("without sharedeventid these questions fail: chain-events, identity-chain, issuances")
    assert {verdicts[name].state for name in ("rights", "row", "partitions")} == {"skipped"}


def test_a_table_of_something_else() -> None:
    verdicts = found(profile(), StubWarehouse("athena", {LOG: [TableColumn("srcaddr", "string")]}))
    assert "no layout of athena fits" in verdicts["layout"].says and "sqlgen init" in verdicts["layout"].do


def test_a_table_that_is_not_there() -> None:
    verdicts = found(profile(edges="kept.edges"), StubWarehouse("athena", {}), write=True)
    assert list(verdicts) == ["connection", "table", "edges", "home"]
    assert verdicts["table"].says == f"there is no {LOG}" and verdicts["edges"].says == "there is no kept.edges"


def kept_edges(*rows: Row, without: Sequence[str] = ()) -> Verdict:
    columns = {"kept.edges": described("athena", "store", without=without)}
    return found(profile(edges="kept.edges"), StubWarehouse("athena", columns, (rows,)))["edges"]


@pytest.mark.parametrize(
    ("newest", "says", "is_late"),
    [
        (datetime(2023, 7, 10, 11, 15, 59), "7 rows, the newest of 2023-07-10T11:15:59Z, 44 min behind", False),
        (datetime(2023, 7, 9, 3), "7 rows, the newest of 2023-07-09T03:00:00Z, 33 h behind", False),
        (datetime(2023, 7, 3), "7 rows, the newest of 2023-07-03T00:00:00Z, 7 days behind", True),
    ],
)
def test_the_scheduled_table_is_there_and_how_late_it_is(newest: datetime, says: str, is_late: bool) -> None:
    verdict = kept_edges({"newest": newest, "row_count": 7})
    assert verdict.state == "ok" and says in verdict.says
    assert ["sqlgen schedule --status" in detail for detail in verdict.details] == [True] * is_late


def test_a_scheduled_table_that_is_empty_or_of_something_else_finds_no_chain() -> None:
    empty = kept_edges({"newest": None, "row_count": 0})
    assert (empty.state, empty.says) == ("failed", "kept.edges is empty, so that no chain is found in it")
    assert "--backfill" in empty.do
    other = kept_edges(without=("event_id",))
    assert (other.state, other.says) == ("failed", "kept.edges lacks event_id")


def test_no_connection_ends_it() -> None:
    verdicts = found(profile(), warehouse(refuse={"IDENTITY": "the credentials have expired"}))
    assert list(verdicts) == ["connection"] and "expired" in verdicts["connection"].says


def test_no_driver_or_database_is_said() -> None:
    [verdict] = examine(Profile("lab", "duckdb", "t", connection={"database": "/nowhere/x.duckdb"}))
    assert verdict.state == "failed" and "there is no database" in verdict.says and "profiles.lab" in verdict.do


def test_rights_that_are_missing() -> None:
    stub = warehouse(refuse={"EXPLAIN": "not authorized to perform glue:GetTable"})
    verdicts = found(profile("timestamp=yyyy/MM/dd"), stub)
    assert "glue:GetTable" in verdicts["rights"].says and "sqlgen grants" in verdicts["rights"].do
    assert verdicts["row"].state == "ok"


@pytest.mark.parametrize(
    ("partitions", "says", "do"),
    [
        ((), "the table is partitioned by region, timestamp, the profile does not say so", '["timestamp=yyyy/MM/dd"]'),
        (
            ("timestamp=yyyy-MM-dd",),
            "timestamp holds '2023/07/10', the profile says yyyy-MM-dd",
            '["timestamp=yyyy/MM/dd"]',
        ),
        (
            ("day=yyyy/MM/dd",),
            "there is no column day; the table is partitioned by region, timestamp",
            '["timestamp=yyyy/MM/dd"]',
        ),
        (
            ("timestamp=yyyy/MM/dd", "region=eu-west-1"),
            "region holds 'us-east-1', which is none of eu-west-1",
            "partitions =",
        ),
        (("region=us-east-1",), "the profile does not say so", '["region=us-east-1", "timestamp=yyyy/MM/dd"]'),
    ],
)
def test_partitions_that_are_wrong(partitions: tuple[str, ...], says: str, do: str) -> None:
    verdict = found(profile(*partitions), warehouse())["partitions"]
    assert verdict.state == "failed" and says in verdict.says and do in verdict.do


def test_a_partition_that_is_not_there_spoils_nothing_else() -> None:
    verdicts = found(profile("day=yyyy/MM/dd"), warehouse())
    assert verdicts["rights"].state == verdicts["row"].state == "ok"


@pytest.mark.parametrize(
    ("by", "row", "proposed"),
    [
        (
            ("year", "month", "day"),
            {"partition_0": "2023", "partition_1": "07", "partition_2": "10"},
            '["year,month,day"]',
        ),
        (("dt",), {"partition_0": "2023-07-10"}, '["dt=yyyy-MM-dd"]'),
        (("eventday",), {"partition_0": "20230710"}, '["eventday=yyyyMMdd"]'),
        (("eventday",), {}, '["eventday=yyyyMMdd"]'),
    ],
)
def test_partitions_are_proposed_by_what_a_row_holds(by: tuple[str, ...], row: Row, proposed: str) -> None:
    stub = StubWarehouse(
        "athena", {LOG: described("athena", "cloudtrail", partitions=by)}, [[ROW | row]] if row else [[]]
    )
    assert proposed in found(profile(), stub)["partitions"].do


def test_a_view_that_does_not_say_which_columns_partition_it() -> None:
    columns = [replace(column, partition=False) for column in described("athena", "cloudtrail", partitions=BY_DAY)]
    stub = StubWarehouse("athena", {LOG: columns}, [[{"event_time": NOW, "partition_0": "20230710"}]])
    verdict = found(profile("timestamp=yyyy/MM/dd"), stub)["partitions"]
    assert verdict.state == "failed" and "timestamp holds '20230710'" in verdict.says
    assert '["timestamp=yyyyMMdd"]' in verdict.do


def test_other_partitions_are_a_hint() -> None:
    verdict = found(profile("timestamp=yyyy/MM/dd"), warehouse())["partitions"]
    assert verdict.state == "ok" and "also partitioned by region" in verdict.details[0]


def test_an_older_row_is_looked_for_further_back() -> None:
    stub = warehouse(rows=[[], [ROW]])
    verdict = found(profile("timestamp=yyyy/MM/dd"), stub)["row"]
    assert verdict.state == "ok" and "31 days back" in verdict.details[0]
    assert "\"timestamp\" >= '2023/06/09'" in stub.asked[-1]


def test_where_no_day_has_a_row_the_whole_table_is_asked_for_one() -> None:
    stub = warehouse(rows=[[]])
    verdict = found(profile("timestamp=yyyy/MM/dd"), stub)["row"]
    assert verdict.state == "failed" and verdict.says == "the table gives no row" and len(stub.asked) == 6
    assert '"timestamp" >=' not in stub.asked[-1]


def test_a_row_without_a_readable_time() -> None:
    verdict = found(profile("timestamp=yyyy/MM/dd"), warehouse(rows=[[ROW | {"event_time": None}]]))["row"]
    assert verdict.state == "failed" and "its time cannot be read" in verdict.says


def test_a_view_is_made_and_dropped_only_when_asked() -> None:
    stub = warehouse()
    found(profile("timestamp=yyyy/MM/dd"), stub)
    assert not any(text.startswith("CREATE") for text in stub.asked)
    assert found(profile("timestamp=yyyy/MM/dd"), stub, write=True)["home"].state == "ok"
    made, dropped = stub.asked[-2:]
    assert made.startswith("CREATE VIEW security.sqlgen_check_") and dropped == f"DROP VIEW {made.split()[2]}"
    refused = warehouse(refuse={"CREATE VIEW": "not allowed"})
    assert found(profile("timestamp=yyyy/MM/dd"), refused, write=True)["home"].state == "failed"


@pytest.mark.parametrize("layout", ["records", "event", "snowalert", "panther"])
def test_every_layout_of_snowflake_is_looked_at(layout: str) -> None:
    stub = StubWarehouse("snowflake", {LOG: described("snowflake", layout)}, [[{"event_time": NOW}]])
    verdicts = found(profile(dialect="snowflake", layout=layout), stub)
    assert {verdict.state for verdict in verdicts.values()} == {"ok"}, verdicts


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real database with the demo's events, and a file with a sound profile and a spoilt one."""
    for key in (*settings.KEYS, "config", "profile", "database"):
        monkeypatch.delenv(settings.ENVIRONMENT + key.upper(), raising=False)
    path = tmp_path / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        load(connection, [str(write_demo(tmp_path / "logs").folder)])
        fill_store(connection)
    config = tmp_path / "sqlgen.toml"
    spoilt = 'partitions = ["timestamp=yyyy/MM/dd"]\n'
    config.write_text(
        "".join(
            f'[profiles.{name}]\ndialect = "duckdb"\ntable = "{EVENT_STORE}"\n{more}[profiles.{name}.connection]\ndatabase = "{path}"\n'
            for name, more in (("lab", 'layout = "store"\n'), ("spoilt", spoilt))
        ),
        encoding="utf-8",
    )
    return config


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["check", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_command_on_a_real_database(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = called(capsys, "--profile", "lab", "--config", str(lab), "--write")
    assert (status, err) == (0, "")
    lines = [line for line in out.splitlines() if not line.startswith("  ")]  # a long path goes on below
    assert [line.split()[1] for line in lines] == [
        "connection",
        "table",
        "layout",
        "rights",
        "row",
        "partitions",
        "home",
    ]
    assert all(line.startswith("✓ ") for line in lines)
    with duckdb.connect(str(lab.parent / "events.duckdb")) as connection:
        assert connection.execute(
            "SELECT COUNT(*) FROM duckdb_views() WHERE view_name LIKE 'sqlgen_check%'"
        ).fetchall() == [(0,)]


def test_what_is_wrong_is_exit_status_one(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called(capsys, "--profile", "spoilt", "--config", str(lab), "--format", "json")
    verdicts = {verdict["check"]: verdict for verdict in json.loads(out)}
    assert status == 1 and verdicts["layout"]["do"] == 'say layout = "store" in the profile'
    assert "no column timestamp" in verdicts["partitions"]["says"]
    status, out, _ = called(capsys, "--profile", "spoilt", "--config", str(lab))
    assert status == 1 and "✗ layout" in out and 'to do: say layout = "store"' in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--format", "csv"], "--format takes table or json"), (["--max-scan", "x"], "--max-scan takes a size")],
)
def test_wrong_usage(lab: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    status, out, err = called(capsys, "--profile", "lab", "--config", str(lab), *arguments)
    assert (status, out) == (2, "") and message in err


def test_plain_marks_where_the_stream_has_no_others() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    verdicts = [
        Verdict("table", "ok", "a\x1b[31m"),
        Verdict("row", "failed", "no " * 60, "look"),
        Verdict("rights", "skipped", "why"),
    ]
    assert write_verdicts(verdicts, "table", stream) is False
    stream.flush()
    lines = raw.getvalue().decode().splitlines()
    assert lines[0].split() == ["ok", "table", r"a\x1b[31m"] and lines[1].startswith("FAIL row")
    assert lines[-1].split() == ["-", "rights", "why"] and max(map(len, lines)) <= 120


def test_json_steers_no_terminal() -> None:
    stream = io.StringIO()
    verdict = Verdict("row", "ok", "a\x1b[31m\u202e\x9b")
    assert write_verdicts([verdict], "json", stream) is True
    text = stream.getvalue()
    assert json.loads(text)[0]["says"] == verdict.says and text.replace("\n", "").isprintable()
