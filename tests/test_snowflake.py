"""The client of Snowflake: the real connector against a server with answers by script, for what goes well and what goes wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import pytest

from sqlgen.errors import SqlgenError, UsageError
from sqlgen.profiles import Profile
from sqlgen.queries import ColumnType, OutputColumn
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import BindValue, QueryLimits, QueryStatus, Row, Warehouse, WarehouseError
from tests.snowflake_home import CONNECTIONS, PASSWORD, write_connection, write_connections
from tests.snowflake_stub import Answer, SnowflakeStub, snowflake_stub


@pytest.fixture
def stub() -> Iterator[SnowflakeStub]:
    with snowflake_stub() as server:
        write_connection(server.port)
        yield server


@pytest.fixture
def warehouse(stub: SnowflakeStub) -> Iterator[Warehouse]:
    with closing(open_warehouse(profile(connection_name="test"))) as opened:
        yield opened


def profile(**connection: str) -> Profile:
    return Profile("incident", "snowflake", "logs.public.cloudtrail", connection=connection)


def expected(*columns: tuple[str, ColumnType]) -> list[OutputColumn]:
    return [OutputColumn(name, kind, "") for name, kind in columns]


def ask(warehouse: Warehouse, sql: str = "SELECT 1") -> list[Row]:
    with warehouse.query(sql) as rows:
        return list(rows.rows)


def refused(call: object) -> str:
    """Return the message of the error, which is one line, and holds no secret."""
    assert callable(call)
    with pytest.raises(SqlgenError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message and PASSWORD not in message and "session-token" not in message
    return message


# the connection


def test_a_connection_is_opened_by_its_name_and_the_profile_overrides_it(stub: SnowflakeStub) -> None:
    write_connection(stub.port, options={"database": "OTHER", "schema": "PUBLIC", "role": "ANALYST"})
    named = profile(connection_name="test", database="LOGS", warehouse="WH")
    with closing(open_warehouse(named)) as opened:
        assert opened.dialect == "snowflake"
        assert opened.identity() == {
            "account": "local", "user": "tester", "role": "ANALYST", "warehouse": "WH", "database": "LOGS.PUBLIC",
        }  # fmt: skip
    [query] = stub.login_queries
    assert (query["databaseName"], query["warehouse"], query["roleName"]) == (["LOGS"], ["WH"], ["ANALYST"])
    [login] = stub.logins
    assert login["LOGIN_NAME"] == "tester" and login["CLIENT_ENVIRONMENT"]["APPLICATION"] == "sqlgen"
    assert stub.closed_sessions == 1


def test_the_session_has_what_the_texts_rely_on(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    given = {name: str(value).upper() for name, value in stub.logins[0]["SESSION_PARAMETERS"].items()}
    wanted = {
        "TIMEZONE": "UTC", "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ", "DEFAULT_NULL_ORDERING": "LAST",
        "QUOTED_IDENTIFIERS_IGNORE_CASE": "FALSE", "AUTOCOMMIT": "TRUE", "JSON_INDENT": "0",
        "CLIENT_VALIDATE_DEFAULT_PARAMETERS": "TRUE",
    }  # fmt: skip
    assert {name: given.get(name) for name in wanted} == wanted


def test_without_a_name_it_is_snowflakes_default_connection(
    stub: SnowflakeStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "test")
    with closing(open_warehouse(profile(database="LOGS"))) as opened:
        assert opened.identity()["user"] == "tester"


def test_closing_twice_is_no_fault(stub: SnowflakeStub) -> None:
    opened = open_warehouse(profile(connection_name="test"))
    opened.close()
    opened.close()
    assert stub.closed_sessions == 1


def test_a_missing_connections_file_says_how_to_write_one() -> None:
    CONNECTIONS.unlink(missing_ok=True)
    message = refused(lambda: open_warehouse(profile(connection_name="test")))
    assert "connections.toml is missing or empty" in message and "snow connection add" in message


def test_an_unknown_connection_names_those_there_are(stub: SnowflakeStub) -> None:
    message = refused(lambda: open_warehouse(profile(connection_name="prod")))
    assert "no connection prod: name one of test" in message


@pytest.mark.parametrize("line", [f'password = "{PASSWORD}', f"password = {PASSWORD}"])
def test_a_connections_file_that_is_no_toml_is_not_quoted(line: str) -> None:
    write_connections(f'[test]\naccount = "local"\n{line}\n')
    assert "is not valid TOML" in refused(lambda: open_warehouse(profile(connection_name="test")))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
def test_a_connections_file_that_others_may_write_is_not_read(stub: SnowflakeStub) -> None:
    write_connections(CONNECTIONS.read_text(encoding="utf-8"), mode=0o666)
    assert "may be written by others" in refused(lambda: open_warehouse(profile(connection_name="test")))


def test_a_connection_without_an_account_says_what_is_missing() -> None:
    write_connections(f'[test]\nuser = "tester"\npassword = "{PASSWORD}"\n')
    assert "account" in refused(lambda: open_warehouse(profile(connection_name="test")))


def test_a_private_key_that_cannot_be_read_is_not_quoted(stub: SnowflakeStub) -> None:
    write_connection(stub.port, options={"authenticator": "SNOWFLAKE_JWT", "private_key": PASSWORD})
    assert "private_key" in refused(lambda: open_warehouse(profile(connection_name="test")))


def test_an_endpoint_that_is_down_says_what_to_check(stub: SnowflakeStub) -> None:
    write_connection(1)
    message = refused(lambda: open_warehouse(profile(connection_name="test")))
    assert message.startswith("Snowflake's connection test cannot be opened: ")
    assert "Connection refused" in message and "check account (or host)" in message


LOGINS = [
    ("390100", f"Incorrect username or password was specified: {PASSWORD}.", "check user and password (or key)"),
    ("390144", "JWT token is invalid. [f81d4fae-7dec]", "check user and password (or key)"),
    ("394508", "Failed to authenticate: MFA with TOTP is required.", "sign in with a key pair"),
    ("390318", "OAuth access token expired. [f81d4fae-7dec]", "get a fresh token"),
    ("390422", "Incoming request with IP/Token 203.0.113.7 is not allowed to access Snowflake.", "network policy"),
    ("390189", "Role 'X' specified in the connect string does not exist or not authorized.", "give another role"),
    ("390201", "The requested warehouse does not exist or not authorized.", "give a warehouse that the role may use"),
    ("390201", "The requested database does not exist or not authorized.", "USAGE on database and schema"),
    ("390913", "Your free trial has ended and all of your virtual warehouses have been suspended.", "paid for"),
]


@pytest.mark.parametrize(("code", "said", "advice"), LOGINS, ids=[f"{code}-{said[:20]}" for code, said, _ in LOGINS])
def test_a_refused_login_says_why_and_what_to_do(
    stub: SnowflakeStub, capfd: pytest.CaptureFixture[str], code: str, said: str, advice: str
) -> None:
    stub.login_error = (code, said)
    message = refused(lambda: open_warehouse(profile(connection_name="test")))
    assert f"({code})" in message and advice in message and said[:18] in message
    assert capfd.readouterr() == ("", "")


# statements


def test_a_statement_is_tagged_bound_and_watched(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(states=["RESUMING_WAREHOUSE", "QUEUED", "RUNNING"])]
    told: list[QueryStatus] = []
    binds: list[BindValue] = ["AKIA1", 7, datetime(2023, 7, 10, 11, 42, 18), None]
    with warehouse.query("SELECT ?, ?, ?, ?", binds, tag="sqlgen identity-chain", listen=told.append) as rows:
        assert list(rows.rows) == [{"answer": "yes"}]
        assert rows.status == told[-1] and rows.status.scanned_bytes is None
    [statement] = stub.statements
    assert statement.binds == ["AKIA1", "7", "2023-07-10 11:42:18", None]
    assert statement.parameters == {"QUERY_TAG": "sqlgen identity-chain"}
    assert [status.state for status in told] == ["RESUMING_WAREHOUSE", "QUEUED", "RUNNING", "SUCCESS"]
    assert {status.query_id for status in told} == {statement.query_id}
    assert not statement.is_aborted


def test_values_come_in_the_kinds_of_the_expected_columns(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    kinds = ("text", "fixed", "boolean", "timestamp_ntz", "array", "variant")
    stub.answers = [
        Answer(
            columns=[(f"COLUMN_{number}", kind) for number, kind in enumerate(kinds)],
            rows=[["ü'\x1b", "3", "true", "1688989338.000000000", '["eu-west-1","us-east-1"]', '{"a":1}'], [None] * 6],
        )
    ]
    columns = expected(
        ("column_1", "integer"), ("column_0", "text"), ("column_2", "boolean"), ("column_3", "timestamp"),
        ("column_4", "array"), ("column_5", "json"),
    )  # fmt: skip
    with warehouse.query("SELECT 1", columns=columns) as rows:
        assert rows.columns == ("column_1", "column_0", "column_2", "column_3", "column_4", "column_5")
        first, second = rows.rows
    at = datetime(2023, 7, 10, 11, 42, 18)
    assert list(first.values()) == [3, "ü'\x1b", True, at, ["eu-west-1", "us-east-1"], '{"a":1}']
    assert list(second.values()) == [None] * 6


def test_an_answer_without_an_expected_column_is_refused(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    def run() -> None:
        with warehouse.query("SELECT 1", columns=expected(("session_id", "text"))):
            pass

    assert "answered without the columns session_id" in refused(run)


def test_an_answer_in_parts_is_read_to_its_end(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    parts = [[[f"{part}-{row}"] for row in range(700)] for part in range(4)]
    stub.answers = [Answer(rows=[["first"]], parts=parts)]
    assert [row["answer"] for row in ask(warehouse)] == ["first", *(value for part in parts for [value] in part)]


def test_a_lost_part_is_a_fault_after_the_rows_before_it(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(rows=[[str(number)] for number in range(2000)], parts=[None])]
    read: list[Row] = []

    def run() -> None:
        with warehouse.query("SELECT 1") as rows:
            read.extend(row for row in rows.rows)

    message = refused(run)
    assert "the rest of the answer cannot be had" in message and "ask again" in message
    assert ask(warehouse) == [{"answer": "yes"}]


def test_throttling_is_waited_out(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.statuses = [503, 429]
    assert ask(warehouse) == [{"answer": "yes"}]
    assert len(stub.statements) == 1


def test_throttling_without_end_is_a_fault(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.statuses = [429] * 12
    message = refused(lambda: ask(warehouse))
    assert "429" in message and message.startswith("Snowflake")
    assert len(stub.statuses) == 12 - 3, "the connection's own retry_max_attempts counts, not the connector's default"


def test_a_statement_that_is_not_known_yet_is_waited_for(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(states=["UNKNOWN", "UNKNOWN", "RUNNING"])]
    assert ask(warehouse) == [{"answer": "yes"}]


STATEMENT_FAULTS = [
    ("000606", "57P03", "No active warehouse selected in the current session.  Select an active warehouse.\n", "give a warehouse"),
    ("090073", "22000", "Warehouse 'WH' cannot be resumed because resource monitor 'RM' has exceeded its quota.", "credit quota"),
    ("090064", "22000", "Warehouse 'WH' is suspended.", "ALTER WAREHOUSE ... RESUME"),
    ("090105", "22000", "Cannot perform SELECT. This session does not have a current database.", "database.schema.table"),
    ("003001", "42501", "SQL access control error:\nInsufficient privileges to operate on table 'X'", "rights granted"),
    ("002003", "42S02", "SQL compilation error:\nObject 'LOGS.PUBLIC.X' does not exist or not authorized.", "check the name"),
    ("000630", "57014", "Statement reached its statement or warehouse timeout of 5 second(s) and was canceled.", "narrow the window"),
    ("000604", "57014", "SQL execution canceled", "ask again"),
    ("000904", "42000", "SQL compilation error: error line 3 at position 7\ninvalid identifier 'RAWW'", "invalid identifier 'RAWW'"),
]  # fmt: skip


@pytest.mark.parametrize("is_refused", [False, True])
@pytest.mark.parametrize(
    ("code", "state", "said", "advice"), STATEMENT_FAULTS, ids=[row[0] for row in STATEMENT_FAULTS]
)
def test_a_failed_statement_says_why_and_what_to_do(
    stub: SnowflakeStub,
    warehouse: Warehouse,
    capfd: pytest.CaptureFixture[str],
    code: str,
    state: str,
    said: str,
    advice: str,
    is_refused: bool,
) -> None:
    stub.answers = [Answer(error=(code, state, said), refused=is_refused, states=[] if is_refused else ["RUNNING"])]
    message = refused(lambda: ask(warehouse))
    [statement] = stub.statements
    assert message.startswith(f"Snowflake {statement.query_id}: the statement failed: ")
    assert f"({code})" in message and advice in message
    assert not statement.is_aborted, "a statement that has ended is not cancelled"
    assert capfd.readouterr() == ("", "")


def test_a_statement_for_its_effect_fails_with_its_reason(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [
        Answer(),
        Answer(error=("003001", "42501", "Insufficient privileges to operate on schema 'PUBLIC'")),
    ]
    warehouse.execute("CREATE VIEW v AS SELECT 1", tag="sqlgen save")
    assert "rights granted" in refused(lambda: warehouse.execute("CREATE VIEW w AS SELECT 1"))
    assert [statement.parameters for statement in stub.statements] == [{"QUERY_TAG": "sqlgen save"}, {}]


def test_a_statement_over_its_time_is_stopped_here_and_there(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(states=["RUNNING..."]), Answer()]

    def run() -> None:
        with warehouse.query("SELECT 1", limits=QueryLimits(timeout_seconds=0.3)):
            pytest.fail("there is no answer")

    message = refused(run)
    query_id = stub.sent("SELECT 1")[0].query_id
    assert message.startswith(f"Snowflake {query_id} took longer than 0.3 s; narrow the window")
    assert message.endswith(f"({query_id} was stopped)") and stub.sent("SELECT 1")[0].is_aborted
    ask(warehouse)
    assert [statement.text for statement in stub.sent("ALTER SESSION")] == [
        "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1",
        "ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS",
    ]


def test_a_limit_of_bytes_cannot_be_kept_and_is_refused(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    def run() -> None:
        with warehouse.query("SELECT 1", limits=QueryLimits(maximum_scan_bytes=10**9)):
            pass

    assert "limit its time" in refused(run)
    with pytest.raises(UsageError):
        run()
    assert stub.statements == []


def test_an_error_of_the_listener_stops_the_statement(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(states=["RUNNING..."])]
    told: list[str] = []

    def listen(status: QueryStatus) -> None:
        told.append(status.state)
        if status.state == "RUNNING":
            raise WarehouseError("enough")

    with pytest.raises(WarehouseError, match=r"enough .* was stopped"), warehouse.query("SELECT 1", listen=listen):
        pass
    assert stub.statements[0].is_aborted and told == ["RUNNING", "ABORTED"]


def test_what_could_not_be_stopped_is_said(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(states=["RUNNING..."])]

    def listen(status: QueryStatus) -> None:
        stub.statuses = [403] * 3
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught, warehouse.query("SELECT 1", listen=listen):
        pass
    [note] = caught.value.__notes__
    assert f"SYSTEM$CANCEL_QUERY('{stub.statements[0].query_id}')" in note and "may still run" in note


def test_a_server_that_is_lost_meanwhile_is_a_fault_that_says_so(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(states=["RUNNING..."])]

    def listen(status: QueryStatus) -> None:
        stub.statuses = [503] * 12

    def run() -> None:
        with warehouse.query("SELECT 1", listen=listen):
            pass

    message = refused(run)
    assert "it was lost sight of" in message and "503" in message


def test_leaving_the_block_early_leaves_the_connection_usable(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [Answer(rows=[[str(number)] for number in range(5000)])]
    with warehouse.query("SELECT 1") as rows:
        assert next(rows.rows) == {"answer": "0"}
    assert ask(warehouse) == [{"answer": "yes"}]


def test_the_connector_is_loaded_only_when_a_connection_is_opened() -> None:
    program = "import sys, sqlgen.cli, sqlgen.warehouses, sqlgen.profiles; print([n for n in sys.modules if n.startswith('snowflake')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
