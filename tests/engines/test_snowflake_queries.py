"""Every query over every Snowflake layout, run by fakesnow through the real client: the rows of the reference and of DuckDB."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sqlgen.demo import write_demo
from sqlgen.dialects import load_dialect
from sqlgen.renderer import Rendered, render
from sqlgen.runner import fetch as fetch_embedded
from tests import reference
from tests.embedded import open_world
from tests.engines.snowflake_tables import load_cloudtrail, panther_resources
from tests.logs import once, read_logs, real_logs, source
from tests.normalise import Row, normal_rows
from tests.worlds import build

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from snowflake.connector import SnowflakeConnection

pytestmark = pytest.mark.snowflake
LAYOUTS = [name for name in load_dialect("snowflake").layouts if name != "store"]  # test_snowflake_schedule
Record = dict[str, Any]
Window = tuple[datetime | None, datetime | None]
NO_WINDOW: Window = (None, None)


def fetch(connection: SnowflakeConnection, rendered: Rendered, binds: tuple[str, ...] = ()) -> list[Row]:
    cursor = connection.cursor()
    cursor.execute(rendered.sql, binds)
    names = [column[0] for column in cursor.description or ()]
    return normal_rows(rendered.columns, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()])


def snowflake_rows(
    connection: SnowflakeConnection, query: str, layout: str, parameters: Mapping[str, Any], window: Window = NO_WINDOW
) -> list[Row]:
    rendered = render(
        query,
        dialect="snowflake",
        layout=layout,
        table="cloudtrail",
        parameters=parameters,
        window_from=window[0],
        window_to=window[1],
        markers=False,
    )
    return fetch(connection, rendered)


def embedded_rows(
    connection: DuckDBPyConnection, query: str, parameters: Mapping[str, Any], window: Window
) -> list[Row]:
    rendered = render(
        query,
        dialect="duckdb",
        layout="store",
        parameters=parameters,
        window_from=window[0],
        window_to=window[1],
        markers=False,
        check=False,
    )
    return normal_rows(rendered.columns, fetch_embedded(connection, rendered.sql))


def kept(record: Record, layout: str) -> Record:
    """Return what a layout's table holds of a record."""
    if layout != "panther":
        return record
    less = copy.deepcopy(record)
    for name in ("eventCategory", "vpcEndpointAccountId", "sessionCredentialFromConsole"):
        less.pop(name, None)
    if "resources" in less:
        less["resources"] = panther_resources(less["resources"])
    return less


def questions(records: list[Record]) -> list[tuple[str, dict[str, Any], Window]]:
    """Return every query as it stands, and about some of the keys, sessions and ARNs of the records."""
    events = reference.events.read_events(records)
    keys = sorted({event.access_key_id for event in events if event.access_key_id})
    sessions = sorted({event.session_id for event in events if event.session_id})
    times = sorted({event.event_time for event in events if event.event_time})
    middle: Window = (
        (times[len(times) // 4], times[-1]) if len(times) > 1 and times[len(times) // 4] < times[-1] else NO_WINDOW
    )
    asked: list[tuple[str, dict[str, Any], Window]] = [
        ("issuances", {}, NO_WINDOW),
        ("issuances", {}, middle),
        ("console-keys", {}, NO_WINDOW),
        ("console-keys", {"arn": "*:user/a*"}, middle),
        ("session-summary", {}, NO_WINDOW),
        ("session-summary", {"arn": "arn:aws:*", "access_key": keys[:2]}, middle),
        ("session-events", {"access_key": keys[-2:]}, NO_WINDOW),
        ("origins", {"own_range": ["203.0.113.0/24", "2001:db8::/32"]}, middle),
        ("origins", {"access_key": keys[:2], "own_account": ["111111111111"], "own_endpoint": ["vpce-0b2"]}, NO_WINDOW),
        ("recycled-keys", {}, middle),
        ("recycled-keys", {"access_key": keys}, NO_WINDOW),
        ("sessions", {}, middle),
        ("sessions", {"arn": "*:user/*", "source_ip": "203.*", "user_agent": "BOTO", "denied_only": True}, NO_WINDOW),
        ("sessions", {"access_key": keys[:2], "account": "111111111111"}, NO_WINDOW),
    ]
    for key, direction in zip([*keys[:2], *keys[-2:]], ("origin", "derived", "both", "both"), strict=False):
        asked.append(("identity-chain", {"access_key": key, "direction": direction}, NO_WINDOW))
    if sessions:
        asked.append(("identity-chain", {"session_id": sessions[-1], "direction": "both", "max_depth": 3}, middle))
    if times and keys:
        asked.append(("identity-chain", {"access_key": keys[-1], "at": times[-1], "direction": "origin"}, NO_WINDOW))
    return asked


def assert_same(connection: SnowflakeConnection, records: list[Record], layout: str, turn: int) -> None:
    """Compare every third question, from the one whose turn it is: fakesnow takes two seconds to read a text."""
    load_cloudtrail(connection, records, layout=layout)
    held = [kept(record, layout) for record in records]
    with open_world(held) as embedded:
        for query, parameters, window in questions(held)[turn % 3 :: 3]:
            found = snowflake_rows(connection, query, layout, parameters, window)
            assert found == embedded_rows(embedded, query, parameters, window), (query, parameters, window)
            answer = getattr(reference, query.replace("-", "_"), None)
            if answer is not None:  # session-events has none
                assert found == answer(held, **parameters, window=window), (query, parameters, window)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_worlds(snowflake_connection: SnowflakeConnection, layout: str, seed: int) -> None:
    assert_same(snowflake_connection, build(seed, 24, 0), layout, seed + LAYOUTS.index(layout))


@pytest.mark.parametrize(("layout", "seed"), [("records", 11), ("event", 12), ("snowalert", 13)])
def test_spoilt_worlds(snowflake_connection: SnowflakeConnection, layout: str, seed: int) -> None:
    assert_same(snowflake_connection, build(seed, 24, 40), layout, seed)


def test_markers_are_bound_in_their_order(snowflake_connection: SnowflakeConnection) -> None:
    records = build(1, 24, 0)
    load_cloudtrail(snowflake_connection, records, layout="event")
    window = (datetime(2023, 7, 10), datetime(2023, 7, 11))
    events = reference.events.read_events(records)
    used = [event for event in events if event.event_time and window[0] <= event.event_time < window[1]]
    key = next(event.access_key_id for event in used if event.access_key_id)
    rendered = render("identity-chain", dialect="snowflake", layout="event", table="cloudtrail")
    given = {"access_key": key, "window_from": "2023-07-10 00:00:00", "window_to": "2023-07-11 00:00:00"}
    assert [bind.name for bind in rendered.binds] == list(given)
    found = fetch(snowflake_connection, rendered, tuple(given[bind.name] for bind in rendered.binds))
    assert found and found == reference.identity_chain(records, access_key=key, window=window)


@pytest.fixture(scope="module")
def demo_records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    return read_logs(write_demo(tmp_path_factory.mktemp("demo")).deliveries)


def test_the_demo(snowflake_connection: SnowflakeConnection, demo_records: list[Record]) -> None:
    assert_same(snowflake_connection, demo_records, "records", 2)


@pytest.mark.parametrize(
    ("turn", "path"), list(enumerate(real_logs())), ids=lambda one: source(one) if isinstance(one, Path) else ""
)
def test_real_logs(snowflake_connection: SnowflakeConnection, turn: int, path: Path) -> None:
    assert_same(snowflake_connection, once(read_logs([path])), LAYOUTS[turn % len(LAYOUTS)], turn)
