"""What is checked: one text, how it is read, and what is known about its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlglot import exp
from sqlglot.tokenizer_core import Token

from sqlgen.checks.finding import Finding, place, start_of
from sqlgen.checks.traits import Traits, traits_of
from sqlgen.dialects import Dialect, Layout
from sqlgen.partitions import Partition

Schema = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Subject:
    """One statement: its text, tokens and tree.

    `maximum_scans`: how often each base table may be read. `partitions`: how the log's table, `table`, is partitioned.
    `schema`: the columns of base tables and their types, in the engine's words; a table that is not there may have any column.
    """

    sql: str
    dialect: Dialect
    tokens: Sequence[Token]
    tree: exp.Expr
    maximum_scans: Mapping[str, int] = field(default_factory=dict)
    partitions: Sequence[Partition] = ()
    table: str | None = None
    schema: Schema = field(default_factory=dict)

    @property
    def traits(self) -> Traits:
        """What the engine does with names, arrays, patterns and CTEs."""
        return traits_of(self.dialect)

    @cached_property
    def nodes(self) -> Sequence[exp.Expr]:
        """Every node of the tree, parents before children."""
        return list(self.tree.walk(bfs=False))

    def with_maximum_scans(self, maximum: Mapping[str, int]) -> Subject:
        """Return the same statement with other promises."""
        return replace(self, maximum_scans=maximum)

    def finding(self, rule: str, message: str, at: exp.Expr | Token | None) -> Finding:
        """Return a finding placed at a node or token; without one it is about the text as a whole."""
        offset = at.start if isinstance(at, Token) else None if at is None else start_of(at)
        return Finding(rule, message, *(() if offset is None else place(self.sql, offset)))


def layout_schema(layout: Layout, table: str, partitions: Sequence[Partition] = ()) -> Schema:
    """Return the columns and types of a table of `layout`, those by which it is partitioned with them."""
    columns = {
        column: "TIMESTAMP" if partition.kind == "time" else "VARCHAR"
        for partition in partitions
        for column in partition.columns
    }
    return {table: columns | dict(layout.columns)}
