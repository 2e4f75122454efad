"""The questions: what each asks, which parameters it takes, which columns it answers with (front matter of `templates/*.sql`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from sqlgen.errors import TemplateError
from sqlgen.resources import data_root, pick, read_sql

ParameterType = Literal["text", "timestamp", "integer", "choice", "flag", "account", "network"]
ColumnType = Literal["text", "integer", "boolean", "timestamp", "array", "json"]


WINDOW = ("window_from", "window_to")
"""The names of the window's ends, after the parameters."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a query; a `flag` is given or not, and decides the structure of the text; a `network` is a range of addresses.

    `many`: takes several values. `marker`: when a text is rendered without any value it becomes the dialect's bind marker
    (parameters without this are left out). `subject`: what the question is about; a value of one that is not (own accounts) leaves
    the markers. `default` applies when no value is given.
    """

    name: str
    type: ParameterType
    meaning: str
    many: bool = False
    marker: bool = False
    subject: bool = True
    default: str | int | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None

    @property
    def option(self) -> str:
        """The parameter as a command line option."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class OutputColumn:
    """One column of the answer: its name (docs: contract of the query), type and meaning."""

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True)
class Form:
    """One way in which a question is kept in a warehouse to be called.

    `name`: the query's in snake case, and what sets this form apart from the first; `takes`: the parameters that the caller gives, before
    the window, in the order of the query's own; `choices`: what is settled already (a choice, a flag).
    """

    name: str
    takes: tuple[str, ...]
    choices: Mapping[str, str | bool]


@dataclass(frozen=True)
class Query:
    """One question.

    `look_back_hours`: how much earlier than the window its rows are read, since credentials live up to 36 h
    (AWS STS: GetSessionToken and GetFederationToken). `scans`: how often the log may be read, by walk shape.
    `one_of`: parameters of which at least one must be given to run it. `from_edges`: the events of `chain-events` are all it needs.
    `forms`: how it is saved.
    """

    name: str
    question: str
    example: str
    parameters: tuple[Parameter, ...]
    columns: tuple[OutputColumn, ...]
    look_back_hours: int
    one_of: tuple[str, ...]
    scans: Mapping[str, int]
    forms: tuple[Form, ...]
    from_edges: bool = False

    def parameter(self, name: str) -> Parameter:
        """Return the parameter `name`; raise UsageError if the query has none of that name."""
        known = [parameter.name for parameter in self.parameters]
        pick(f"parameter of {self.name}", name, known)
        return self.parameters[known.index(name)]


def query_names() -> list[str]:
    """Return the names of all queries, sorted."""
    return sorted(path.stem for path in (data_root() / "templates").glob("*.sql"))


@cache
def load_query(name: str) -> Query:
    """Return the query `name`; raise UsageError if there is none, TemplateError if its front matter is malformed."""
    pick("query", name, query_names())
    head, _ = read_sql(data_root() / "templates" / f"{name}.sql")
    try:
        parameters = tuple(_parameter(entry) for entry in head.get("parameter", []))
        return Query(
            name=name,
            question=head["question"],
            example=head["example"],
            parameters=parameters,
            columns=tuple(OutputColumn(**entry) for entry in head["column"]),
            look_back_hours=head.get("look_back_hours", 0),
            one_of=tuple(head.get("one_of", [])),
            scans=head["scans"],
            forms=tuple(_forms(name, parameters, head.get("forms"))),
            from_edges=head.get("from_edges", False),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TemplateError(f"the front matter of {name}.sql is not complete: {error}") from error


def _parameter(entry: dict[str, Any]) -> Parameter:
    entry = {**entry, "choices": tuple(entry.get("choices", ()))}
    if entry["type"] not in get_args(ParameterType):
        raise ValueError(f"parameter type {entry['type']!r}")
    return Parameter(**entry)


def _forms(query: str, parameters: Sequence[Parameter], entries: Sequence[Mapping[str, Any]] | None) -> Iterator[Form]:
    """Yield the forms that the front matter names; where it names none, the one of the bind markers.

    `identity_chain`, `identity_chain_both`, `identity_chain_by_session_id`, `console_keys_all`, `sessions_denied_only`.
    """
    order = [parameter.name for parameter in parameters]
    first = [parameter.name for parameter in parameters if parameter.marker]
    for place, entry in enumerate(entries if entries is not None else [{"takes": first}]):
        takes = sorted(entry["takes"], key=order.index)
        first = takes if place == 0 else first
        choices = {name: value for name, value in entry.items() if name != "takes"}
        name = "_".join([query.replace("-", "_"), *(key if value is True else value for key, value in choices.items())])
        if takes != first:
            name += "_by_" + "_and_".join(takes) if takes else "_all"
        yield Form(name, tuple(takes), choices)
