"""Steps two to six of rendering: small functions on the parsed tree, each for one thing.

The order is `render.py`'s. Values enter here, as literal nodes; nothing is ever pasted into text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, TokenError

from sqlgen.dialects import Dialect, Layout
from sqlgen.errors import TemplateError, UsageError
from sqlgen.lists import list_words
from sqlgen.values import Moment
from sqlgen.vocabulary import Snippet

CANONICAL = "trino"
TABLE_PLACEHOLDER = "cloudtrail_table"
NAME_PART = re.compile(r'"((?:[^"\x00-\x1f]|"")+)"|([A-Za-z_][A-Za-z0-9_$-]*)')
TABLE_NAME = re.compile(rf"(?:{NAME_PART.pattern})(?:\.(?:{NAME_PART.pattern})){{0,2}}")
DELIVERED = "delivered"
PARAMETERS = "parameters"


def parse_canonical(text: str, query: str) -> exp.Select:
    """Return the tree of canonical SQL; raise TemplateError when it is not one SELECT."""
    try:
        tree = parse_one(text, read=CANONICAL)
    except (ParseError, TokenError) as error:
        raise TemplateError(f"the template {query}.sql does not parse: {error}") from error
    if not isinstance(tree, exp.Select):
        raise TemplateError(f"the template {query}.sql is not one SELECT")
    return tree


def literal(value: str | int | datetime | Moment, shift_seconds: int = 0) -> exp.Expr:
    """Return a value as a node: text, whole number, time (naive UTC) or moving time; a time that much later."""
    if isinstance(value, Moment):
        return _moving(value, shift_seconds)
    if isinstance(value, datetime):
        value += timedelta(seconds=shift_seconds)
        return word("timestamp_of", exp.Literal.string(value.strftime("%Y-%m-%d %H:%M:%S")))
    if isinstance(value, int):
        return exp.Literal.number(value)
    return exp.cast(exp.Literal.string(value), exp.DataType.Type.VARCHAR)


def word(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Return the call of a word of the vocabulary."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def later(time: exp.Expr, seconds: int) -> exp.Expr:
    """Return the time so many seconds later."""
    return word("plus_seconds", time, exp.Literal.number(seconds)) if seconds else time


def _moving(moment: Moment, shift_seconds: int) -> exp.Expr:
    if not moment.day:
        return later(word("present_time"), shift_seconds - moment.seconds_before)
    return later(word("start_of_day", later(word("present_time"), -moment.seconds_before)), shift_seconds)


def place_numbers(tree: exp.Expr, numbers: Mapping[str, int]) -> None:
    """Put whole-number parameters in the place of their `:name` placeholders."""
    for node in list(tree.find_all(exp.Placeholder)):
        if node.name in numbers:
            node.replace(exp.Literal.number(numbers[node.name]))


def add_ctes(tree: exp.Select, ctes: list[exp.CTE]) -> None:
    """Put CTEs before those that the tree has."""
    clause = tree.args.get("with_")
    if clause is None:
        tree.set("with_", exp.With(expressions=ctes))
    else:
        first = clause.expressions[0]
        if clause.comments:  # the parser gives the first CTE's comment to the WITH; it must not end above our CTEs
            first.args["alias"].comments, clause.comments = clause.comments, None
        clause.set("expressions", [*ctes, *clause.expressions])


def cte(name: str, query: exp.Expr, comment: str | None = None) -> exp.CTE:
    """Return `name AS (query)`, with a comment that says what it is for."""
    node = exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(name)))
    if comment:
        node.comments = [f" {comment} "]
    return node


def name_arguments(tree: exp.Select, names: Sequence[str]) -> None:
    """Put the names of a function's arguments in the place of their markers.

    The columns that they become are named in the list of the CTE, not beside them, so that no engine can take an argument for the column
    of its own name; raises TemplateError where any other column could be taken for an argument.
    """
    for node in tree.find_all(exp.Column):
        if not node.table and node.name.lower() in names:
            raise TemplateError(f"the column {node.name} must be written with its table: an argument has that name")
    for item in tree.args["with_"].expressions:
        if item.alias == PARAMETERS:
            item.args["alias"].set("columns", [exp.to_identifier(column.alias) for column in item.this.expressions])
            item.this.set("expressions", [column.this for column in item.this.expressions])
    for marker in list(tree.find_all(exp.Placeholder)):
        marker.replace(exp.column(marker.name))


def table_node(name: str) -> exp.Table:
    """Return a table name as a node, its parts quoted where they need it; raise UsageError when it is no plain table name."""
    if not TABLE_NAME.fullmatch(name):
        raise UsageError(f"--table takes a table name such as database.table, not {name!r}")
    parts = [
        exp.to_identifier(quoted.replace('""', '"') or plain, quoted=bool(quoted) or not plain.isidentifier())
        for quoted, plain in NAME_PART.findall(name)
    ]
    return exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))


def layout_select(layout: Layout, dialect: Dialect, table: exp.Expr) -> exp.Select:
    """Return the layout's native SELECT over `table`; raise TemplateError when it does not parse."""
    try:
        select = parse_one(layout.select, read=dialect.sqlglot)
    except (ParseError, TokenError) as error:
        raise TemplateError(f"the layout {layout.name} of {dialect.name} does not parse: {error}") from error
    if not isinstance(select, exp.Select):
        raise TemplateError(f"the layout {layout.name} of {dialect.name} is not one SELECT")
    for node in select.find_all(exp.Table):
        if node.name == TABLE_PLACEHOLDER:
            alias = node.args.get("alias")
            replacement = table.copy()
            if alias is not None:
                replacement.set("alias", alias.copy())
            node.replace(replacement)
    return select


