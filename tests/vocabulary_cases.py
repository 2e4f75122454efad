"""The cases of `dialects/vocabulary.toml`, and a few of the aggregates, as canonical SQL for the tests of every engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlgen.tree import parse_canonical
from sqlgen.vocabulary import load_words

TIMES = ("time", "earlier", "later")
TIME_WORDS = ("iso_time", "expiry_time", "plus_seconds", "timestamp_of", "asked_time", "start_of_day", "start_of_hour")

Document = Callable[[exp.Expr], exp.Expr]
"""How an engine's test makes one of its documents of a JSON text (or of NULL)."""


@dataclass(frozen=True)
class Case:
    """One call of a word: its arguments by parameter (absent: NULL) and what it must return.

    `expected`: a text, number, boolean, None, or a JSON value where `is_json`; a time (`is_time`) as `YYYY-MM-DDTHH:MM:SSZ`.
    """

    word: str
    number: int
    arguments: Mapping[str, Any]
    expected: Any
    is_json: bool

    @property
    def id(self) -> str:
        return f"{self.word}-{self.number}"

    @property
    def is_time(self) -> bool:
        return self.word in TIME_WORDS

    def select(self, document: Document) -> exp.Select:
        """Return `SELECT <the call> AS answer`, words still in it."""
        arguments = [self._argument(name, document) for name in load_words()[self.word].parameters]
        return exp.select(exp.alias_(exp.Anonymous(this=self.word, expressions=arguments), "answer"))

    def _argument(self, name: str, document: Document) -> exp.Expr:
        value = self.arguments.get(name)
        if isinstance(value, int):
            return exp.Literal.number(value)
        if name in TIMES and value is not None:
            value = value.replace("T", " ").removesuffix("Z")
        text = exp.cast(exp.null(), "VARCHAR") if value is None else exp.Literal.string(value)
        if name in TIMES:
            return exp.Anonymous(this="timestamp_of", expressions=[text])
        return document(text) if name == "document" else text


def vocabulary_cases() -> Iterator[Case]:
    """Yield every case of every word that is no aggregate."""
    for word in load_words().values():
        for number, case in enumerate(word.cases):
            expected = json.loads(case["is_json"]) if "is_json" in case else case.get("is")
            given = {name: value for name, value in case.items() if name in word.parameters}
            yield Case(word.name, number, given, expected, "is_json" in case)


Row = tuple[str | None, str | None, bool | None]


@dataclass(frozen=True)
class AggregateCase:
    """One aggregate over a small table of the columns `item` and `place` (texts) and `flag` (boolean), and what it must return."""

    word: str
    rows: tuple[Row, ...]
    expected: Any

    def select(self) -> exp.Select:
        """Return `SELECT <the call> AS answer FROM <the rows>`, words still in it."""
        columns = {"list_of": "t.item", "sample": "t.item, t.place", "any_true": "t.flag", "all_true": "t.flag"}
        rows = " UNION ALL ".join(
            f"SELECT {_text(item)} AS item, {_text(place)} AS place, CAST({'NULL' if flag is None else flag} AS BOOLEAN) AS flag"
            for item, place, flag in self.rows
        )
        return parse_canonical(f"SELECT {self.word}({columns[self.word]}) AS answer FROM ({rows}) AS t", self.word)


def _text(value: str | None) -> str:
    literal = "NULL" if value is None else exp.Literal.string(value).sql(dialect="trino")
    return f"CAST({literal} AS VARCHAR)"


def _items(*items: str | None) -> tuple[Row, ...]:
    return tuple((item, None, None) for item in items)


def _places(**places: str | None) -> tuple[Row, ...]:
    return tuple((item, place, None) for place, item in places.items())


def _flags(*flags: bool | None) -> tuple[Row, ...]:
    return tuple((None, None, flag) for flag in flags)


AGGREGATE_CASES = (
    AggregateCase("list_of", _items("b", "a", "b", None), ["a", "b"]),
    AggregateCase("list_of", _items(None), []),
    AggregateCase("list_of", _items("é", "Z", "a", "10", "9"), ["10", "9", "Z", "a", "é"]),
    AggregateCase(
        "list_of", _items(*(f"{number:02}" for number in range(30, 0, -1))), [f"{n:02}" for n in range(1, 21)]
    ),
    AggregateCase("list_of", _items("it's", 'a "b"', "back\\slash"), ['a "b"', "back\\slash", "it's"]),
    AggregateCase("sample", _places(a="x", c="y", b="z"), "y"),
    AggregateCase("sample", _places(a="x", c=None), "x"),
    AggregateCase("sample", _places(a=None, c=None), None),
    AggregateCase("sample", _places(B="x", a="y", é="z"), "z"),
    AggregateCase("any_true", _flags(False, None, True), True),
    AggregateCase("any_true", _flags(False, None), False),
    AggregateCase("any_true", _flags(None), False),
    AggregateCase("all_true", _flags(True, None), True),
    AggregateCase("all_true", _flags(True, False), False),
    AggregateCase("all_true", _flags(None), False),
)
