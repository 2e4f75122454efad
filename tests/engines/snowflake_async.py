"""Asynchronous execution for fakesnow's server, which runs a statement within its request; runs in fakesnow's environment, not in ours.

As Snowflake's REST protocol has it (github.com/snowflakedb/drivers, `sf_core/src/rest/snowflake/`): a statement sent with `asyncExec` is
answered at once with its id; its state, its result and its end are asked for by that id. Cancelling interrupts DuckDB itself.
`/seen` tells the tests what was sent.
"""

from __future__ import annotations

import asyncio
import gzip
import importlib
import json
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from snowflake_objects import Objects
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

server = importlib.import_module("fakesnow.server")


@dataclass
class Statement:
    """A statement that was sent, and the request that it came in."""

    text: str
    parameters: dict[str, Any]
    bindings: dict[str, Any]
    connection: Any
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task: asyncio.Task[Response] | None = None
    is_aborted: bool = False
    interrupting: asyncio.Task[None] | None = None

    @property
    def outcome(self) -> dict[str, Any] | None:
        """What fakesnow answered; None while it has not."""
        if self.task is None or not self.task.done():
            return None
        body = json.loads(bytes(self.task.result().body))
        body["data"] = (body["data"] or {}) | {"queryId": self.query_id}
        return body


statements: dict[str, Statement] = {}
objects = Objects()


def executed(connection: Any, text: str) -> str:
    """Run a statement and return why it failed, or nothing."""
    try:
        connection.cursor().execute(text)
    except Exception as error:
        return str(error)
    return ""


async def query_request(request: Request) -> Response:
    """Run a statement apart from its request where that is asked for."""
    body = await request.body()
    sent = json.loads(gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body)
    connection = server.to_conn(server.to_token(request))
    statement = Statement(sent["sqlText"], sent.get("parameters") or {}, sent.get("bindings") or {}, connection)
    statements[statement.query_id] = statement
    if statement.text.startswith("ALTER SESSION"):  # fakesnow keeps no parameters
        row = {"rowtype": [{"name": "status", "type": "text", "nullable": True}], "rowset": [["done"]], "total": 1}
        data = row | {"queryId": statement.query_id, "queryResultFormat": "json", "statementTypeId": 0x4100}
        return JSONResponse({"success": True, "data": data})
    text = statement.text
    if text.startswith(
        "EXPLAIN "
    ):  # fakesnow hands it to DuckDB untranslated: planned here, for no row, is the statement
        text = f"SELECT * FROM ({text.removeprefix('EXPLAIN ')}) AS planned LIMIT 0"
    home = f"{connection.database}.{connection.schema}"
    text = await run_in_threadpool(objects.rewritten, text, home, partial(executed, connection))
    if text != statement.text:
        changed = json.dumps(sent | {"sqlText": text}).encode()
        request._body = gzip.compress(changed) if request.headers.get("Content-Encoding") == "gzip" else changed
    if not sent.get("asyncExec"):
        return await server.query_request(request)
    statement.task = asyncio.create_task(server.query_request(request))
    data = {"queryId": statement.query_id, "getResultUrl": f"/queries/{statement.query_id}/result"}
    return JSONResponse({"success": True, "code": "333334", "message": "Query execution in progress.", "data": data})


def monitoring(request: Request) -> Response:
    """Tell a statement's state."""
    statement = statements.get(request.path_params["query_id"])
    if statement is None:
        return JSONResponse({"success": True, "data": {"queries": []}})
    entry: dict[str, Any] = {"id": statement.query_id, "status": "RUNNING"}
    outcome = statement.outcome
    if statement.is_aborted and outcome:
        entry |= {"status": "ABORTED", "errorCode": "000604", "errorMessage": "SQL execution canceled"}
    elif outcome and outcome["success"]:
        entry |= {"status": "SUCCESS"}
    elif outcome:
        entry |= {"status": "FAILED_WITH_ERROR", "errorCode": outcome["code"], "errorMessage": outcome["message"]}
    return JSONResponse({"success": True, "data": {"queries": [entry]}})


def result(request: Request) -> Response:
    """Give a statement's answer."""
    return JSONResponse(statements[request.path_params["query_id"]].outcome)


async def abort(request: Request) -> Response:
    """Interrupt a statement, until it has ended: DuckDB hears nothing before fakesnow has read the text."""
    statement = statements[request.path_params["query_id"]]
    is_running = statement.outcome is None
    if is_running:
        statement.is_aborted = True
        statement.interrupting = asyncio.create_task(interrupt(statement))
    return JSONResponse({"success": is_running, "data": None})


async def interrupt(statement: Statement) -> None:
    """Interrupt a statement as often as it takes."""
    while statement.outcome is None:
        statement.connection._duck_conn.interrupt()
        await asyncio.sleep(0.05)


def seen(request: Request) -> Response:
    """Tell the tests what was sent, newest last."""
    return JSONResponse(
        [
            {
                "query_id": statement.query_id, "text": statement.text, "parameters": statement.parameters,
                "bindings": statement.bindings, "is_aborted": statement.is_aborted,
                "has_ended": statement.task is None or statement.task.done(),
            }
            for statement in statements.values()
        ]
    )  # fmt: skip


ROUTES = [
    Route("/queries/v1/query-request", query_request, methods=["POST"]),
    Route("/monitoring/queries//{query_id}", monitoring),
    Route("/monitoring/queries/{query_id}", monitoring),
    Route("/queries/{query_id}/result", result),
    Route("/queries/{query_id}/abort-request", abort, methods=["POST"]),
    Route("/seen", seen),
]
