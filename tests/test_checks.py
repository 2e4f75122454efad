from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from sqlgen.check_sql import check_file, check_statement
from sqlgen.checks import Finding, called_functions, check_text, read_subject
from sqlgen.checks.schema import wrong_names
from sqlgen.checks.subject import Subject, layout_schema
from sqlgen.dialects import Dialect, dialect_names, load_dialect, load_layout
from sqlgen.errors import SqlgenError, TemplateError, UsageError
from sqlgen.partitions import parse_partition
from sqlgen.queries import load_query
from sqlgen.scans import count_scans
from tests.planted import Planted, planted
from tests.rendering import Case, cases

TEXTS = [text for dialect in dialect_names() for text in planted(dialect)]
RULES = {
    "anchored-pattern",
    "argument-count",
    "array-literal",
    "ignore-nulls",
    "one-statement",
    "partition-predicate",
    "quoted-name",
    "reads-only",
    "recursion-depth",
    "recursive-columns",
    "recursive-term",
    "scans",
    "semi-join",
    "sum-of-text",
    "syntax",
    "unknown-column",
    "unknown-field",
    "unknown-function",
    "unlowered-word",
}
ONLY = {
    "anchored-pattern": {"snowflake"},
    "array-literal": {"snowflake"},
    "quoted-name": {"snowflake"},
    "recursion-depth": {"athena", "trino"},
    "recursive-columns": {"athena", "trino"},
    "recursive-term": {"snowflake"},
}
"""Rules that are about some engines only; the others read those texts as they are meant."""


@pytest.mark.parametrize(
    "text", [text for text in TEXTS if text.expect], ids=lambda text: f"{text.dialect}-{text.path.stem}"
)
def test_a_planted_error_is_found_where_it_is_and_nothing_else(text: Planted) -> None:
    findings = text.check()
    assert {finding.rule for finding in findings} == {text.expect}
    assert f"{findings[0].line}:{findings[0].column}" == text.at


@pytest.mark.parametrize(
    "text", [text for text in TEXTS if not text.expect], ids=lambda text: f"{text.dialect}-{text.path.stem}"
)
def test_what_is_right_has_no_finding(text: Planted) -> None:
    assert text.check() == []


@pytest.mark.parametrize("dialect", dialect_names())
def test_every_planted_error_is_found(dialect: str) -> None:
    bad = [text for text in planted(dialect) if text.expect]
    found = [text for text in bad if text.expect in {finding.rule for finding in text.check()}]
    print(f"{dialect}: found {len(found)} of {len(bad)} planted errors")
    assert len(found) == len(bad)
    assert {text.expect for text in bad} == {rule for rule in RULES if dialect in ONLY.get(rule, {dialect})}


