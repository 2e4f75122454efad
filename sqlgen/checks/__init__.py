"""What is wrong with a text, found before anyone pays for it: the last step of rendering, and `sqlgen check-sql`.

sqlglot generates SQL and accepts most wrong SQL, so these rules are our own. Each is a small function that takes the `Subject`
and returns findings; what is listed here is all there is, in the order in which they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ParseError, TokenError

from sqlgen.checks.finding import Finding
from sqlgen.checks.functions import argument_counts, called_functions, unknown_functions
from sqlgen.checks.idioms import anchored_patterns, array_literals, ignored_nulls, semi_joins
from sqlgen.checks.partitions import partition_predicates
from sqlgen.checks.recursion import recursion_depth, recursive_columns, recursive_terms
from sqlgen.checks.scans import too_many_scans
from sqlgen.checks.schema import wrong_names
from sqlgen.checks.statement import one_statement, reads_only, syntax_error, text_size
from sqlgen.checks.subject import Schema, Subject
from sqlgen.dialects import Dialect
from sqlgen.partitions import Partition

__all__ = ["CHECKS", "Finding", "Subject", "called_functions", "check_subject", "check_text", "read_subject"]

Check = Callable[[Subject], list[Finding]]

CHECKS: tuple[Check, ...] = (
    reads_only,
    unknown_functions,
    argument_counts,
    ignored_nulls,
    array_literals,
    anchored_patterns,
    semi_joins,
    recursive_columns,
    recursive_terms,
    recursion_depth,
    wrong_names,
    partition_predicates,
    too_many_scans,
)
"""Every check of a statement that parses, in order; before them come `text_size`, `one_statement` and `syntax_error`."""


def check_text(
    sql: str,
    dialect: Dialect,
    *,
    maximum_scans: Mapping[str, int] | None = None,
    partitions: Sequence[Partition] = (),
    table: str | None = None,
    schema: Schema | None = None,
) -> list[Finding]:
    """Return what is wrong with `sql` in `dialect`, in the order of the text; nothing when all is well.

    Args:
        sql, dialect: the text and the engine that is to run it.
        maximum_scans: how often each base table (by its last name) may be read.
        partitions: how the log's `table` is partitioned; a read that is not restricted in time is a finding.
        table: the log's table, by its last name.
        schema: base tables by last name, their columns and types; what is not given is not checked.
    """
    subject, findings = read_subject(
        sql, dialect, maximum_scans=maximum_scans, partitions=partitions, table=table, schema=schema
    )
    return findings + (check_subject(subject) if subject is not None else [])


def read_subject(
    sql: str,
    dialect: Dialect,
    *,
    maximum_scans: Mapping[str, int] | None = None,
    partitions: Sequence[Partition] = (),
    table: str | None = None,
    schema: Schema | None = None,
) -> tuple[Subject | None, list[Finding]]:
    """Return the text as read, None when it is no one statement that parses, and what is wrong with it so far (as `check_text`)."""
    reader = SqlglotDialect.get_or_raise(dialect.sqlglot)
    findings = text_size(sql, dialect)
    try:
        tokens = reader.tokenize(sql)
    except TokenError as error:
        return None, [*findings, syntax_error(error)]
    wrong = one_statement(sql, tokens)
    if wrong:
        return None, findings + wrong
    try:
        trees = [tree for tree in reader.parser().parse(tokens, sql) if tree is not None]
    except ParseError as error:
        # sqlglot knows the arguments of some functions, and says so less clearly
        counts = argument_counts(Subject(sql, dialect, tokens, exp.Select()))
        return None, findings + (counts or [syntax_error(error)])
    subject = Subject(sql, dialect, tokens, trees[0], maximum_scans or {}, partitions, table, schema or {})
    return subject, findings


def check_subject(subject: Subject) -> list[Finding]:
    """Return what every check finds, in the order of the text."""
    findings = [finding for check in CHECKS for finding in check(subject)]
    return sorted(findings, key=lambda finding: (finding.line, finding.column))
