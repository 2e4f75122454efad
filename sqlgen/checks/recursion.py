"""WITH RECURSIVE: what Trino, Athena and Snowflake ask of it, each its own."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgen.checks.finding import Finding, shown, start_of
from sqlgen.checks.subject import Subject


def recursive_columns(subject: Subject) -> list[Finding]:
    """Return a finding for every CTE without a column list under WITH RECURSIVE, where the engine wants one after each.

    Trino refuses the query with MISSING_COLUMN_ALIASES, also for the CTEs that do not recur (trino.io, SELECT).
    """
    if not subject.dialect.recursion_needs_column_names:
        return []
    return [
        subject.finding(
            "recursive-columns",
            f"under WITH RECURSIVE {subject.dialect.name} wants a column list after every name: write {shown(item.alias)} (a, b, ...)",
            item.args["alias"],
        )
        for clause in _recursive_clauses(subject)
        for item in clause.expressions
        if not item.args["alias"].columns
    ]


def recursive_terms(subject: Subject) -> list[Finding]:
    """Return findings for recursive CTEs that are not plain, where the engine takes plain ones only (docs.snowflake.com, WITH)."""
    if not subject.traits.plain_recursion:
        return []
    return [finding for item in recursive_ctes(subject) for finding in _plain(subject, item)]


def recursion_depth(subject: Subject) -> list[Finding]:
    """Return a finding for every recursive CTE that no guard keeps within the engine's number of steps.

    Going past it is an error for the whole query, not a cut (Athena and Trino: 10 steps; docs.aws.amazon.com/athena, SELECT).
    """
    limit = subject.dialect.maximum_recursion
    findings = []
    for item in recursive_ctes(subject) if limit else ():
        steps = _guarded_steps(item)
        if steps is not None and steps <= limit:
            continue
        found = "nothing in it stops the walk" if steps is None else f"its guard allows {steps}"
        findings.append(
            subject.finding(
                "recursion-depth",
                f"{subject.dialect.name} fails past {limit} steps and {found}: count the steps in a column and write"
                f" WHERE depth < {limit}, or use the fold",
                item.args["alias"],
            )
        )
    return findings


def recursive_ctes(subject: Subject) -> Iterator[exp.CTE]:
    """Yield the CTEs that read themselves, under WITH RECURSIVE or (Snowflake allows it) without."""
    for clause in subject.nodes:
        if isinstance(clause, exp.With):
            yield from (item for item in clause.expressions if _reads(item.this, item.alias))


def _recursive_clauses(subject: Subject) -> Iterator[exp.With]:
    for node in subject.nodes:
        if isinstance(node, exp.With) and node.args.get("recursive"):
            yield node


def _reads(query: exp.Expr, name: str) -> bool:
    if not isinstance(query, exp.SetOperation):
        return False
    return any(table.name.lower() == name.lower() and not table.args.get("db") for table in query.find_all(exp.Table))


def _branches(query: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(query, exp.SetOperation):
        yield from _branches(query.this)
        yield from _branches(query.expression)
    else:
        yield query


def _steps(item: exp.CTE) -> list[exp.Expr]:
    return [
        branch
        for branch in _branches(item.this)
        if any(table.name.lower() == item.alias.lower() for table in branch.find_all(exp.Table))
    ]


def _plain(subject: Subject, item: exp.CTE) -> list[Finding]:
    engine, name = subject.dialect.name, shown(item.alias)
    findings = [
        subject.finding(
            "recursive-term", f"{name} recurs through {union.key.upper()}: use UNION ALL", item.args["alias"]
        )
        for union in item.this.find_all(exp.SetOperation)
        if not isinstance(union, exp.Union) or union.args.get("distinct")
    ]
    for step in _steps(item):
        for node in _own_nodes(step):
            what = _forbidden(node)
            if what:
                findings.append(
                    subject.finding(
                        "recursive-term",
                        f"the recursive term of {name} has {what}, which {engine} refuses: do that in a CTE before or after",
                        item.args["alias"] if start_of(node) is None else node,
                    )
                )
    return findings


def _forbidden(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Window):
        return "a window"
    if isinstance(node, exp.AggFunc) and not isinstance(node.parent, (exp.Window, exp.IgnoreNulls, exp.RespectNulls)):
        return "an aggregate"
    if isinstance(node, exp.Distinct) and isinstance(node.parent, exp.Select):
        return "DISTINCT"
    names: dict[type[exp.Expr], str] = {exp.Group: "GROUP BY", exp.Order: "ORDER BY", exp.Limit: "LIMIT"}
    return names.get(type(node)) if isinstance(node.parent, exp.Select) else None


def _own_nodes(step: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the nodes of a SELECT without those of the queries inside it."""
    return step.walk(bfs=False, prune=lambda node: node is not step and isinstance(node, exp.Query))


