"""Rendering: a question and its parameters become one SQL text of one engine, over one table.

The order of the steps is this file; each step is a small function of `structure`, `pruning`, `tree`, `partitions` or `checks`:

    structure (Jinja) -> parse -> prune -> numbers, parameters -> splice the layout, prune it, window and partitions
      -> lists -> vocabulary -> materialize -> generate -> check
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp

from sqlgen import tree
from sqlgen.checks import check_text
from sqlgen.checks.subject import layout_schema
from sqlgen.checks.traits import traits_of
from sqlgen.dialects import Dialect, load_dialect, load_layout
from sqlgen.errors import CheckError, UsageError
from sqlgen.networks import network_bounds
from sqlgen.partitions import Bounds, Partition, put_window
from sqlgen.pruning import prune_layout, prune_steps
from sqlgen.queries import WINDOW, OutputColumn, Parameter, Query, load_query
from sqlgen.structure import canonical_text
from sqlgen.values import Arguments, Moment, Scalar, WindowEnd, check_arguments
from sqlgen.vocabulary import load_snippets

MARKED_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Bind:
    """One bind marker of a text: the parameter it stands for (`window_from`, `window_to` for the window), its type, its value if given."""

    name: str
    type: str
    value: str | None = None


@dataclass(frozen=True)
class Rendered:
    """A text ready for its engine: the SQL, its bind markers in order, the columns of its answer, and how it came about."""

    sql: str
    query: str
    dialect: str
    layout: str
    binds: tuple[Bind, ...]
    columns: tuple[OutputColumn, ...]


def render_events(dialect: str, layout: str, table: str) -> str:
    """Return the layout's SELECT of all `events` columns over `table`: what a store of events is filled from."""
    engine = load_dialect(dialect)
    select = tree.layout_select(load_layout(dialect, layout), engine, tree.table_node(table))
    put_window(select, Bounds(None, None), ())
    tree.lower(select, load_snippets(engine), engine)
    return select.sql(dialect=engine.sqlglot, pretty=True)


@dataclass(frozen=True)
class _Plan:
    """What is given: values, markers and window, decided before any text exists."""

    query: Query
    dialect: Dialect
    arguments: Arguments
    window: tuple[WindowEnd, WindowEnd]
    markers: tuple[str, ...]
    marked_window: bool
    bound: bool
    named: bool
    whole_hours: bool

    def value(self, parameter: Parameter) -> Scalar | tuple[Scalar, ...] | None:
        return self.arguments.values.get(parameter.name)

    def has(self, name: str) -> bool:
        return name in self.arguments.values or name in self.markers