@pytest.mark.parametrize("dialect", dialect_names())
def test_a_text_that_is_too_long_is_found(dialect: str) -> None:
    engine = load_dialect(dialect)
    limit = engine.maximum_text_bytes or 262_144
    engine = replace(engine, maximum_text_bytes=limit)
    sql = "SELECT '" + "é" * ((limit - 10) // 2) + "'"
    assert check_text(sql, engine) == []
    findings = check_text(sql.replace("é", "éé", 8), engine)
    assert [finding.rule for finding in findings] == ["text-size"]
    assert str(limit) in findings[0].message


@pytest.mark.parametrize(
    "case", list(cases()), ids=lambda case: str(case.path.relative_to(case.path.parents[1]).with_suffix(""))
)
def test_a_rendered_text_has_no_finding(case: Case) -> None:
    layout = load_layout(case.dialect, case.layout)
    promised = load_query(case.query).scans[load_dialect(case.dialect).walk]
    report = check_statement(
        case.render(check=False).sql, case.dialect, case.layout, layout.table, case.partitions, promised
    )
    assert [str(finding) for finding in report.findings] == []
    assert set(report.scans) == {layout.table.split(".")[-1]}


def read(case: Case, sql: str) -> Subject:
    layout = load_layout(case.dialect, case.layout)
    table = layout.table.split(".")[-1]
    subject, findings = read_subject(
        sql, load_dialect(case.dialect), schema=layout_schema(layout, table, case.partitions), table=table
    )
    assert subject is not None, findings
    return subject


@pytest.mark.parametrize(
    "case",
    [case for case in cases() if case.query in ("identity-chain", "session-summary") and not case.suffix],
    ids=lambda case: f"{case.query}-{case.dialect}-{case.layout}",
)
def test_a_misspelt_column_of_a_rendered_text_is_found_wherever_it_stands(case: Case) -> None:
    sql = case.render(check=False).sql
    columns = [
        node.this
        for node in read(case, sql).nodes
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and not node.this.quoted
    ]
    for name in columns[:: max(1, len(columns) // 12)]:
        end = name.meta["end"] + 1
        rules = {finding.rule for finding in wrong_names(read(case, sql[:end] + "_misspelt" + sql[end:]))}
        assert rules & {"unknown-column", "unknown-field"}, name.parent


def test_a_finding_is_one_line_that_no_terminal_obeys() -> None:
    assert str(Finding("rule", "a\x1b[31m\nb", 2, 3)) == "2:3 rule: a\\x1b[31m\\x0ab"
    [finding] = check_text('SELECT "\x1b]0;x\x07"(1)', load_dialect("duckdb"))
    assert finding.rule == "unknown-function"
    assert str(finding).isprintable()


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT 'x", "syntax"),
        ("SELECT 1 /* x", "syntax"),
        ("", "one-statement"),
        (";;", "one-statement"),
        ("WITH a AS (SELECT 1) DELETE FROM log", "reads-only"),
        ("SELECT 1 AS x INTO y FROM log", "reads-only"),
        ("EXPLAIN SELECT 1", "reads-only"),
        ("COPY log TO 'x'", "reads-only"),
    ],
)
def test_what_is_no_select_is_refused(sql: str, rule: str) -> None:
    assert rule in {finding.rule for finding in check_text(sql, load_dialect("duckdb"))}


def test_calls_are_read_as_they_are_written() -> None:
    sql = """
        WITH w (a, b) AS (SELECT CAST(x AS DECIMAL(3, 1)), y::VARCHAR(3) FROM UNNEST(z) AS t(x, y))
        SELECT "Odd"(a), 'text(' || s.f(b), IN_LIST(a) FROM w v(a, b) WHERE a IN (1) AND EXISTS (SELECT 1)
    """
    assert called_functions(sql, load_dialect("duckdb")) >= {"ODD", "IN_LIST", "UNNEST", "CAST"}
    assert not called_functions(sql, load_dialect("duckdb")) & {"DECIMAL", "VARCHAR", "TEXT", "T", "F", "IN", "EXISTS"}


def test_arguments_are_counted_as_they_are_written() -> None:
    good = [
        "SELECT LIST_TRANSFORM([1, 2], LAMBDA a, b : a + b)",
        "SELECT ARRAY_AGG(a ORDER BY b, c) FILTER (WHERE a > 1) FROM (SELECT 1 AS a, 2 AS b, 3 AS c)",
        "SELECT SUBSTRING('x' FROM 1 FOR 2)",
        "SELECT REPLACE('a,b', ',', '('), LOWER(SUBSTR('x', 1, 2))",
    ]
    for sql in good:
        assert check_text(sql, load_dialect("duckdb")) == [], sql
    for sql in ["SELECT REPLACE('a', 'b')", "SELECT STRFTIME(STRFTIME('a'), 'b')", "SELECT ROW_NUMBER(1) OVER ()"]:
        assert {finding.rule for finding in check_text(sql, load_dialect("duckdb"))} == {"argument-count"}, sql


@pytest.mark.parametrize("dialect", dialect_names())
def test_counts_of_arguments_are_plain(dialect: str) -> None:
    for name, (least, most) in load_dialect(dialect).argument_counts.items():
        assert most is None or 0 <= least <= most, name


def test_duckdb_itself_knows_the_functions_and_counts() -> None:
    import duckdb

    rows = duckdb.sql(
        "SELECT upper(function_name), min(len(parameters)), bool_or(varargs IS NOT NULL), max(len(parameters))"
        " FROM duckdb_functions() GROUP BY 1"
    ).fetchall()
    catalog = {name: (least, None if variable else most) for name, least, variable, most in rows}
    wrong = {
        name: counts
        for name, counts in load_dialect("duckdb").argument_counts.items()
        if name in catalog and name not in ("COUNT", "SUBSTRING", "TRIM") and catalog[name] != counts
    }
    assert wrong.keys() <= {"LAG", "LEAD", "RANK", "ROW_NUMBER", "JSON_VALUE", "TIMEZONE"}


def test_a_malformed_count_is_an_error_of_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "functions.txt").write_text("# comment\nLOWER 1\nCONCAT 1 *\n\nSUBSTR 2 3 # positions from 1\nUPPER\n")
    monkeypatch.setattr(Dialect, "folder", property(lambda self: tmp_path))
    engine = load_dialect("duckdb")
    assert engine.functions == {"LOWER", "CONCAT", "SUBSTR", "UPPER"}
    assert engine.argument_counts == {"LOWER": (1, 1), "CONCAT": (1, None), "SUBSTR": (2, 3)}
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "functions.txt").write_text("LOWER one\n")
    monkeypatch.setattr(Dialect, "folder", property(lambda self: tmp_path / "bad"))
    with pytest.raises(TemplateError, match="'LOWER one' is not NAME"):
        assert engine.argument_counts


