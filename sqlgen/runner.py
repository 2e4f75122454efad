"""Running a question on the embedded engine, over CloudTrail delivery files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sqlgen.deliveries import Progress, SpoolReport, load
from sqlgen.errors import SqlgenError
from sqlgen.queries import OutputColumn, load_query
from sqlgen.renderer import Rendered, render
from sqlgen.store import EVENT_STORE, fill_store
from sqlgen.values import Arguments, check_arguments, require_arguments

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "640MB"
"""What the engine may take before it goes to disk, so that any amount of log is read in 1 GB."""


@dataclass(frozen=True)
class Result:
    """An answer: its rows (keys are the columns; times naive UTC, arrays lists, JSON as text) and how it came about.

    `report` says what was read and what was lost; `hints` say why there may be no rows.
    """

    query: str
    columns: tuple[OutputColumn, ...]
    rows: list[dict[str, object]]
    arguments: Arguments
    rendered: Rendered
    report: SpoolReport
    hints: tuple[str, ...] = ()


def run(
    query: str,
    *,
    sources: Sequence[str | Path],
    parameters: Mapping[str, object] | None = None,
    window_from: str | datetime | None = None,
    window_to: str | datetime | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Return the answer of `query` over delivery files.

    Args:
        query: its name.
        sources: files, folders or globs of CloudTrail deliveries.
        parameters: the query's parameters by name.
        window_from, window_to: the window [from, to), ISO 8601 text or naive UTC datetime.
        progress: called now and then while the files are read.

    Raises:
        UsageError: an unknown name, a missing or wrong value.
        SourceError: a path that does not exist, or of which nothing could be read.
        SqlgenError: the engine failed.
    """
    question = load_query(query)
    arguments = check_arguments(question, parameters or {}, window_from, window_to)
    require_arguments(question, arguments)
    rendered = render(
        query,
        dialect="duckdb",
        layout="store",
        parameters=parameters,
        window_from=window_from,
        window_to=window_to,
        markers=False,
    )
    with (
        tempfile.TemporaryDirectory(prefix="sqlgen-") as folder,
        duckdb.connect(str(Path(folder) / "events.duckdb")) as connection,
    ):
        try:
            _configure(connection, folder)
            report = load(connection, [str(source) for source in sources], progress=progress)
            fill_store(connection)
            rows = fetch(connection, rendered.sql)
            hints = () if rows else _hints(connection, arguments, report)
        except duckdb.Error as error:
            raise SqlgenError(f"the embedded engine failed: {_first_line(error)}") from error
    return Result(query, rendered.columns, rows, arguments, rendered, report, hints)


def fetch(connection: DuckDBPyConnection, sql: str) -> list[dict[str, object]]:
    """Return the rows of one SELECT as dicts by column name."""
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _configure(connection: DuckDBPyConnection, folder: str) -> None:
    connection.execute("SET memory_limit = ?", [MEMORY_LIMIT])
    connection.execute("SET temp_directory = ?", [folder])
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _hints(connection: DuckDBPyConnection, arguments: Arguments, report: SpoolReport) -> tuple[str, ...]:
    """Say why there may be no rows: what the files hold, and whether the key is in them at all."""
    if not report.records:
        return (f"no rows: the {report.files} files hold no CloudTrail record",)
    first, last, timeless = connection.execute(
        f"SELECT min(event_time), max(event_time), count(*) FILTER (event_time IS NULL) FROM {EVENT_STORE}"
    ).fetchall()[0]
    span = f" from {first:%Y-%m-%dT%H:%M:%SZ} to {last:%Y-%m-%dT%H:%M:%SZ}" if first else ""
    hints = [f"no rows: {report.records} records were read{span}"]
    keys = arguments.values.get("access_key")
    for key in keys if isinstance(keys, tuple) else [keys] if keys else []:
        uses = connection.execute(f"SELECT count(*) FROM {EVENT_STORE} WHERE access_key_id = ?", [key]).fetchall()[0][0]
        hints.append(
            f"{key} signed {uses} of them" + ("" if uses else "; look in the logs of other accounts, regions and days")
        )
    windowed = arguments.window_from is not None or arguments.window_to is not None
    if windowed and timeless:
        hints.append(f"{timeless} records without a readable eventTime are left out of any window")
    return tuple(hints)
