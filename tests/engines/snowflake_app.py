"""fakesnow's server, corrected where it does not do what Snowflake documents; runs in fakesnow's environment, not in ours.

    python snowflake_app.py PORT

Each correction is for a function that our texts use. What they prove is our logic, not Snowflake's: docs/snowflake.md.
"""

from __future__ import annotations

import importlib
import json
import sys

import pyarrow
import uvicorn
from fakesnow import arrow, transforms
from sqlglot import exp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

# fakesnow.server is also the name of a function that hides the module
server = importlib.import_module("fakesnow.server")

MACROS = """
CREATE OR REPLACE TEMP MACRO is_object(v) AS json_type(v) = 'OBJECT';
CREATE OR REPLACE TEMP MACRO is_array(v) AS json_type(v) = 'ARRAY';
"""
"""https://docs.snowflake.com/en/sql-reference/functions/is_object and is_array, which fakesnow has not."""


async def login(request: Request) -> Response:
    """Answer as fakesnow does, and with the master token that snowflake-connector-python 5 wants."""
    answer = await server.login_request(request)
    body = json.loads(bytes(answer.body))
    token = body["data"]["token"]
    server.sessions[token]._duck_conn.execute(MACROS)
    body["data"] |= {"masterToken": token, "validityInSeconds": 3600, "masterValidityInSeconds": 14400, "sessionId": 1}
    return JSONResponse(body)


def times(column: pyarrow.ChunkedArray) -> pyarrow.Array:
    """Return times as the client reads them, null where they are null; fakesnow makes a time of nulls."""
    column = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    seconds = pyarrow.compute.fill_null(column.cast(pyarrow.int64()), 0)
    epoch = pyarrow.compute.divide(seconds, 1_000_000)
    fields = [pyarrow.field("epoch", pyarrow.int64(), nullable=False), pyarrow.field("fraction", pyarrow.int32(), nullable=False)]
    fraction = pyarrow.array([0] * len(column), type=pyarrow.int32())
    return pyarrow.StructArray.from_arrays([epoch, fraction], fields=fields, mask=pyarrow.compute.is_null(column))


def array_agg(node: exp.Expr) -> exp.Expr:
    """Leave nulls out, and give an empty array for no rows: https://docs.snowflake.com/en/sql-reference/functions/array_agg."""
    if not isinstance(node, exp.ArrayAgg) or isinstance(node.parent, exp.Filter):
        return node
    value = node.find(exp.Distinct)
    counted = value.expressions[0] if value else node.this
    is_there = exp.Where(this=counted.copy().is_(exp.null()).not_())
    listed = exp.Anonymous(this="TO_JSON", expressions=[exp.Filter(this=node.copy(), expression=is_there)])
    return exp.Coalesce(this=listed, expressions=[exp.cast(exp.Literal.string("[]"), "JSON")])


def member_text(node: exp.Expr) -> exp.Expr:
    """Give the text itself for a member that GET takes from a document, not its JSON with quotes."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.GetExtract) and node.is_type("VARCHAR", "TEXT"):
        return exp.Anonymous(this="json_extract_string", expressions=[exp.cast(node.this, "JSON"), exp.Literal.string("$")])
    return as_varchar(node)


as_varchar = transforms.json_extract_cast_as_varchar

if __name__ == "__main__":
    arrow.timestamp_to_sf_struct = times
    transforms.array_agg = array_agg
    transforms.json_extract_cast_as_varchar = member_text
    server.app.router.routes.insert(0, Route("/session/v1/login-request", login, methods=["POST"]))
    uvicorn.run(server.app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
