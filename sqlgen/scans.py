"""How often a text reads its base tables, for engines that inline CTEs and copy recursive plans per level (Trino, Athena).

Trino's planner copies the anchor once, then a chain of i+1 steps for each level i, then a convergence check of N+1 steps:
with A base scans in the anchor, S in the step and N levels, A(N+2) + S(N+1)(N+2)/2 scans (QueryPlanner.planExpand in trino-main).
"""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

RECURSION_LEVELS = 10


def count_scans(tree: exp.Expr, levels: int = RECURSION_LEVELS) -> Counter[str]:
    """Return how often each base table is scanned when CTEs are inlined wherever they are named."""
    return _scans(tree, {}, levels)


def _scans(node: exp.Expr, known: dict[str, Counter[str]], levels: int) -> Counter[str]:
    known = dict(known)
    total: Counter[str] = Counter()
    clause = node.args.get("with_") if isinstance(node, exp.Query) else None
    if clause is not None:
        for item in clause.expressions:
            known[item.alias] = _cte_scans(item, known, levels)
    for table in _own_tables(node, clause):
        name = table.name
        if not table.args.get("db") and name in known:
            total.update(known[name])
        elif isinstance(table.this, exp.Identifier):
            total[name] += 1
    return total


def _cte_scans(item: exp.CTE, known: dict[str, Counter[str]], levels: int) -> Counter[str]:
    query = item.this
    recursive = isinstance(query, exp.SetOperation) and any(
        table.name == item.alias for table in query.find_all(exp.Table)
    )
    if not recursive:
        return _scans(query, known, levels)
    without_self = {**known, item.alias: Counter()}
    anchor, step = _scans(query.left, without_self, levels), _scans(query.right, without_self, levels)
    total: Counter[str] = Counter()
    for name, count in anchor.items():
        total[name] += count * (levels + 2)
    for name, count in step.items():
        total[name] += count * (levels + 1) * (levels + 2) // 2
    return total


def _own_tables(node: exp.Expr, clause: exp.Expr | None) -> list[exp.Table]:
    inside = {id(table) for table in clause.find_all(exp.Table)} if clause is not None else set()
    return [table for table in node.find_all(exp.Table) if id(table) not in inside]
