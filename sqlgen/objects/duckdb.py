"""Questions kept in a DuckDB database: table macros, called like tables.

https://duckdb.org/docs/stable/sql/statements/create_macro
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb
from sqlglot import exp

from sqlgen.objects.base import Kept, SavedObject
from sqlgen.objects.forms import FormText
from sqlgen.profiles import Profile
from sqlgen.renderer import Rendered
from sqlgen.tree import table_node
from sqlgen.warehouses.base import Warehouse, WarehouseError

KIND = "table macro"
ALWAYS = {"window_from": "TIMESTAMP '0001-01-01 00:00:00'", "window_to": "TIMESTAMP '9999-12-31 00:00:00'"}
"""A window that is not given: all events that have a time. Nobody pays for reading a database of one's own."""

BODY = " AS TABLE\n"
PLAIN = "json_deserialize_sql(json_serialize_sql({}))"
"""A text as DuckDB writes it, without comments and line breaks: it keeps no macro as it was given."""

BREAK = re.compile(r"(?<=,) | (?=(?:FROM|WHERE|CROSS JOIN|LEFT JOIN|INNER JOIN|GROUP BY|ORDER BY|UNION)\b)")
MAXIMUM_DESCRIPTION = 4000


def home_of(profile: Profile) -> str:
    """Return the schema that keeps the profile's macros: its `home`, else the one that the log is in, `main` where none is named."""
    parts = table_node(profile.home).parts if profile.home else table_node(profile.table).parts[:-1]
    return ".".join(part.sql(dialect="duckdb") for part in parts) or "main"


def create_macro(rendered: Rendered, name: str, home: str) -> str:
    """Return the statement that makes a table macro of a text that was rendered with `named`, without its description.

    What takes several values is a list. What is asked about has no default: a forgotten key would be answered with no rows.

    Args:
        rendered: the body and its arguments (`binds`).
        name: the macro's name.
        home: its schema (`home_of`).
    """
    arguments = ", ".join(
        f"{bind.name} := {ALWAYS[bind.name]}" if bind.name in ALWAYS else bind.name for bind in rendered.binds
    )
    return f"CREATE OR REPLACE MACRO {home}.{_quoted(name)}({arguments}){BODY}{rendered.sql}"


def call_macro(rendered: Rendered, name: str, home: str) -> str:
    """Return how the macro is called, for people."""
    examples = {bind.name: "['...']" if bind.type == "array" else "'...'" for bind in rendered.binds}
    examples |= {bound: f"{bound} := '2021-08-27'" for bound in ALWAYS}
    return f"SELECT * FROM {home}.{name}({', '.join(examples[bind.name] for bind in rendered.binds)})"


class DuckdbSchema:
    """A schema of a DuckDB database that keeps macros, by the protocol `sqlgen.objects.base.Place`."""

    def __init__(self, warehouse: Warehouse, home: str) -> None:
        """Take the connection and the schema's name (`home_of`)."""
        self._warehouse = warehouse
        self._home = home

    def objects(self, text: FormText) -> Sequence[SavedObject]:
        """See `Place.objects`."""
        name = text.form.name
        sql = create_macro(text.rendered, name, self._home)
        call = call_macro(text.rendered, name, self._home)
        return [SavedObject(KIND, name, sql, text.about, call, text.query.name, text.arguments)]

    def kept(self) -> Sequence[Kept]:
        """See `Place.kept`: every table macro of the schema."""
        sql = (
            f"SELECT function_name, comment, CASE WHEN comment LIKE '%[sqlgen %' THEN {PLAIN.format('macro_definition')}"
            " ELSE macro_definition END AS body FROM duckdb_functions()"
            " WHERE function_type = 'table_macro' AND NOT internal AND database_name = current_database() AND schema_name = ?"
            " ORDER BY function_name"
        )
        with self._warehouse.query(sql, [table_node(self._home).name], tag="sqlgen save") as answer:
            rows = [{name: str(value or "") for name, value in row.items()} for row in answer.rows]
        return [
            Kept(KIND, name, f"{self._home}.{_quoted(name)}", row["comment"], _in_lines(row["body"]))
            for row in rows
            for name in [row["function_name"]]
        ]

    def spelled(self, wanted: SavedObject) -> str:
        """Return what `Kept.sql` says of a macro: its body as DuckDB writes it, without our comments and line breaks."""
        body = wanted.sql.partition(BODY)[2]
        with duckdb.connect() as apart:
            found = apart.execute(
                "SELECT json_deserialize_sql(json_serialize_sql(CAST(? AS VARCHAR)))", [body]
            ).fetchall()
        return _in_lines(str(found[0][0]))

    def put(self, wanted: SavedObject, replaces: Kept | None) -> None:
        """See `Place.put`; macro and description are one transaction, so that none is left without its mark."""
        description = exp.Literal.string(wanted.description(MAXIMUM_DESCRIPTION))
        self._warehouse.execute("BEGIN TRANSACTION")
        try:
            self._warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {self._home}")
            self._warehouse.execute(wanted.sql)
            comment = (
                f"COMMENT ON MACRO TABLE {self._home}.{_quoted(wanted.name)} IS {description.sql(dialect='duckdb')}"
            )
            self._warehouse.execute(comment)
            self._warehouse.execute("COMMIT")
        except WarehouseError:
            self._warehouse.execute("ROLLBACK")
            raise

    def drop(self, kept: Kept) -> None:
        """See `Place.drop`."""
        self._warehouse.execute(f"DROP MACRO TABLE IF EXISTS {kept.handle}")


def open_place(profile: Profile, warehouse: Warehouse) -> DuckdbSchema:
    """Return the schema that keeps the profile's macros."""
    return DuckdbSchema(warehouse, home_of(profile))


def _in_lines(text: str) -> str:
    """Return a text that DuckDB wrote in lines, so that two can be compared."""
    return BREAK.sub("\n", text)


def _quoted(name: str) -> str:
    """Return a name as DuckDB takes it, in quotes where it needs them."""
    return exp.to_identifier(name).sql(dialect="duckdb")