def render(
    query: str,
    *,
    dialect: str,
    layout: str | None = None,
    table: str | None = None,
    parameters: Mapping[str, object] | None = None,
    window_from: str | datetime | None = None,
    window_to: str | datetime | None = None,
    moving: tuple[Moment, Moment] | None = None,
    look_back_hours: int | None = None,
    partitions: Sequence[Partition] = (),
    markers: bool = True,
    takes: Sequence[str] | None = None,
    bound: bool = False,
    named: bool = False,
    whole_hours: bool = False,
    check: bool = True,
) -> Rendered:
    """Return `query` as SQL of `dialect`.

    Args:
        query, dialect, layout: names; the layout defaults to the dialect's first choice.
        table: the table of the log, `database.table`; defaults to the layout's usual name.
        parameters: the query's parameters by name; None is not given.
        window_from, window_to: the window [from, to), ISO 8601 text or naive UTC datetime.
        moving: a window that moves with the present time, in the place of a fixed one.
        look_back_hours: how much earlier than the window to read, in the place of the query's own choice.
        partitions: how the table is partitioned.
        markers: where no subject is given, write the dialect's bind markers (and for the window, if none is given); False leaves out.
        takes: the parameters that get markers in place of the query's own choice.
        bound: write bind markers for the values of parameters too (`Bind.value` has them), literals only for the window.
        named: write the name of the parameter in the place of each marker: the body of a function that has it as an argument, a time as
            a time and one that takes several as an array.
        whole_hours: widen a window that comes by markers to whole hours.
        check: refuse a text with findings.

    Raises:
        UsageError: an unknown name, a value of the wrong kind.
        TemplateError: a file of the product is not well formed.
        CheckError: the text breaks a rule of its engine.
    """
    question, engine = load_query(query), load_dialect(dialect)
    shape = load_layout(dialect, layout)
    arguments = check_arguments(question, parameters or {}, window_from, window_to)
    window = moving or (arguments.window_from, arguments.window_to)
    plan = _plan(question, engine, arguments, window, markers, takes, bound, named, whole_hours)
    log = tree.table_node(shape.table if table is None else table)

    given = {parameter.name: plan.has(parameter.name) for parameter in question.parameters}
    given |= {
        "window_from": plan.marked_window or plan.window[0] is not None,
        "window_to": plan.marked_window or plan.window[1] is not None,
    }
    given["window"] = given["window_from"] or given["window_to"]
    choice = {p.name: str(plan.value(p)) for p in question.parameters if p.type == "choice"}
    body = tree.parse_canonical(
        canonical_text(query, given=given, choice=choice, engine=engine, once=shape.once), query
    )
    prune_steps(body)
    tree.place_numbers(body, {p.name: v for p in question.parameters if isinstance(v := plan.value(p), int)})

    select = tree.layout_select(shape, engine, log)
    if named:
        tree.qualify(select, {*plan.markers, *WINDOW})
    prune_layout(select, body)
    look_back = question.look_back_hours if look_back_hours is None else look_back_hours
    bounds = Bounds(*plan.window, plan.marked_window, look_back)
    if traits_of(engine).folds_upper:  # partition columns are written in quotes, by the names that the engine gave them
        partitions = [replace(partition, columns=tuple(map(str.upper, partition.columns))) for partition in partitions]
    put_window(select, bounds, partitions)
    ctes, binds = _parameter_ctes(plan)
    tree.add_ctes(body, [*ctes, tree.cte(tree.DELIVERED, select, f"the log, read through the layout {shape.name}")])

    tree.expand_lists(body)
    tree.lower(body, load_snippets(engine), engine)
    if engine.materialize:
        tree.materialize(body)
    sql = _text(body, engine)
    if check:
        findings = check_text(
            sql,
            engine,
            maximum_scans={log.name: question.scans[engine.walk]},
            partitions=partitions if given["window"] else (),
            table=log.name,
            schema=layout_schema(shape, log.name, partitions),
        )
        if findings:
            raise CheckError(f"{query} for {dialect}: " + "; ".join(str(finding) for finding in findings))
    if plan.named:
        tree.name_arguments(body, [bind.name for bind in binds])
        sql = _text(body, engine)
    return Rendered(sql, query, dialect, shape.name, binds, question.columns)


def _text(body: exp.Expr, engine: Dialect) -> str:
    return body.sql(dialect=engine.sqlglot, pretty=True, max_text_width=120) + "\n"


def _plan(
    query: Query,
    dialect: Dialect,
    arguments: Arguments,
    window: tuple[WindowEnd, WindowEnd],
    markers: bool,
    takes: Sequence[str] | None,
    bound: bool,
    named: bool,
    whole_hours: bool,
) -> _Plan:
    subjects = [p for p in query.parameters if p.subject and p.type != "choice" and p.default is None]
    taken = [query.parameter(name) for name in takes or ()]
    for parameter in taken:
        if parameter.type == "network":  # its bounds are computed here, from its value
            raise UsageError(f"{query.name} needs the value of {parameter.option} when its text is made")
    marked = tuple(parameter.name for parameter in taken)
    if markers and takes is None and not any(parameter.name in arguments.values for parameter in subjects):
        marked = tuple(parameter.name for parameter in subjects if parameter.marker)
    no_window = window == (None, None)
    return _Plan(query, dialect, arguments, window, marked, markers and no_window, bound, named, whole_hours)


