"""What each question is asked about when it is measured: the whole log, a session of it, a key of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlgen.renderer import render
from tests.bench.organization import Organization
from tests.engines.trino_tables import Layout


@dataclass(frozen=True)
class Question:
    """A query with its parameters, and how the table calls them."""

    query: str
    about: str
    parameters: Mapping[str, object]

    def text(self, layout: Layout, table: str) -> str:
        """Return its SQL over a table of Trino's."""
        return render(
            self.query, dialect="trino", layout=layout, table=table, parameters=self.parameters, markers=False
        ).sql


def walks(access_key: str, first_key: str) -> Iterator[Question]:
    """Yield the chain in each direction of a session's key, forwards of the long-term key that it comes from."""
    for direction, key in (("origin", access_key), ("derived", first_key), ("both", access_key)):
        yield Question("identity-chain", f"a key, {direction}", {"access_key": key, "direction": direction})


def questions(log: Organization) -> Iterator[Question]:
    """Yield every query but chain-events, which a schedule asks, about all that it can be asked about that changes what it costs."""
    yield from walks(log.access_key, log.first_key)
    for query in ("console-keys", "issuances", "recycled-keys", "origins", "sessions", "session-summary"):
        yield Question(query, "the whole window", {})
    yield Question("session-summary", "an ARN", {"arn": log.arn})
    for query in ("session-summary", "session-events"):
        yield Question(query, "a session", {"session_id": [log.session_id]})
        yield Question(query, "a key", {"access_key": [log.access_key]})
