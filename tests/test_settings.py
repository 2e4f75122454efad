"""Profiles: where they are found, what they say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlgen import settings
from sqlgen.errors import UsageError
from sqlgen.partitions import Partition

PROD = """
[profiles.prod]
dialect = "athena"
table = "security.cloudtrail"
partitions = ["timestamp=yyyy/MM/dd", "region=us-east-1,eu-west-1"]
own_accounts = ["111122223333"]
own_ranges = ["203.0.113.0/24", "2001:db8::/32"]

[profiles.prod.connection]
workgroup = "security"
"""


@pytest.fixture(autouse=True)
def nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Leave no variable and no file of the one who runs the tests in reach, and work in an empty folder."""
    for key in (*settings.KEYS, "config", "profile", "workgroup", "region", "database"):
        monkeypatch.delenv(settings.ENVIRONMENT + key.upper(), raising=False)
    monkeypatch.setattr(settings, "user_file", lambda: tmp_path / "user" / "sqlgen.toml")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def write(path: Path, text: str = PROD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_nearest_file_upwards_before_the_users(tmp_path: Path) -> None:
    write(tmp_path / "user" / "sqlgen.toml", '[profiles.mine]\ndialect = "duckdb"\ntable = "t"\n')
    assert settings.load_profile().name == "mine"
    write(tmp_path / "a" / "sqlgen.toml")
    assert settings.load_profile().name == "prod"


def test_a_profile_says_what_is_in_the_file(tmp_path: Path) -> None:
    profile = settings.load_profile("prod", write(tmp_path / "x.toml"))
    assert (profile.dialect, profile.table, profile.layout) == ("athena", "security.cloudtrail", None)
    assert profile.partitions == (
        Partition("day", ("timestamp",), "yyyy/MM/dd"),
        Partition("value", ("region",), values=("us-east-1", "eu-west-1")),
    )
    assert profile.own_accounts == ("111122223333",) and profile.connection == {"workgroup": "security"}


def test_variables_come_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLGEN_CONFIG", str(write(tmp_path / "x.toml")))
    monkeypatch.setenv("SQLGEN_TABLE", "other.log")
    monkeypatch.setenv("SQLGEN_WORKGROUP", "mine")
    monkeypatch.setenv("SQLGEN_PARTITIONS", "year,month,day; region=us-east-1")
    monkeypatch.setenv("SQLGEN_OWN_ACCOUNTS", "1,2")
    profile = settings.load_profile()
    assert (profile.table, profile.connection["workgroup"], profile.own_accounts) == ("other.log", "mine", ("1", "2"))
    assert [partition.columns for partition in profile.partitions] == [("year", "month", "day"), ("region",)]


def test_a_profile_of_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLGEN_DIALECT", "snowflake")
    monkeypatch.setenv("SQLGEN_TABLE", "security.public.trail")
    assert settings.load_profile().table == "security.public.trail"


def test_of_several_profiles_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = PROD + '[profiles.lab]\ndialect = "duckdb"\ntable = "t"\n'
    path = write(tmp_path / "x.toml", both)
    with pytest.raises(UsageError, match=r"say which profile .* lab \| prod"):
        settings.load_profile(None, path)
    monkeypatch.setenv("SQLGEN_PROFILE", "lab")
    assert settings.load_profile(None, path).name == "lab"
    assert settings.load_profile(None, write(tmp_path / "y.toml", 'default_profile = "prod"\n' + both)).name == "lab"
    monkeypatch.delenv("SQLGEN_PROFILE")
    assert settings.load_profile(None, tmp_path / "y.toml").name == "prod"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profiles = 1", "profiles are tables"),
        ("[profiles.x", "not valid TOML"),
        ("colour = 1", "unknown key 'colour'"),
        ('[profiles.x]\ndialect = "athena"', "table is missing"),
        ('[profiles.x]\ndialect = "oracle"\ntable = "t"', "dialect is one of athena, duckdb, snowflake, trino"),
        ('[profiles.x]\ndialect = "athena"\ntabel = "t"', "did you mean table?"),
        ('[profiles.x]\ndialect = "athena"\ntable = "t"\npartitions = ["a b"]', "--partition takes"),
        ('[profiles.x]\ndialect = "athena"\ntable = "t"\nown_ranges = ["10.0.0.0/99"]', "which is no network"),
        ('[profiles.x]\ndialect = "athena"\ntable = "t"\nown_accounts = "1"', "own_accounts is a list of texts"),
        ('[profiles.x]\ndialect = "snowflake"\ntable = "t"\n[profiles.x.connection]\npassword = "hunter2"', "secret"),
        ('[profiles.x]\ndialect = "athena"\ntable = "t"\n[profiles.x.connection]\nhost = "h"', "unknown key 'host'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        settings.load_profile("x", write(tmp_path / "x.toml", text))
    assert message in str(raised.value) and "hunter2" not in str(raised.value)


def test_no_file_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sqlgen init"):
        settings.load_profile("prod")
    with pytest.raises(UsageError, match=r"nowhere\.toml does not exist"):
        settings.load_profile("prod", tmp_path / "nowhere.toml")
