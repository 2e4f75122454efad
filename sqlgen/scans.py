"""How often a text reads its base tables: once a mention, times what the engine makes of CTEs and recursion.

Trino and Athena inline a CTE wherever it is named, and copy a recursive plan per level: the anchor once, then a chain of i+1 steps
for each level i, then a convergence check of N+1 steps. With A base scans in the anchor, S in the step and N levels that is
A(N+2) + S(N+1)(N+2)/2 scans (QueryPlanner.planExpand in trino-main). DuckDB and Snowflake iterate: A + S*N scans at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from sqlglot import exp

RECURSION_LEVELS = 10
CteReads = Literal["every", "unmarked", "once"]


def count_scans(tree: exp.Expr, levels: int = RECURSION_LEVELS, cte_reads: CteReads = "every") -> Counter[str]:
    """Return how often each base table is scanned.

    `levels`: steps of a recursive CTE. `cte_reads`: a CTE is computed at `every` mention, only the `unmarked` ones are (a CTE
    that is MATERIALIZED or recursive once), or each `once`.
    """
    shared: Counter[str] = Counter()
    total = _scans(tree, {}, levels, cte_reads, shared)
    return total + shared


def _scans(
    node: exp.Expr, known: dict[str, Counter[str]], levels: int, cte_reads: CteReads, shared: Counter[str]
) -> Counter[str]:
    """Return the scans of `node`; those of CTEs that are computed once are added to `shared` instead."""
    known = dict(known)
    total: Counter[str] = Counter()
    clause = node.args.get("with_") if isinstance(node, exp.Query) else None
    for item in clause.expressions if clause is not None else ():
        recursive = _is_recursive(item)
        scans = _cte_scans(item, recursive, known, levels, cte_reads, shared)
        if cte_reads == "once" or (cte_reads == "unmarked" and (recursive or item.args.get("materialized"))):
            shared.update(scans)
            scans = Counter()
        known[item.alias.lower()] = scans
    for child in _without(node, clause):
        if isinstance(child, exp.Table):
            name = child.name
            if not child.args.get("db") and name.lower() in known:
                total.update(known[name.lower()])
            elif isinstance(child.this, exp.Identifier):
                total[name] += 1
        elif child is not node and isinstance(child, exp.Query):
            total.update(_scans(child, known, levels, cte_reads, shared))
    return total


def _is_recursive(item: exp.CTE) -> bool:
    return isinstance(item.this, exp.SetOperation) and any(
        table.name.lower() == item.alias.lower() for table in item.this.find_all(exp.Table)
    )


def _cte_scans(
    item: exp.CTE,
    recursive: bool,
    known: dict[str, Counter[str]],
    levels: int,
    cte_reads: CteReads,
    shared: Counter[str],
) -> Counter[str]:
    query = item.this
    if not recursive:
        return _scans(query, known, levels, cte_reads, shared)
    without_self = {**known, item.alias.lower(): Counter[str]()}
    anchor = _scans(query.left, without_self, levels, cte_reads, shared)
    step = _scans(query.right, without_self, levels, cte_reads, shared)
    copies = (levels + 2, (levels + 1) * (levels + 2) // 2) if cte_reads == "every" else (1, levels)
    total: Counter[str] = Counter()
    for scans, times in ((anchor, copies[0]), (step, copies[1])):
        for name, count in scans.items():
            total[name] += count * times
    return total


def _without(node: exp.Expr, clause: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the nodes of a query, not going into its WITH clause, nor into queries inside it that have one of their own."""

    def stops(inner: exp.Expr) -> bool:
        return inner is clause or (inner is not node and isinstance(inner, exp.Query))

    return (inner for inner in node.walk(prune=stops) if inner is not clause)
