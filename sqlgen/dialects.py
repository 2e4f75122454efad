"""The engines: what sets each apart, read from `dialects/<name>/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlgen.errors import TemplateError
from sqlgen.resources import data_root, pick, read_sql, read_toml

Walk = Literal["recursive", "fold"]
Copies = Literal["first", "any"]
MarkerStyle = Literal["named", "positional"]


@dataclass(frozen=True)
class Dialect:
    """One engine's SQL.

    `sqlglot`: the name of the dialect in sqlglot. `walk`: the shape of identity-chain's walk. `materialize`: CTEs that are read
    more than once are marked so that they are computed once. `marker`: how a bind marker is written.
    `copies`: which of the records of one eventID is kept (docs/rules.md §1.4): the first in the order of `dialects/events.toml`, or any,
    where choosing the first means that the whole log is sorted in memory.
    `maximum_text_bytes`: the longest statement the engine takes, 0 for no limit. `maximum_recursion`: 0 for no limit.
    `time_type`: sqlglot's name of the type of a time without zone, where a plain TIMESTAMP may be another.
    `binds_values`: what is asked goes to its driver beside the text, not as literals in it.
    `shares`: the dialect whose vocabulary, functions and layouts are this one's too.
    """

    name: str
    sqlglot: str
    default_layout: str
    walk: Walk
    materialize: bool
    copies: Copies
    json_path: Literal["dollar", "dotted"]
    marker: MarkerStyle
    maximum_text_bytes: int
    maximum_recursion: int = 0
    recursion_needs_column_names: bool = False
    time_type: str = "TIMESTAMP"
    binds_values: bool = False
    shares: str = ""

    @property
    def folder(self) -> Path:
        """Where its vocabulary, functions and layouts lie: its own folder, or that of the dialect it shares them with."""
        return data_root() / "dialects" / (self.shares or self.name)

    @property
    def layouts(self) -> list[str]:
        """The names of the layouts that this dialect has."""
        return sorted(path.stem for path in (self.folder / "layouts").glob("*.sql"))

    @property
    def functions(self) -> frozenset[str]:
        """The functions that a rendered text may call, in upper case (`functions.txt`)."""
        return frozenset(_function_lines(self.folder / "functions.txt"))

    @property
    def argument_counts(self) -> Mapping[str, tuple[int, int | None]]:
        """How many arguments functions take, least and most (None: no limit), where `functions.txt` says `NAME least [most|*]`."""
        lines = _function_lines(self.folder / "functions.txt")
        return {name: counts for name, counts in lines.items() if counts is not None}


@dataclass(frozen=True)
class Layout:
    """How a table stores CloudTrail, and the native SELECT that turns it into `events` (`dialects/events.toml`).

    `table`: the name used when none is given. `columns`: the table's columns and types, in the engine's words.
    `once`: the table holds each event once already. `partitions`: what a profile says of a table whose columns do not tell it.
    """

    name: str
    dialect: str
    description: str
    table: str
    columns: tuple[tuple[str, str], ...]
    select: str
    once: bool = False
    partitions: tuple[str, ...] = ()


@cache
def _function_lines(path: Path) -> Mapping[str, tuple[int, int | None] | None]:
    """Return the names of a list of functions with their counts of arguments; raise TemplateError for a line that is none."""
    lines: dict[str, tuple[int, int | None] | None] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}") from error
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        name, counts = words[0].upper(), words[1:]
        try:
            least = int(counts[0]) if counts else 0
            most = None if counts[-1:] == ["*"] else int(counts[-1]) if counts else None
        except ValueError as error:
            raise TemplateError(f"{path.parent.name}/{path.name}: {line!r} is not NAME [least [most|*]]") from error
        lines[name] = (least, most) if counts else None
    return lines


def dialect_names() -> list[str]:
    """Return the names of all dialects, sorted."""
    return sorted(path.parent.name for path in (data_root() / "dialects").glob("*/dialect.toml"))


@cache
def load_dialect(name: str) -> Dialect:
    """Return the dialect `name`; raise UsageError if there is none."""
    pick("dialect", name, dialect_names())
    content = read_toml(data_root() / "dialects" / name / "dialect.toml")
    try:
        return Dialect(name=name, **content)
    except TypeError as error:
        raise TemplateError(f"dialects/{name}/dialect.toml is not complete: {error}") from error


@cache
def load_layout(dialect: str, name: str | None = None) -> Layout:
    """Return the layout `name` of `dialect` (its default when None); raise UsageError if there is none."""
    engine = load_dialect(dialect)
    name = pick(f"layout of {dialect}", name or engine.default_layout, engine.layouts)
    head, body = read_sql(engine.folder / "layouts" / f"{name}.sql")
    try:
        columns = tuple((column, kind) for column, kind in head["columns"])
        more = {"once": head.get("once", False), "partitions": tuple(head.get("partitions", ()))}
        return Layout(name, dialect, head["description"], head["table"], columns, body, **more)
    except (KeyError, ValueError) as error:
        raise TemplateError(f"the front matter of {dialect}/layouts/{name}.sql is not complete: {error}") from error


@cache
def event_columns() -> Mapping[str, str]:
    """Return the columns of `events` and their types (text, timestamp, boolean, document)."""
    content: dict[str, Any] = read_toml(data_root() / "dialects" / "events.toml")
    return dict(content["columns"])


@cache
def copy_order() -> tuple[str, ...]:
    """Return the columns by which the first of the records that share an eventID is told (docs/rules.md §1.4)."""
    return tuple(read_toml(data_root() / "dialects" / "events.toml")["copy_order"])
