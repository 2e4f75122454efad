"""chain-events: identity-chain over the events that it keeps gives the rows of the whole log."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from sqlgen.demo import write_demo
from sqlgen.dialects import dialect_names, event_columns, load_dialect, load_layout
from sqlgen.queries import load_query
from sqlgen.renderer import render
from tests import reference
from tests.embedded import ask, open_world
from tests.logs import read_logs
from tests.reference.chain_events import kept_events
from tests.reference.events import Event, read_events
from tests.reference.issuances import read_issuances
from tests.worlds import assumed, build, session, stamp, user

Record = dict[str, Any]
Window = tuple[datetime | None, datetime | None]

WORLDS = int(os.environ.get("SQLGEN_WORLDS", "10"))
NOW = datetime(2023, 7, 10, 12)


def world(seed: int) -> tuple[list[Record], random.Random]:
    luck = random.Random(seed)
    return build(seed, luck.randint(3, 24), luck.choice((0, 15, 40))), luck


def whole_hours(events: list[Event], luck: random.Random) -> Window:
    """Return a window on whole hours, either end perhaps open."""
    hours = sorted({event.event_time.replace(minute=0, second=0) for event in events if event.event_time})
    if not hours:
        return None, None
    start, end = sorted((luck.choice(hours), luck.choice(hours)))
    return luck.choice(
        ((None, None), (start, end + timedelta(hours=1)), (start, None), (None, end + timedelta(hours=1)))
    )


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Return rows in an order that leaves none beside another by chance (two starts of one name may share a hop)."""
    return sorted(map(repr, rows))


def chains(records: list[Record], luck: random.Random, count: int) -> Iterator[tuple[dict[str, Any], Window]]:
    """Yield questions about chains of a world, with values that occur in it."""
    events = read_events(records)
    issued = read_issuances(events)
    keys = sorted({key for key in [*(e.access_key_id for e in events), *(i.key for i in issued)] if key})
    sessions = sorted({name for name in [*(e.session_id for e in events), *(i.session_id for i in issued)] if name})
    for _ in range(count if keys and sessions else 0):
        subject = {"access_key": luck.choice(keys)} if luck.random() < 0.5 else {"session_id": luck.choice(sessions)}
        choices = {"direction": luck.choice(("origin", "derived", "both")), "max_depth": luck.choice((16, 16, 1, 2))}
        yield subject | choices, whole_hours(events, luck)


@pytest.mark.parametrize("seed", range(WORLDS * 20))
def test_the_rules_alone_keep_what_a_chain_needs(seed: int) -> None:
    """The plain readings of §11 and §4, one over the other: no engine."""
    records, luck = world(seed)
    for asked, window in chains(records, luck, 6):
        kept = kept_events(records, luck.choice((window, (None, None))))
        over_kept = reference.identity_chain([event.record for event in kept], **asked, window=window)
        assert told(over_kept) == told(reference.identity_chain(records, **asked, window=window)), (asked, window)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_chain_over_the_kept_rows_is_the_logs(seed: int) -> None:
    records, luck = world(seed)
    with open_world(records) as connection:
        for asked, window in chains(records, luck, 2):
            made_for = luck.choice((window, (None, None)))
            connection.execute(f"CREATE OR REPLACE TABLE chain_events AS {text(made_for)}")
            over_kept = ask(connection, "identity-chain", asked, window, table="chain_events")
            assert told(over_kept) == told(ask(connection, "identity-chain", asked, window)), (asked, window)
            assert ask(connection, "issuances", {}, window, table="chain_events") == ask(
                connection, "issuances", {}, window
            )


def text(window: Window = (None, None)) -> str:
    start, end = window
    return render(
        "chain-events", dialect="duckdb", layout="store", window_from=start, window_to=end, markers=False, check=False
    ).sql


