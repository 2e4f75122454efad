"""Every word of the vocabulary, as Snowflake spells it, run by fakesnow through the real client (docs/snowflake.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlglot import exp

from sqlgen.dialects import load_dialect
from sqlgen.tree import lower
from sqlgen.vocabulary import load_snippets, load_words
from tests.normalise import normal_value
from tests.vocabulary_cases import AGGREGATE_CASES, AggregateCase, Case, vocabulary_cases

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

pytestmark = pytest.mark.snowflake
SNOWFLAKE = load_dialect("snowflake")


def answer(connection: SnowflakeConnection, select: exp.Select) -> Any:
    lower(select, load_snippets(SNOWFLAKE), SNOWFLAKE)
    row = connection.cursor().execute(select.sql(dialect="snowflake")).fetchone()
    assert row is not None
    return row[0]


def document(text: exp.Expr) -> exp.Expr:
    return exp.ParseJSON(this=text)


@pytest.mark.parametrize("case", list(vocabulary_cases()), ids=lambda case: case.id)
def test_word(snowflake_connection: SnowflakeConnection, case: Case) -> None:
    found = answer(snowflake_connection, case.select(document))
    assert normal_value("json" if case.is_json else "text", found) == case.expected


@pytest.mark.parametrize("case", AGGREGATE_CASES, ids=lambda case: case.word)
def test_aggregate(snowflake_connection: SnowflakeConnection, case: AggregateCase) -> None:
    found = answer(snowflake_connection, case.select())
    assert normal_value("array" if case.word == "list_of" else "text", found) == case.expected


def test_every_word_is_spelled() -> None:
    assert set(load_snippets(SNOWFLAKE)) == set(load_words())
