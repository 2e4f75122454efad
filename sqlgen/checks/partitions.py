"""The partition predicate: every read of the log's table is restricted on the column by which it is partitioned in time."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlgen.checks.finding import Finding, shown
from sqlgen.checks.subject import Subject

COMPARISONS = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Like)


def partition_predicates(subject: Subject) -> list[Finding]:
    """Return a finding for every read of the log's table that no predicate keeps from reading all of it.

    A predicate counts in the SELECT that reads the table, or in one around it that reads that SELECT (engines push it down);
    it must hold for every row: below OR or NOT it prunes nothing.
    """
    columns = {
        name.lower() for partition in subject.partitions if partition.kind != "value" for name in partition.columns[:1]
    }
    if not columns or subject.table is None:
        return []
    return [
        subject.finding(
            "partition-predicate",
            f"{shown(table.name)} is read whole: compare its partition column {', '.join(sorted(columns))} with the window",
            table,
        )
        for table in _reads_of(subject, subject.table)
        if not _is_restricted(table, columns, subject)
    ]


def _reads_of(subject: Subject, name: str) -> Iterator[exp.Expr]:
    ctes = {item.alias.lower() for item in subject.nodes if isinstance(item, exp.CTE)}
    for node in subject.nodes:
        is_named_so = isinstance(node, exp.Table) and node.name.lower() == name.lower()
        if is_named_so and (node.args.get("db") or name.lower() not in ctes):
            yield node


def _is_restricted(read: exp.Expr, columns: set[str], subject: Subject) -> bool:
    select = read.find_ancestor(exp.Select)
    if select is None:
        return False
    if any(_compares(test, columns) for test in _tests(select)):
        return True
    around = select.parent
    while isinstance(around, exp.SetOperation):
        around = around.parent
    if isinstance(around, exp.Subquery) and isinstance(around.parent, (exp.From, exp.Join)):
        return _is_restricted(around, columns, subject)
    if isinstance(around, exp.CTE):
        reads = [
            node
            for node in subject.nodes
            if isinstance(node, exp.Table) and not node.args.get("db") and node.name.lower() == around.alias.lower()
        ]
        reads = [node for node in reads if node.find_ancestor(exp.CTE) is not around]
        return bool(reads) and all(_is_restricted(node, columns, subject) for node in reads)
    return False


def _tests(select: exp.Select) -> Iterator[exp.Expr]:
    where = select.args.get("where")
    conditions = [where.this] if where is not None else []
    conditions += [join.args["on"] for join in select.args.get("joins") or [] if join.args.get("on") and not join.side]
    while conditions:
        condition = conditions.pop().unnest()
        if isinstance(condition, exp.And):
            conditions += [condition.this, condition.expression]
        else:
            yield condition


def _compares(test: exp.Expr, columns: set[str]) -> bool:
    if not isinstance(test, COMPARISONS):
        return False
    sides = [test.this, test.args.get("expression")]
    return any(_is_partition(side, columns) for side in sides if side is not None)


def _is_partition(side: exp.Expr, columns: set[str]) -> bool:
    """Say whether a side is the column itself, or columns put together (`year || month || day`); a cast or function may not prune."""
    if isinstance(side, (exp.DPipe, exp.Paren)):
        return any(_is_partition(part, columns) for part in side.iter_expressions())
    return isinstance(side, exp.Column) and side.name.lower() in columns
