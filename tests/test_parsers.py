"""Rendered texts, read by parsers that are not sqlglot's: what sqlglot writes wrong, it also reads back without a word."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
import trino_sql_validator
from sqlfluff.core import FluffConfig, Linter
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.tokenizer_core import TokenType

from sqlgen.checks import called_functions
from sqlgen.dialects import dialect_names, load_dialect
from tests.rendering import Case, cases

CASES = list(cases())
ON_TRINO = [case for case in CASES if load_dialect(case.dialect).sqlglot in ("trino", "athena")]
ON_SQLFLUFF = [case for case in CASES if case.dialect in ("athena", "snowflake", "trino")]


def name(case: Case) -> str:
    return f"{case.query}-{case.dialect}-{case.layout}{case.suffix}"


def pieces(sql: str, dialect: str) -> Iterator[str]:
    """Yield the queries of the CTEs and the SELECT after them, as they are written."""
    depth, begin, end = 0, 0, 0
    tokens = SqlglotDialect.get_or_raise(dialect).tokenize(sql)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.token_type is TokenType.L_PAREN:
            if depth == 0 and before is not None and before.token_type is TokenType.ALIAS:
                begin = token.end + 1
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
            if depth == 0 and begin:
                yield sql[begin : token.start]
                begin, end = 0, token.end + 1
        elif depth == 0 and token.token_type is TokenType.SELECT:
            yield sql[token.start :]
            return
    assert end == 0, "the text has no SELECT of its own"


@pytest.mark.parametrize("case", ON_TRINO, ids=name)
def test_trino_texts_are_read_by_a_parser_of_trino(case: Case) -> None:
    sql = case.render(check=False).sql
    result = trino_sql_validator.validate(sql, jinja="reject")
    results = [result]
    if result.error is not None and "complexity" in result.error.message:  # a limit of that parser on one statement
        results = [trino_sql_validator.validate(piece, jinja="reject") for piece in pieces(sql, case.dialect)]
        assert len(results) > 1
    assert [str(found.error) for found in results if found.error is not None] == []
    called = called_functions(sql, load_dialect(case.dialect))
    unknown = {
        warning.name.upper()
        for found in results
        for warning in found.warnings
        if isinstance(warning, trino_sql_validator.FunctionWarning)
    }
    assert unknown & called == set()


@cache
def linter(dialect: str) -> Linter:
    # the fold of both directions is nested deeper than sqlfluff's guard against hostile texts allows
    return Linter(config=FluffConfig(overrides={"dialect": dialect, "max_parse_depth": 2000}))


def without_markers(sql: str, dialect: str) -> str:
    """Put a text in the place of each bind marker, and Snowflake's first spelling of a type for its second: sqlfluff knows neither."""
    tokens = SqlglotDialect.get_or_raise(dialect).tokenize(sql)
    for token in reversed(tokens):
        if token.token_type is TokenType.PLACEHOLDER:
            sql = sql[: token.start] + "'x'" + sql[token.end + 1 :]
        elif token.text.upper() == "TIMESTAMPNTZ":
            sql = sql[: token.start] + "TIMESTAMP_NTZ" + sql[token.end + 1 :]
    return sql


def violations(sql: str, dialect: str) -> list[str]:
    """Return what sqlfluff cannot read in a text."""
    parsed = linter(dialect).parse_string(without_markers(sql, load_dialect(dialect).sqlglot))
    return [str(violation) for violation in parsed.violations]


@pytest.mark.parametrize("case", ON_SQLFLUFF, ids=name)
def test_warehouse_texts_are_read_by_sqlfluff(case: Case) -> None:
    assert violations(case.render(check=False).sql, case.dialect) == []


@pytest.mark.parametrize(
    "dialect", [name for name in dialect_names() if load_dialect(name).sqlglot in ("trino", "athena")]
)
def test_the_functions_of_trino_are_known_to_a_parser_of_trino(dialect: str) -> None:
    engine = load_dialect(dialect)
    special = {"ARRAY", "CAST", "TRY_CAST", "UNNEST", "IF", "COALESCE", "NULLIF"}
    for function in engine.functions - special:
        least, _ = engine.argument_counts.get(function, (1, None))
        result = trino_sql_validator.validate(f"SELECT {function}({', '.join(['x'] * least)}) FROM t")
        assert result.error is None, function
        assert not [w for w in result.warnings if isinstance(w, trino_sql_validator.FunctionWarning)], function
