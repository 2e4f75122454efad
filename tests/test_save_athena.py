"""`save` in an Athena workgroup, without an engine: one named query and one prepared statement a form, whatever happens in between."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sqlgen import cli
from sqlgen.errors import SqlgenError
from sqlgen.objects import athena as place
from sqlgen.objects.base import MARK
from sqlgen.partitions import parse_partition
from sqlgen.profiles import Profile
from sqlgen.saving import save
from sqlgen.warehouses.base import WarehouseError
from tests.engines.athena_endpoint import AthenaEndpoint, athena_endpoint
from tests.engines.athena_faults import Refusal
from tests.engines.athena_jobs import CannedEngine
from tests.walkthrough import carry_out, read_steps

PROFILE = Profile("lab", "athena", "logs.cloudtrail", partitions=(parse_partition("timestamp=yyyy/MM/dd"),))
QUERY = "session-events"
NAMES = ("sqlgen_session_events", "sqlgen_session_events_by_session_id")
WRITES = ("Create", "Update", "Delete")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def athena(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AthenaEndpoint]:
    with athena_endpoint(engine=CannedEngine()) as endpoint:
        endpoint.lead(monkeypatch)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
        monkeypatch.chdir(tmp_path)
        write_profile()
        yield endpoint


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out, said.err

    return call


def write_profile(partition: str = "timestamp=yyyy/MM/dd") -> None:
    Path("sqlgen.toml").write_text(
        f'[profiles.lab]\ndialect = "athena"\ntable = "logs.cloudtrail"\npartitions = ["{partition}"]\n'
    )


def saved(*queries: str, profile: Profile = PROFILE, prune: bool = False) -> list[tuple[str, str, str]]:
    return [(item.outcome, item.kind, item.name) for item in save(queries or (QUERY,), profile, prune=prune)]


def outcomes(*queries: str, prune: bool = False) -> set[str]:
    return {outcome for outcome, _, _ in saved(*queries, prune=prune)}


def named(endpoint: AthenaEndpoint) -> list[Any]:
    return list(endpoint.saved.backend.named_queries.values())


def prepared(endpoint: AthenaEndpoint) -> list[Any]:
    return list(endpoint.saved.backend.prepared_statements.values())


def writes(endpoint: AthenaEndpoint) -> list[str]:
    return [one.action for one in endpoint.asked if one.action.removeprefix("athena:").startswith(WRITES)]


def whole(endpoint: AthenaEndpoint, names: tuple[str, ...] = NAMES) -> None:
    """Assert that each form is there once in both kinds, and that both say the same."""
    queries = {query.name: query for query in named(endpoint)}
    statements = {statement.statement_name: statement for statement in prepared(endpoint)}
    assert sorted(query.name for query in named(endpoint)) == sorted(names) == sorted(statements)
    for name in names:
        assert queries[name].query_string == statements[name].query_statement
        assert MARK.search(queries[name].description) and MARK.search(statements[name].description)


def test_each_form_is_a_named_query_and_a_prepared_statement(athena: AthenaEndpoint) -> None:
    assert saved() == [("created", kind, name) for name in NAMES for kind in ("named query", "prepared statement")]
    whole(athena)
    query = named(athena)[0]
    assert query.database == "logs" and query.workgroup.name == "primary"
    head = query.query_string.splitlines()[:6]
    assert head[0] == "-- The calls themselves, in order: what exactly happened in a session."
    assert head[1] == "-- 1 access_key: a key id: every session that used it, over all the keys of that session"
    assert head[3] == "-- 3 window_to: end of the window, exclusive"
    assert '"timestamp" >= ' in query.query_string


def test_a_second_time_nothing_is_written(athena: AthenaEndpoint) -> None:
    saved()
    done = len(writes(athena))
    assert outcomes() == {"unchanged"}
    assert len(writes(athena)) == done


def test_what_changed_is_updated_in_place(athena: AthenaEndpoint) -> None:
    saved()
    ids = {query.name: query.id for query in named(athena)}
    other = replace(PROFILE, table="logs.trail")
    assert {outcome for outcome, _, _ in saved(profile=other)} == {"replaced"}
    assert {query.name: query.id for query in named(athena)} == ids
    assert all("logs.trail" in query.query_string for query in named(athena))
    whole(athena)


def test_a_text_that_was_changed_by_hand_is_put_right_and_said(athena: AthenaEndpoint, run: Run) -> None:
    saved()
    named(athena)[0].query_string += "\n-- \x1b[31mred\x1b[0m and \u202eback"
    status, out, _ = run("save", QUERY, "--dry-run")
    assert status == 0 and "its text had been changed by hand" in out
    assert "--- \\x1b[31mred" in out and "\\u202eback" in out and "\x1b" not in out
    assert saved()[0] == ("replaced", "named query", NAMES[0])
    whole(athena)


def test_of_two_of_ours_one_stays(athena: AthenaEndpoint) -> None:
    saved()
    query = named(athena)[0]
    client = athena.client("athena")
    content = {"Database": "logs", "Description": query.description, "QueryString": query.query_string}
    client.create_named_query(Name=query.name, **content)
    assert len(named(athena)) == 3
    assert ("removed", "named query", query.name) in saved()
    whole(athena)
    assert outcomes() == {"unchanged"}


def test_somebody_elses_object_is_named_and_left(athena: AthenaEndpoint, run: Run) -> None:
    client = athena.client("athena")
    client.create_named_query(Name=NAMES[0], Database="x", QueryString="SELECT 1", Description="mine")
    client.create_prepared_statement(StatementName=NAMES[0], WorkGroup="primary", QueryStatement="SELECT 1")
    client.create_named_query(Name="another", Database="x", QueryString="SELECT 2")
    status, out, err = run("save", QUERY, "--prune")
    assert status == 1 and "2 objects were refused" in err
    assert re.search(rf"^refused +named query +{NAMES[0]}  somebody else's named query has that name", out, re.M)
    assert re.search(rf"^refused +prepared statement +{NAMES[0]}  somebody else's", out, re.M)
    assert out.count("created ") == 2
    assert {query.query_string for query in named(athena)} >= {"SELECT 1", "SELECT 2"}
    assert [kept.query_statement for kept in prepared(athena) if kept.statement_name == NAMES[0]] == ["SELECT 1"]


def test_prune_removes_ours_that_are_not_named(athena: AthenaEndpoint) -> None:
    athena.client("athena").create_named_query(Name="sqlgen_of_old", Database="x", QueryString="SELECT 1")
    saved(QUERY, "issuances")
    assert outcomes("issuances") == {"unchanged"} and len(named(athena)) == 4
    assert [outcome for outcome, _, _ in saved("issuances", prune=True)] == ["unchanged"] * 2 + ["removed"] * 4
    assert {query.name for query in named(athena)} == {"sqlgen_of_old", "sqlgen_issuances"}
    assert [kept.statement_name for kept in prepared(athena)] == ["sqlgen_issuances"]


def test_every_page_of_a_full_workgroup_is_read(athena: AthenaEndpoint) -> None:
    client = athena.client("athena")
    for number in range(120):
        client.create_named_query(Name=f"theirs {number}", Database="x", QueryString="SELECT 1")
        client.create_prepared_statement(StatementName=f"a_{number}", WorkGroup="primary", QueryStatement="SELECT 1")
    saved()
    assert outcomes() == {"unchanged"}


# limits


def test_a_full_workgroup_takes_named_queries_still(athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    athena.client("athena").create_prepared_statement(
        StatementName="theirs", WorkGroup="primary", QueryStatement="SELECT 1"
    )
    monkeypatch.setattr(place, "MOST_STATEMENTS", 2)
    told = list(save([QUERY], PROFILE))
    assert [item.outcome for item in told] == ["created", "created", "created", "refused"]
    assert told[-1].reason == (
        "the workgroup primary has 2 prepared statements, and Athena keeps no more: remove some, or name another workgroup in the profile"
    )


def test_a_text_that_is_too_long_is_refused_before_anything_is_asked(athena: AthenaEndpoint) -> None:
    regions = ",".join(f"region-{number:06}" for number in range(20_000))
    profile = replace(PROFILE, partitions=(parse_partition(f"region={regions}"),))
    told = list(save([QUERY], profile))
    assert [(item.outcome, item.kind) for item in told] == [("refused", "text")] * 2
    assert "athena takes 262144" in told[0].reason and "\n" not in told[0].reason
    assert writes(athena) == []
    with pytest.raises(SqlgenError, match="nothing was removed"):
        list(save([QUERY], profile, prune=True))


def test_a_long_description_is_cut_before_the_mark(athena: AthenaEndpoint) -> None:
    saved(profile=replace(PROFILE, table=f"logs.{'x' * 900}"))
    assert all(len(query.description) == 1024 and "… [sqlgen" in query.description for query in named(athena))
    assert {outcome for outcome, _, _ in saved(profile=replace(PROFILE, table=f"logs.{'x' * 900}"))} == {"unchanged"}


# faults


def test_a_denied_action_is_named_and_the_rest_is_saved(athena: AthenaEndpoint, run: Run) -> None:
    athena.faults.deny("athena:CreatePreparedStatement")
    status, out, _ = run("save", QUERY)
    assert status == 1 and out.count("\n") == 4 and out.count("created") == 2
    assert out.count("AWS denies athena:CreatePreparedStatement on arn:aws:athena:") == 2
    athena.faults.clear()
    assert run("save", QUERY)[0] == 0
    whole(athena)


def test_a_workgroup_that_cannot_be_looked_into_is_one_line(athena: AthenaEndpoint, run: Run) -> None:
    athena.faults.deny("athena:ListNamedQueries")
    status, out, err = run("save", QUERY)
    assert (status, out) == (1, "") and err.count("\n") == 1 and "athena:ListNamedQueries" in err


def test_a_missing_workgroup_is_one_line(athena: AthenaEndpoint) -> None:
    with pytest.raises(WarehouseError, match="there is no workgroup nowhere in this region"):
        saved(profile=replace(PROFILE, connection={"workgroup": "nowhere"}))


def test_throttling_is_waited_out(athena: AthenaEndpoint) -> None:
    athena.faults.throttle("athena:CreateNamedQuery", times=2)
    athena.faults.throttle("athena:ListPreparedStatements", times=1)
    assert outcomes() == {"created"}
    whole(athena)


def test_what_ends_all_ends_the_run(athena: AthenaEndpoint, run: Run) -> None:
    athena.faults.plant("athena:CreatePreparedStatement", Refusal("ExpiredTokenException", "expired"), skip=1)
    status, out, err = run("save", QUERY)
    assert status == 1 and out.count("created") == 3 and "refused" not in out
    assert "the AWS credentials have expired" in err
    athena.faults.clear()
    assert outcomes() == {"unchanged", "created"}
    whole(athena)


def test_an_answer_that_is_lost_makes_no_second_query(athena: AthenaEndpoint) -> None:
    def lose_after() -> None:
        athena.faults.plant("athena:BatchGetNamedQuery", Refusal("ExpiredTokenException", "expired"), times=1)

    athena.faults.plant("athena:CreateNamedQuery", lose_after, times=1)
    with pytest.raises(WarehouseError, match="expired"):
        saved()
    assert outcomes() == {"unchanged", "created"}
    whole(athena)


def test_a_list_that_lags_behind_makes_no_second_query(athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    saved()
    monkeypatch.setattr(athena.saved, "list_named_queries", lambda body: {"NamedQueryIds": []})
    assert saved()[0] == ("created", "named query", NAMES[0])  # as far as the list tells
    monkeypatch.undo()
    assert len(named(athena)) == 2


def test_what_was_removed_can_be_saved_again(athena: AthenaEndpoint) -> None:
    saved("issuances")
    saved(QUERY, prune=True)
    assert saved("issuances")[0] == ("created", "named query", "sqlgen_issuances")
    whole(athena, (*NAMES, "sqlgen_issuances"))


def test_the_page_is_carried_out_as_it_is_written(athena: AthenaEndpoint, tmp_path: Path) -> None:
    Path("sqlgen.toml").write_text(Path("sqlgen.toml").read_text().replace("profiles.lab", "profiles.prod"))
    page = Path(__file__).parents[1] / "docs" / "save.md"
    steps = [step for step in read_steps(page) if "--profile prod" in step.command]
    assert len(steps) == 3
    for step in steps:
        carry_out(step, tmp_path, {})
    assert len(named(athena)) == len(prepared(athena)) == 4


# killed


def killed(endpoint: AthenaEndpoint, action: str, skip: int, *arguments: str) -> None:
    """Run `sqlgen save` and kill it when it has sent a request of an action, which is carried out all the same."""
    command = [sys.executable, "-m", "sqlgen", "save", QUERY, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    endpoint.faults.plant(action, lambda: os.kill(process.pid, signal.SIGKILL), times=1, skip=skip)
    assert process.wait() == -signal.SIGKILL
    endpoint.faults.clear()


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("kind", ["NamedQuery", "PreparedStatement"])
def test_killed_while_it_creates_a_second_run_mends(athena: AthenaEndpoint, kind: str, skip: int) -> None:
    killed(athena, f"athena:Create{kind}", skip)
    assert outcomes() <= {"created", "unchanged"}
    whole(athena)


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("kind", ["NamedQuery", "PreparedStatement"])
def test_killed_while_it_replaces_a_second_run_mends(athena: AthenaEndpoint, kind: str, skip: int) -> None:
    saved()
    write_profile("eventday=yyyyMMdd")
    killed(athena, f"athena:Update{kind}", skip)
    changed = replace(PROFILE, partitions=(parse_partition("eventday=yyyyMMdd"),))
    assert {outcome for outcome, _, _ in saved(profile=changed)} <= {"replaced", "unchanged"}
    whole(athena)
    assert all('"eventday" >= ' in query.query_string for query in named(athena))


@pytest.mark.parametrize("kind", ["NamedQuery", "PreparedStatement"])
def test_killed_while_it_removes_a_second_run_mends(athena: AthenaEndpoint, kind: str) -> None:
    saved(QUERY, "issuances")
    killed(athena, f"athena:Delete{kind}", 0, "--prune")
    assert outcomes(prune=True) <= {"removed", "unchanged"}
    whole(athena)
