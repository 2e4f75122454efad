"""Calls: functions that the engine does not have, words that were left unspelled, and wrong numbers of arguments.

Calls are read from the tokens, as they are written: sqlglot renames what it knows and passes on what it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.tokenizer_core import Token, TokenType

from sqlgen.checks.finding import Finding, shown
from sqlgen.checks.subject import Subject
from sqlgen.dialects import Dialect
from sqlgen.lists import list_words
from sqlgen.partitions import IN_WINDOW
from sqlgen.vocabulary import load_words

# fmt: off
NOT_CALLED = frozenset({
    "ALL", "AND", "ANY", "AS", "BETWEEN", "BY", "CASE", "CUBE", "DISTINCT", "ELSE", "EXCEPT", "EXCLUDE",
    "EXISTS", "FILTER", "FROM", "GROUP", "HAVING", "IN", "INTERSECT", "INTERVAL", "JOIN", "LATERAL", "LIKE",
    "ILIKE", "LIMIT", "MATERIALIZED", "NOT", "OFFSET", "ON", "OR", "OVER", "PARTITION", "QUALIFY", "ROLLUP",
    "ROW", "SELECT", "SETS", "SOME", "TABLE", "THEN", "UNION", "USING", "VALUES", "WHEN", "WHERE", "WINDOW",
    "WITH", "WITHIN",
})
# fmt: on
"""Keywords that stand before a parenthesis without being called."""
OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
UNCOUNTED = frozenset({"FROM", "USING", "OVERLAY"})
"""Words inside a call that replace commas: SUBSTRING(x FROM 2), EXTRACT(day FROM x)."""


@dataclass(frozen=True)
class Call:
    """A call as it is written: its name in upper case, its token, and how many arguments it has (None: not told by commas)."""

    name: str
    token: Token
    arguments: int | None


def called_functions(sql: str, dialect: Dialect) -> set[str]:
    """Return the names, in upper case, that `sql` calls as functions, as it is written (not as sqlglot understands them)."""
    return {call.name for call in calls(SqlglotDialect.get_or_raise(dialect.sqlglot).tokenize(sql))}


def calls(tokens: Sequence[Token], aliases: frozenset[int] = frozenset()) -> Iterator[Call]:
    """Yield the calls among `tokens`; a name that begins at one of `aliases` is followed by its columns instead."""
    types_end = 0
    for position, (token, after) in enumerate(pairwise(tokens)):
        if after.token_type is not TokenType.L_PAREN or position < types_end:
            continue
        before = tokens[position - 1] if position else None
        opens_type = before is not None and before.token_type in (TokenType.ALIAS, TokenType.DCOLON)
        if opens_type and token.text.upper() != "MATERIALIZED":
            # CAST(x AS ROW(a VARCHAR(3))), x::DECIMAL(3, 1), UNNEST(x) AS t(a)
            types_end = _closing(tokens, position + 1)
            continue
        if not _is_name(token) or (before is not None and before.token_type is TokenType.DOT) or token.start in aliases:
            continue
        yield Call(token.text.upper(), token, _arguments(tokens, position + 1))


def _is_name(token: Token) -> bool:
    name = token.text.upper()
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return token.token_type is TokenType.IDENTIFIER
    return name.replace("_", "").isalnum() and not name[0].isdigit() and name not in NOT_CALLED


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for position in range(opening, len(tokens)):
        kind = tokens[position].token_type
        depth += (kind in OPEN) - (kind in CLOSE)
        if depth == 0:
            return position
    return len(tokens)


def _arguments(tokens: Sequence[Token], opening: int) -> int | None:
    depth, commas, in_lambda = 0, 0, False
    for position in range(opening, len(tokens)):
        token = tokens[position]
        kind = token.token_type
        if kind in OPEN:
            depth += 1
        elif kind in CLOSE:
            depth -= 1
            if depth == 0:
                return commas + 1 if position > opening + 1 else 0
        elif depth == 1:
            word = token.text.upper()
            if kind is TokenType.COMMA and not in_lambda:
                commas += 1
            elif word == "ORDER BY":  # ARRAY_AGG(x ORDER BY a, b)
                return commas + 1
            elif word in UNCOUNTED and kind is not TokenType.STRING:
                return None
            elif word == "LAMBDA":  # LAMBDA a, b : ...
                in_lambda = True
            elif kind is TokenType.COLON:
                in_lambda = False
    return None


def unknown_functions(subject: Subject) -> list[Finding]:
    """Return a finding for every call of what is not on the engine's list of functions, or of a word that was left unspelled."""
    aliases = frozenset(
        node.this.meta["start"]
        for node in subject.nodes
        if isinstance(node, exp.TableAlias) and node.args.get("columns") and node.this and "start" in node.this.meta
    )
    known = subject.dialect.functions
    unknown = [call for call in calls(subject.tokens, aliases) if call.name not in known]
    words = {*load_words(), *list_words(), IN_WINDOW} if unknown else set()
    return [_unknown(subject, call, words) for call in unknown]


def _unknown(subject: Subject, call: Call, words: set[str]) -> Finding:
    engine, name = subject.dialect.name, call.name
    if name.lower() in words:
        message = (
            f"{name.lower()} is a word of the vocabulary, not of {engine}: render the text, or write the engine's own"
        )
        return subject.finding("unlowered-word", message, call.token)
    message = f"{shown(name)} is not a function that {engine} is known to have: correct it, or use another"
    return subject.finding("unknown-function", message, call.token)


def argument_counts(subject: Subject) -> list[Finding]:
    """Return a finding for every call with more or fewer arguments than the function takes (`Dialect.argument_counts`)."""
    counts = subject.dialect.argument_counts
    findings = []
    for call in calls(subject.tokens):
        least, most = counts.get(call.name, (0, None))
        if call.arguments is None or (least <= call.arguments and (most is None or call.arguments <= most)):
            continue
        wanted = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
        wanted += " argument" if wanted == "1" else " arguments"
        message = f"{shown(call.name)} takes {wanted} in {subject.dialect.name}, not {call.arguments}: correct the call"
        findings.append(subject.finding("argument-count", message, call.token))
    return findings
