"""The reference that the SQL is held to, over generated worlds and real logs."""

from __future__ import annotations

import warnings
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import reference, worlds
from tests.logs import REAL_LOGS, read_logs, real_logs, source
from tests.records import (
    Record,
    hops,
)
from tests.reference.events import read_events


def ask(query: str, records: list[Record], asked: dict[str, Any]) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = getattr(reference, query.replace("-", "_"))(records, **asked)
    return answer


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_answers_do_not_depend_on_the_order_of_delivery(data: st.DataObject) -> None:
    records = data.draw(worlds.worlds())
    query, asked = data.draw(worlds.questions(records))
    rows, turned = ask(query, records, asked), ask(query, records[::-1], asked)
    assert sorted(map(repr, rows)) == sorted(map(repr, turned))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_walk_ends_somewhere(data: st.DataObject) -> None:
    records = data.draw(worlds.worlds())
    _, asked = data.draw(worlds.questions(records, query="identity-chain"))
    rows = ask("identity-chain", records, {**asked, "direction": "origin"})
    starts = {(row["session_id"], row["access_key_id"]) for row in rows if row["depth"] == 0}
    assert not starts or any(row["origin"] for row in rows)
    assert all(row["depth"] <= asked["max_depth"] for row in rows)


def logs_by_source() -> dict[str, list[Record]]:
    """The records of the real logs; none, with a warning, where there are none."""
    if not real_logs():
        warnings.warn(f"no real logs at {REAL_LOGS}: nothing was checked against them", stacklevel=2)
    return {source(path): read_logs([path]) for path in real_logs()}


def test_real_logs_go_through_every_query() -> None:
    for records in logs_by_source().values():
        rows = [*reference.issuances(records), *reference.console_keys(records), *reference.session_summary(records)]
        keys = sorted({one.access_key_id for one in read_events(records) if one.access_key_id})[:5]
        for key in keys:
            rows += reference.identity_chain(records, access_key=key, direction="both")
        assert all(isinstance(row, dict) for row in rows)


def test_what_is_known_of_the_real_logs() -> None:
    logs = logs_by_source()
    if (records := logs.get("invictus-aws-dataset")) is not None:
        derived = hops(records, access_key="AKIATFQR7NSC8Q4X20BJ", direction="derived")
        assert ("d1", "ASIATFQR7NSCWLLE7IWW", "issued-key", "exact", None) in derived
        console = [row for row in reference.console_keys(records) if row["login_time"] == "2023-07-10T12:27:45Z"]
        assert (len(console), sum(row["calls"] for row in console)) == (21, 217)
    if (records := logs.get("maheribra-attack-chain")) is not None:
        assert hops(records, access_key="ASIAUACFUVW5DYJLHKCA")[-1][4] == "external-account"
    if (records := logs.get("otrf-ec2-proxy-s3")) is not None:
        instance = hops(records, access_key="ASIA5FLZVX4OPVKKVBMX")
        assert instance[1][2:] == ("issued-key", "inferred", "service")
