"""Snowflake's REST protocol on a loopback port, as far as the real connector needs it, with answers by script.

For what fakesnow's server cannot be made to do: refuse a login, fail half-way, lose a part of the answer, throttle, take its time.
The shapes are those that the connector's own source reads (github.com/snowflakedb/drivers, `sf_core/src/rest/snowflake/`).
"""

from __future__ import annotations

import gzip
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

COLUMN_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "length": 16777216, "byteLength": 16777216},
    "fixed": {"type": "fixed", "precision": 18, "scale": 0},
    "boolean": {"type": "boolean"},
    "timestamp_ntz": {"type": "timestamp_ntz", "precision": 0, "scale": 9},
    "array": {"type": "array"},
    "variant": {"type": "variant"},
}


@dataclass
class Answer:
    """What one statement gets.

    `states`: what its status is, poll by poll, before it is done (`RUNNING...`: without end; `UNKNOWN`: there is none yet).
    `error`: code, SQLSTATE, message; `refused`: already when it is sent.
    `parts`: further rows, each a part to be downloaded; None for a part that is lost on the way.
    """

    columns: Sequence[tuple[str, str]] = (("ANSWER", "text"),)
    rows: Sequence[Sequence[str | None]] = (("yes",),)
    parts: Sequence[Sequence[Sequence[str | None]] | None] = ()
    states: Sequence[str] = ()
    error: tuple[str, str, str] | None = None
    refused: bool = False


@dataclass
class Statement:
    """A statement that was sent: its text, binds and parameters, and what became of it."""

    query_id: str
    text: str
    binds: list[str | None]
    parameters: dict[str, Any]
    answer: Answer
    is_aborted: bool = False
    states: list[str] = field(default_factory=list)


