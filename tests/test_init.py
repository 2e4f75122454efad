"""`init`: what is asked and found, how it is written beside what is there, and what is refused."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sqlgen import settings
from sqlgen.cli import main
from sqlgen.deliveries import load
from sqlgen.demo import write_demo
from sqlgen.discovery import databases, log_tables
from sqlgen.errors import SqlgenError, UsageError
from sqlgen.partitions import Partition
from sqlgen.profile_file import write_profile
from sqlgen.settings import load_profile
from sqlgen.store import EVENT_STORE, fill_store
from sqlgen.warehouses.base import Row
from tests.stub_warehouse import StubWarehouse

ENTRY: dict[str, Any] = {
    "dialect": "athena",
    "table": "security.trail",
    "layout": "cloudtrail",
    "partitions": ["timestamp=yyyy/MM/dd", "region=us-east-1,eu-west-1"],
    "own_accounts": ["111122223333"],
    "own_ranges": ["203.0.113.0/24"],
    "connection": {"workgroup": "security", "region": "eu-west-1"},
}


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with no variable and no file of the one who runs the tests in reach."""
    keys = ("config", "profile", "database", "workgroup", "region", "host", "port")
    for key in (*settings.KEYS, *keys):
        monkeypatch.delenv(settings.ENVIRONMENT + key.upper(), raising=False)
    monkeypatch.setattr(settings, "user_file", lambda: tmp_path / "user" / "sqlgen.toml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "sqlgen.toml"
    written, text = write_profile(path, "prod", ENTRY)
    assert load_profile("prod", path) == load_profile(None, path) == written
    assert written.partitions[1] == Partition("value", ("region",), values=("us-east-1", "eu-west-1"))
    assert text == path.read_text(encoding="utf-8").split("\n\n", 1)[1]


def test_other_profiles_their_comments_and_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "sqlgen.toml"
    before = (
        '# ours\ndefault_profile = "lab"  # the quick one\n\n[profiles.lab]\n# a comment\ntable   = "t"\ndialect = "duckdb"\n'
        '[profiles.lab.connection]\ndatabase = "x.duckdb" # here\n'
    )
    path.write_text(before, encoding="utf-8")
    write_profile(path, "prod", ENTRY)
    after = path.read_text(encoding="utf-8")
    assert after.startswith(before) and load_profile(None, path).name == "lab"
    assert load_profile("prod", path).table == "security.trail"


def test_a_profile_is_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "sqlgen.toml"
    write_profile(path, "prod", ENTRY)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="has a profile prod already: --force"):
        write_profile(path, "prod", ENTRY | {"table": "other.trail"})
    assert path.read_bytes() == before
    write_profile(path, "prod", ENTRY | {"table": "other.trail"}, replace=True)
    assert load_profile("prod", path).table == "other.trail"
    assert path.read_text(encoding="utf-8").count("[profiles.prod]") == 1


