"""Statements under way for the Athena endpoint: on the real Trino, or with an answer that a test gives."""

from __future__ import annotations

import base64
import json
import tempfile
import threading
from array import array
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from tests.engines.athena_statements import UPDATES, Statement
from tests.engines.trino_server import TrinoServer

Cells = Sequence[str | None]


@dataclass(frozen=True)
class Column:
    """A column of a result: its name and Athena's word for its type."""

    name: str
    type: str


class Spool:
    """The rows of one result, on disk as Athena's lie in S3."""

    def __init__(self) -> None:
        """Start with no row."""
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the result
        self.places = array("Q")
        self.lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    def add(self, cells: Cells) -> None:
        """Add a row."""
        with self.lock:
            self.places.append(self.file.seek(0, 2))
            self.file.write(json.dumps(cells).encode() + b"\n")

    def rows(self, start: int, count: int) -> list[list[str | None]]:
        """Return some rows."""
        with self.lock:
            if start >= len(self.places):
                return []
            self.file.seek(self.places[start])
            return [json.loads(self.file.readline()) for _ in range(min(count, len(self.places) - start))]


class Job(threading.Thread):
    """A statement under way. `state`, `reason`, `scanned`, `columns`, `spool` and `updated` are for others to read."""

    def __init__(self) -> None:
        """Make it; `start` sets it going."""
        super().__init__(daemon=True)
        self.state = "RUNNING"
        self.reason = ""
        self.columns: Sequence[Column] = ()
        self.spool = Spool()
        self.updated: int | None = None
        self.update = ""
        self.stopping = False

    @property
    def scanned(self) -> int:
        """The bytes that were read so far."""
        return 0

    def work(self) -> None:
        """Run the statement; raise what goes wrong."""

    def cancel(self) -> None:
        """Stop it."""
        self.stopping = True

    def run(self) -> None:
        """Run the statement and take down how it ended."""
        try:
            self.work()
            self.state = "CANCELLED" if self.stopping else "SUCCEEDED"
        except Exception as error:
            self.reason = told(error)
            self.state = "CANCELLED" if self.stopping else "FAILED"


def told(error: Exception) -> str:
    """Return an error of Trino's as Athena's StateChangeReason gives it: name, message, and a line of advice."""
    name, message = getattr(error, "error_name", "GENERIC_INTERNAL_ERROR"), getattr(error, "message", str(error))
    return (
        f"{name}: {str(message).replace('hive.', 'awsdatacatalog.')}\n"
        'This query ran against the "default" database, unless qualified by the query.'
    )


class Engine(Protocol):
    """Who runs statements for the endpoint."""

    def job(self, statement: Statement, database: str) -> Job:
        """Return the statement as a job that is yet to be started."""


@dataclass
class CannedEngine:
    """An engine that gives one answer to everything."""

    columns: Sequence[Column] = (Column("a", "varchar"),)
    rows: Iterable[Cells] = ()

    def job(self, statement: Statement, database: str) -> Job:
        """Return a job with that answer."""
        job = Job()
        job.columns = self.columns
        for row in self.rows:
            job.spool.add(row)
        return job


@dataclass
class TrinoEngine:
    """The real engine."""

    server: TrinoServer

    def job(self, statement: Statement, database: str) -> Job:
        """Return a job that runs on Trino."""
        return TrinoJob(self.server, statement, database)


class TrinoJob(Job):
    """A statement on Trino, in a session of its own."""

    def __init__(self, server: TrinoServer, statement: Statement, database: str) -> None:
        """Make it; the database is where names without one are looked for."""
        super().__init__()
        from trino import dbapi

        self.statement = statement
        connect: Any = dbapi.connect  # untyped there
        self.connection = connect(
            host=server.host,
            port=server.port,
            user="test",
            catalog="hive",
            schema=database,
            timezone="UTC",
            legacy_primitive_types=True,  # times as text
        )
        self.cursor: Any = self.connection.cursor(stats_callback=self.heard)

    @property
    def scanned(self) -> int:
        """The bytes that were read so far."""
        return int((self.cursor.stats or {}).get("physicalInputBytes", 0))

    def heard(self, stats: Any) -> None:
        """Stop it on Trino too, at the next word of it: before the first there is nothing to stop."""
        if self.stopping:
            self.cursor.cancel()

    def work(self) -> None:
        """Run it and spool its rows."""
        with closing(self.connection):
            for sql in self.statement.before:
                self.connection.cursor().execute(sql).fetchall()
            self.cursor.execute(self.statement.sql)
            self.update = self.cursor.update_type or ""
            if self.update:
                self.updated = self.cursor._query.update_count
                self.columns = (Column("rows", "bigint"),) if self.update in UPDATES else ()
                return
            columns = self.cursor._query.columns or []
            types = [column["typeSignature"] for column in columns]
            self.columns = [Column(c["name"], athena_type(c["typeSignature"])) for c in columns]
            for row in iter(self.cursor.fetchone, None):
                self.spool.add([cell(value, kind) for value, kind in zip(row, types, strict=True)])


def athena_type(signature: Any) -> str:
    """Return Athena's word for a type of Trino's."""
    return str(signature["rawType"])


def inner(signature: Any) -> list[Any]:
    """Return the types of an array's elements, of a map's keys and values, or a row's fields (with their names)."""
    return [argument["value"] for argument in signature["arguments"]]


def cell(value: Any, signature: Any) -> str | None:
    """Return a value as Athena writes it into a result; None for null."""
    if value is None:
        return None
    kind = signature["rawType"]
    if kind.startswith("timestamp"):
        day, clock, *zone = str(value).split(" ")
        whole, _, fraction = clock.partition(".")
        return " ".join([day, f"{whole}.{fraction:0<3}", *zone])
    if kind == "boolean":
        return str(value).lower()
    if kind == "varbinary":
        return base64.b64decode(value).hex(" ")
    if kind == "array":
        return "[" + ", ".join(nested(one, inner(signature)[0]) for one in value) + "]"
    if kind == "map":
        of_key, of_value = inner(signature)
        pairs = [f"{cell(key, of_key)}={nested(one, of_value)}" for key, one in value.items()]
        return "{" + ", ".join(pairs) + "}"
    if kind == "row":
        fields = inner(signature)
        pairs = [
            f"{(of.get('fieldName') or {}).get('name', f'field{number}')}={nested(one, of['typeSignature'])}"
            for number, (one, of) in enumerate(zip(value, fields, strict=True))
        ]
        return "{" + ", ".join(pairs) + "}"
    return str(value)


def nested(value: Any, signature: Any) -> str:
    """Return a value inside another one, where null is a word."""
    text = cell(value, signature)
    return "null" if text is None else text
