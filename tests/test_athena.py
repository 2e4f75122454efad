"""Athena as a warehouse, without an engine: what is asked of AWS, what comes back, and what each fault is told as."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from botocore.loaders import create_loader

from sqlgen.errors import SqlgenError, UsageError
from sqlgen.profiles import Profile
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import (
    NO_LIMITS,
    BindValue,
    QueryLimits,
    QueryStatus,
    Row,
    ScanLimitError,
    Warehouse,
    WarehouseError,
)
from tests.engines.athena_endpoint import AthenaEndpoint, athena_endpoint
from tests.engines.athena_faults import Refusal
from tests.engines.athena_jobs import CannedEngine, Column
from tests.test_athena_values import kinds

SELECT = "SELECT a FROM logs.cloudtrail"
LOADER = create_loader()  # boto3's descriptions of services, read once
PROFILE = Profile("lab", "athena", "logs.cloudtrail")


@pytest.fixture
def athena(monkeypatch: pytest.MonkeyPatch) -> Iterator[AthenaEndpoint]:
    rows = [[f"row {number}"] for number in range(2500)]
    with athena_endpoint(engine=CannedEngine(rows=rows)) as endpoint:
        endpoint.lead(monkeypatch)
        monkeypatch.setattr("botocore.session.create_loader", lambda path: LOADER)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        monkeypatch.setattr("sqlgen.warehouses.athena.POLL_SECONDS", 0.01)
        yield endpoint


@contextmanager
def opened(**connection: str) -> Iterator[Warehouse]:
    warehouse = open_warehouse(replace(PROFILE, connection=connection))
    try:
        yield warehouse
    finally:
        warehouse.close()


def answer(sql: str = SELECT, limits: QueryLimits = NO_LIMITS, **connection: str) -> list[Row]:
    with opened(**connection) as warehouse, warehouse.query(sql, limits=limits) as rows:
        return list(rows.rows)


def refusal(ask: Callable[[], object] = answer, kind: type[SqlgenError] = WarehouseError) -> str:
    with pytest.raises(kind) as caught:
        ask()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


# what comes back


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


# what is asked of AWS


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


# faults, each one line


def test_a_start_that_is_throttled_is_tried_again(athena: AthenaEndpoint) -> None:
    athena.faults.throttle("athena:StartQueryExecution", times=1)
    athena.faults.throttle("athena:GetQueryResults", times=1)
    assert len(answer()) == 2500
    tokens = {body["ClientRequestToken"] for body in athena.actions("athena:StartQueryExecution")}
    assert len(athena.actions("athena:StartQueryExecution")) == 2
    assert len(tokens) == 1  # the second try could not have started a second query


def test_throttling_that_does_not_end_is_told(athena: AthenaEndpoint) -> None:
    athena.faults.throttle("athena:StartQueryExecution")
    told = refusal()
    assert told.startswith("AWS throttles athena:StartQueryExecution (Rate exceeded), 2 attempts made: wait a minute")
    assert len(athena.actions("athena:StartQueryExecution")) == 2


def test_a_user_s_own_number_of_attempts_counts(athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda seconds: None, raising=False)
    athena.faults.throttle("athena:StartQueryExecution")
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    refusal()
    assert len(athena.actions("athena:StartQueryExecution")) == 6
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    refusal()
    assert len(athena.actions("athena:StartQueryExecution")) == 6 + 3


PLANTED: Mapping[str, tuple[Callable[[AthenaEndpoint], None], str]] = {
    "expired": (lambda athena: athena.faults.expire(), "the AWS credentials have expired: sign in again"),
    "rejected": (
        lambda athena: athena.faults.plant(
            "*", Refusal("UnrecognizedClientException", "The security token is invalid.")
        ),
        "AWS does not accept these credentials (The security token is invalid.): run `aws configure`",
    ),
    "denied": (
        lambda athena: athena.faults.deny("athena:StartQueryExecution"),
        "AWS denies athena:StartQueryExecution on arn:aws:athena:eu-west-1:123456789012:workgroup/primary: ask for that right",
    ),
    "denied, by another's name": (
        lambda athena: athena.faults.plant(
            "athena:StartQueryExecution",
            Refusal("AccessDeniedException", "User is not authorized to perform: glue:GetTable"),
        ),
        "AWS denies glue:GetTable: ask for that right",
    ),
    "denied, without a name": (
        lambda athena: athena.faults.plant("athena:StartQueryExecution", Refusal("AccessDeniedException", "No.")),
        "AWS denies athena:StartQueryExecution: ask for that right",
    ),
    "too many": (
        lambda athena: athena.faults.plant(
            "athena:StartQueryExecution", Refusal("TooManyRequestsException", "You have exceeded the limit\nof queries")
        ),
        "AWS throttles athena:StartQueryExecution (You have exceeded the limit), 2 attempts made: wait a minute",
    ),
    "internal": (
        lambda athena: athena.faults.plant("athena:StartQueryExecution", Refusal("InternalServerException", "Oh", 500)),
        "Athena has a fault of its own (Oh): ask again",
    ),
    "lost": (
        lambda athena: athena.faults.lose("athena:StartQueryExecution"),
        "AWS cannot be reached (Connection was closed before we received a valid response",
    ),
    "no output location": (
        lambda athena: athena.saved.backend.work_groups["primary"].configuration.update(ResultConfiguration={}),
        "the workgroup primary has no place for answers: set connection.output_location to s3://bucket/prefix/",
    ),
    "disabled": (
        lambda athena: athena.client("athena").update_work_group(WorkGroup="primary", State="DISABLED"),
        "the workgroup primary is disabled: enable it, or name another (connection.workgroup)",
    ),
    "anything else": (
        lambda athena: athena.faults.plant(
            "athena:StartQueryExecution", Refusal("InvalidRequestException", "line 1:8: \x1b[31mmismatched input")
        ),
        r"Athena refused: line 1:8: \x1b[31mmismatched input",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_start_that_is_refused_is_told_in_one_line(athena: AthenaEndpoint, fault: str) -> None:
    plant, message = PLANTED[fault]
    plant(athena)
    assert refusal().startswith(message)


def test_an_unknown_workgroup_is_told(athena: AthenaEndpoint) -> None:
    told = refusal(lambda: answer(workgroup="nobody"))
    assert told == "there is no workgroup nobody in this region: look at connection.workgroup and connection.region"


def test_no_endpoint_is_told(athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    told = refusal()
    assert told.startswith("AWS cannot be reached (Could not connect to the endpoint URL")
    assert told.endswith("look at the network, the proxy and the region")


def test_no_credentials_are_told(athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert refusal().startswith("no AWS credentials were found: run `aws configure` or `aws sso login`")


def test_no_region_and_an_unknown_aws_profile_are_told(athena: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(lambda: answer(aws_profile="nobody"), UsageError)
    assert told.startswith("profile lab: The config profile (nobody) could not be found")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    told = refusal(answer, UsageError)
    assert told == "profile lab: no AWS region: set connection.region, or AWS_DEFAULT_REGION"


def test_a_text_that_is_too_long_is_never_sent(athena: AthenaEndpoint) -> None:
    longest = "SELECT '" + "ü" * 131_067 + "'"
    assert len(longest.encode()) == 262_143
    assert answer(longest)
    assert refusal(lambda: answer(longest + "  ")).startswith("the statement has 262,145 bytes, Athena takes 262,144")
    assert len(athena.executions) == 1


def test_why_a_query_failed_is_told_in_its_first_line(athena: AthenaEndpoint) -> None:
    reason = (
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.logs.x' does not exist\nThis query ran against the database."
    )
    athena.faults.course(("RUNNING", 2**30), reason=reason)
    told: list[QueryStatus] = []

    def ask() -> None:
        with opened() as warehouse, warehouse.query(SELECT, listen=told.append):
            pass

    assert refusal(ask) == (
        f"query {athena.executions[0].id if athena.executions else told[0].query_id} failed: TABLE_NOT_FOUND: line 1:15: "
        "Table 'awsdatacatalog.logs.x' does not exist: look at the profile's table; `sqlgen check` says what is there"
    )
    assert (told[-1].state, told[-1].cost_dollars) == ("FAILED", 0.0)
    assert not athena.actions("athena:StopQueryExecution")


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_lost_page_is_told_with_what_came_before(athena: AthenaEndpoint, skip: int) -> None:
    athena.faults.lose("athena:GetQueryResults", skip=skip)
    told = refusal()
    assert "AWS cannot be reached" in told
    assert (
        ("its answer cannot be read" in told)
        if skip == 0
        else (f"the answer broke off after {skip * 1000 - 1:,} rows" in told)
    )
    assert athena.executions[0].id in told


def test_credentials_that_expire_while_it_runs_leave_the_id_to_stop_it_by(athena: AthenaEndpoint) -> None:
    athena.faults.course(("RUNNING", 0), stays=True)
    athena.faults.expire("athena:*", skip=3)
    told = refusal()
    query_id = athena.executions[0].id
    assert told.startswith(f"query {query_id} was lost sight of: the AWS credentials have expired")
    assert f"`aws athena stop-query-execution --query-execution-id {query_id}`" in told


# stopping


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


def test_faults_leave_nothing_on_stderr_but_the_caller_s_line(
    athena: AthenaEndpoint, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own
    athena.faults.expire()
    refusal()
    assert capfd.readouterr().err == ""


def test_secrets_are_in_no_message(athena: AthenaEndpoint) -> None:
    athena.faults.lose("athena:StartQueryExecution")
    with opened() as warehouse:
        told = refusal(lambda: list(warehouse.query(SELECT).__enter__().rows)) + json.dumps(dict(warehouse.identity()))
    assert athena.environment()["AWS_SECRET_ACCESS_KEY"] not in told