def _parameter_ctes(plan: _Plan) -> tuple[list[exp.CTE], tuple[Bind, ...]]:
    """Return the CTEs that hold the values: `parameters` (one row), and `wanted_<name>` for those that take several.

    Each marker stands once: in the order of the query's parameters, then the window, then those that take several: markers may be positional.
    """
    columns: list[exp.Expr] = []
    wanted: list[exp.CTE] = []
    binds: list[Bind] = []
    wanted_binds: list[Bind] = []
    for parameter in plan.query.parameters:
        value = plan.value(parameter)
        if parameter.type in ("choice", "integer", "flag") or not plan.has(parameter.name):
            continue
        if value is None or isinstance(value, (str, datetime)):
            columns.append(exp.alias_(_value(plan, parameter, value, binds), parameter.name))
        if isinstance(value, tuple) and parameter.type == "network":
            wanted.append(tree.cte(f"wanted_{parameter.name}", _ranges(plan, parameter, value, wanted_binds)))
        elif isinstance(value, tuple):
            items = [_value(plan, parameter, item, wanted_binds) for item in value]
            wanted.append(tree.cte(f"wanted_{parameter.name}", _relation(items)))
        elif parameter.many:
            given = exp.column(parameter.name, table=tree.PARAMETERS)
            wanted.append(tree.cte(f"wanted_{parameter.name}", _items(given) if plan.named else _item(given)))
    for name, moment in zip(WINDOW, plan.window, strict=True):
        if plan.marked_window:
            marker = _marker(plan, name, "timestamp")
            columns.append(exp.alias_(_hour(marker, up=name == "window_to") if plan.whole_hours else marker, name))
            binds.append(Bind(name, "timestamp"))
        elif moment is not None:
            columns.append(exp.alias_(tree.literal(moment), name))
    if columns:
        wanted.insert(0, tree.cte(tree.PARAMETERS, exp.Select(expressions=columns), "the values asked about"))
    return wanted, (*binds, *wanted_binds)


def _value(plan: _Plan, parameter: Parameter, value: Scalar | None, binds: list[Bind]) -> exp.Expr:
    """Return a value as a literal, or as a marker that is added to `binds`."""
    if value is not None and not plan.bound:
        return tree.literal(value)
    told = value.strftime(MARKED_TIME) if isinstance(value, datetime) else value
    kind = "array" if plan.named and parameter.many else parameter.type
    binds.append(Bind(parameter.name, kind, None if told is None else str(told)))
    return _marker(plan, parameter.name, kind)


def _item(column: exp.Expr) -> exp.Query:
    """Return a relation of the one value that a column of `parameters` holds."""
    return exp.select(exp.alias_(column, "value")).from_(tree.PARAMETERS)


def _items(column: exp.Expr) -> exp.Query:
    """Return a relation of the items of the array that a column of `parameters` holds, each once, whatever the caller gave."""
    item = exp.cast(exp.column("value", table="item"), exp.DataType.Type.VARCHAR)
    unnested = exp.Unnest(
        expressions=[column], alias=exp.TableAlias(this=exp.to_identifier("item"), columns=[exp.to_identifier("value")])
    )
    return exp.select(exp.alias_(item, "value")).distinct().from_(tree.PARAMETERS).join(unnested, join_type="cross")


def _relation(values: Sequence[exp.Expr]) -> exp.Query:
    """Return a relation of one column `value`."""
    return _union(exp.select(exp.alias_(value, "value")) for value in values)


def _ranges(plan: _Plan, parameter: Parameter, value: tuple[Scalar, ...], binds: list[Bind]) -> exp.Query:
    """Return ranges of addresses as a relation of their first and last ones, no two of which overlap."""
    bounds = network_bounds(map(str, value))
    return _union(
        exp.select(
            exp.alias_(_value(plan, parameter, first, binds), "first_address"),
            exp.alias_(_value(plan, parameter, last, binds), "last_address"),
        )
        for first, last in bounds
    )


def _union(selects: Iterable[exp.Select]) -> exp.Query:
    several = list(selects)
    return several[0] if len(several) == 1 else exp.union(*several, distinct=False)


def _hour(time: exp.Expr, *, up: bool) -> exp.Expr:
    """Return the hour that a time is in, or the end of it."""
    if up:
        time = exp.Anonymous(this="plus_seconds", expressions=[time, exp.Literal.number(3599)])
    return exp.Anonymous(this="start_of_hour", expressions=[time])


def _marker(plan: _Plan, name: str, kind: str) -> exp.Expr:
    """Return a bind marker. A time is given to it as text, which every engine casts and prunes by.

    In a function it stands for an argument, which has its type where the engine types them.
    """
    named = plan.named or plan.dialect.marker == "named"
    placeholder: exp.Expr = exp.Placeholder(this=name) if named else exp.Placeholder()
    if kind == "array":
        return placeholder
    if kind != "timestamp":
        return exp.cast(placeholder, exp.DataType.Type.VARCHAR)
    if not plan.named:
        return exp.Anonymous(this="asked_time", expressions=[placeholder])
    if plan.dialect.marker == "named":  # a macro, whose arguments are whatever is given
        return exp.Anonymous(this="asked_time", expressions=[exp.cast(placeholder, exp.DataType.Type.VARCHAR)])
    return exp.cast(placeholder, exp.DataType.Type.TIMESTAMP)
