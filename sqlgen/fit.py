"""How a table fits the layouts: what each layout reads of a table, what a table lacks of that, and what the lack costs.

Nothing here is a list kept by hand: what a layout reads is found in its SELECT, which questions need it in their templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlglot import exp, tokenize

from sqlgen import tree
from sqlgen.checks.relations import TEXT, Type, fields_of, read_type
from sqlgen.dialects import Dialect, event_columns, load_dialect, load_layout
from sqlgen.queries import load_query, query_names
from sqlgen.structure import canonical_text
from sqlgen.warehouses.base import TableColumn

TIME, WHERE = "event_time", ""
DOCUMENTS = frozenset({exp.DataType.Type.VARIANT, exp.DataType.Type.OBJECT, exp.DataType.Type.JSON})


@dataclass(frozen=True)
class Fit:
    """How a table fits one layout.

    `reads`: the columns, and fields of structures (`useridentity.arn`), that the layout reads; `lacking`: those of them that the table does
    not have; `mistyped`: what another type than the layout's is, in words.
    """

    layout: str
    reads: frozenset[str]
    lacking: tuple[str, ...]
    mistyped: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Every question can be asked of the table in this layout."""
        return not self.lacking and not self.mistyped


def layout_fits(dialect: str, columns: Sequence[TableColumn]) -> list[Fit]:
    """Return how a table of these columns fits each layout of `dialect`, the best first.

    Among those that fit the one that reads the most is the best, among those that do not the one that lacks the least.
    """
    engine = load_dialect(dialect)
    types = {column.name.lower(): read_type(column.type, engine.sqlglot) for column in columns}
    fits = [_fit(engine, layout, types) for layout in engine.layouts]
    return sorted(fits, key=lambda fit: (len(fit.lacking) + len(fit.mistyped), -len(fit.reads)))


def _fit(engine: Dialect, layout: str, types: Mapping[str, Type]) -> Fit:
    wanted = {name.lower(): read_type(kind, engine.sqlglot) for name, kind in load_layout(engine.name, layout).columns}
    reads = frozenset(path for paths in feeds(engine.name, layout).values() for path in paths)
    lacking, mistyped = [], []
    for path in sorted(reads):
        column, *fields = path.split(".")
        has = _member(types.get(column), fields) if column in types else None
        if column not in types or (fields and has is None and types[column] is not None):
            lacking.append(path)
            continue
        wants = _member(wanted[column], fields)
        if has is not None and wants is not None and _kind(has, engine) != _kind(wants, engine):
            mistyped.append(f"{path} is {has.sql(engine.sqlglot)}, not {wants.sql(engine.sqlglot)}")
    return Fit(layout, reads, tuple(lacking), tuple(mistyped))


def _member(kind: Type, fields: Sequence[str]) -> Type:
    """Return the type of a field of a structure, None where there is none of that name or nothing is known."""
    return fields_of(kind, "", [exp.to_identifier(name) for name in fields]).type


def _kind(kind: exp.DataType, engine: Dialect) -> str:
    """Return what a type is like: two of one kind are read alike."""
    if kind.this in TEXT:
        return "text"
    if kind.this in DOCUMENTS or (engine.sqlglot == "snowflake" and kind.this is exp.DataType.Type.ARRAY):
        return "document"
    if kind.this in exp.DataType.TEMPORAL_TYPES:
        return "time"
    if kind.this in exp.DataType.NUMERIC_TYPES:
        return "number"
    if kind.this in (exp.DataType.Type.ARRAY, exp.DataType.Type.LIST):
        return "list of " + ", ".join(
            _kind(item, engine) for item in kind.expressions if isinstance(item, exp.DataType)
        )
    return str(kind.this.value)


@cache
def feeds(dialect: str, layout: str) -> Mapping[str, frozenset[str]]:
    """Return for each column of `events` the columns and fields of the table that the layout makes it from; none for a constant."""
    shape = load_layout(dialect, layout)
    select = tree.layout_select(shape, load_dialect(dialect), exp.to_table("log"))
    found = dict(_feeds(select, frozenset(name.lower() for name, _ in shape.columns)))
    found[TIME] |= found.pop(WHERE)  # by which the window is told
    return found


def _feeds(select: exp.Select, columns: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """Read the projections of a SELECT, by what it takes from SELECTs and lists inside its FROM; and its WHERE."""
    inner: dict[str, frozenset[str]] = {}
    lists: dict[str, frozenset[str]] = {}
    for subquery in select.find_all(exp.Subquery):
        if isinstance(subquery.this, exp.Select) and isinstance(subquery.parent, (exp.From, exp.Join)):
            inner |= _feeds(subquery.this, columns)
    if not inner:
        for source in select.find_all(exp.Lateral, exp.Unnest):
            lists[source.alias_or_name.lower()] = _all_paths(source, columns, {})
    found = {item.alias_or_name.lower(): _all_paths(item, columns, inner | lists) for item in select.expressions}
    where = select.args.get("where")
    found[WHERE] = inner.get(WHERE, frozenset()) | (_all_paths(where, columns, inner | lists) if where else frozenset())
    return found


def _all_paths(item: exp.Expr, columns: frozenset[str], sources: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(path for node in _names(item) for path in _paths(node, columns, sources))


def _names(item: exp.Expr) -> Iterable[exp.Expr]:
    """Yield the dotted names in an expression, each whole."""
    for node in item.find_all(exp.Column, exp.Dot):
        if not isinstance(node.parent, exp.Dot):
            yield node


def _paths(node: exp.Expr, columns: frozenset[str], sources: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what a dotted name means: the part of a source, or a column of the table with the fields after it."""
    parts = node.parts if isinstance(node, (exp.Column, exp.Dot)) else []
    names = [part.name.lower() for part in parts]
    for place, name in enumerate(names):
        if name in sources:
            return sources[name]
        if name in columns:
            return frozenset({".".join(names[place:])})
    return frozenset()


@cache
def users(engine: Dialect) -> Mapping[str, tuple[str, ...]]:
    """Return for each column of `events` the questions whose text, as that engine gets it, names it."""
    named = {name: _named(name, engine) for name in query_names()}
    return {column: tuple(query for query, names in named.items() if column in names) for column in event_columns()}


def _named(query: str, engine: Dialect) -> frozenset[str]:
    question = load_query(query)
    names: set[str] = set()
    choices = {parameter.name: parameter.choices for parameter in question.parameters if parameter.type == "choice"}
    for number in range(max((len(options) for options in choices.values()), default=1)):
        choice = {name: options[number % len(options)] for name, options in choices.items()}
        for is_given in (True, False):
            given = dict.fromkeys(
                [*(p.name for p in question.parameters), "window", "window_from", "window_to"], is_given
            )
            text = canonical_text(query, given=given, choice=choice, engine=engine)
            names |= {token.text.lower() for token in tokenize(text, read=tree.CANONICAL)}
    return frozenset(names)
