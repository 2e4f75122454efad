"""The text as a whole: one SELECT, that parses, of a size that the engine takes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from sqlgen.checks.finding import Finding, place, shown
from sqlgen.checks.subject import Subject
from sqlgen.dialects import Dialect

OPENINGS = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN, TokenType.VALUES, TokenType.FROM})
WRITES = (exp.Insert, exp.Delete, exp.Update, exp.Merge, exp.Into, exp.Create, exp.Drop, exp.Command)


def text_size(sql: str, dialect: Dialect) -> list[Finding]:
    """Return a finding for a text that is longer than the engine takes (Athena: 262,144 bytes, Service Quotas)."""
    size, limit = len(sql.encode("utf-8", "surrogatepass")), dialect.maximum_text_bytes
    if not limit or size <= limit:
        return []
    return [
        Finding(
            "text-size",
            f"the text is {size} bytes long and {dialect.name} takes {limit}: give fewer values, or split the question",
        )
    ]


def one_statement(sql: str, tokens: Sequence[Token]) -> list[Finding]:
    """Return findings for a text that is empty, goes on after a semicolon, or is no SELECT."""
    statements = _statements(tokens)
    if not statements:
        return [Finding("one-statement", "the text holds no statement; give one SELECT")]
    findings = [
        Finding(
            "reads-only",
            f"{shown(first[0].text)} begins no SELECT, and sqlgen only reads: give one SELECT",
            *place(sql, first[0].start),
        )
        for first in statements
        if first[0].token_type not in OPENINGS
    ]
    if len(statements) > 1:
        findings.append(
            Finding(
                "one-statement",
                f"the text holds {len(statements)} statements; leave one SELECT",
                *place(sql, statements[1][0].start),
            )
        )
    return findings


def _statements(tokens: Sequence[Token]) -> list[list[Token]]:
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            statements.append([])
        elif token.token_type is not TokenType.HIVE_TOKEN_STREAM:  # what sqlglot puts before Athena's DDL
            statements[-1].append(token)
    return [statement for statement in statements if statement]


def syntax_error(error: ParseError | TokenError) -> Finding:
    """Return the finding for a text that does not tokenize or parse."""
    if not isinstance(error, ParseError) or not error.errors:
        return Finding("syntax", "a quoted text, name or comment has no end: close it")
    details = error.errors[0]
    near, line, column = str(details.get("highlight") or ""), details.get("line") or 1, details.get("col") or 1
    what = str(details.get("description") or "it does not parse")
    if what.startswith("Required keyword"):  # sqlglot names its own classes here
        what = "an expression or name is missing"
    message = f"{shown(what.rstrip('.'))}{f' near {shown(near)}' if near else ''}: correct the text"
    return Finding("syntax", message, line, max(1, column - len(near) + 1))


def reads_only(subject: Subject) -> list[Finding]:
    """Return a finding for every part that writes (`WITH ... DELETE`, `SELECT ... INTO`), or a statement that is no query."""
    findings = [
        subject.finding("reads-only", f"{node.key.upper()} writes, and sqlgen only reads: take it out", node)
        for node in subject.nodes
        if isinstance(node, WRITES)
    ]
    if not findings and not isinstance(subject.tree, exp.Query):
        findings.append(subject.finding("reads-only", "the text is no SELECT, and sqlgen only reads: give one", None))
    return findings
