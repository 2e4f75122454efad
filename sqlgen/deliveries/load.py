"""From delivery files to a table of the embedded engine: one row a record, its top-level fields as JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlgen.deliveries.columns import COLUMNS
from sqlgen.deliveries.find import survey
from sqlgen.deliveries.spool import Progress, SpoolReport, spool
from sqlgen.errors import SourceError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "delivery_records"
_LEAST_OBJECT_SIZE = 16 * 1024 * 1024  # DuckDB's own default; two buffers of it are taken for each thread


def load(
    connection: DuckDBPyConnection,
    sources: Sequence[str],
    *,
    progress: Callable[[Progress], None] | None = None,
) -> SpoolReport:
    """Create the table `delivery_records` of all records in `sources`, and say what was read and what was lost.

    The table's columns are `COLUMNS`. Memory limit, temporary folder and threads are the connection's own: set them before.

    Args:
        connection: where the table goes; one of that name is replaced.
        sources: files, folders or globs of CloudTrail deliveries.
        progress: called now and then while the files are read.

    Raises:
        SourceError: a path that does not exist or holds no delivery, or nothing at all could be read.
    """
    found = survey(sources)
    with tempfile.TemporaryDirectory(prefix="sqlgen-spool-") as name:
        folder = Path(name)
        try:
            report = spool(found.paths, folder, progress=progress)
        except OSError as error:
            raise SourceError(
                f"no room to unpack the delivery files: {error.strerror}; set TMPDIR to a folder with more space"
            ) from error
        report = replace(report, skipped=report.skipped + found.skipped)
        _refuse_nothing(report)
        _create(connection, sorted(folder.glob("*.ndjson")), COLUMNS, report.longest)
    return report


def _refuse_nothing(report: SpoolReport) -> None:
    """Raise where every file was broken; files that merely hold no record are an answer (no rows)."""
    broken = {problem.path for problem in report.problems if problem.lost != 0}
    if report.records or not report.files or len(broken) < report.files:
        return
    more = len(report.problems) - 1
    raise SourceError(
        f"nothing could be read, name other files with --source: {report.problems[0]}"
        + (f" (and {more} more such problems)" if more else "")
    )


def _create(connection: DuckDBPyConnection, spools: list[Path], columns: Mapping[str, str], longest: int) -> None:
    """Create the table from newline-delimited files.

    `columns` alone does not stop DuckDB's sniffing, `auto_detect=false` does and then needs `records=true`
    (https://duckdb.org/docs/stable/data/json/loading_json). A line longer than `maximum_object_size` would be an error,
    hence the longest one that was written is told.
    """
    names = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    connection.execute(
        f"CREATE OR REPLACE TABLE {TABLE} AS SELECT * FROM read_json(?, auto_detect=false, records=true, "
        f"format='newline_delimited', compression='uncompressed', maximum_object_size={max(longest + 1, _LEAST_OBJECT_SIZE)}, "
        f"columns={{{names}}})",
        [[str(path) for path in spools]],
    )
