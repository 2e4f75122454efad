"""A schedule as tasks of Snowflake: the real connector against an account of tables, views and tasks by script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from sqlgen import cli
from sqlgen.grants import grant
from sqlgen.objects.base import MARK
from sqlgen.profiles import Profile
from sqlgen.schedules.backfill import backfill
from sqlgen.schedules.deploy import deploy, remove
from sqlgen.schedules.jobs import jobs
from sqlgen.schedules.objects import choose, tables
from sqlgen.schedules.runs import Rhythm
from sqlgen.schedules.snowflake import wanted_task
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.status import examine
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import WarehouseError
from tests.documents import document
from tests.snowflake_home import write_connection
from tests.snowflake_stub import Answer, snowflake_stub
from tests.test_parsers import violations

PROFILE = Profile(
    "lab",
    "snowflake",
    "security.public.trail",
    layout="event",
    home="security.kept",
    connection={"connection_name": "test"},
)
TASKS = ["SQLGEN_CHAIN_EVENTS_RECENT", "SQLGEN_CHAIN_EVENTS_NIGHT"]
NOT_THERE = ("002003", "42S02", "SQL compilation error: Object does not exist or not authorized.")
CREATE_TASK = re.compile(
    r"CREATE OR REPLACE TASK (?P<name>\S+)\n.*?SCHEDULE = '(?P<schedule>[^']*)'.*?COMMENT = '(?P<comment>.*?)'\n  AS\n(?P<definition>.*)",
    re.DOTALL,
)


@dataclass
class Account:
    """What the account has; `tasks`: name, comment, schedule, state, definition. `broken`: beginnings of texts that fail."""

    tables: dict[str, list[str]] = field(default_factory=dict)
    tasks: dict[str, list[str]] = field(default_factory=dict)
    history: Sequence[Sequence[str | None]] = ()
    broken: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def answer(self, text: str) -> Answer:
        """Carry a statement out."""
        text = re.sub(r"\A(\s*--[^\n]*\n)+", "", text)
        self.texts.append(text)
        if any(text.startswith(start) for start in self.broken):
            return Answer(error=("003001", "42501", "Insufficient privileges to operate on schema 'KEPT'"))
        if text.startswith("SHOW TASKS"):
            columns = [(name, "text") for name in ("name", "comment", "schedule", "state", "definition")]
            return Answer(columns, [[name, *told] for name, told in self.tasks.items()])
        if match := re.match(r"DESCRIBE TABLE (\S+)", text):
            columns = [("name", "text"), ("type", "text")]
            if match[1] not in self.tables:
                return Answer(error=NOT_THERE)
            return Answer(columns, [[name.upper(), "VARCHAR"] for name in self.tables[match[1]]])
        if match := re.match(r"CREATE TABLE IF NOT EXISTS (\S+) \((.*)\)", text, re.DOTALL):
            self.tables.setdefault(match[1], re.findall(r"^  (\w+) ", match[2], re.MULTILINE))
        elif match := re.match(r"CREATE OR REPLACE VIEW (\S+) COPY GRANTS AS", text):
            self.tables[match[1]] = [name for name, _ in choose(["issuances"])[1].columns]
        elif match := CREATE_TASK.match(text):
            self.tasks[match["name"].rpartition(".")[2]] = [
                match["comment"], match["schedule"], "suspended", re.sub(r"\A--[^\n]*\n", "", match["definition"]).strip(),
            ]  # fmt: skip
        elif match := re.match(r"ALTER TASK \S+\.(\S+) RESUME", text):
            self.tasks[match[1]][2] = "started"
        elif match := re.match(r"DROP (TASK|VIEW) IF EXISTS (\S+)", text):
            self.tasks.pop(match[2].rpartition(".")[2], None)
            self.tables.pop(match[2], None)
        elif "TASK_HISTORY" in text:
            names = [(name, "text") for name in ("name", "state", "error_message", "query_id")]
            return Answer([*names, ("run_at", "timestamp_ntz")], self.history)
        elif text.startswith("SELECT DISTINCT"):
            return Answer([("done_day", "text")], [])
        elif text.startswith("SELECT MAX("):
            return Answer([("newest", "timestamp_ntz"), ("row_count", "fixed")], [["1688990000.000000000", "7"]])
        return Answer()


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    with snowflake_stub() as server:
        server.answer = made.answer
        write_connection(server.port)
        yield made


def deployed(rhythm: Rhythm | None = None, objects: Sequence[str] = ("issuances",)) -> dict[str, str]:
    with closing(open_warehouse(PROFILE)) as warehouse:
        made = deploy(warehouse, Statements(PROFILE), choose(objects), rhythm or Rhythm())
        return {item.name: item.action for item in made}


def test_tables_then_views_then_tasks_that_are_switched_on(account: Account) -> None:
    assert deployed() == dict.fromkeys(
        ["security.kept.chain_events", "security.kept.schedule_days", "security.kept.issuances", *TASKS], "create"
    )
    made = [text.split("(")[0].split("\n")[0].strip() for text in account.texts if re.match("CREATE|ALTER", text)]
    assert made == [
        "CREATE TABLE IF NOT EXISTS security.kept.chain_events",
        "CREATE TABLE IF NOT EXISTS security.kept.schedule_days",
        "CREATE OR REPLACE VIEW security.kept.issuances COPY GRANTS AS",
        *(f"{verb} {name}{end}" for name in (f"security.kept.{task}" for task in TASKS)
          for verb, end in (("CREATE OR REPLACE TASK", ""), ("ALTER TASK", " RESUME"))),
    ]  # fmt: skip
    comment, schedule, state, definition = account.tasks[TASKS[0]]
    assert MARK.search(comment) and (schedule, state) == ("60 MINUTE", "started")
    assert definition.startswith("MERGE INTO security.kept.chain_events AS kept\n")
    assert account.tasks[TASKS[1]][1] == "USING CRON 15 3 * * * UTC"
    for text in account.texts:
        if text.startswith("CREATE OR REPLACE TASK"):
            head = [line.strip() for line in text.partition("  AS\n")[0].splitlines()]
            assert set(head) > {
                "DEFAULT_NULL_ORDERING = 'LAST'",
                "USER_TASK_TIMEOUT_MS = 14400000",
                "SUSPEND_TASK_AFTER_NUM_FAILURES = 0",
            }


def test_a_second_time_no_task_is_touched(account: Account) -> None:
    deployed()
    before = len(account.texts)
    done = deployed()
    assert {done[name] for name in TASKS} == {"keep"} and done["security.kept.issuances"] == "replace"
    assert not [text for text in account.texts[before:] if re.match("CREATE OR REPLACE TASK|ALTER|DROP", text)]


def test_another_rhythm_is_another_task_and_one_left_over_goes(account: Account) -> None:
    deployed()
    assert deployed(Rhythm(timedelta(minutes=15)))[TASKS[0]] == "replace"
    assert account.tasks[TASKS[0]][1] == "15 MINUTE"
    assert deployed(Rhythm(timedelta(days=1)))[TASKS[0]] == "drop" and list(account.tasks) == TASKS[1:]


def test_what_failed_between_making_and_switching_on_is_mended(account: Account) -> None:
    account.broken.append("ALTER TASK")
    with pytest.raises(WarehouseError, match="Insufficient privileges"):
        deployed()
    assert account.tasks[TASKS[0]][2] == "suspended" and len(account.tasks) == 1
    account.broken.clear()
    assert deployed()[TASKS[0]] == "replace"
    assert {told[2] for told in account.tasks.values()} == {"started"}


def test_a_task_that_was_made_without_a_limit_is_made_anew(account: Account) -> None:
    deployed()
    [job, *_] = jobs(Statements(PROFILE), choose(["issuances"]), Rhythm())
    now = wanted_task(Statements(PROFILE), job)
    before = replace(now, about=now.about.replace(" Four hours a run at most.", ""))
    assert now.about != before.about
    account.tasks[TASKS[0]][0] = before.description()
    assert deployed()[TASKS[0]] == "replace"


def test_tasks_of_others_stay(account: Account) -> None:
    account.tasks["SQLGENERATED"] = account.tasks["SQLGEN_MINE"] = ["mine", "5 MINUTE", "started", "SELECT 1"]
    deployed()
    with closing(open_warehouse(PROFILE)) as warehouse:
        gone = [item.name for item in remove(warehouse, Statements(PROFILE), choose([]))]
    assert gone == [*TASKS, "security.kept.issuances"]
    assert set(account.tasks) == {"SQLGENERATED", "SQLGEN_MINE"}
    assert set(account.tables) == {"security.kept.chain_events", "security.kept.schedule_days"}


def test_how_it_stands(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed()
    account.tasks[TASKS[1]][2] = "suspended"
    moments = ("1688993600.000000000", "1688990000.000000000")
    account.history = [
        [TASKS[0], "FAILED", "Numeric value 'x' is not recognized\nat \x1b[31mline 1", "01b-2", moments[0]],
        [TASKS[0], "SUCCEEDED", None, "01b-1", moments[1]],
    ]
    path = tmp_path / "sqlgen.toml"
    path.write_text(
        '[profiles.lab]\ndialect = "snowflake"\ntable = "security.public.trail"\nlayout = "event"\nhome = "security.kept"\n'
        '[profiles.lab.connection]\nconnection_name = "test"\n'
    )
    with pytest.raises(SystemExit) as ended:
        cli.main(["schedule", "--status", "chain_events", "--format", "json", "--config", str(path)])
    told = capsys.readouterr()
    assert not ended.value.code
    rows = {row["name"]: row for row in json.loads(told.out)}
    assert rows["security.kept.chain_events"]["rows"] == 7
    assert rows["security.kept.chain_events"]["newest"] == "2023-07-10T11:53:20Z"
    recent = rows[TASKS[0]]
    assert (recent["state"], recent["last_result"], recent["failed_runs"], recent["last_run"]) == (
        "on", "failed", 1, "2023-07-10T12:53:20Z",
    )  # fmt: skip
    assert rows[TASKS[1]]["state"] == "off"
    assert "Numeric value 'x' is not recognized" in told.err and "\x1b" not in told.err
    asked = next(text for text in account.texts if "TASK_HISTORY" in text)
    assert re.findall(r"TABLE\((\S+)\(TASK_NAME => '(\w+)', RESULT_LIMIT => 10000\)\)", asked) == [
        ("security.INFORMATION_SCHEMA.TASK_HISTORY", name) for name in TASKS
    ]
    [tree] = [parse_one(asked, read="snowflake")]
    assert {test.sql() for test in tree.args["where"].find_all(exp.EQ)} == {"database_name = ?", "schema_name = ?"}


def test_a_home_that_is_not_said_in_full_is_looked_up_in_the_sessions(account: Account) -> None:
    statements = Statements(replace(PROFILE, home="kept"))
    with closing(open_warehouse(PROFILE)) as warehouse:
        list(deploy(warehouse, statements, choose(["chain_events"]), Rhythm()))
        assert examine(warehouse, statements, choose(["chain_events"]), datetime.now()).jobs
    asked = next(text for text in account.texts if "TASK_HISTORY" in text)
    assert "TABLE(INFORMATION_SCHEMA.TASK_HISTORY(" in asked
    assert "database_name = CURRENT_DATABASE()" in asked and "schema_name = ?" in asked


NEEDS = {
    "CREATE TABLE": "CREATE TABLE",
    "CREATE OR REPLACE VIEW": "CREATE VIEW",
    "CREATE OR REPLACE TASK": "CREATE TASK",
    "ALTER TASK": "EXECUTE TASK",
}
"""The privilege beside ownership that a statement needs; a task that is serverless needs EXECUTE MANAGED TASK as well.

