"""Values on their way to Athena and back, and what the bytes between cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from sqlgen.errors import UsageError
from sqlgen.queries import OutputColumn, load_query, query_names
from sqlgen.renderer import render
from sqlgen.warehouses.athena_values import LONGEST_PARAMETER, literal, moment, with_json_arrays
from sqlgen.warehouses.athena_watch import dollars
from sqlgen.warehouses.base import WarehouseError


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_a_text_is_one_literal_whatever_it_holds(value: str) -> None:
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        with pytest.raises(UsageError, match="no Unicode text"):
            literal(value)
        return
    text = literal(value)
    assert text.startswith("'") and text.endswith("'")
    assert text[1:-1].replace("''", "").count("'") == 0
    assert text[1:-1].replace("''", "'") == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x' OR '1'='1", "'x'' OR ''1''=''1'"),
        ("\\'; DROP TABLE t --", "'\\''; DROP TABLE t --'"),
        ("1", "'1'"),
        ("", "''"),
        (None, "NULL"),
        (7, "7"),
        (datetime(2023, 7, 9, 23, 15, 51, 42), "TIMESTAMP '2023-07-09 23:15:51.000042'"),
    ],
)
def test_a_value_is_bound_as_the_literal_of_its_kind(value: Any, text: str) -> None:
    assert literal(value) == text


def test_a_value_that_athena_does_not_take_is_refused_here() -> None:
    assert len(literal("x" * (LONGEST_PARAMETER - 2))) == LONGEST_PARAMETER
    with pytest.raises(UsageError, match=r"1,?023 characters.*up to 1022"):
        literal("x" * (LONGEST_PARAMETER - 1))


def kinds(**types: str) -> tuple[OutputColumn, ...]:
    return tuple(OutputColumn(name, kind, "") for name, kind in types.items())  # type: ignore[arg-type]


@pytest.mark.parametrize("query", query_names())
@pytest.mark.parametrize("dialect", ["athena"])
def test_of_a_question_only_the_array_columns_are_asked_for_otherwise(query: str, dialect: str) -> None:
    rendered = render(query, dialect=dialect, table="logs.cloudtrail")
    text = with_json_arrays(rendered.sql, rendered.columns)
    arrays = [column.name for column in load_query(query).columns if column.type == "array"]
    if not arrays:
        assert text == rendered.sql
    before, after = rendered.sql.splitlines(), text.splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new.split(" AS ")[-1].rstrip(",") for _, new in changed] == arrays
    assert all(new.strip().lower().startswith("json_format(cast(") for _, new in changed)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (
            "SELECT t.r, t.a FROM t ORDER BY t.at",
            "SELECT JSON_FORMAT(CAST(t.r AS JSON)) AS r, t.a FROM t ORDER BY t.at",
        ),
        ("SELECT * FROM t ORDER BY b", 'SELECT "a", JSON_FORMAT(CAST("r" AS JSON)) AS r FROM t ORDER BY b'),
        (
            "SELECT a, r FROM t UNION ALL SELECT a, r FROM u ORDER BY a LIMIT 3",
            'SELECT "a", JSON_FORMAT(CAST("r" AS JSON)) AS r FROM (SELECT a, r FROM t UNION ALL SELECT a, r FROM u) AS answer ORDER BY a LIMIT 3',
        ),
    ],
)
def test_arrays_come_as_json_and_the_order_stays(sql: str, text: str) -> None:
    changed = with_json_arrays(sql, kinds(a="text", r="array"))
    assert sqlglot.parse_one(changed, read="athena") == sqlglot.parse_one(text, read="athena")


@pytest.mark.parametrize("sql", ["EXECUTE kept USING 'x'", "SELECT a FROM t", "SELECT ((", "DROP TABLE t"])
def test_arrays_are_refused_where_they_cannot_be_told_apart(sql: str) -> None:
    with pytest.raises(WarehouseError):
        with_json_arrays(sql, kinds(a="text", r="array"))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2023-07-09", datetime(2023, 7, 9)),
        ("2023-07-09 23:15:51.000 UTC", datetime(2023, 7, 9, 23, 15, 51)),
        ("2023-07-09 23:15:51.5 Europe/Berlin", datetime(2023, 7, 9, 21, 15, 51, 500000)),
        ("2023-07-09 23:15:51.123456789 +05:30", datetime(2023, 7, 9, 17, 45, 51, 123456)),
    ],
)
def test_times_are_read_as_naive_utc(text: str, read: datetime) -> None:
    assert moment(text) == read


@pytest.mark.parametrize(
    "text", ["", "x", "2023-07-09 23:15:51 Nowhere/At_All", "2023-07-09 23:15:51 ../../etc/passwd"]
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):
        moment(text)


@pytest.mark.parametrize(
    ("scanned", "cost"),
    [(None, None), (0, 0.0), (1, 5 * 10 / 2**20), (10 * 2**20 + 1, 5 * 11 / 2**20), (2**40, 5.0), (3 * 2**40, 15.0)],
)
def test_the_cost_is_the_list_price_by_the_megabyte(scanned: int | None, cost: float | None) -> None:
    assert dollars(scanned) == (pytest.approx(cost) if cost is not None else None)