@pytest.mark.parametrize("seed", range(WORLDS * 10))
def test_at_a_second_that_is_kept(seed: int) -> None:
    """`at` at a second of which every use by what is asked about is kept, or at one without any use of it."""
    records, luck = world(seed)
    kept = {id(event.record) for event in kept_events(records)}
    events = read_events(records)
    moments = sorted({event.event_time for event in events if event.event_time})
    for asked, window in chains(records, luck, 12):
        at = luck.choice(moments) if moments else NOW
        uses = [
            event
            for event in events
            if asked.get("access_key", event.access_key_id) == event.access_key_id
            and asked.get("session_id", event.session_id) == event.session_id
            and event.event_time == at
        ]
        if all(id(event.record) in kept for event in uses):
            rows = reference.identity_chain([e.record for e in kept_events(records)], **asked, at=at, window=window)
            assert told(rows) == told(reference.identity_chain(records, **asked, at=at, window=window)), (asked, at)


def call(number: int, moment: datetime, created: datetime) -> Record:
    principal, arn = assumed("111111111111", "admin", f"s{created.minute}")
    identity = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": "111111111111"}
    return {
        "eventID": f"e{number}",
        "eventTime": stamp(moment),
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "userIdentity": session(identity, "ASIARECYCLED", created),
    }


def test_at_between_two_lives_of_one_key_takes_the_younger_as_the_rules_say() -> None:
    """The one way in which the kept rows answer otherwise: two overlapping lives of one key, both used in one hour."""
    old, young = NOW - timedelta(minutes=40), NOW - timedelta(minutes=20)
    records = [
        call(number, NOW + timedelta(minutes=number), created)
        for number, created in enumerate((old, young, old, young, old))
    ]
    kept = [event.record for event in kept_events(records)]
    assert [record["eventID"] for record in kept] == ["e0", "e1"]
    asked: dict[str, Any] = {"access_key": "ASIARECYCLED", "at": NOW + timedelta(minutes=4)}
    assert reference.identity_chain(records, **asked)[0]["session_created_at"] == stamp(old)
    assert reference.identity_chain(kept, **asked)[0]["session_created_at"] == stamp(young)


def test_evidence_of_a_forwarded_session_is_the_call_before_and_the_call_after() -> None:
    alice, created = session(user("alice"), "AKIAALICE", None), NOW
    seconds = (-601, -300, -4, -4, 3, 9, 599)
    records: list[Record] = [
        {
            "eventID": f"call{number}",
            "eventTime": stamp(created + timedelta(seconds=second)),
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "userIdentity": alice,
        }
        for number, second in enumerate(seconds)
    ]
    served = {**session(user("alice"), "ASIASERVED", created), "invokedBy": "s3.amazonaws.com"}
    records.append(
        {
            "eventID": "served",
            "eventTime": stamp(created + timedelta(seconds=1)),
            "eventSource": "kms.amazonaws.com",
            "eventName": "Decrypt",
            "userIdentity": served,
        }
    )
    # call0 and call4: the first uses of the hours; call2: the last up to the creation, by the smallest id; call4: the first after
    assert [event.event_id for event in kept_events(records)] == ["call0", "call2", "served", "call4"]


def test_its_columns_are_those_of_events_and_every_engine_has_a_layout_for_them() -> None:
    kinds = {"document": "json"}
    assert {column.name: column.type for column in load_query("chain-events").columns} == {
        name: kinds.get(kind, kind) for name, kind in event_columns().items()
    }
    for dialect in dialect_names():
        assert "store" in load_dialect(dialect).layouts
        layout = load_layout(dialect, "store")
        # in Snowflake two tasks may both insert an event
        assert layout.once == (dialect != "snowflake") and [name for name, _ in layout.columns] == list(event_columns())


def test_the_demo_is_kept_in_few_rows(tmp_path: Any) -> None:
    story = write_demo(tmp_path)
    records = read_logs(story.deliveries)
    with open_world(records) as connection:
        kept = ask(connection, "chain-events", {})
        connection.execute(f"CREATE TABLE chain_events AS {text()}")
        for key in (story.alert_key, story.recycled_key, story.persistence_key, story.switched_key):
            asked = {"access_key": key, "direction": "both"}
            assert ask(connection, "identity-chain", asked, table="chain_events") == ask(
                connection, "identity-chain", asked
            )
    assert 0 < len(kept) < len(records) / 4, (len(kept), len(records))
