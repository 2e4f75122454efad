"""The last step of rendering: properties that a text must have before anyone pays for it.

sqlglot generates SQL and accepts most wrong SQL, so these rules are our own; each finding is one line: rule and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp, parse
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import TokenType

from sqlgen.dialects import Dialect
from sqlgen.lists import list_words
from sqlgen.scans import count_scans
from sqlgen.vocabulary import load_words

KEYWORDS_BEFORE_PARENTHESIS = frozenset(
    {
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "DISTINCT",
        "ELSE",
        "EXISTS",
        "FILTER",
        "FROM",
        "GROUP",
        "IN",
        "JOIN",
        "LIKE",
        "MATERIALIZED",
        "NOT",
        "ON",
        "OR",
        "OVER",
        "PARTITION",
        "SELECT",
        "THEN",
        "UNION",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
        "ALL",
        "WITHIN",
    }
)
TYPES_WITH_PARENTHESIS = frozenset(["VARCHAR", "TIMESTAMP", "DECIMAL", "NUMBER", "CHAR", "ROW", "ARRAY", "MAP"])


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a text: the rule it breaks, and what to do."""

    rule: str
    message: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{self.rule}: {self.message}"


def check_text(sql: str, dialect: Dialect, *, maximum_scans: Mapping[str, int] | None = None) -> list[Finding]:
    """Return what is wrong with `sql` in `dialect`, nothing when all is well.

    `maximum_scans`: how often each base table may be read, on engines that inline CTEs.
    """
    try:
        statements = [statement for statement in parse(sql, read=dialect.sqlglot) if statement is not None]
    except (ParseError, TokenError) as error:
        return [Finding("syntax", " ".join(str(error).split()))]
    findings = [*_one_select(statements), *_size(sql, dialect)]
    if findings:
        return findings
    tree = statements[0]
    findings += _functions(sql, tree, dialect)
    findings += _recursion(tree, dialect)
    findings += _scan_count(tree, dialect, maximum_scans or {})
    return findings


def _one_select(statements: list[exp.Expr]) -> list[Finding]:
    if len(statements) != 1:
        return [Finding("one-statement", f"the text holds {len(statements)} statements; give one SELECT")]
    if not isinstance(statements[0], exp.Query):
        return [Finding("reads-only", "the text is no SELECT; sqlgen only reads")]
    if any(
        isinstance(node, (exp.Insert, exp.Delete, exp.Update, exp.Merge, exp.Into)) for node in statements[0].walk()
    ):
        return [Finding("reads-only", "the text writes; sqlgen only reads")]
    return []


def _size(sql: str, dialect: Dialect) -> list[Finding]:
    size, limit = len(sql.encode()), dialect.maximum_text_bytes
    if limit and size > limit:
        return [
            Finding("text-size", f"the text is {size} bytes long and {dialect.name} takes {limit}: give fewer values")
        ]
    return []


def called_functions(sql: str, dialect: Dialect) -> set[str]:
    """Return the names, in upper case, that `sql` calls as functions, as it is written (not as sqlglot understands them)."""
    tokens = SqlglotDialect.get_or_raise(dialect.sqlglot).tokenize(sql)
    names = set()
    for before, token, after in zip([None, *tokens], tokens, tokens[1:], strict=False):
        name = token.text.upper()
        if after.token_type is not TokenType.L_PAREN or token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        if (
            not name.replace("_", "").isalnum()
            or name[0].isdigit()
            or name in KEYWORDS_BEFORE_PARENTHESIS | TYPES_WITH_PARENTHESIS
        ):
            continue
        if before is not None and before.token_type in (TokenType.ALIAS, TokenType.DOT) and before.text.upper() != "AS":
            continue
        names.add(name)
    return names


def _functions(sql: str, tree: exp.Expr, dialect: Dialect) -> list[Finding]:
    names = {item.alias.upper() for item in tree.find_all(exp.CTE)} | {
        alias.name.upper() for alias in tree.find_all(exp.TableAlias) if alias.columns
    }
    findings = []
    for name in sorted(called_functions(sql, dialect) - names - dialect.functions):
        if name.lower() in load_words() or name.lower() in list_words():
            findings.append(
                Finding(
                    "unlowered-word", f"{name.lower()} is a word of the vocabulary that {dialect.name} does not spell"
                )
            )
        else:
            findings.append(
                Finding("unknown-function", f"{name} is not a function that {dialect.name} is known to have")
            )
    return findings


def _recursion(tree: exp.Expr, dialect: Dialect) -> list[Finding]:
    clause = tree.args.get("with_")
    if clause is None or not clause.args.get("recursive"):
        return []
    findings = []
    for item in clause.expressions:
        query = item.this
        if dialect.recursion_needs_column_names and not item.args["alias"].columns:
            findings.append(
                Finding(
                    "recursive-columns", f"under WITH RECURSIVE {dialect.name} wants a column list after {item.alias}"
                )
            )
        if not isinstance(query, exp.SetOperation) or item.alias not in {
            table.name for table in query.find_all(exp.Table)
        }:
            continue
        if query.args.get("distinct"):
            findings.append(Finding("recursive-term", f"{item.alias} recurs through UNION; use UNION ALL"))
        step = query.right
        if step.args.get("distinct") or step.args.get("group") or any(step.find_all(exp.Window, exp.AggFunc)):
            findings.append(
                Finding(
                    "recursive-term",
                    f"the recursive term of {item.alias} has DISTINCT, GROUP BY, an aggregate or a window",
                )
            )
        if dialect.maximum_recursion:
            findings.append(
                Finding(
                    "recursion",
                    f"{dialect.name} reads the log once a level and stops at {dialect.maximum_recursion}: use the fold",
                )
            )
    return findings


def _scan_count(tree: exp.Expr, dialect: Dialect, maximum: Mapping[str, int]) -> list[Finding]:
    scans = count_scans(tree) if dialect.walk == "fold" else {}
    return [
        Finding("scans", f"{table} is read {count} times, at most {maximum[table]} promised")
        for table, count in scans.items()
        if table in maximum and count > maximum[table]
    ]
