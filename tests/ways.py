"""Every way in which a question can be kept as a function: by what it marks, by each other parameter alone, and by the window alone."""

from __future__ import annotations

from collections.abc import Iterator

from sqlgen.queries import Query, load_query, query_names

Way = tuple[str, tuple[str, ...]]


MARKED = {
    (name, tuple(parameter.name for parameter in load_query(name).parameters if parameter.marker))
    for name in query_names()
}


def ways() -> Iterator[Way]:
    """Yield each question with the parameters that its function takes."""
    for name in query_names():
        query = load_query(name)
        yield from ((name, takes) for takes in dict.fromkeys(_takes(query)))


def way_name(way: Way) -> str:
    return "-".join([way[0], *way[1]])


def _takes(query: Query) -> Iterator[tuple[str, ...]]:
    yield tuple(parameter.name for parameter in query.parameters if parameter.marker)
    for parameter in query.parameters:
        # what is one's own is said by the profile, not by the caller
        asks = parameter.type == "text" and not parameter.name.startswith("own_")
        if asks and parameter.name in (query.one_of or [p.name for p in query.parameters]):
            yield (parameter.name,)
    if not query.one_of:
        yield ()