def _guarded_steps(item: exp.CTE) -> int | None:
    """Return how many steps the guards allow: each step must hold `counter < N` for a counter that it raises by one."""
    anchor = next(branch for branch in _branches(item.this))
    first = {name.lower(): value for name, value in _named(item, anchor)}
    allowed: list[int] = []
    for step in _steps(item):
        raised = {name.lower() for name, value in _named(item, step) if _adds_one(value, name)}
        limits = [
            limit - start
            for test in _conjuncts(step)
            for name, limit in _upper_bound(test)
            if name.lower() in raised and (start := _number(first.get(name.lower()))) is not None
        ]
        if not limits:
            return None
        allowed.append(min(limits))
    return max(allowed, default=None)


def _named(item: exp.CTE, select: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """Yield the names of the CTE's columns with the expressions that a branch gives them."""
    if isinstance(select, exp.Select):
        columns = item.args["alias"].columns
        names = [column.name for column in columns] or [part.alias_or_name for part in _anchor_columns(item)]
        yield from zip(names, (part.unalias() for part in select.expressions), strict=False)


def _anchor_columns(item: exp.CTE) -> list[exp.Expr]:
    anchor = next(branch for branch in _branches(item.this))
    return list(anchor.expressions) if isinstance(anchor, exp.Select) else []


def _adds_one(value: exp.Expr, name: str) -> bool:
    value = value.unnest()
    if isinstance(value, exp.Cast):
        value = value.this.unnest()
    if not isinstance(value, exp.Add):
        return False
    sides = (value.this, value.expression)
    return any(isinstance(side, exp.Column) and side.name.lower() == name.lower() for side in sides) and any(
        _number(side) == 1 for side in sides
    )


def _conjuncts(step: exp.Expr) -> Iterator[exp.Expr]:
    clauses = [step.args.get("where"), *(join for join in step.args.get("joins") or ())]
    for clause in clauses:
        condition = None if clause is None else clause.args.get("on") if isinstance(clause, exp.Join) else clause.this
        if condition is not None:
            condition = condition.unnest()
            yield from condition.flatten() if isinstance(condition, exp.And) else (condition,)


def _upper_bound(test: exp.Expr) -> Iterator[tuple[str, int]]:
    """Yield (column, exclusive limit) of a test such as `depth < 10` or `9 >= depth`."""
    turned: dict[type[exp.Expr], tuple[int, int]] = {exp.LT: (0, 0), exp.LTE: (0, 1), exp.GT: (1, 0), exp.GTE: (1, 1)}
    if type(test) not in turned:
        return
    backwards, more = turned[type(test)]
    column, number = (test.expression, test.this) if backwards else (test.this, test.expression)
    limit = _number(number)
    if isinstance(column, exp.Column) and limit is not None:
        yield column.name, limit + more


def _number(node: exp.Expr | None) -> int | None:
    if node is None:
        return None
    node = node.unnest()
    if isinstance(node, exp.Cast):
        node = node.this
    return int(node.this) if isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit() else None
