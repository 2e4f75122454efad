"""The columns that a question does not need: parts that several questions share work out more than each of them reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlglot import exp


def prune_steps(body: exp.Select) -> None:
    """Take out of the CTEs of a question, and of the SELECTs inside their FROM, the columns whose names nothing else in `body` mentions.

    The branches of a UNION, the parts of a recursion and what is DISTINCT keep theirs, and what those read by a star: there the number of
    columns, or each of them, counts.
    """
    mentioned = Counter(_names(body))
    while True:
        unread = [item for select in _steps(body) for item in _unread(select, mentioned)]
        if not unread:
            return
        for item in unread:
            mentioned -= Counter(_names(item))
            item.pop()


def prune_layout(select: exp.Select, body: exp.Select) -> None:
    """Take out of a layout's SELECT (and the SELECTs inside it) the columns whose names nothing in `body` mentions."""
    _keep(select, set(_names(body)))
    for inner in list(select.find_all(exp.Subquery)):
        if isinstance(inner.this, exp.Select) and isinstance(inner.parent, (exp.From, exp.Join)):
            own = {id(node) for node in inner.find_all(exp.Column)}
            _keep(inner.this, {node.name.lower() for node in select.find_all(exp.Column) if id(node) not in own})


def _names(node: exp.Expr) -> Iterator[str]:
    """Yield the name of every column and field that is mentioned, in lower case."""
    return (found.name.lower() for found in node.find_all(exp.Column, exp.Dot))


def _steps(body: exp.Select) -> Iterator[exp.Select]:
    whole = {
        item.table
        for select in body.find_all(exp.Select)
        if select.args.get("distinct") or isinstance(select.parent, exp.SetOperation)
        for item in select.expressions
        if isinstance(item, exp.Column) and item.is_star
    }
    for node in body.find_all(exp.CTE, exp.Subquery):
        select, alias = node.this, node.args.get("alias")
        is_read = isinstance(node, exp.CTE) or isinstance(node.parent, (exp.From, exp.Join))
        is_whole = node.alias in whole or (alias and alias.columns)
        if is_read and not is_whole and isinstance(select, exp.Select) and not select.args.get("distinct"):
            yield select


def _unread(select: exp.Select, mentioned: Counter[str]) -> list[exp.Expr]:
    """Return the columns of a SELECT that nothing but themselves mentions; one of several remains."""
    found = [
        item
        for item in select.expressions
        if not item.is_star
        and mentioned[item.alias_or_name.lower()] == sum(name == item.alias_or_name.lower() for name in _names(item))
    ]
    return found if len(found) < len(select.expressions) else found[1:]


def _keep(select: exp.Select, wanted: set[str]) -> None:
    kept = [item for item in select.expressions if item.alias_or_name.lower() in wanted]
    select.set("expressions", kept or select.expressions[:1])
