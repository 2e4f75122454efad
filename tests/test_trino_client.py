"""Trino as a warehouse, without an engine: what a profile has to say, what is sent, and how values come."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import QueryStatus, Warehouse, WarehouseError

PROFILE = Profile("lab", "trino", "hive.logs.cloudtrail", connection={"host": "trino.example"})


class Fake(BaseHTTPRequestHandler):
    """Answers every request with what stands in `answers`, the last for ever; takes down what was asked."""

    answers: list[tuple[int, str]]
    asked: list[tuple[str, dict[str, str]]]

    def reply(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.asked.append((f"{self.command} {self.rfile.read(length).decode()}".strip(), dict(self.headers)))
        status, text = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        text = text.replace("$HOST", self.headers["Host"])
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_DELETE = reply

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def fake() -> Iterator[type[Fake]]:
    handler = type("Handler", (Fake,), {"answers": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    handler.port = server.server_port  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def opened(fake: Any, **connection: str | int) -> Warehouse:
    given = {"host": "127.0.0.1", "port": fake.port, "http_scheme": "http", "user": "analyst"} | connection
    return open_warehouse(replace(PROFILE, connection=given))


def page(state: str, rows: list[list[Any]], *, more: bool, scanned: int = 0) -> tuple[int, str]:
    told: dict[str, Any] = {
        "id": "q1",
        "infoUri": "http://$HOST/ui",
        "columns": [
            {"name": "A", "type": "varchar", "typeSignature": {"rawType": "varchar", "arguments": [{"value": 9}]}}
        ],
        "data": rows,
        "stats": {"state": state, "physicalInputBytes": scanned, "elapsedTimeMillis": 10},
    }
    return 200, json.dumps(told | ({"nextUri": "http://$HOST/next"} if more else {}))


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ({}, "profile lab: connection.host is missing"),
        ({"host": "h", "http_scheme": "ftp"}, "profile lab: connection.http_scheme is https or http, not 'ftp'"),
        (
            {"host": "h", "password_variable": "NOWHERE"},
            "profile lab: the variable NOWHERE, which the connection names, is not set",
        ),
        (
            {"host": "h", "token_variable": "HERE", "http_scheme": "http"},
            "profile lab: a password or token goes over https only",
        ),
    ],
)
def test_a_connection_that_says_too_little_is_refused(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, str], told: str
) -> None:
    monkeypatch.setenv("HERE", "hunter2")
    with pytest.raises(UsageError) as caught:
        open_warehouse(replace(PROFILE, connection=connection))
    assert str(caught.value).startswith(told)
    assert "hunter2" not in str(caught.value)


def test_without_the_client_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sqlgen.warehouses.trino", raising=False)
    monkeypatch.setitem(sys.modules, "trino", None)
    with pytest.raises(UsageError, match=r"pip install 'cloudtrail-sqlgen\[trino\]'"):
        open_warehouse(PROFILE)


def test_who_asks_where_and_what_for_is_told_to_the_engine(fake: Any) -> None:
    fake.answers = [page("FINISHED", [["x"]], more=False)]
    told: list[QueryStatus] = []
    with opened(fake).query("SELECT ?", ["it's"], tag="sqlgen sessions", listen=told.append) as answer:
        assert list(answer.rows) == [{"a": "x"}]
    text, headers = fake.asked[-1]
    assert text == "POST EXECUTE IMMEDIATE 'SELECT ?' USING 'it''s'"
    assert (headers["X-Trino-User"], headers["X-Trino-Catalog"], headers["X-Trino-Schema"]) == (
        "analyst",
        "hive",
        "logs",
    )
    assert headers["X-Trino-Client-Info"] == "sqlgen sessions"
    assert headers["X-Trino-Source"] == "cloudtrail-sqlgen"
    assert [status.state for status in told] == ["FINISHED"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, "no"), "does not accept the user analyst: look at the password or token variable"),
        ((404, "<html>"), "does not answer as Trino does"),
        ((200, "<html>"), "does not answer as Trino does"),
        ((200, ""), "does not answer as Trino does"),
    ],
)
def test_a_server_that_refuses_or_is_no_trino_is_told(fake: Any, answer: tuple[int, str], told: str) -> None:
    fake.answers = [answer]
    with pytest.raises(WarehouseError) as caught, opened(fake).query("SELECT 1"):
        pass
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_that_breaks_off_is_told_and_stopped(fake: Any) -> None:
    fake.answers = [page("RUNNING", [[name]], more=True) for name in "xy"] + [(500, "gone")]
    told: list[QueryStatus] = []
    with opened(fake).query("SELECT 1", listen=told.append) as answer:
        assert next(answer.rows) == {"a": "x"}
        with pytest.raises(
            WarehouseError, match=r"the answer broke off after 1 rows: .*does not answer as Trino does \(error 500"
        ):
            next(answer.rows)
    assert fake.asked[-1][0] == "DELETE"
    assert told[-1].state == "CANCELED"


def test_a_status_follows_the_rows(fake: Any) -> None:
    fake.answers = [page("RUNNING", [["x"]], more=True, scanned=5), page("FINISHED", [["y"]], more=False, scanned=9)]
    with opened(fake).query("SELECT 1") as answer:
        assert (answer.status.state, answer.status.scanned_bytes) == ("RUNNING", 5)
        assert [row["a"] for row in answer.rows] == ["x", "y"]
        assert (answer.status.state, answer.status.scanned_bytes, answer.status.cost_dollars) == ("FINISHED", 9, None)


@pytest.mark.parametrize(
    ("given", "kind", "read"),
    [
        (datetime(2023, 7, 9, 23, 15, 51), "timestamp", datetime(2023, 7, 9, 23, 15, 51)),
        (datetime(2023, 7, 9, 23, 15, 51, tzinfo=UTC), "timestamp", datetime(2023, 7, 9, 23, 15, 51)),
        (datetime(2023, 7, 9, 23, tzinfo=timezone(timedelta(hours=2))), "timestamp", datetime(2023, 7, 9, 21)),
        (["a, b", None, 1], "array", ["a, b", "1"]),
        (True, "boolean", True),
        (None, "array", None),
        ({"a": 1}, "text", "{'a': 1}"),
    ],
)
def test_values_come_in_the_kinds_of_answers(given: Any, kind: str, read: object) -> None:
    from sqlgen.warehouses.trino import value

    assert value(given, kind) == read
