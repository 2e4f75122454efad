"""Values on their way to Athena and back: bind values as SQL literals, arrays as JSON text, results from text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from sqlgen.errors import UsageError
from sqlgen.queries import OutputColumn
from sqlgen.warehouses.base import BindValue, WarehouseError

LONGEST_PARAMETER = 1024
"""Characters of one execution parameter (docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html)."""

INTEGER_TYPES = frozenset({"tinyint", "smallint", "integer", "int", "bigint"})
Convert = Callable[[str], object]


def literal(value: BindValue) -> str:
    """Return a value as an execution parameter: these are SQL themselves, so a text is a literal with its quotes doubled.

    A backslash is an ordinary character there (docs.aws.amazon.com/athena/latest/ug/select.html, "Escape single quotes").

    Raises:
        UsageError: it is longer than Athena takes, or no Unicode text.
    """
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"the value {value[:80]!r} is no Unicode text: Athena takes no other") from error
    text = "'" + value.replace("'", "''") + "'"
    if len(text) > LONGEST_PARAMETER:
        raise UsageError(
            f"the value {value[:40]!r}... has {len(value)} characters: Athena takes values of up to {LONGEST_PARAMETER - 2}"
        )
    return text


def with_json_arrays(sql: str, columns: Sequence[OutputColumn]) -> str:
    """Return a SELECT whose array columns come as JSON text; a text without such columns is returned as it is.

    Athena writes an array as `[a, b]`, in which a value with a comma cannot be told from two. Only the outermost list of
    columns is changed, so that ORDER BY stays what it is; the rest is written again by the renderer's own rules, which
    change nothing in a text that it made.

    Raises:
        WarehouseError: it is no SELECT, or does not name these columns.
    """
    arrays = {column.name for column in columns if column.type == "array"}
    if not arrays:
        return sql
    try:
        tree = parse_one(sql, read="athena")
    except SqlglotError as error:
        raise WarehouseError(f"the statement does not parse: {str(error).splitlines()[0]}") from error
    if isinstance(tree, exp.SetOperation):
        tree = _as_subquery(tree, columns)
    if not isinstance(tree, exp.Select):
        raise WarehouseError("a statement whose answer has arrays is a SELECT: ask for them so")
    if tree.is_star:
        tree.set("expressions", [exp.column(column.name, quoted=True) for column in columns])
    given = {projection.alias_or_name.lower(): projection for projection in tree.selects}
    for name in sorted(arrays):
        if name not in given:
            raise WarehouseError(f"the statement gives no column {name}")
        projection = given[name]
        value = exp.cast(projection.unalias().copy(), exp.DataType.Type.JSON)
        projection.replace(exp.alias_(exp.Anonymous(this="json_format", expressions=[value]), name))
    return tree.sql(dialect="athena", pretty=True, max_text_width=120)


def _as_subquery(tree: exp.SetOperation, columns: Sequence[OutputColumn]) -> exp.Select:
    """Return `SELECT columns FROM (union)`, ordered and cut outside, where its order would be lost inside."""
    outside = {name: tree.args.pop(name) for name in ("order", "limit", "offset") if tree.args.get(name)}
    select = exp.select(*(exp.column(column.name, quoted=True) for column in columns)).from_(tree.subquery("answer"))
    for name, node in outside.items():
        select.set(name, node)
    return select


def converters(
    names: Sequence[str], types: Sequence[str], columns: Sequence[OutputColumn]
) -> Mapping[str, tuple[int, Convert]]:
    """Return, by the name of each column that the answer is to have, its place in a result and how its text is read.

    Args:
        names, types: those of the result, in Athena's words.
        columns: what is expected; empty: what the result has, its times, numbers and booleans read.

    Raises:
        WarehouseError: an expected column is missing.
    """
    places = {name.lower(): place for place, name in enumerate(names)}
    if not columns:
        return {name: (place, _by_type(types[place])) for name, place in places.items()}
    missing = [column.name for column in columns if column.name not in places]
    if missing:
        raise WarehouseError(f"the answer has no column {', '.join(missing)}")
    by_kind: Mapping[str, Convert] = {"integer": int, "boolean": boolean, "timestamp": moment, "array": texts}
    return {column.name: (places[column.name], by_kind.get(column.type, str)) for column in columns}


def _by_type(type_: str) -> Convert:
    if type_ in INTEGER_TYPES:
        return int
    if type_ == "boolean":
        return boolean
    return moment if type_.startswith("timestamp") else str


def boolean(text: str) -> bool:
    """Read `true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def moment(text: str) -> datetime:
    """Read `2023-07-09 23:15:51.000`, with or without a zone behind it, as naive UTC."""
    day, _, rest = text.partition(" ")
    clock, _, zone = rest.partition(" ")
    read = datetime.fromisoformat(f"{day} {clock}" if clock else day)
    if not zone:
        return read
    try:
        offset = datetime.fromisoformat(f"2000-01-01 00:00{zone}").tzinfo if zone[0] in "+-" else ZoneInfo(zone)
    except ZoneInfoNotFoundError as error:
        raise ValueError(text) from error
    return read.replace(tzinfo=offset).astimezone(UTC).replace(tzinfo=None)


def texts(text: str) -> list[str]:
    """Read an array of texts from JSON; nulls in it are left out."""
    values = json.loads(text)
    if not isinstance(values, list):
        raise ValueError(text)
    return [str(value) for value in values if value is not None]
