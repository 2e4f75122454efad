"""Athena as a warehouse, without an engine: what is asked of AWS, what comes back, and how a query is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from sqlgen.warehouses.base import (
    BindValue,
    QueryLimits,
    QueryStatus,
    ScanLimitError,
)
from tests.athena_lab import SELECT, answer, canned_athena, opened, refusal
from tests.engines.athena_endpoint import AthenaEndpoint, athena_endpoint
from tests.engines.athena_faults import Refusal
from tests.engines.athena_jobs import CannedEngine, Column
from tests.test_athena_values import kinds


@pytest.fixture
def athena(monkeypatch: pytest.MonkeyPatch) -> Iterator[AthenaEndpoint]:
    with canned_athena(monkeypatch) as endpoint:
        yield endpoint


def test_values_come_in_the_kinds_of_the_expected_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("N", "b", "t", "r", "x", "extra")
    canned = CannedEngine(
        [Column(name, "varchar") for name in names],
        [
            ["12", "true", "2023-07-09 23:15:51.000", '["a, b", "c]"]', "null", "?"],
            [None, "false", "2023-07-09 23:15:51.123456", "[]", "", None],
            ["-1", None, None, None, None, None],
        ],
    )
    with athena_endpoint(engine=canned) as endpoint:
        endpoint.lead(monkeypatch)
        expected = kinds(t="timestamp", n="integer", b="boolean", r="array", x="json")
        sql = "SELECT n, b, t, r, x, extra FROM t"
        with opened() as warehouse, warehouse.query(sql, columns=expected) as rows:
            assert rows.columns == ("t", "n", "b", "r", "x")
            assert list(rows.rows) == [
                {"t": datetime(2023, 7, 9, 23, 15, 51), "n": 12, "b": True, "r": ["a, b", "c]"], "x": "null"},
                {"t": datetime(2023, 7, 9, 23, 15, 51, 123456), "n": None, "b": False, "r": [], "x": ""},
                {"t": None, "n": -1, "b": None, "r": None, "x": None},
            ]
        with opened() as warehouse, warehouse.query(sql, columns=kinds(n="boolean")) as rows:
            assert refusal(lambda: list(rows.rows)) == "column n holds '12', which cannot be read"
        with opened() as warehouse:
            ask = warehouse.query(sql, columns=kinds(session_id="text", n="integer")).__enter__
            assert refusal(ask) == "the answer has no column session_id"


def test_without_expected_columns_the_engine_s_own_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    types = {"N": "bigint", "OK": "boolean", "At": "timestamp", "V": "varchar", "R": "array"}
    rows = [["5", "true", "2023-07-09 23:15:51.000", "5", "[a, b]"]]
    with athena_endpoint(engine=CannedEngine([Column(*pair) for pair in types.items()], rows)) as endpoint:
        endpoint.lead(monkeypatch)
        assert answer() == [{"n": 5, "ok": True, "at": datetime(2023, 7, 9, 23, 15, 51), "v": "5", "r": "[a, b]"}]


def test_a_query_runs_where_the_profile_says(athena: AthenaEndpoint) -> None:
    athena.client("athena").create_work_group(Name="responders", Configuration={})
    binds: list[BindValue] = ["x' --", 5, None]
    with opened(
        workgroup="responders", output_location="s3://mine/x", catalog="other", region="eu-west-1"
    ) as warehouse:
        with warehouse.query("SELECT ?, ?, ?", binds, limits=QueryLimits(reuse_minutes=15)):
            pass
        assert warehouse.identity() == {
            "region": "eu-west-1",
            "workgroup": "responders",
            "catalog": "other",
            "identity": "arn:aws:sts::123456789012:user/moto",
            "account": "123456789012",
            "answers": "s3://mine/x/",
        }
    (asked,) = athena.actions("athena:StartQueryExecution")
    assert len(asked["ClientRequestToken"]) >= 32
    assert {name: value for name, value in asked.items() if name != "ClientRequestToken"} == {
        "QueryString": "SELECT ?, ?, ?",
        "ExecutionParameters": ["'x'' --'", "5", "NULL"],
        "QueryExecutionContext": {"Database": "logs", "Catalog": "other"},
        "ResultConfiguration": {"OutputLocation": "s3://mine/x/"},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 15}},
        "WorkGroup": "responders",
    }


def test_states_bytes_and_cost_are_told_while_it_runs(athena: AthenaEndpoint) -> None:
    athena.faults.course(("QUEUED", 0), ("RUNNING", 5 * 2**30), ("RUNNING", 2**40))
    told: list[QueryStatus] = []
    with opened() as warehouse, warehouse.query(SELECT, listen=told.append) as rows:
        assert rows.status == told[-1]
    query_id = athena.executions[0].id
    assert {status.query_id for status in told} == {query_id}
    assert [(one.state, one.scanned_bytes, one.cost_dollars) for one in told] == [
        ("QUEUED", None, None),
        ("QUEUED", 0, 0.0),
        ("RUNNING", 5 * 2**30, 5 * 5 / 1024),
        ("RUNNING", 2**40, 5.0),
        ("SUCCEEDED", 0, 0.0),
    ]


def test_rows_are_paged_as_they_are_read(athena: AthenaEndpoint) -> None:
    with opened() as warehouse, warehouse.query(SELECT) as rows:
        pages = [len(athena.actions("athena:GetQueryResults"))]
        read = []
        for row in rows.rows:
            read.append(row["a"])
            if len(read) in (999, 1000):
                pages.append(len(athena.actions("athena:GetQueryResults")))
    assert read == [f"row {number}" for number in range(2500)]
    assert pages == [1, 1, 2]
    assert len(athena.actions("athena:GetQueryResults")) == 3


def test_a_result_is_given_again_where_that_is_allowed(athena: AthenaEndpoint) -> None:
    first = answer(limits=QueryLimits(reuse_minutes=60))
    told: list[QueryStatus] = []
    with opened() as warehouse:
        with warehouse.query(SELECT, limits=QueryLimits(reuse_minutes=60), listen=told.append) as rows:
            assert list(rows.rows) == first
        assert [one.reused for one in athena.executions] == [False, True]
        assert (told[-1].scanned_bytes, told[-1].cost_dollars) == (0, 0.0)
        with warehouse.query(SELECT):
            assert not athena.executions[-1].reused


def test_a_table_is_described_or_told_missing(monkeypatch: pytest.MonkeyPatch, athena: AthenaEndpoint) -> None:
    with opened() as warehouse:
        assert warehouse.describe("logs.nothing") is None
        athena.faults.plant("athena:GetTableMetadata", Refusal("MetadataException", "Rate exceeded (Service: AWSGlue)"))
        assert "Rate exceeded" in refusal(lambda: warehouse.describe("logs.cloudtrail"))


def test_a_table_that_glue_denies_is_not_taken_for_missing(
    monkeypatch: pytest.MonkeyPatch, athena: AthenaEndpoint
) -> None:
    monkeypatch.setattr("sqlgen.warehouses.athena.AthenaWarehouse._listed", lambda *_: None)  # may not be seen either
    denial = "User: x is not authorized to perform: glue:GetTable on resource: arn:aws:glue:x (Error Code: AccessDeniedException)"
    with opened() as warehouse:
        athena.faults.plant("athena:GetTableMetadata", Refusal("MetadataException", denial))
        told = refusal(lambda: warehouse.describe("logs.cloudtrail"))
    assert "logs.cloudtrail cannot be described: AWS denies glue:GetTable on arn:aws:glue:x: ask for that right" in told


def stops(athena: AthenaEndpoint) -> list[str]:
    return [str(body["QueryExecutionId"]) for body in athena.actions("athena:StopQueryExecution")]


def test_a_query_is_stopped_when_it_reads_too_much(athena: AthenaEndpoint) -> None:
    athena.faults.course(("RUNNING", 10**9), ("RUNNING", 10**9 + 1), stays=True)
    told: list[QueryStatus] = []

    def ask() -> None:
        with opened() as warehouse, warehouse.query(SELECT, limits=QueryLimits(10**9), listen=told.append):
            pass

    message = refusal(ask, ScanLimitError)
    query_id = athena.executions[0].id
    assert message == (
        "the query had read 1,000,000,001 bytes, more than the limit of 1,000,000,000: ask for a shorter window (--from, --to), "
        f"or raise the limit (query {query_id} was stopped)"
    )
    assert stops(athena) == [query_id]
    assert told[-1].state == athena.executions[0].state == "CANCELLED"


def test_what_has_been_paid_for_is_given_although_it_passed_the_limit(athena: AthenaEndpoint) -> None:
    athena.faults.course(("RUNNING", 1), ("SUCCEEDED", 10**12))
    assert len(answer(limits=QueryLimits(10**9))) == 2500
    assert not stops(athena)


def test_a_query_is_stopped_after_its_time(athena: AthenaEndpoint) -> None:
    athena.faults.course(("RUNNING", 1), stays=True)
    assert refusal(lambda: answer(limits=QueryLimits(timeout_seconds=0.05))).startswith(
        "the query ran for longer than 0.05 s"
    )
    assert stops(athena) == [athena.executions[0].id]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_an_interrupt_stops_the_query_that_is_paid_for(athena: AthenaEndpoint, error: type[BaseException]) -> None:
    athena.faults.course(("RUNNING", 1), stays=True)
    told: list[QueryStatus] = []

    def listen(status: QueryStatus) -> None:
        told.append(status)
        if status.state == "RUNNING" and len(told) == 3:
            raise error

    with pytest.raises(error), opened() as warehouse, warehouse.query(SELECT, listen=listen):
        raise AssertionError("it never ends")
    assert stops(athena) == [athena.executions[0].id]
    assert told[-1].state == "CANCELLED"


def test_an_interrupt_says_when_the_query_could_not_be_stopped(athena: AthenaEndpoint) -> None:
    athena.faults.course(("RUNNING", 1), stays=True)
    athena.faults.deny("athena:StopQueryExecution")

    def listen(status: QueryStatus) -> None:
        if status.state == "RUNNING":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught, opened() as warehouse, warehouse.query(SELECT, listen=listen):
        pass
    (note,) = caught.value.__notes__
    assert note.startswith("it may still run and could not be stopped: AWS denies athena:StopQueryExecution")


def test_a_query_that_is_done_is_not_stopped(athena: AthenaEndpoint) -> None:
    with pytest.raises(ZeroDivisionError), opened() as warehouse, warehouse.query(SELECT) as rows:
        next(rows.rows)
        raise ZeroDivisionError
    assert not stops(athena)


def test_the_workgroup_s_own_limit_is_told(athena: AthenaEndpoint) -> None:
    athena.saved.backend.work_groups["primary"].configuration["BytesScannedCutoffPerQuery"] = 10**7
    athena.faults.course(("RUNNING", 10**7 + 1), stays=True)
    told = refusal(answer, ScanLimitError)
    assert told == (
        f"query {athena.executions[0].id} was stopped by the workgroup primary, which lets one query read 10,000,000 bytes: "
        "ask for a shorter window (--from, --to), or use another workgroup"
    )


def test_a_query_that_somebody_else_stops_is_told(athena: AthenaEndpoint) -> None:
    athena.faults.course(("RUNNING", 1), stays=True)

    def listen(status: QueryStatus) -> None:
        if status.state == "RUNNING":
            athena.client("athena").stop_query_execution(QueryExecutionId=status.query_id)

    def ask() -> None:
        with opened() as warehouse, warehouse.query(SELECT, listen=listen):
            pass

    assert refusal(ask).endswith("was stopped from outside: Query cancelled by user")
