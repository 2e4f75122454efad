"""What goes wrong at Athena, each fault told in one line: throttling, refusals, lost pages, failed queries, credentials."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping

import pytest

from sqlgen.errors import UsageError
from sqlgen.warehouses.base import (
    QueryStatus,
)
from tests.athena_lab import SELECT, answer, canned_athena, opened, refusal
from tests.engines.athena_endpoint import AthenaEndpoint
from tests.engines.athena_faults import Refusal


@pytest.fixture
def athena(monkeypatch: pytest.MonkeyPatch) -> Iterator[AthenaEndpoint]:
    with canned_athena(monkeypatch) as endpoint:
        yield endpoint


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
