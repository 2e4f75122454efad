"""What sets the engines apart for the checks, by sqlglot's name of the dialect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from sqlgen.dialects import Dialect

CteReads = Literal["every", "unmarked", "once"]


@dataclass(frozen=True)
class Traits:
    """What an engine does with names, arrays, patterns and CTEs.

    `folds_upper`: unquoted names become upper case and quoted ones keep theirs, so that `"a"` is not `a`; elsewhere case never tells.
    `bracket_array`: `ARRAY[...]` is a list. `anchored_patterns`: REGEXP_LIKE must match the whole text. `semi_join`: SEMI JOIN and
    ANTI JOIN exist. `plain_recursion`: a recursive term holds no DISTINCT, aggregate, window, ORDER BY, LIMIT, and only UNION ALL.
    `lateral_aliases`: a name given in SELECT may be used beside it and in WHERE. `cte_reads`: a CTE is computed every time that it is
    named, unless marked MATERIALIZED, or once.
    """

    folds_upper: bool = False
    bracket_array: bool = True
    anchored_patterns: bool = False
    semi_join: bool = False
    plain_recursion: bool = False
    lateral_aliases: bool = False
    cte_reads: CteReads = "every"


TRINO = Traits()
TRAITS = {
    "trino": TRINO,
    "athena": TRINO,
    "duckdb": Traits(semi_join=True, lateral_aliases=True, cte_reads="unmarked"),
    # https://docs.snowflake.com/en/sql-reference/constructs/with, .../identifiers-syntax, .../functions/regexp_like
    "snowflake": Traits(
        folds_upper=True,
        bracket_array=False,
        anchored_patterns=True,
        plain_recursion=True,
        lateral_aliases=True,
        cte_reads="once",
    ),
}


def traits_of(dialect: Dialect) -> Traits:
    """Return the traits of `dialect`; those of Trino, the strictest, for one that is not known."""
    return TRAITS.get(dialect.sqlglot, TRINO)


def folded(name: exp.Expr | None, traits: Traits) -> str:
    """Return an identifier as the engine compares it."""
    if name is None:
        return ""
    if not traits.folds_upper:
        return name.name.lower()
    return name.name if name.args.get("quoted") else name.name.upper()
