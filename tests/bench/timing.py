"""What a statement takes on a Trino that is made for measuring: compiled in full, with memory to find the limits of others than itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlgen.dialects import event_columns
from sqlgen.renderer import render_events
from tests.engines.trino_server import JVM, TrinoServer, started

HEAP = os.environ.get("SQLGEN_HEAP", "12G")


@dataclass(frozen=True)
class Taken:
    """What a statement took: seconds of processor time, its rows, megabytes of memory at its peak, bytes read from files."""

    seconds: float
    rows: int
    megabytes: float
    bytes: int


Ask = Callable[[], Taken]


@contextmanager
def trino() -> Iterator[TrinoServer]:
    """Run a Trino with a heap of SQLGEN_HEAP (12G) and both of Java's compilers, which the tests do without."""
    settings = JVM.replace("-Xmx4G", f"-Xmx{HEAP}").replace("-XX:TieredStopAtLevel=1\n", "")
    with started({"jvm.config": settings}) as (server, _):
        yield server


def timed(server: TrinoServer, sql: str) -> Taken:
    """Run a statement to its end and return what it took."""
    rows, stats = server.run(sql)
    return Taken(
        stats["cpuTimeMillis"] / 1000, len(rows), stats["peakMemoryBytes"] / 1e6, int(stats["physicalInputBytes"])
    )


def full_reading(server: TrinoServer, layout: str, table: str) -> Taken:
    """Read every column of `events` once."""
    columns = ", ".join(f'COUNT("{name}")' for name in event_columns())
    return timed(server, f"SELECT {columns} FROM ({render_events('trino', layout, table)})")


def best_of(rounds: int, asks: Sequence[Ask]) -> list[Taken]:
    """Ask all of it in turn, that many times, and return the quickest of each."""
    taken = [[ask() for ask in asks] for _ in range(rounds)]
    return [min(column, key=lambda one: one.seconds) for column in zip(*taken, strict=True)]