https://docs.snowflake.com/en/user-guide/security-access-control-privileges, .../sql-reference/sql/create-task (Access control requirements)
"""
OF_THE_OWNER = ("DESCRIBE TABLE", "SHOW TASKS", "SELECT", "MERGE INTO", "DROP TASK", "DROP VIEW")


def test_what_is_sent_is_within_the_rights_of_the_command(account: Account) -> None:
    deployed(objects=())
    with closing(open_warehouse(PROFILE)) as warehouse:
        statements = Statements(PROFILE)
        list(backfill(warehouse, statements, tables(choose([])), date(2023, 7, 10), date(2023, 7, 11)))
        examine(warehouse, statements, choose([]), datetime.now())
        list(remove(warehouse, statements, choose([])))
    sent = {start for text in account.texts for start in (*NEEDS, *OF_THE_OWNER) if text.startswith(start)}
    assert all(text.startswith((*NEEDS, *OF_THE_OWNER, "ALTER SESSION")) for text in account.texts)
    assert sent == {*NEEDS, *OF_THE_OWNER}
    known = {"table": PROFILE.table, "home": PROFILE.home, "role": "analyst", "warehouse": "small"}
    granted = grant("snowflake", ["schedule"], known, layout=PROFILE.layout).text
    privileges = {
        match[2]: set(match[1].split(", ")) for match in re.finditer(r"GRANT ([A-Z, ]+) ON (\w+ ?[\w.]*) TO", granted)
    }
    assert privileges["SCHEMA security.kept"] == {"USAGE", *(need for need in NEEDS.values() if "CREATE" in need)}
    assert privileges["ACCOUNT"] == {"EXECUTE TASK", "EXECUTE MANAGED TASK"}
    assert privileges["TABLE security.public.trail"] == {"SELECT"}


def test_the_whole_script_is_read_by_sqlfluff() -> None:
    assert violations(document("sql", PROFILE, ["chain_events"]), "snowflake") == []