def test_a_file_is_checked_against_its_layout(tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_text("SELECT eventName, eventNam FROM lake.trail\nWHERE eventday >= '20230710'", encoding="utf-8")
    report = check_file(file, "duckdb", "files", "lake.trail", [parse_partition("eventday=yyyyMMdd")], 0)
    assert [finding.rule for finding in report.findings] == ["unknown-column", "scans"]
    assert report.scans == {"trail": 1}
    assert check_file(file, "duckdb").findings == ()
    assert [finding.rule for finding in check_file(file, "duckdb", maximum_scans=0).findings] == ["scans"]


def test_a_file_that_cannot_be_read_and_a_partition_of_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SqlgenError, match="cannot be read: No such file"):
        check_file(tmp_path / "none.sql", "duckdb")
    (tmp_path / "latin.sql").write_bytes(b"SELECT '\xe9'")
    with pytest.raises(SqlgenError, match="is not UTF-8"):
        check_file(tmp_path / "latin.sql", "duckdb")
    with pytest.raises(UsageError, match="--table NAME"):
        check_statement("SELECT 1", "duckdb", partitions=[parse_partition("time_dt")])


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT x FROM log WHERE day >= '1'", False),
        ("SELECT x FROM log WHERE '1' <= day AND (x = 1 OR x = 2)", False),
        ("WITH e AS (SELECT * FROM log) SELECT x FROM e WHERE day = '1'", False),
        ("WITH e AS (SELECT * FROM log) SELECT x FROM e WHERE day = '1' UNION ALL SELECT x FROM e", True),
        ("SELECT x FROM log WHERE NOT day >= '1'", True),
        ("SELECT x FROM log WHERE substr(day, 1, 4) >= '1'", True),
        ("SELECT x FROM other LEFT JOIN log ON log.day >= '1'", True),
        ("SELECT x FROM other JOIN log ON log.day >= '1'", False),
        ("SELECT day FROM log", True),
        ("SELECT x FROM other", False),
    ],
)
def test_a_read_of_the_log_is_restricted_or_found(sql: str, found: bool) -> None:
    findings = check_text(sql, load_dialect("duckdb"), table="log", partitions=[parse_partition("day=yyyyMMdd")])
    assert [finding.rule for finding in findings] == (["partition-predicate"] if found else [])


@pytest.mark.parametrize(
    ("sql", "trino", "duckdb", "snowflake"),
    [
        ("SELECT * FROM log", 1, 1, 1),
        ("WITH e AS (SELECT * FROM log) SELECT * FROM e a JOIN e b ON a.x = b.x", 2, 2, 1),
        ("WITH e AS MATERIALIZED (SELECT * FROM log) SELECT * FROM e a JOIN e b ON a.x = b.x", 2, 1, 1),
        ("WITH e AS (SELECT * FROM log), f AS (SELECT * FROM e, e g) SELECT * FROM f, f h", 4, 4, 1),
        # the anchor is a literal: 66 scans of the step, as measured on Trino
        (
            "WITH RECURSIVE w (k) AS (SELECT 'x' UNION ALL SELECT l.k FROM w JOIN log l ON l.i = w.k) SELECT * FROM w",
            66,
            10,
            10,
        ),
        # the anchor reads the log as well: 78
        (
            "WITH RECURSIVE w (k) AS (SELECT k FROM log UNION ALL SELECT l.k FROM w JOIN log l ON l.i = w.k) SELECT * FROM w",
            78,
            11,
            11,
        ),
        ("SELECT * FROM log WHERE k IN (SELECT k FROM log)", 2, 2, 2),
        ("SELECT * FROM (WITH e AS (SELECT * FROM log) SELECT * FROM e) AS x JOIN db.log ON x.k = log.k", 2, 2, 2),
        ("WITH log AS (SELECT * FROM log) SELECT * FROM log", 1, 1, 1),
        ("WITH e AS (SELECT * FROM log) SELECT * FROM other", 0, 0, 0),
    ],
)
def test_scans_are_counted_as_each_engine_plans_them(sql: str, trino: int, duckdb: int, snowflake: int) -> None:
    tree = sqlglot.parse_one(sql, read="duckdb")
    assert count_scans(tree)["log"] == trino
    assert count_scans(tree, cte_reads="unmarked")["log"] == duckdb
    # an unread CTE costs nothing where CTEs are inlined; one that is computed once may be computed all the same
    assert count_scans(tree, cte_reads="once")["log"] in (snowflake, snowflake or 1)
