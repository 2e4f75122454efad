"""Statements that are native to an engine, `dialects/<dialect>/<folder>/*.sql`: DDL and grants.

Jinja decides structure, as in the questions; a value is written by the dialect's own generator, as a literal, a name or a type. A template
that would print a bare value is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sqlglot import exp

from sqlgen.errors import TemplateError
from sqlgen.resources import FRONT_MATTER_OPEN, data_root, read_sql
from sqlgen.tree import table_node

OWN_CATALOG = "awsdatacatalog"
"""Athena's own catalog, which its queries may name and its DDL may not: "Unsupported ddl with 2 catalogs"."""


def native_folder(dialect: str, folder: str) -> Path:
    """Return where the templates of a dialect lie; a dialect has its own, also where it shares its layouts with another."""
    return data_root() / "dialects" / dialect / folder


def fill(dialect: str, folder: str, name: str, writes: str, values: Mapping[str, Any]) -> str:
    """Return the template `name` filled in, ending in a new line.

    Args:
        dialect, folder, name: which one.
        writes: sqlglot's name of the dialect that values are written in.
        values: texts, lists and flags by name; the template passes them through a filter: `literal`, `literals`, `name`, `table`, `columns`, `names`;
            `statement` is for SQL that the renderer made.

    Raises:
        TemplateError: it is not well formed, or prints a bare value.
    """
    try:
        text = _environment(dialect, folder, writes).get_template(f"{name}.sql").render(values)
    except JinjaError as error:
        raise TemplateError(f"{dialect}/{folder}/{name}.sql is not well formed: {error}") from error
    return text.strip() + "\n"


class _Sql(str):
    """Text that a filter has made. Nothing else is printed."""

    __slots__ = ()


@cache
def _environment(dialect: str, folder: str, writes: str) -> Environment:
    def literal(value: object) -> _Sql:
        return _Sql(exp.Literal.string(str(value)).sql(dialect=writes))

    def literals(values: Sequence[object]) -> _Sql:
        return _Sql(", ".join(literal(value) for value in values))

    def name(value: str) -> _Sql:
        return _Sql(exp.to_identifier(value).sql(dialect=writes))

    def table(value: str, suffix: str = "") -> _Sql:
        """Return a table's name, `a.b.c`, or that of something beside it, by a suffix."""
        node = table_node(value)
        node.this.set("this", node.this.this + suffix)
        if writes == "hive" and node.catalog.lower() == OWN_CATALOG:
            node.set("catalog", None)
        return _Sql(node.sql(dialect=writes))

    def columns(values: Sequence[tuple[str, str]], blanks: int = 2) -> _Sql:
        """Return `name type` pairs, types in the layout's words (Hive's, for Athena and Trino), one a line."""
        lines = []
        for column, kind in values:
            node = exp.DataType.build(kind, dialect="hive" if writes in ("hive", "trino") else writes)
            text = node.sql(dialect=writes, pretty=writes == "hive", max_text_width=100)
            lines.append(indent(f"{exp.to_identifier(column).sql(dialect=writes)} {text}", " " * blanks))
        return _Sql(",\n".join(lines))

    def names(values: Sequence[tuple[str, str]]) -> _Sql:
        return _Sql(", ".join(exp.to_identifier(column).sql(dialect=writes) for column, _ in values))

    def only_sql(value: object) -> object:
        if not isinstance(value, _Sql):
            raise TemplateError(f"a template of {dialect}/{folder} prints a bare value; it goes through a filter")
        return value

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(lambda file: _load(dialect, folder, file)),
        undefined=StrictUndefined,
        finalize=only_sql,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # SQL, not HTML; `finalize` is what guards it
    )
    environment.globals.clear()
    environment.filters |= {
        "literal": literal,
        "literals": literals,
        "name": name,
        "table": table,
        "columns": columns,
        "names": names,
        "statement": _Sql,
    }
    return environment


def _load(dialect: str, folder: str, name: str) -> str | None:
    path = native_folder(dialect, folder) / name
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    return read_sql(path)[1] if text.startswith(FRONT_MATTER_OPEN) else text
