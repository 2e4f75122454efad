from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from sqlgen.dialects import dialect_names, load_dialect
from sqlgen.errors import UsageError
from sqlgen.partitions import parse_partition
from sqlgen.queries import load_query, query_names
from sqlgen.renderer import render

HOSTILE = [
    "x' OR 1=1 --",
    "'; DROP TABLE cloudtrail; -- \"quoted\" back\\slash\\' new\nline\r\ttab /* comment */ -- more",
    "emoji 🦜 \u202e bidi {{ 7 * 7 }} {% raw %} :window_from ? $1 %(x)s %s",
]


def texts_with_values() -> list[tuple[str, str, str]]:
    return [
        (query, dialect, parameter.name)
        for query in query_names()
        for dialect in dialect_names()
        for parameter in load_query(query).parameters
        if parameter.type == "text"
    ]


@pytest.mark.parametrize(("query", "dialect", "name"), texts_with_values())
def test_a_value_is_one_literal_whatever_it_holds(query: str, dialect: str, name: str) -> None:
    engine = load_dialect(dialect)
    plain = sqlglot.parse_one(
        render(query, dialect=dialect, parameters={name: "plain"}, markers=False, check=False).sql, read=engine.sqlglot
    )
    shape = [type(node) for node in plain.walk()]
    for value in HOSTILE:
        sql = render(query, dialect=dialect, parameters={name: value}, markers=False, check=False).sql
        statements = sqlglot.parse(sql, read=engine.sqlglot)
        assert len(statements) == 1 and statements[0] is not None
        tree = statements[0]
        assert [type(node) for node in tree.walk()] == shape
        assert value in {node.this for node in tree.find_all(exp.Literal) if node.is_string}


@pytest.mark.parametrize("dialect", dialect_names())
@pytest.mark.parametrize("query", query_names())
def test_without_a_value_each_marker_stands_once_and_in_order(query: str, dialect: str) -> None:
    rendered = render(query, dialect=dialect)
    expected = [parameter.name for parameter in load_query(query).parameters if parameter.marker]
    assert [bind.name for bind in rendered.binds] == [*expected, "window_from", "window_to"]
    tree = sqlglot.parse_one(rendered.sql, read=load_dialect(dialect).sqlglot)
    assert len(list(tree.find_all(exp.Placeholder, exp.Parameter))) == len(rendered.binds)


@pytest.mark.parametrize("dialect", dialect_names())
def test_a_given_value_leaves_no_marker_for_the_others(dialect: str) -> None:
    rendered = render(
        "session-summary", dialect=dialect, parameters={"arn": "arn:aws:iam::1:user/x"}, window_from="2021-08-27"
    )
    assert rendered.binds == ()


def test_what_does_not_exist_is_refused_with_what_does() -> None:
    with pytest.raises(UsageError, match="unknown query 'who'; there is: chain-events, console-keys, identity-chain"):
        render("who", dialect="duckdb")
    with pytest.raises(UsageError, match=r"unknown dialect 'oracle'; there is: .*duckdb"):
        render("issuances", dialect="oracle")
    with pytest.raises(UsageError, match=r"unknown layout of duckdb 'x'; there is: .*files"):
        render("issuances", dialect="duckdb", layout="x")
    with pytest.raises(UsageError, match="unknown parameter of issuances 'arn'"):
        render("issuances", dialect="duckdb", parameters={"arn": "x"})


@pytest.mark.parametrize(
    "table",
    [
        "a b; DROP TABLE x",
        "x JOIN y",
        "(SELECT 1)",
        "f(x)",
        "",
        "x -- y",
        "x, y",
        "x WHERE 1=1",
        '"a"b"',
        "a.b.c.d",
        "a..b",
    ],
)
def test_what_is_no_table_name_is_refused(table: str) -> None:
    with pytest.raises(UsageError, match="--table takes a table name"):
        render("issuances", dialect="duckdb", table=table)


def test_a_table_keeps_its_parts_and_is_quoted_where_it_must_be() -> None:
    assert (
        "FROM lake.security.cloudtrail" in render("issuances", dialect="duckdb", table="lake.security.cloudtrail").sql
    )
    assert 'FROM "order-logs".trail' in render("issuances", dialect="duckdb", table='"order-logs".trail').sql


def test_window_and_look_back_are_literals_of_the_log_read() -> None:
    sql = render(
        "identity-chain",
        dialect="duckdb",
        parameters={"access_key": "ASIAX"},
        window_from="2021-08-27T12:00:00Z",
        window_to="2021-08-28T00:00:00+02:00",
    ).sql
    assert "CAST('2021-08-26 00:00:00' AS TIMESTAMP)" in sql  # 36 h before
    assert "CAST('2021-08-27 22:00:00' AS TIMESTAMP)" in sql


