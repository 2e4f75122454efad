"""The SQL and the plain reference give the same rows, in generated worlds, in the demo's logs and in real ones."""

from __future__ import annotations

import os
import random
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sqlgen.demo import write_demo
from tests import reference
from tests.embedded import ask, open_world
from tests.logs import REAL_LOGS, read_logs, real_logs, source
from tests.worlds import questions, worlds

DEEP = os.environ.get("SQLGEN_WORLDS")
WORLDS = int(DEEP or "30")
"""How many worlds are made: always the same ones, but `make test-deep` makes many more, and others each time."""
QUESTIONS_A_WORLD = 5
Record = dict[str, Any]


def expected(records: list[Record], query: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    answer = getattr(reference, query.replace("-", "_"))
    rows: list[dict[str, Any]] = answer(records, **asked)
    return rows


def assert_same(
    records: list[Record], connection: Any, query: str, asked: dict[str, Any], layout: str = "store"
) -> None:
    window: tuple[datetime | None, datetime | None] = asked.get("window", (None, None))
    start, end = window
    if start is not None and end is not None and start >= end:
        return  # refused as wrong usage, see test_values
    parameters = {name: value for name, value in asked.items() if name != "window"}
    assert ask(connection, query, parameters, window, layout) == expected(records, query, asked), (query, asked)


@settings(
    max_examples=WORLDS,
    deadline=None,
    derandomize=DEEP is None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(records=worlds(), data=st.data())
def test_generated_worlds(records: list[Record], data: st.DataObject) -> None:
    with open_world(records) as connection:
        for _ in range(QUESTIONS_A_WORLD):
            query, asked = data.draw(questions(records))
            assert_same(records, connection, query, asked)


@settings(
    max_examples=max(WORLDS // 3, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(records=worlds(), data=st.data())
def test_delivery_files_read_in_place_give_the_same_rows(records: list[Record], data: st.DataObject) -> None:
    with open_world(records, store=False) as connection:
        query, asked = data.draw(questions(records))
        assert_same(records, connection, query, asked, layout="files")


@settings(
    max_examples=max(WORLDS // 3, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(records=worlds(), data=st.data())
def test_the_order_of_delivery_changes_nothing(records: list[Record], data: st.DataObject) -> None:
    query, asked = data.draw(questions(records))
    shuffled = data.draw(st.permutations(records))
    window = asked.pop("window")
    if window[0] is None or window[1] is None or window[0] < window[1]:
        with open_world(records) as one, open_world(shuffled) as other:
            assert ask(one, query, asked, window) == ask(other, query, asked, window)


def some_questions(records: list[Record], count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return questions about a log: each query as it stands, and chains and summaries of some of its keys."""
    luck = random.Random(7)
    keys = {
        identity["accessKeyId"]
        for record in records
        if isinstance(identity := record.get("userIdentity"), dict) and identity.get("accessKeyId")
    }
    chosen = sorted(keys)
    luck.shuffle(chosen)
    asked: list[tuple[str, dict[str, Any]]] = [
        (query, {})
        for query in ("issuances", "console-keys", "session-summary", "sessions", "recycled-keys", "origins")
    ]
    for key in chosen[:count]:
        asked.append(("identity-chain", {"access_key": key, "direction": luck.choice(("origin", "derived", "both"))}))
        asked.append(("session-summary", {"access_key": [key]}))
        asked.append(("console-keys", {"access_key": key}))
        asked.append(("origins", {"access_key": [key], "own_range": ["10.0.0.0/8"]}))
        asked.append(("sessions", {"access_key": [key], "denied_only": luck.choice((True, False))}))
    return asked


def test_the_demo(tmp_path: Path) -> None:
    story = write_demo(tmp_path)
    records = read_logs(story.deliveries)
    with open_world(records) as connection:
        for query, asked in some_questions(records, 12):
            assert_same(records, connection, query, asked)
        for key in (story.alert_key, story.recycled_key, story.persistence_key, story.switched_key):
            assert_same(records, connection, "identity-chain", {"access_key": key, "direction": "both"})


@pytest.mark.parametrize("path", real_logs(), ids=source)
def test_real_logs(path: Path) -> None:
    records = read_logs([path])
    with open_world(records) as connection:
        for query, asked in some_questions(records, 6):
            assert_same(records, connection, query, asked)


def test_real_logs_are_there_or_said_not_to_be() -> None:
    if not real_logs():
        warnings.warn(
            f"no real logs beside the checkout ({REAL_LOGS.name}): only generated ones were compared", stacklevel=1
        )
