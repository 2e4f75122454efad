"""Scans: how often a text reads its base tables, against what was promised."""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

from sqlgen.checks.finding import Finding, shown
from sqlgen.checks.subject import Subject
from sqlgen.scans import count_scans


def scans_of(subject: Subject) -> Counter[str]:
    """Return how often each base table is read, as the engine computes CTEs."""
    return count_scans(subject.tree, cte_reads=subject.traits.cte_reads)


def too_many_scans(subject: Subject) -> list[Finding]:
    """Return a finding for every table that is read more often than promised."""
    if not subject.maximum_scans:
        return []
    counts: Counter[str] = Counter()
    for name, count in scans_of(subject).items():
        counts[name.lower()] += count
    return [
        subject.finding(
            "scans",
            f"{shown(name)} is read more often ({counts[name.lower()]}) than promised ({most}): read it in one CTE, and name that once",
            next(
                (node for node in subject.nodes if isinstance(node, exp.Table) and node.name.lower() == name.lower()),
                None,
            ),
        )
        for name, most in subject.maximum_scans.items()
        if counts[name.lower()] > most
    ]