@pytest.mark.parametrize(
    ("partition", "expected"),
    [
        ("timestamp=yyyy/MM/dd", ["\"timestamp\" >= '2021/08/27'", "\"timestamp\" <= '2021/08/29'"]),
        ("eventday=yyyyMMdd", ["\"eventday\" >= '20210827'", "\"eventday\" <= '20210829'"]),
        ("date=yyyy-MM-dd", ["\"date\" >= '2021-08-27'", "\"date\" <= '2021-08-29'"]),
        ("year,month,day", ["\"year\" IN ('2021')", '"year" || "month" || "day" >= \'20210827\'']),
        ("region=us-east-1,eu-west-1", ["\"region\" IN ('us-east-1', 'eu-west-1')"]),
        (
            "time_dt",
            [
                "\"time_dt\" >= CAST('2021-08-27 12:00:00' AS TIMESTAMP)",
                "\"time_dt\" < CAST('2021-08-29 12:00:00' AS TIMESTAMP)",
            ],
        ),
    ],
)
def test_a_window_becomes_a_predicate_on_the_partition(partition: str, expected: list[str]) -> None:
    sql = render(
        "session-summary",
        dialect="duckdb",
        layout="store",
        parameters={"session_id": "x"},
        window_from="2021-08-27T12:00:00Z",
        window_to="2021-08-28T12:00:00Z",
        partitions=[parse_partition(partition)],
    ).sql
    for text in expected:
        assert text in sql


def test_the_layouts_own_time_is_compared_once() -> None:
    asked = {"dialect": "athena", "layout": "security-lake", "window_from": "2021-08-27", "window_to": "2021-08-28"}
    plain, partitioned = (
        render("sessions", partitions=[parse_partition(text) for text in texts], **asked).sql  # type: ignore[arg-type]
        for texts in ((), ("time_dt",))
    )
    assert partitioned == plain and plain.count("time_dt <") == 1


@pytest.mark.parametrize("text", ["a b=c", "x y", "=yyyy", "a,b", "timestamp=", "a,b,c,d"])
def test_a_partition_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--partition"):
        parse_partition(text)


def test_templates_get_no_values() -> None:
    sql = render("identity-chain", dialect="duckdb", parameters={"access_key": "{{ ''.__class__ }}"}).sql
    assert "{{ ''''.__class__ }}" in sql


def test_rendering_is_deterministic() -> None:
    texts = {render("identity-chain", dialect="duckdb", parameters={"direction": "both"}).sql for _ in range(2)}
    assert len(texts) == 1


def test_every_layout_selects_every_event_column() -> None:
    from sqlgen.dialects import event_columns, load_layout

    for dialect in dialect_names():
        engine = load_dialect(dialect)
        for layout in engine.layouts:
            select = sqlglot.parse_one(load_layout(dialect, layout).select, read=engine.sqlglot)
            assert {item.alias_or_name for item in select.expressions} == set(event_columns()), (dialect, layout)


def test_no_text_holds_a_word_that_was_not_lowered() -> None:
    from sqlgen.lists import list_words
    from sqlgen.vocabulary import load_words

    words = {*load_words(), *list_words()}
    for query in query_names():
        for dialect in dialect_names():
            called = set(re.findall(r"\b([a-z_]+)\(", render(query, dialect=dialect).sql.lower()))
            assert not called & words - {"sample"}


@pytest.mark.parametrize("dialect", ["athena", "snowflake", "trino"])
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("session-summary", "access_key"),
        ("session-summary", "session_id"),
        ("session-summary", "arn"),
        ("session-events", "access_key"),
        ("session-events", "session_id"),
    ],
)
def test_no_more_events_are_sorted_than_are_asked_about(query: str, name: str, dialect: str) -> None:
    """What finds the copies holds all that it is given: the memory for a session must not grow with the log."""
    sql = render(query, dialect=dialect, parameters={name: "one"}, markers=False).sql
    tree = sqlglot.parse_one(sql, read=load_dialect(dialect).sqlglot)
    ctes = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    [numbered] = list(tree.find_all(exp.RowNumber))
    select = numbered.find_ancestor(exp.Select)
    tested: set[str] = set()
    while select is not None:
        read, where = select.find(exp.From), select.args.get("where")
        assert read is not None
        tested |= {column.name for column in where.find_all(exp.Column)} if where else set()
        select = ctes.get(read.this.name)
    assert ("identity_arn" if name == "arn" else "session_id") in tested
