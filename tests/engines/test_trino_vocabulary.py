"""Every word of the vocabulary, as Trino and Athena spell it, run by a real Trino."""

from __future__ import annotations

from typing import Any

import pytest
from sqlglot import exp

from sqlgen.dialects import load_dialect
from sqlgen.tree import lower
from sqlgen.vocabulary import load_snippets, load_words
from tests.engines.trino_server import TrinoServer
from tests.normalise import normal_value
from tests.vocabulary_cases import AGGREGATE_CASES, AggregateCase, Case, vocabulary_cases

pytestmark = pytest.mark.trino
TRINO = load_dialect("trino")


def answer(server: TrinoServer, select: exp.Select) -> Any:
    lower(select, load_snippets(TRINO), TRINO)
    return server.rows(select.sql(dialect="trino"))[0][0]


def document(text: exp.Expr) -> exp.Expr:
    return exp.cast(text, "VARCHAR")


@pytest.mark.parametrize("case", list(vocabulary_cases()), ids=lambda case: case.id)
def test_word(trino: TrinoServer, case: Case) -> None:
    found = answer(trino, case.select(document))
    assert normal_value("json" if case.is_json else "text", found) == case.expected


@pytest.mark.parametrize("case", AGGREGATE_CASES, ids=lambda case: case.word)
def test_aggregate(trino: TrinoServer, case: AggregateCase) -> None:
    found = answer(trino, case.select())
    assert normal_value("array" if case.word == "list_of" else "text", found) == case.expected


def test_every_word_is_spelled_and_athena_shares_it() -> None:
    assert set(load_snippets(TRINO)) == set(load_words())
    assert load_snippets(load_dialect("athena")) == load_snippets(TRINO)
