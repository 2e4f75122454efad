"""Questions kept in Snowflake: table functions in a schema, which everybody calls who has USAGE on them.

https://docs.snowflake.com/en/sql-reference/sql/create-function and
https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-tabular-functions
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp, parse_one

from sqlgen.objects.base import Kept, SavedObject
from sqlgen.objects.forms import FormText
from sqlgen.profiles import Profile
from sqlgen.renderer import Rendered
from sqlgen.tree import table_node
from sqlgen.warehouses.base import Warehouse

KIND = "table function"
TYPES = {
    "text": "VARCHAR",
    "integer": "NUMBER",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP_NTZ",
    "array": "ARRAY",
    "json": "VARCHAR",
}
"""Snowflake's types of the kinds of arguments and columns; documents are JSON text."""

BODY = "\nAS\n"
DOLLARS = "$$"
MAXIMUM_DESCRIPTION = 4000


def home_of(profile: Profile) -> str:
    """Return the schema that keeps the profile's functions: its `home`, else the one that the log is in; empty for the session's own."""
    parts = table_node(profile.home).parts if profile.home else table_node(profile.table).parts[:-1]
    return ".".join(part.sql(dialect="snowflake") for part in parts)


def create_function(rendered: Rendered, name: str, home: str) -> str:
    """Return the statement that makes a table function of a text that was rendered with `named`, without its description.

    Its window must be given, so that nobody reads the whole log by accident. What takes several values is an ARRAY: a text with
    separators would not do, since the name in a session id may hold any of them.

    Args:
        rendered: the body, its arguments (`binds`) and its columns.
        name: the function's name, in small letters.
        home: its schema (`home_of`).
    """
    arguments = ", ".join(f"{bind.name.upper()} {TYPES[bind.type]}" for bind in rendered.binds)
    columns = ", ".join(f"{column.name.upper()} {TYPES[column.type]}" for column in rendered.columns)
    return (
        f"CREATE OR REPLACE FUNCTION {_placed(home, name.upper())}({arguments})\nCOPY GRANTS\nRETURNS TABLE ({columns})\n"
        f"LANGUAGE SQL{BODY}{_quoted(rendered.sql)}"
    )


def call_function(rendered: Rendered, name: str, home: str) -> str:
    """Return how the function is called, for people."""
    examples = {"timestamp": "'2021-08-27 00:00:00'::TIMESTAMP_NTZ", "array": "ARRAY_CONSTRUCT('...')"}
    examples["window_to"] = "'2021-08-28 00:00:00'::TIMESTAMP_NTZ"
    given = ", ".join(
        f"{bind.name.upper()} => " + (examples.get(bind.name) or examples.get(bind.type, "'...'"))
        for bind in rendered.binds
    )
    return f"SELECT * FROM TABLE({_placed(home, name.upper())}({given}))"


def described(statement: str, description: str) -> str:
    """Return a statement of `create_function` with the function's description in it: it is made with its mark, or not at all."""
    head, body, text = statement.partition(BODY)
    return f"{head}\nCOMMENT = {exp.Literal.string(description).sql(dialect='snowflake')}{body}{text}"


class SnowflakeSchema:
    """A schema that keeps functions, by the protocol `sqlgen.objects.base.Place`."""

    def __init__(self, warehouse: Warehouse, home: str) -> None:
        """Take the connection and the schema's name (`home_of`)."""
        self._warehouse = warehouse
        self._home = home

    def objects(self, text: FormText) -> Sequence[SavedObject]:
        """See `Place.objects`."""
        name = text.form.name
        sql = create_function(text.rendered, name, self._home)
        call = call_function(text.rendered, name, self._home)
        return [SavedObject(KIND, name.upper(), sql, text.about, call, text.query.name, text.arguments)]

    def kept(self) -> Sequence[Kept]:
        """See `Place.kept`: every function of the schema, since one of any sort would be replaced by a table function of its name."""
        # https://docs.snowflake.com/en/sql-reference/info-schema/functions
        *database, schema = table_node(self._home).parts if self._home else [None]
        view = ".".join([*(part.sql(dialect="snowflake") for part in database if part), "INFORMATION_SCHEMA.FUNCTIONS"])
        sql = (
            f"SELECT function_name, argument_signature, comment, function_definition FROM {view}"
            f" WHERE function_schema = {'?' if schema else 'CURRENT_SCHEMA()'}"
            " ORDER BY 1, 2"
        )
        stored = [schema.name if schema.args.get("quoted") else schema.name.upper()] if schema else []
        with self._warehouse.query(sql, stored, tag="sqlgen save") as answer:
            rows = [{name: str(value or "") for name, value in row.items()} for row in answer.rows]
        return [
            Kept(
                KIND,
                row["function_name"],
                _handle(self._home, row["function_name"], row["argument_signature"]),
                row["comment"],
                row["function_definition"].strip(),
            )
            for row in rows
        ]

    def spelled(self, wanted: SavedObject) -> str:
        """Return what `Kept.sql` says of a function: its body."""
        text = wanted.sql.partition(BODY)[2]
        if text.startswith(DOLLARS):
            return text.removeprefix(DOLLARS).removesuffix(DOLLARS).strip()
        return parse_one(text, read="snowflake").name.strip()

    def put(self, wanted: SavedObject, replaces: Kept | None) -> None:
        """See `Place.put`; one of ours that took other arguments is another function to Snowflake, and goes once the new one is there."""
        description = wanted.description(MAXIMUM_DESCRIPTION)
        self._warehouse.execute(described(wanted.sql, description), tag="sqlgen save")
        _, _, behind = wanted.sql.partition(_placed(self._home, wanted.name))
        made = _handle(self._home, wanted.name, behind.partition("\n")[0])
        if replaces is not None and replaces.handle != made:
            self.drop(replaces)

    def drop(self, kept: Kept) -> None:
        """See `Place.drop`."""
        self._warehouse.execute(f"DROP FUNCTION IF EXISTS {kept.handle}", tag="sqlgen save")


def open_place(profile: Profile, warehouse: Warehouse) -> SnowflakeSchema:
    """Return the schema that keeps the profile's functions."""
    return SnowflakeSchema(warehouse, home_of(profile))


def _placed(home: str, name: str) -> str:
    """Return a function's full name; one that Snowflake keeps in capitals needs no quotes."""
    plain = re.fullmatch(r"[A-Z_][A-Z0-9_$]*", name) is not None
    spelled = exp.to_identifier(name, quoted=not plain).sql(dialect="snowflake")
    return f"{home}.{spelled}" if home else spelled


def _handle(home: str, name: str, signature: str) -> str:
    """Return how DROP names a function, with the types of its arguments; `signature` is `(ACCESS_KEY VARCHAR, ...)`.

    A type is in capitals and without its precision (`TIMESTAMP_NTZ(9)`), so that one function has one handle, however its signature is listed.
    """
    arguments, found = signature.strip().removeprefix("(").removesuffix(")"), 1
    while found:
        arguments, found = re.subn(r"\s*\([^()]*\)", "", arguments)
    types = [argument.split()[-1].upper() for argument in arguments.split(",") if argument.strip()]
    return f"{_placed(home, name)}({', '.join(types)})"


def _quoted(body: str) -> str:
    """Return a body between dollars, where nothing needs to be escaped, unless it holds some itself: a table's name may."""
    if DOLLARS in body:
        return exp.Literal.string(body).sql(dialect="snowflake")
    return f"{DOLLARS}\n{body}{DOLLARS}"
