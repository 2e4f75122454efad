"""What there is to show: a query's name, its columns and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Row = dict[str, object]
"""Values by column name: str, int, bool, datetime (naive UTC), list[str] or None; JSON columns are text."""


class ColumnLike(Protocol):
    """Anything with a column's name and type."""

    @property
    def name(self) -> str:
        """The column's name, as the contract spells it."""

    @property
    def type(self) -> str:
        """One of text, integer, boolean, timestamp, array, json."""


class AnswerLike(Protocol):
    """Anything that can be shown: `Answer` below, or what `sqlgen.run` returns."""

    @property
    def query(self) -> str:
        """The query's name; it chooses how a table is drawn."""

    @property
    def columns(self) -> Sequence[ColumnLike]:
        """The columns in order."""

    @property
    def rows(self) -> Iterable[Row]:
        """The rows in order."""


@dataclass(frozen=True)
class Column:
    """One column: its name and what its values are."""

    name: str
    type: Literal["text", "integer", "boolean", "timestamp", "array", "json"]


@dataclass(frozen=True)
class Answer:
    """An answer by itself; `parameters` are those it was asked with."""

    query: str
    columns: tuple[Column, ...]
    rows: list[Row]
    parameters: dict[str, object] = field(default_factory=dict)