@dataclass
class SnowflakeStub:
    """The scripts and what was seen. `statuses`: HTTP statuses that the next requests get in place of an answer.

    `is_hanging`: no request is answered before the end; `hangs` is set once one waits.

    `answer`: what answers a text, before `answers` do, in their order; None from it: they do.
    """

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    answer: Callable[[str], Answer | None] = lambda text: None
    statuses: list[int] = field(default_factory=list)
    login_error: tuple[str, str] | None = None
    logins: list[dict[str, Any]] = field(default_factory=list)
    login_queries: list[dict[str, list[str]]] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    is_hanging: bool = False
    hangs: threading.Event = field(default_factory=threading.Event)
    closed_sessions: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def sent(self, beginning: str) -> list[Statement]:
        """Return the statements whose text begins so."""
        return [statement for statement in self.statements if statement.text.lstrip().startswith(beginning)]

    def statement(self, query_id: str) -> Statement:
        return next(statement for statement in self.statements if statement.query_id == query_id)

    def respond(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Return the JSON document that answers a request."""
        if path == "/session/v1/login-request":
            return self._login(body["data"])
        if path == "/queries/v1/query-request":
            return self._submit(body)
        if path == "/session":
            self.closed_sessions += 1
        if match := re.fullmatch(r"/monitoring/queries/+([^/]+)", path):
            return self._status(self.statement(match[1]))
        if match := re.fullmatch(r"/queries/([^/]+)/result", path):
            return self._result(self.statement(match[1]))
        if match := re.fullmatch(r"/queries/([^/]+)/abort-request", path):
            self.statement(match[1]).is_aborted = True
        return {"success": True, "data": None}

    def _login(self, data: dict[str, Any]) -> Any:
        self.logins.append(data)
        if self.login_error:
            code, message = self.login_error
            return {"success": False, "code": code, "message": message, "data": {"authnMethod": "USERNAME_PASSWORD"}}
        session = {"databaseName": "LOGS", "schemaName": "PUBLIC", "warehouseName": "WH", "roleName": "ANALYST"}
        return {
            "success": True,
            "data": {
                "token": "session-token", "masterToken": "master-token", "sessionId": 1, "serverVersion": "9.0.0",
                "validityInSeconds": 3600, "masterValidityInSeconds": 14400, "parameters": [], "sessionInfo": session,
            },
        }  # fmt: skip

    def _submit(self, body: dict[str, Any]) -> Any:
        text, query_id = body["sqlText"], str(uuid.uuid4())
        is_setting = text.startswith("ALTER SESSION")
        answer = Answer() if is_setting else self.answer(text) or (self.answers.pop(0) if self.answers else Answer())
        binds = [
            value["value"] for _, value in sorted((body.get("bindings") or {}).items(), key=lambda item: int(item[0]))
        ]
        statement = Statement(query_id, text, binds, body.get("parameters") or {}, answer, states=list(answer.states))
        self.statements.append(statement)
        if answer.refused or not body.get("asyncExec"):
            return self._result(statement)
        data = {"queryId": query_id, "getResultUrl": f"/queries/{query_id}/result"}
        return {"success": True, "code": "333334", "message": "Query execution in progress.", "data": data}

    def _status(self, statement: Statement) -> Any:
        entry: dict[str, Any] = {"id": statement.query_id, "status": "SUCCESS"}
        if statement.is_aborted:
            entry |= {"status": "ABORTED", "errorCode": "000604", "errorMessage": "SQL execution canceled"}
        elif statement.states:
            state = statement.states[0] if statement.states[0].endswith("...") else statement.states.pop(0)
            if state == "UNKNOWN":
                return {"success": True, "data": {"queries": []}}
            entry |= {"status": state.removesuffix("...")}
        elif statement.answer.error:
            code, _, message = statement.answer.error
            entry |= {"status": "FAILED_WITH_ERROR", "errorCode": code, "errorMessage": message}
        return {"success": True, "data": {"queries": [entry]}}

    def _result(self, statement: Statement) -> Any:
        answer = statement.answer
        if answer.error:
            code, sql_state, message = answer.error
            data = {"errorCode": code, "sqlState": sql_state, "queryId": statement.query_id}
            return {"success": False, "code": code, "message": message, "data": data}
        row_type = [{"name": name, "nullable": True} | COLUMN_TYPES[kind] for name, kind in answer.columns]
        chunks = [
            {
                "url": f"http://127.0.0.1:{self.port}/parts/{statement.query_id}/{number}",
                "rowCount": len(part or ()) or 1, "uncompressedSize": 100, "compressedSize": 100,
            }
            for number, part in enumerate(answer.parts)
        ]  # fmt: skip
        return {
            "success": True,
            "data": {
                "queryId": statement.query_id, "queryResultFormat": "json", "statementTypeId": 0x1000,
                "rowtype": row_type, "rowset": answer.rows, "total": len(answer.rows) + sum(len(part or ()) for part in answer.parts),
                "returned": len(answer.rows), "chunks": chunks, "chunkHeaders": {}, "parameters": [{"name": "TIMEZONE", "value": "UTC"}],
            },
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    stub: SnowflakeStub
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        if self.stub.is_hanging:
            self.stub.hangs.set()
            self.stub.released.wait()
        if match := re.fullmatch(r"/parts/([^/]+)/(\d+)", path):
            part = self.stub.statement(match[1]).answer.parts[int(match[2])]
            self._send(200 if part is not None else 404, ",".join(map(json.dumps, part or [])).encode())
        elif self.stub.statuses and "telemetry" not in path:
            self._send(self.stub.statuses.pop(0), b"")
        else:
            if "login" in path:
                self.stub.login_queries.append(query)
            document = self.stub.respond(self.command, path, json.loads(raw or b"{}"))
            self._send(200, json.dumps(document).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def snowflake_stub() -> Iterator[SnowflakeStub]:
    """Yield a stub that listens."""
    stub = SnowflakeStub()
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.released.set()
        server.shutdown()
        server.server_close()
