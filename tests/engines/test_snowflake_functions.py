"""Table functions made and called: the rows of the embedded engine.

fakesnow makes no function of SQL: `snowflake_objects.py` keeps them, and a call is the body with the values in the place of its arguments.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlglot import exp

from sqlgen.objects.snowflake import create_function
from sqlgen.queries import load_query
from sqlgen.renderer import render
from tests import reference
from tests.embedded import ask, open_world
from tests.engines.snowflake_tables import load_cloudtrail
from tests.normalise import normal_rows
from tests.ways import MARKED, Way, way_name, ways
from tests.worlds import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection
    from snowflake.connector import SnowflakeConnection

pytestmark = pytest.mark.snowflake
WINDOW = (datetime(2023, 7, 10), datetime(2023, 7, 11))
RECORDS = build(1, 24, 0)
OTHERS = {way[1]: way for way in reversed(list(ways())) if way not in MARKED}
"""One question by each parameter that none is marked with: fakesnow takes seconds to read a text."""


@pytest.fixture(scope="module")
def connection(snowflake_connection: SnowflakeConnection) -> SnowflakeConnection:
    load_cloudtrail(snowflake_connection, RECORDS, layout="event", table="called")
    return snowflake_connection


@pytest.fixture(scope="module")
def embedded() -> Iterator[DuckDBPyConnection]:
    with open_world(RECORDS) as opened:
        yield opened


def asked() -> dict[str, Any]:
    """Return values of the window for each parameter: two, one of them twice, where several are taken."""
    read = reference.events.read_events(RECORDS)
    begin, end = WINDOW
    events = [event for event in read if event.access_key_id and event.event_time and begin <= event.event_time < end]
    first, other = events[0], events[-1]
    login = next(event for event in read if event.is_sign_in and event.event_time and begin <= event.event_time < end)
    return {
        "access_key": [first.access_key_id, other.access_key_id, first.access_key_id],
        "session_id": [first.session_id, other.session_id, first.session_id], "arn": "arn:*",
        "login_event_id": login.event_id, "account": first.account_id, "source_ip": "*", "user_agent": "*",
    }  # fmt: skip


def literal(value: Any) -> str:
    """Return a value as a caller writes it."""
    if isinstance(value, datetime):
        return f"'{value:%Y-%m-%d %H:%M:%S}'::TIMESTAMP_NTZ"
    if isinstance(value, list):
        return f"ARRAY_CONSTRUCT({', '.join(map(literal, value))})"
    return exp.Literal.string(value).sql(dialect="snowflake")


def texts_of(row: dict[str, Any]) -> str:
    return repr([value for value in row.values() if isinstance(value, str)])


@pytest.mark.parametrize("way", [*sorted(MARKED), *OTHERS.values()], ids=way_name)
def test_a_function_answers_as_the_question_does(
    connection: SnowflakeConnection, embedded: DuckDBPyConnection, way: Way
) -> None:
    query, takes = way
    many = {parameter.name for parameter in load_query(query).parameters if parameter.many}
    values = {name: value if name in many or isinstance(value, str) else value[0] for name, value in asked().items()}
    rendered = render(query, dialect="snowflake", layout="event", table="called", takes=takes, named=True)
    cursor = connection.cursor()
    cursor.execute(create_function(rendered, "asked", "logs.public"))
    given = values | {"window_from": WINDOW[0], "window_to": WINDOW[1]}
    arguments = ", ".join(f"{bind.name.upper()} => {literal(given[bind.name])}" for bind in rendered.binds)
    cursor.execute(f"SELECT * FROM TABLE(logs.public.ASKED({arguments}))")
    names = [column[0].lower() for column in cursor.description or ()]
    assert names == [column.name for column in rendered.columns]
    found = normal_rows(rendered.columns, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
    expected = ask(embedded, query, {name: values[name] for name in takes}, WINDOW)
    # a call gives rows in no order that is promised (docs/snowflake.md)
    assert sorted(found, key=texts_of) == sorted(expected, key=texts_of)
    assert found or query in ("recycled-keys", "console-keys")