def qualify(select: exp.Select, names: Collection[str]) -> None:
    """Say of which table the columns of these names are, so that nothing takes them for the arguments of a function."""
    for column in select.find_all(exp.Column):
        scope = column.find_ancestor(exp.Select)
        source = scope.args["from_"].this if scope is not None and scope.args.get("from_") else None
        if column.name.lower() in names and not column.table and isinstance(source, exp.Table):
            quoted = not source.alias and source.this.quoted
            column.set("table", exp.to_identifier(source.alias_or_name, quoted=quoted))


def expand_lists(tree: exp.Expr) -> None:
    """Put the kept lists in the place of the list words (`is_access_denied(error_code)`, ...)."""
    words = list_words()
    for node in list(tree.find_all(exp.Anonymous)):
        name = node.name.lower()
        if name in words:
            count, expand = words[name]
            if len(node.expressions) != count:
                raise TemplateError(f"{name} takes {count} arguments, not {len(node.expressions)}")
            node.replace(expand([argument.copy() for argument in node.expressions]))


def lower(tree: exp.Select, snippets: Mapping[str, Snippet], dialect: Dialect) -> None:
    """Put the dialect's snippets in the place of the vocabulary, innermost first; snippets may use words themselves.

    Times without zone become the dialect's `time_type`.
    Raises TemplateError for a wrong number of arguments.
    """
    while nodes := [node for node in tree.find_all(exp.Anonymous) if node.name.lower() in snippets]:
        for node in reversed(nodes):
            node.replace(_spell(node, snippets[node.name.lower()], dialect))
    for kind in list(tree.find_all(exp.DataType)):
        if kind.this is exp.DataType.Type.TIMESTAMP:
            kind.set("this", exp.DataType.Type[dialect.time_type])


def _spell(node: exp.Anonymous, snippet: Snippet, dialect: Dialect) -> exp.Expr:
    if len(node.expressions) != len(snippet.parameters):
        raise TemplateError(f"{snippet.word} takes {len(snippet.parameters)} arguments, not {len(node.expressions)}")
    arguments = dict(zip(snippet.parameters, node.expressions, strict=True))
    path = arguments.get("path")
    if path is not None and dialect.json_path == "dotted":
        arguments["path"] = exp.Literal.string(path.name.removeprefix("$").removeprefix("."))
    spelled = snippet.expression.copy()
    for placeholder in list(spelled.find_all(exp.Placeholder)):
        argument: exp.Expr = arguments[placeholder.name].copy()
        if isinstance(argument, exp.Binary) and isinstance(placeholder.parent, (exp.Binary, exp.Unary, exp.Bracket)):
            argument = exp.paren(argument)
        if placeholder is spelled:
            return argument
        placeholder.replace(argument)
    for part in list(spelled.find_all(exp.JSONExtract)):
        if part.expression.is_string and not part.expression.name:  # a dotted path to the whole document
            part.replace(part.this)
    if isinstance(spelled, exp.Binary) and isinstance(node.parent, (exp.Binary, exp.Unary)):
        return exp.paren(spelled)
    return spelled


def materialize(tree: exp.Select) -> None:
    """Mark the CTEs that are read more than once, so that an engine that inlines them computes each once."""
    clause = tree.args.get("with_")
    if clause is None:
        return
    reads = Counter(table.name for table in tree.find_all(exp.Table) if not table.args.get("db"))
    for item in clause.expressions:
        own_reads = sum(1 for table in item.this.find_all(exp.Table) if table.name == item.alias)
        if item.alias != PARAMETERS and not own_reads and reads[item.alias] > 1:
            item.set("materialized", True)
