from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from sqlgen.dialects import dialect_names, load_dialect
from sqlgen.pruning import prune_steps
from sqlgen.queries import query_names
from sqlgen.renderer import render


def pruned(sql: str, dialect: str = "trino") -> str:
    tree = sqlglot.parse_one(sql, read=dialect)
    assert isinstance(tree, exp.Select)
    prune_steps(tree)
    return tree.sql(dialect)


@pytest.mark.parametrize("dialect", dialect_names())
@pytest.mark.parametrize("query", query_names())
def test_no_step_of_a_question_has_a_column_that_nothing_reads(query: str, dialect: str) -> None:
    sql = render(query, dialect=dialect).sql
    assert pruned(sql, load_dialect(dialect).sqlglot) == sqlglot.transpile(sql, read=dialect, write=dialect)[0]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "WITH a AS (SELECT t.x, t.y + 1 AS y, t.z AS unread FROM t), b AS (SELECT a.*, a.y * 2 AS twice FROM a) SELECT b.x FROM b",
            "WITH a AS (SELECT t.x FROM t), b AS (SELECT a.* FROM a) SELECT b.x FROM b",
        ),
        (
            "SELECT s.x FROM (SELECT t.x, COUNT(*) AS many FROM t GROUP BY t.x) AS s",
            "SELECT s.x FROM (SELECT t.x FROM t GROUP BY t.x) AS s",
        ),
    ],
)
def test_what_only_an_unread_column_read_goes_with_it(sql: str, expected: str) -> None:
    assert pruned(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (SELECT DISTINCT t.x, t.y AS kept FROM t) SELECT a.x FROM a",
        "WITH a AS (SELECT t.x, t.y AS kept FROM t) SELECT s.x FROM (SELECT DISTINCT a.* FROM a) AS s",
        "WITH a AS (SELECT t.x, t.y AS kept FROM t UNION ALL SELECT u.x, u.z FROM u) SELECT a.x FROM a",
        "WITH a AS (SELECT t.x, t.y AS kept FROM t), b AS (SELECT a.* FROM a UNION ALL SELECT u.x, u.y FROM u) SELECT b.x FROM b",
        "WITH a(x, kept) AS (SELECT t.x, t.y AS z FROM t) SELECT a.x FROM a",
        "WITH a AS (SELECT t.x AS kept FROM t) SELECT COUNT(*) AS n FROM a",
    ],
)
def test_what_counts_as_a_whole_is_kept(sql: str) -> None:
    assert pruned(sql) == sql
