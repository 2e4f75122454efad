"""Asking in place: a DuckDB database stands for the warehouse; the same rows as over the files it was filled from."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from sqlgen.answers import ask
from sqlgen.cli import main
from sqlgen.deliveries import load
from sqlgen.demo import DemoStory, write_demo
from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.runner import run
from sqlgen.store import EVENT_STORE, fill_store


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> DemoStory:
    return write_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def profile(story: DemoStory, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    path = tmp_path_factory.mktemp("database") / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        load(connection, [str(story.folder)])
        fill_store(connection)
    return Profile("lab", "duckdb", EVENT_STORE, layout="store", connection={"database": str(path)})


@pytest.fixture
def config(profile: Profile, tmp_path: Path) -> Path:
    path = tmp_path / "sqlgen.toml"
    path.write_text(
        f'[profiles.lab]\ndialect = "duckdb"\ntable = "{profile.table}"\nlayout = "store"\n'
        f'[profiles.lab.connection]\ndatabase = "{profile.connection["database"]}"\n',
        encoding="utf-8",
    )
    return path


def test_the_same_rows_as_over_the_files(story: DemoStory, profile: Profile) -> None:
    for query, parameters in (
        ("identity-chain", {"access_key": story.alert_key, "direction": "both"}),
        ("session-summary", {"access_key": [story.alert_key]}),
        ("console-keys", {}),
    ):
        expected = run(query, sources=[story.folder], parameters=parameters)
        with ask(query, profile, parameters=parameters) as answer:
            rows = list(answer.rows)
            assert rows == expected.rows and answer.count == len(rows) > 0 and answer.hints == ()


def test_run_with_a_profile(story: DemoStory, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(
            ["run", "identity-chain", "--profile", "lab", "--config", str(config), "--access-key", story.alert_key, "--format", "json"]
        )  # fmt: skip
    out, err = capsys.readouterr()
    assert not ended.value.code and err == ""
    assert [row["access_key_id"] for row in json.loads(out)] == list(reversed(story.chain))


def test_no_rows_say_where_was_looked(profile: Profile) -> None:
    with ask("identity-chain", profile, parameters={"access_key": "ASIANOBODY"}) as answer:
        assert list(answer.rows) == []
        assert "no rows: look whether the window is right" in answer.hints[0]


@pytest.mark.parametrize("dialect", ["athena", "snowflake", "trino"])
def test_a_warehouse_is_not_read_whole_by_accident(dialect: str) -> None:
    profile = Profile("prod", dialect, "security.cloudtrail")
    with pytest.raises(UsageError, match="--full-scan"), ask("session-summary", profile):
        raise AssertionError("asked")


def test_a_profile_shapes_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sqlgen.toml"
    path.write_text(
        '[profiles.p]\ndialect = "athena"\ntable = "sec.trail"\npartitions = ["eventday=yyyyMMdd"]\n', encoding="utf-8"
    )
    with pytest.raises(SystemExit) as ended:
        main(["render", "issuances", "--profile", "p", "--config", str(path), "--from", "2021-08-27", "--to", "2021-08-28"])  # fmt: skip
    text = capsys.readouterr().out
    assert not ended.value.code and "FROM sec.trail" in text and "\"eventday\" >= '20210827'" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "issuances", "--source", ".", "--profile", "lab"], "give one of them"),
        (["run", "issuances", "--profile", "nobody"], "has no profile 'nobody'; there is: lab"),
        (["run", "issuances", "--profile", "lab", "--max-scan", "lots"], "--max-scan takes a size such as 100GB"),
        (["render", "issuances", "--profile", "lab", "--dialect", "trino"], "leave --dialect out"),
    ],
)
def test_wrong_usage(config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--config", str(config)])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "") and message in err and err.count("\n") == 1


def test_a_database_that_is_not_there(profile: Profile, tmp_path: Path) -> None:
    lost = Profile("lab", "duckdb", EVENT_STORE, "store", connection={"database": str(tmp_path / "none.duckdb")})
    with pytest.raises(UsageError, match="there is no database"), ask("issuances", lost):
        raise AssertionError("asked")
