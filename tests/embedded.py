"""The embedded engine in tests: records in, rows out in the reference's form."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from sqlgen.deliveries import load
from sqlgen.renderer import render
from sqlgen.runner import fetch
from sqlgen.store import fill_store
from tests.normalise import normal_rows

Row = dict[str, Any]


def open_world(records: Sequence[Mapping[str, Any]], *, store: bool = True) -> duckdb.DuckDBPyConnection:
    """Return a connection with the records loaded: as `event_store`, or as `delivery_records` when `store` is false."""
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.json"
        path.write_text(json.dumps({"Records": records}), encoding="utf-8")
        load(connection, [str(path)])
    if store:
        fill_store(connection)
    return connection


def ask(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Mapping[str, Any],
    window: tuple[datetime | None, datetime | None] = (None, None),
    layout: str = "store",
    table: str | None = None,
) -> list[Row]:
    """Return the rows of a query."""
    rendered = render(
        query,
        dialect="duckdb",
        layout=layout,
        table=table,
        parameters=parameters,
        window_from=window[0],
        window_to=window[1],
        markers=False,
        check=False,  # test_golden checks every text
    )
    return normal_rows(rendered.columns, fetch(connection, rendered.sql))
