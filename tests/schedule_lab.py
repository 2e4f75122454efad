"""A DuckDB database with a log in it, and what a schedule keeps beside it, for the tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from sqlgen.deliveries import load
from sqlgen.profiles import Profile
from sqlgen.schedules.backfill import backfill
from sqlgen.schedules.objects import OBJECTS, tables
from sqlgen.schedules.statements import Statements
from sqlgen.schedules.tables import make
from sqlgen.store import EVENT_STORE, fill_store
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import Warehouse
from tests.worlds import session, stamp, user

Record = dict[str, Any]


KEPT = tables(OBJECTS)


def lab(path: Path) -> Profile:
    return Profile("lab", "duckdb", EVENT_STORE, layout="store", connection={"database": str(path)})


def write_log(path: Path, records: Sequence[Record]) -> None:
    """Write the records into the database as its log, in the place of what was there."""
    files = path.with_suffix(".json")
    files.write_text(json.dumps({"Records": list(records)}), encoding="utf-8")
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {EVENT_STORE}")
        load(connection, [str(files)])
        fill_store(connection)


def opened(path: Path) -> Warehouse:
    return open_warehouse(lab(path))


def contents(path: Path, tables: Sequence[str] = ("chain_events", "sessions", "session_summary")) -> list[list[Any]]:
    with duckdb.connect(str(path)) as connection:
        return [connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in tables]


def fill(path: Path, first: date, last: date) -> list[tuple[str, date, bool]]:
    """Fill the days [first, last] in, and return what was done: table, day, whether it was done before."""
    statements = Statements(lab(path))
    with closing(opened(path)) as warehouse:
        list(make(warehouse, statements, OBJECTS))
        steps = backfill(warehouse, statements, KEPT, first, last + timedelta(days=1))
        return [(step.table.name, step.day, step.was_done) for step in steps]


def days_of(records: Sequence[Record]) -> tuple[date, date]:
    days = sorted(str(record["eventTime"])[:10] for record in records if str(record.get("eventTime", ""))[4:5] == "-")
    return date.fromisoformat(days[0]), date.fromisoformat(days[-1])


def call(number: int, moment: datetime, name: str = "GetObject") -> Record:
    return {
        "eventID": f"e{number}",
        "eventTime": stamp(moment),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "userIdentity": session(user("alice"), "AKIAALICE", None),
    }


def write_config(path: Path) -> Path:
    config = path.with_name("sqlgen.toml")
    config.write_text(
        f'# ours\n[profiles.lab]\ndialect = "duckdb"\ntable = "{EVENT_STORE}"\nlayout = "store"\n'
        f'[profiles.lab.connection]\ndatabase = "{path}"\n',
        encoding="utf-8",
    )
    return config
