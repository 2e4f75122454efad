"""`sqlgen check-sql`: what is wrong with a text of SQL, ours or anybody's, before it is paid for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlgen.checks import Finding, check_subject, read_subject
from sqlgen.checks.scans import scans_of
from sqlgen.checks.subject import layout_schema
from sqlgen.dialects import load_dialect, load_layout
from sqlgen.errors import SqlgenError, UsageError
from sqlgen.partitions import Partition
from sqlgen.tree import table_node


@dataclass(frozen=True)
class Report:
    """What was found in a text, in its order, and how often it reads each base table."""

    findings: tuple[Finding, ...]
    scans: Mapping[str, int]


def check_file(
    path: Path | str,
    dialect: str,
    layout: str | None = None,
    table: str | None = None,
    partitions: Sequence[Partition] = (),
    maximum_scans: int | None = None,
) -> Report:
    """Return what is wrong with the text in the file `path`; arguments and errors as of `check_statement`.

    Raises:
        SqlgenError: the file cannot be read as UTF-8 text.
    """
    try:
        sql = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SqlgenError(f"{path} cannot be read: {error.strerror}; give the file of one SELECT") from error
    except UnicodeDecodeError as error:
        raise SqlgenError(f"{path} is not UTF-8 text; save it as such") from error
    return check_statement(sql, dialect, layout, table, partitions, maximum_scans)


def check_statement(
    sql: str,
    dialect: str,
    layout: str | None = None,
    table: str | None = None,
    partitions: Sequence[Partition] = (),
    maximum_scans: int | None = None,
) -> Report:
    """Return what is wrong with `sql`.

    Args:
        sql: one SELECT.
        dialect: the engine that is to run it.
        layout, table: the shape and name of the log's table; its columns are the schema. The layout defaults to the dialect's first
            choice when a table is given, the table to the layout's usual name; without both no column is checked.
        partitions: how the log's table is partitioned; every read of it must be restricted in time.
        maximum_scans: how often the log's table (without one: any table) may be read.

    Raises:
        UsageError: an unknown dialect or layout, or partitions without a table.
    """
    engine = load_dialect(dialect)
    shape = load_layout(dialect, layout) if layout or table else None
    if partitions and shape is None:
        raise UsageError("say which table is partitioned so: --table NAME, or --layout NAME")
    name = None if shape is None else table_node(table or shape.table).name
    subject, findings = read_subject(
        sql,
        engine,
        partitions=partitions,
        table=name,
        schema={} if shape is None or name is None else layout_schema(shape, name, partitions),
        maximum_scans={} if name is None or maximum_scans is None else {name: maximum_scans},
    )
    if subject is None:
        return Report(tuple(findings), {})
    scans = scans_of(subject)
    if name is None and maximum_scans is not None:
        subject = subject.with_maximum_scans(dict.fromkeys(scans, maximum_scans))
    return Report((*findings, *check_subject(subject)), dict(sorted(scans.items())))
