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


def questions(log: Organization) -> Iterator[Question]:
    """Yield every query but chain-events, which a schedule asks, about all that it can be asked about that changes what it costs."""
    for direction, key in (("origin", log.access_key), ("derived", log.first_key), ("both", log.access_key)):
        yield Question("identity-chain", f"a key, {direction}", {"access_key": key, "direction": direction})
    for query in ("console-keys", "issuances", "recycled-keys", "origins", "sessions", "session-summary"):
        yield Question(query, "the whole window", {})
    yield Question("session-summary", "an ARN", {"arn": log.arn})
    for query in ("session-summary", "session-events"):
        yield Question(query, "a session", {"session_id": [log.session_id]})
        yield Question(query, "a key", {"access_key": [log.access_key]})
