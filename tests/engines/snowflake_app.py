"""fakesnow's server, corrected where it does not do what Snowflake documents; runs in fakesnow's environment, not in ours.

    python snowflake_app.py PORT

Each correction is for a function that our texts use. What they prove is our logic, not Snowflake's: docs/snowflake.md.
"""

from __future__ import annotations

import importlib
import ipaddress
import json
import sys
from contextlib import suppress

import duckdb
import pyarrow
import snowflake_async
import uvicorn
from fakesnow import arrow, transforms
from sqlglot import exp
from sqlglot.dialects import Snowflake
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


def parse_ip(text: str, kind: str, permissive: int) -> str:
    """Answer as PARSE_IP does for an address, which fakesnow has not.

    https://docs.snowflake.com/en/sql-reference/functions/parse_ip.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        return json.dumps({"error": str(error)})
    if address.version == 4:
        return json.dumps({"family": 4, "host": text, "ip_type": kind.lower(), "ipv4": int(address)})
    return json.dumps({"family": 6, "host": text, "ip_type": kind.lower(), "hex_ipv6": address.packed.hex().upper()})


async def login(request: Request) -> Response:
    """Answer as fakesnow does, and with the master token that snowflake-connector-python 5 wants."""
    answer = await server.login_request(request)
    body = json.loads(bytes(answer.body))
    token = body["data"]["token"]
    connection = server.sessions[token]._duck_conn
    connection.execute(MACROS)
    with suppress(duckdb.CatalogException):  # sessions that share a database share its functions
        connection.create_function("parse_ip", parse_ip, ["VARCHAR", "VARCHAR", "INTEGER"], "JSON")
    body["data"] |= {"masterToken": token, "validityInSeconds": 3600, "masterValidityInSeconds": 14400, "sessionId": 1}
    return JSONResponse(body)


def times(column: pyarrow.ChunkedArray) -> pyarrow.Array:
    """Return times as the client reads them, null where they are null; fakesnow fills the fields of a null with nulls."""
    column = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    if column.type.tz:
        return zoned_times(column)
    seconds = pyarrow.compute.divide(pyarrow.compute.fill_null(column.cast(pyarrow.int64()), 0), 1_000_000)
    fraction = pyarrow.array([0] * len(column), type=pyarrow.int32())
    fields = [
        pyarrow.field("epoch", seconds.type, nullable=False),
        pyarrow.field("fraction", fraction.type, nullable=False),
    ]
    return pyarrow.StructArray.from_arrays([seconds, fraction], fields=fields, mask=pyarrow.compute.is_null(column))


def arrays(node: exp.Expr) -> exp.Expr:
    """Gather no nulls and give an empty array for no rows; slice elements, not the characters of the JSON text.

    https://docs.snowflake.com/en/sql-reference/functions/array_agg and array_slice.
    """
    if isinstance(node, exp.ArraySlice):
        start = exp.Add(this=node.args["start"].copy(), expression=exp.Literal.number(1))
        sliced = exp.Anonymous(
            this="list_slice", expressions=[exp.cast(node.this.transform(arrays), "JSON[]"), start, node.args["end"]]
        )
        return exp.Anonymous(this="TO_JSON", expressions=[sliced])
    if not isinstance(node, exp.ArrayAgg) or isinstance(node.parent, exp.Filter):
        return node
    distinct = node.find(exp.Distinct)
    counted = distinct.expressions[0] if distinct else node.this
    is_there = exp.Where(this=counted.copy().is_(exp.null()).not_())
    listed = exp.Anonymous(this="TO_JSON", expressions=[exp.Filter(this=node.copy(), expression=is_there)])
    return exp.Coalesce(this=listed, expressions=[exp.cast(exp.Literal.string("[]"), "JSON")])


def members(node: exp.Expr) -> exp.Expr:
    """Take from GET the member of that very name (`a.b` is no path), and as a text the text itself, not its JSON with quotes.

    https://docs.snowflake.com/en/sql-reference/functions/get.
    """
    if isinstance(node, exp.GetExtract) and node.expression.is_string:
        pointer = "/" + node.expression.name.replace("~", "~0").replace("/", "~1")
        return exp.Anonymous(this="json_extract", expressions=[node.this, exp.Literal.string(pointer)])
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.GetExtract) and node.is_type("VARCHAR", "TEXT"):
        return exp.Anonymous(
            this="json_extract_string",
            expressions=[exp.cast(node.this.transform(members), "JSON"), exp.Literal.string("$")],
        )
    return texts(node)


def formats(node: exp.Expr) -> exp.Expr:
    """Write a time in the format that TO_CHAR is given, also where fakesnow does not know that it is a time.

    https://docs.snowflake.com/en/sql-reference/functions/to_char.
    """
    if isinstance(node, exp.ToChar) and node.args.get("format"):
        return exp.TimeToStr(this=node.this, format=Snowflake.format_time(node.args["format"]))
    return node


def merge(node: exp.Expr) -> list[exp.Expr]:
    """Have the rows of a MERGE in a table first: fakesnow reads again what it made of the whole, and not in the SQL that it was."""
    source = node.args.get("using") if isinstance(node, exp.Merge) else None
    if not isinstance(source, exp.Subquery):
        return merged(node)
    rows = exp.Create(
        this=exp.to_table(MERGED_ROWS),
        kind="TABLE",
        replace=True,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        expression=source.this.copy(),
    )
    node.set("using", exp.alias_(exp.to_table(MERGED_ROWS), source.alias, table=True))
    return [rows, *merged(node)]


MERGED_ROWS = "merged_rows"
merged, zoned_times = transforms.merge, arrow.timestamp_to_sf_struct
texts = transforms.json_extract_cast_as_varchar

if __name__ == "__main__":
    arrow.timestamp_to_sf_struct = times
    transforms.array_agg = arrays
    transforms.merge = merge
    transforms.sample = formats  # in the place of TABLESAMPLE, which no text of ours has
    transforms.json_extract_cast_as_varchar = members
    server.app.router.routes[:0] = [
        Route("/session/v1/login-request", login, methods=["POST"]),
        *snowflake_async.ROUTES,
    ]
    uvicorn.run(server.app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
