"""Every word of the vocabulary, as DuckDB spells it, run by DuckDB."""

from __future__ import annotations

import ipaddress
import random
from datetime import datetime
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from sqlgen.dialects import load_dialect
from sqlgen.tree import lower, parse_canonical
from sqlgen.vocabulary import load_snippets, load_words
from tests.normalise import normal_value
from tests.vocabulary_cases import AGGREGATE_CASES, AggregateCase, Case, vocabulary_cases

DUCKDB = load_dialect("duckdb")


def answer(select: exp.Select) -> Any:
    lower(select, load_snippets(DUCKDB), DUCKDB)
    return duckdb.sql(select.sql("duckdb")).fetchall()[0][0]


@pytest.mark.parametrize("case", list(vocabulary_cases()), ids=lambda case: case.id)
def test_word(case: Case) -> None:
    found = answer(case.select(lambda text: exp.cast(text, "JSON", dialect="duckdb")))
    assert normal_value("json" if case.is_json else "text", found) == case.expected
    assert isinstance(found, datetime) or not (case.is_time and case.expected)


@pytest.mark.parametrize("case", AGGREGATE_CASES, ids=lambda case: case.word)
def test_aggregate(case: AggregateCase) -> None:
    found = answer(case.select())
    assert normal_value("array" if case.word == "list_of" else "text", found) == case.expected


def test_every_word_is_spelled() -> None:
    assert set(load_snippets(DUCKDB)) == set(load_words())


def hex_of(text: str) -> str | None:
    """What address_hex says, by Python's own reading of addresses."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return "00000000000000000000ffff" * (address.version == 4) + address.packed.hex()


def test_addresses_are_read_as_python_reads_them() -> None:
    luck, texts = random.Random(5), ["::ffff:10.0.0.1", "::10.0.0.1", "1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:7:10.0.0.1"]
    for _ in range(2000):
        six = ipaddress.IPv6Address(luck.getrandbits(128) & luck.getrandbits(128) & luck.getrandbits(128))
        short, cut = str(six), luck.randrange(len(str(six)))
        texts += [short, six.exploded, short.upper(), short[:cut] + short[cut + 1 :]]
        texts += [str(ipaddress.IPv4Address(luck.getrandbits(32))), "".join(luck.choices(":::0123af.", k=cut % 9 + 2))]
    select = parse_canonical("SELECT address_hex(t.text) AS digits FROM texts AS t ORDER BY t.place", "test")
    lower(select, load_snippets(DUCKDB), DUCKDB)
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE texts AS SELECT unnest(?) AS text, unnest(?) AS place", [texts, list(range(len(texts)))]
        )
        found = [row[0] for row in connection.execute(select.sql("duckdb")).fetchall()]
    wrong = [(text, digits) for text, digits in zip(texts, found, strict=True) if digits != hex_of(text)]
    assert not wrong and len(set(found)) > 5000
