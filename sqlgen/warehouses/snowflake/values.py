"""Values between Snowflake and the answers' kinds (`sqlgen.warehouses.base.Row`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlgen.warehouses.base import BindValue

ARRAY = 10
"""The connector's type code of ARRAY (https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api, "Type Codes")."""


def to_bind(value: BindValue) -> str | int | None:
    """Return a bind value as the texts take it: a time as text, UTC (`sqlgen.render`)."""
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value


def reader(kind: str) -> Callable[[Any], object]:
    """Return what makes a value of a kind of `sqlgen.queries.ColumnType` out of the connector's; any other kind: as it comes."""
    return _READERS.get(kind, _plain)


def _array(value: Any) -> list[str]:
    """Semi-structured values come as JSON text."""
    return [str(item) for item in (json.loads(value) if isinstance(value, str) else value)]


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, (str, bool, int)):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


_READERS: dict[str, Callable[[Any], object]] = {"array": _array, "integer": int, "boolean": bool}
