"""Answers of any engine in one form, so that they can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlgen.queries import OutputColumn

Row = dict[str, Any]


def normal_rows(columns: Sequence[OutputColumn], rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return rows with lower-case names, times as `YYYY-MM-DDTHH:MM:SSZ`, JSON texts parsed, arrays as lists, whole numbers as int."""
    kinds = {column.name: column.type for column in columns}
    return [
        {name.lower(): normal_value(kinds.get(name.lower(), "text"), value) for name, value in row.items()}
        for row in rows
    ]


def normal_value(kind: str, value: Any) -> Any:
    """Return one value of a column of a kind (`sqlgen.queries.ColumnType`)."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo is not None else value
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if kind in ("json", "array") and isinstance(value, str):
        return json.loads(value)
    if kind == "array" and value is not None:
        return list(value)
    return value
