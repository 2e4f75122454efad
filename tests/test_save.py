"""`save` in a DuckDB database: macros that answer, found again by their marks; what is somebody else's stays."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sqlgen import cli
from sqlgen.answers import ask
from sqlgen.deliveries import load
from sqlgen.demo import DemoStory, write_demo
from sqlgen.errors import UsageError
from sqlgen.objects.base import MARK
from sqlgen.objects.forms import form_text
from sqlgen.profiles import Profile
from sqlgen.queries import load_query, query_names
from sqlgen.saving import Saved, save
from sqlgen.store import fill_store
from tests.walkthrough import carry_out, read_steps

FORMS = [(name, form) for name in query_names() for form in load_query(name).forms]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoStory, bytes]:
    """Return the demo's story, and a database that holds its events."""
    folder = tmp_path_factory.mktemp("demo")
    told = write_demo(folder / "logs")
    with duckdb.connect(str(folder / "lab.duckdb")) as connection:
        load(connection, [str(folder / "logs")])
        fill_store(connection)
    return told, (folder / "lab.duckdb").read_bytes()


@pytest.fixture
def lab(story: tuple[DemoStory, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """Return the profile of a database of the demo's events, and work beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.duckdb").write_bytes(story[1])
    (tmp_path / "sqlgen.toml").write_text(
        '[profiles.lab]\ndialect = "duckdb"\ntable = "event_store"\nlayout = "store"\nhome = "who"\n'
        '[profiles.lab.connection]\ndatabase = "lab.duckdb"\n'
    )
    connection = {"database": str(tmp_path / "lab.duckdb")}
    return Profile("lab", "duckdb", "event_store", "store", connection=connection, home="who")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out, said.err

    return call


def outcomes(told: list[Saved]) -> dict[str, str]:
    return {item.name: item.outcome for item in told}


def macros(folder: Path = Path()) -> dict[str, Any]:
    with duckdb.connect(str(folder / "lab.duckdb")) as connection:
        listed = "SELECT function_name, comment FROM duckdb_functions() WHERE schema_name = 'who'"
        return dict(connection.execute(listed).fetchall())


def rows(sql: str) -> list[dict[str, object]]:
    with duckdb.connect("lab.duckdb") as connection:
        found = connection.execute(sql)
        names = [str(column[0]) for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


# forms


def test_the_forms_have_names_of_their_own_that_say_what_they_take() -> None:
    names = [form.name for _, form in FORMS]
    assert len(set(names)) == len(names)
    assert {
        "identity_chain",
        "identity_chain_both_by_session_id",
        "session_summary_by_arn",
        "sessions_denied_only",
    } <= {*names}
    for name, form in FORMS:
        assert all(load_query(name).parameter(taken) for taken in (*form.takes, *form.choices))


@pytest.mark.parametrize("dialect", ["athena", "trino"])
@pytest.mark.parametrize(("query", "form"), FORMS, ids=lambda value: getattr(value, "name", value))
def test_in_a_saved_text_every_question_mark_is_a_parameter(dialect: str, query: str, form: Any) -> None:
    text = form_text(query, form, Profile("lab", dialect, "logs.cloudtrail"), named=False)
    assert [argument.name for argument in text.arguments] == [*form.takes, "window_from", "window_to"]
    assert text.rendered.sql.count("?") == len(text.arguments)
    assert "?" not in text.about and text.about.count("\n") == 0
    order = [text.rendered.sql.index(f" AS {argument.name}") for argument in text.arguments]
    assert order == sorted(order)


# the place


@pytest.mark.parametrize(
    ("query", "parameters", "call"),
    [
        ("identity-chain", {"access_key": "KEY"}, "who.identity_chain(access_key := 'KEY')"),
        ("identity-chain", {"access_key": "KEY", "direction": "both"}, "who.identity_chain_both('KEY')"),
        ("session-summary", {"arn": "ARN*"}, "who.session_summary_by_arn(arn := 'ARN*')"),
        ("session-events", {"access_key": "KEY"}, "who.session_events(access_key := ['KEY'])"),
        ("sessions", {"denied_only": True}, "who.sessions_denied_only()"),
    ],
)
def test_a_macro_answers_as_the_question_does(
    lab: Profile, story: tuple[DemoStory, bytes], query: str, parameters: dict[str, object], call: str
) -> None:
    def filled(text: object) -> Any:
        return (
            text.replace("KEY", story[0].alert_key).replace("ARN", story[0].alert_arn)
            if isinstance(text, str)
            else text
        )

    assert set(outcomes(list(save([query], lab))).values()) == {"created"}
    with ask(query, lab, parameters={name: filled(value) for name, value in parameters.items()}) as answer:
        expected = list(answer.rows)
    assert expected and rows(f"FROM {filled(call)}") == expected


def test_a_macro_reads_the_window_that_it_is_given(lab: Profile, story: tuple[DemoStory, bytes]) -> None:
    list(save(["session-events"], lab))
    call = (
        f"FROM who.session_events(['{story[0].alert_key}'], window_from := '2021-08-27T19:50:00Z', window_to := '{{}}')"
    )
    some = rows(call.format("2021-08-27 20:00:00"))
    key = {"access_key": story[0].alert_key}
    with ask(
        "session-events", lab, parameters=key, window_from="2021-08-27T19:50:00Z", window_to="2021-08-27T20:00:00Z"
    ) as answer:
        assert some == list(answer.rows) and some
    assert len(some) < len(rows(call.format("2021-08-28")))
    with pytest.raises(duckdb.Error, match="Could not parse"):
        rows(call.format("2021-08-27T20:00:00+02:00"))


def test_a_chain_reads_the_scheduled_edges_where_there_are_some(lab: Profile, story: tuple[DemoStory, bytes]) -> None:
    with duckdb.connect("lab.duckdb") as connection:
        connection.execute("CREATE TABLE edges AS FROM event_store")
    lab = replace(lab, edges="edges")
    assert [item.outcome for item in save(["identity-chain", "session-events"], lab)] == ["created"] * 6
    assert "Reads edges." in macros()["identity_chain"] and "Reads event_store." in macros()["session_events"]
    key = {"access_key": story[0].alert_key}
    # used from 19:44:10 on: the hour that the window begins in counts whole, as the edges keep its first use alone
    window = {"window_from": "2021-08-27T19:59:00Z", "window_to": "2021-08-27T19:59:30Z"}
    call = f"who.identity_chain('{story[0].alert_key}', " + ", ".join(
        f"{name} := '{at}'" for name, at in window.items()
    )
    begin, end = window.values()
    with ask("identity-chain", lab, parameters=key, window_from=begin, window_to=end) as answer:
        expected = list(answer.rows)
    assert expected and rows(f"FROM {call})") == expected


def test_a_second_time_there_is_nothing_to_do(lab: Profile) -> None:
    assert set(outcomes(list(save(["session-events", "issuances"], lab))).values()) == {"created"}
    before = Path("lab.duckdb").read_bytes()
    assert set(outcomes(list(save(["session-events", "issuances"], lab))).values()) == {"unchanged"}
    assert Path("lab.duckdb").read_bytes() == before


def test_the_description_says_question_parameters_and_version(lab: Profile) -> None:
    list(save(["session-events"], lab))
    comment = macros()["session_events"]
    assert "what exactly happened in a session" in comment
    assert "1 access_key (a key id" in comment and "3 window_to (" in comment
    mark = MARK.search(comment)
    assert mark and re.fullmatch(r"\d+\.\d+.*", mark["version"])


def test_what_somebody_else_made_is_refused_and_the_rest_is_saved(lab: Profile, run: Run) -> None:
    with duckdb.connect("lab.duckdb") as connection:
        connection.execute("CREATE SCHEMA who; CREATE MACRO who.session_events(a) AS TABLE SELECT a")
        connection.execute(
            "COMMENT ON MACRO TABLE who.session_events IS 'mine: not [sqlgen 0.1 0123456789abcdef] at its end'"
        )
    status, out, err = run("save", "session-events", "issuances", "--prune")
    assert status == 1 and "1 object was refused" in err
    assert re.search(
        r"^refused +table macro +session_events +somebody else's table macro has that name$", out, re.MULTILINE
    )
    assert re.search(r"^created +table macro +issuances +SELECT \* FROM who.issuances\(", out, re.MULTILINE)
    assert set(macros()) == {"session_events", "session_events_by_session_id", "issuances"}
    assert macros()["session_events"].startswith("mine")


def test_prune_removes_ours_alone(lab: Profile, run: Run) -> None:
    list(save(["session-events", "issuances"], lab))
    with duckdb.connect("lab.duckdb") as connection:
        connection.execute("CREATE MACRO who.theirs(a) AS TABLE SELECT a")
    assert run("save", "issuances")[0] == 0 and len(macros()) == 4
    status, out, _ = run("save", "issuances", "--prune", "--dry-run")
    assert status == 0 and out.count("to remove") == 2 and len(macros()) == 4
    status, out, _ = run("save", "issuances", "--prune")
    assert status == 0 and out.count("removed ") == 2
    assert set(macros()) == {"issuances", "theirs"}


def test_a_dry_run_shows_the_difference_and_changes_nothing(lab: Profile, run: Run) -> None:
    list(save(["session-events"], lab))
    before = Path("lab.duckdb").read_bytes()
    text = Path("sqlgen.toml").read_text().replace("home =", 'partitions = ["aws_region=us-east-1"]\nhome =')
    Path("sqlgen.toml").write_text(text)
    status, out, _ = run("save", "session-events", "issuances", "--dry-run")
    assert status == 0 and Path("lab.duckdb").read_bytes() == before
    assert re.search(r"^to replace +table macro +session_events ", out, re.MULTILINE)
    assert re.search(r"^to create +table macro +issuances ", out, re.MULTILINE)
    assert "--- kept/session_events\n+++ new/session_events\n@@ " in out
    assert sum(line.startswith(("+", "-")) for line in out.splitlines()) == 8  # of two texts: heads, and one line each
    assert run("save", "session-events")[1].count("replaced ") == 2
    assert run("save", "session-events")[1].count("unchanged ") == 2


def test_for_programs_an_object_is_a_row(lab: Profile, run: Run) -> None:
    status, out, err = run("save", "issuances", "session-events", "--format", "json")
    told = json.loads(out)
    assert status == 0 and err == ""
    assert [item["name"] for item in told] == ["issuances", "session_events", "session_events_by_session_id"]
    assert told[1] == {
        "outcome": "created",
        "kind": "table macro",
        "name": "session_events",
        "query": "session-events",
        "call": "SELECT * FROM who.session_events(['...'], window_from := '2021-08-27', window_to := '2021-08-27')",
        "reason": None,
        "difference": None,
        "parameters": ["access_key", "window_from", "window_to"],
    }


def test_a_log_that_does_not_fit_is_one_line_an_object_and_leaves_nothing(lab: Profile, run: Run) -> None:
    Path("sqlgen.toml").write_text(Path("sqlgen.toml").read_text().replace('"event_store"', '"elsewhere"'))
    status, out, _ = run("save", "issuances")
    assert status == 1
    assert out.startswith("refused") and "elsewhere does not exist" in out and out.count("\n") == 1
    assert macros() == {}


def test_wrong_calls(lab: Profile, run: Run) -> None:
    assert run("save")[0] == 2
    assert run("save", "issuances", "--all")[0] == 2
    assert run("save", "isuances")[0] == 2
    assert run("save", "chain-events")[0] == 2
    assert run("save", "issuances", "--format", "xml")[0] == 2
    with pytest.raises(UsageError, match="trino keeps no texts with parameters"):
        list(save(["issuances"], Profile("t", "trino", "a.b")))


@pytest.mark.parametrize("lines", [0, 1, 2, 3])
def test_killed_in_the_middle_a_second_run_mends(lab: Profile, lines: int) -> None:
    command = [sys.executable, "-m", "sqlgen", "save", "session-events", "issuances"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline().startswith(b"created")
        os.kill(process.pid, signal.SIGKILL)
    assert all(MARK.search(comment) for comment in macros().values()) and len(macros()) >= lines
    told = outcomes(list(save(["session-events", "issuances"], lab)))
    assert set(told.values()) <= {"created", "unchanged"} and set(macros()) == set(told)


def test_the_page_is_carried_out_as_it_is_written(lab: Profile, tmp_path: Path) -> None:
    Path("sqlgen.toml").write_text(Path("sqlgen.toml").read_text().replace('home = "who"\n', ""))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    page = Path(__file__).parents[1] / "docs" / "save.md"
    steps = [step for step in read_steps(page) if "lab" in step.command]
    assert len(steps) == 2
    for step in steps:
        carry_out(step, tmp_path, {"PATH": path})