@pytest.mark.parametrize(
    "change",
    [{"dialect": "oracle"}, {"connection": {"password": "hunter2"}}, {"partitions": ["a b"]}, {"colour": "red"}],
)
def test_what_is_no_profile_is_never_written(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "sqlgen.toml"
    with pytest.raises(UsageError) as raised:
        write_profile(path, "prod", ENTRY | change)
    assert not path.exists() and "hunter2" not in str(raised.value)


def test_a_broken_file_is_not_made_worse(tmp_path: Path) -> None:
    path = tmp_path / "sqlgen.toml"
    path.write_text("[profiles.x", encoding="utf-8")
    with pytest.raises(UsageError, match="not valid TOML"):
        write_profile(path, "prod", ENTRY)
    assert path.read_text(encoding="utf-8") == "[profiles.x"


def test_the_file_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "sqlgen.toml"
    real.write_text("", encoding="utf-8")
    real.chmod(0o600)
    link.symlink_to(real)
    write_profile(link, "prod", ENTRY)
    assert link.is_symlink() and stat.S_IMODE(real.stat().st_mode) == 0o600
    assert load_profile("prod", link).name == "prod"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.toml", "sqlgen.toml"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SqlgenError, match="cannot be written"):
        write_profile(tmp_path / "file" / "sqlgen.toml", "prod", ENTRY)


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["init", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("database")
    path = folder / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        load(connection, [str(write_demo(folder / "logs").folder)])
        fill_store(connection)
        connection.execute('CREATE SCHEMA "Old Logs"; CREATE TABLE "Old Logs".t AS FROM event_store')
        connection.execute("CREATE SCHEMA other; CREATE TABLE other.flows (srcaddr VARCHAR)")
    return path


def test_every_answer_as_an_option(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--profile", "lab", "--dialect", "duckdb", "--table", EVENT_STORE, "--layout", "store", "--yes"]
    status, out, err = called(
        capsys, *given, "--set", f"database={database}", "--set", "own_accounts=111122223333, 444455556666"
    )
    assert status == 0, err
    assert out == (
        f'[profiles.lab]\ndialect = "duckdb"\ntable = "{EVENT_STORE}"\nlayout = "store"\n'
        f'own_accounts = ["111122223333", "444455556666"]\n\n[profiles.lab.connection]\ndatabase = "{database}"\n'
    )
    assert "profile lab is written to sqlgen.toml; `sqlgen check --profile lab` looks at it" in err
    assert load_profile().own_accounts == ("111122223333", "444455556666")
    status, out, err = called(capsys, *given, "--set", f"database={database}")
    assert (status, out) == (2, "") and "--force" in err and "connected" not in err


def test_the_log_is_found_by_its_columns(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setting = ("--set", f"database={database}")
    status, _, err = called(capsys, "--dialect", "duckdb", "--database", "main", *setting, "--yes")
    assert status == 0, err
    profile = load_profile()
    assert (profile.name, profile.table, profile.layout) == ("default", f"main.{EVENT_STORE}", "store")
    status, _, err = called(
        capsys, "--profile", "old", "--dialect", "duckdb", "--database", "Old Logs", *setting, "--yes"
    )
    assert status == 0 and load_profile("old").table == '"Old Logs".t', err
    status, _, err = called(capsys, "--profile", "x", "--dialect", "duckdb", "--database", "other", *setting, "--yes")
    assert status == 2 and "no table of other looks like CloudTrail" in err and "sqlgen ddl" in err


def test_questions_are_asked_on_stderr(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = iter(["lab", "2", str(database), "main", "", "", "", "", "", ""])

    def prompt(text: str, default: str | None = None, **options: Any) -> str:
        asked.append(text)
        assert options["err"] is True
        return next(answers) or default or ""

    monkeypatch.setattr("typer.prompt", prompt)
    status, out, err = called(capsys)
    assert status == 0, err
    assert asked[:4] == [
        "profile",
        "dialect",
        "database: path of the DuckDB database that holds the log",
        "database that holds the log",
    ]
    assert " 2  duckdb" in err and " 1  main.event_store" in err and out.startswith("[profiles.lab]")
    assert load_profile("lab").layout == "store"


def test_without_a_connection_what_is_given_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = called(
        capsys,
        "--dialect",
        "duckdb",
        "--table",
        "t",
        "--set",
        "database=/nowhere/x.duckdb",
        "--yes",
        "--partition",
        "time_dt",
    )
    assert status == 0 and "not looked up: " in err and "there is no database" in err
    assert load_profile().layout == "files" and load_profile().partitions == (Partition("time", ("time_dt",)),)
    status, _, err = called(
        capsys,
        "--profile",
        "far",
        "--dialect",
        "trino",
        "--table",
        "h.s.t",
        "--set",
        "host=h",
        "--set",
        "port=8080",
        "--yes",
        "--offline",
    )
    assert status == 0 and "not looked up" not in err
    assert load_profile("far").connection == {"host": "h", "port": 8080}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dialect", "oracle", "--yes"], "unknown dialect 'oracle'"),
        (["--dialect", "athena", "--set", "workgroup", "--yes"], "--set takes KEY=VALUE"),
        (
            ["--dialect", "athena", "--set", "workgrup=x", "--table", "a.b", "--yes", "--offline"],
            "did you mean workgroup?",
        ),
        (["--dialect", "snowflake", "--set", "password=hunter2", "--table", "a.b", "--yes"], "looks like a secret"),
        (["--dialect", "athena", "--yes", "--offline"], "table of the log, database.table is missing"),
        (
            ["--dialect", "athena", "--table", "a.b", "--layout", "files", "--yes", "--offline"],
            "unknown layout of athena",
        ),
        (["--dialect", "athena", "--table", "a b", "--yes", "--offline"], "takes a table name"),
        (["--dialect", "athena", "--table", "a.b", "--partition", "a b", "--yes", "--offline"], "--partition takes"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str) -> None:
    status, out, err = called(capsys, *arguments)
    assert (status, out) == (2, "") and message in err and "hunter2" not in err and err.count("\n") == 1
    assert not (tmp_path / "sqlgen.toml").exists()


def test_a_file_that_is_found_upwards_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sqlgen.toml").write_text("# ours\n", encoding="utf-8")
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    status, _, err = called(capsys, "--dialect", "athena", "--table", "a.b", "--yes", "--offline")
    assert status == 0 and str(tmp_path / "sqlgen.toml") in err and not list(below.iterdir())


def rows(*tables: tuple[str, str, str, str]) -> list[Row]:
    names = ("table_schema", "table_name", "column_name", "data_type")
    return [dict(zip(names, table, strict=True)) for table in tables]


def test_names_of_snowflake_are_written_as_one_writes_them() -> None:
    found = rows(
        ("SECURITY", "TRAIL", "RAW", "VARIANT"),
        ("SECURITY", "Odd name", "V", "VARIANT"),
        ("SECURITY", "FLOWS", "SRCADDR", "TEXT"),
    )
    stub = StubWarehouse("snowflake", {}, [found])
    assert [(table.name, table.fit.layout) for table in log_tables(stub, "SECURITY")] == [
        ('security."Odd name"', "records"),
        ("security.trail", "event"),
    ]
    assert "table_schema = 'SECURITY'" in stub.asked[0]


def test_a_database_is_a_value_and_never_text() -> None:
    stub = StubWarehouse("athena", {}, [[]])
    assert log_tables(stub, "x' OR '1'='1") == []
    assert stub.asked[0].endswith("WHERE table_schema = 'x'' OR ''1''=''1'")


def test_what_belongs_to_the_engine_is_not_listed() -> None:
    stub = StubWarehouse(
        "snowflake", {}, [[{"schema_name": name} for name in ("INFORMATION_SCHEMA", "PUBLIC", "AUDIT")]]
    )
    assert databases(stub) == ["AUDIT", "PUBLIC"]
