"""Idioms of one engine that another reads differently, or not at all, and that no parser complains about."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlgen.checks.finding import Finding, shown
from sqlgen.checks.subject import Subject

NULL_SKIPPING = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.First, exp.Last)
OPEN_BEGIN, OPEN_END = (".*", "^", "\\A", "(?"), (".*", "$", "\\Z", "\\z")


def ignored_nulls(subject: Subject) -> list[Finding]:
    """Return a finding for every IGNORE NULLS (or RESPECT NULLS) that is not on a window function which takes it."""
    return [
        subject.finding(
            "ignore-nulls",
            "IGNORE NULLS belongs to FIRST_VALUE, LAST_VALUE, NTH_VALUE, LAG and LEAD with OVER (...): filter the nulls out instead",
            node,
        )
        for node in subject.nodes
        if isinstance(node, (exp.IgnoreNulls, exp.RespectNulls))
        and not (isinstance(node.parent, exp.Window) and isinstance(node.this, NULL_SKIPPING))
    ]


def array_literals(subject: Subject) -> list[Finding]:
    """Return a finding for every `ARRAY[...]` where the engine has none (Snowflake reads an element of a column ARRAY)."""
    if subject.traits.bracket_array:
        return []
    return [
        subject.finding(
            "array-literal", f"{subject.dialect.name} has no ARRAY[...]: write ARRAY_CONSTRUCT(...) or [...]", token
        )
        for token, after in zip(subject.tokens, subject.tokens[1:], strict=False)
        if token.text.upper() == "ARRAY"
        and after.token_type is TokenType.L_BRACKET
        and token.token_type is not TokenType.IDENTIFIER
    ]


def anchored_patterns(subject: Subject) -> list[Finding]:
    """Return a finding for every pattern that would be found inside a text elsewhere, but must match the whole text here.

    https://docs.snowflake.com/en/sql-reference/functions/regexp_like: "the function implicitly anchors a pattern at both ends".
    A pattern that says `^...$` or `.*...` itself is taken at its word.
    """
    if not subject.traits.anchored_patterns:
        return []
    return [
        subject.finding(
            "anchored-pattern",
            f"{subject.dialect.name} matches {shown(node.expression.sql())} against the whole text: write ^...$ if that is meant,"
            " else .*...* around it, or REGEXP_SUBSTR(...) IS NOT NULL",
            node,
        )
        for node in subject.nodes
        if isinstance(node, exp.RegexpLike)
        and isinstance(node.expression, exp.Literal)
        and not (node.expression.name.startswith(OPEN_BEGIN) and node.expression.name.endswith(OPEN_END))
    ]


def semi_joins(subject: Subject) -> list[Finding]:
    """Return a finding for every SEMI or ANTI that an engine takes for the alias of the table before it, and joins in full."""
    found = []
    for node in subject.nodes:
        if isinstance(node, exp.Join) and node.kind in ("SEMI", "ANTI") and not subject.traits.semi_join:
            found.append((node.kind, node.this))
        elif isinstance(node, exp.TableAlias) and node.name.upper() in ("SEMI", "ANTI"):
            found.append((node.name.upper(), node))
    return [
        subject.finding(
            "semi-join",
            f"{subject.dialect.name} reads {kind} before JOIN as an alias and joins in full: use EXISTS or IN, or another alias",
            at,
        )
        for kind, at in found
    ]
