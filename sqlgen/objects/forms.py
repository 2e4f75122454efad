"""The forms in which a question is kept, each as a text over a profile's log, with markers or named arguments for what the caller gives."""

from __future__ import annotations

from dataclasses import dataclass

from sqlgen.answers import EDGES_LAYOUT, with_own
from sqlgen.profiles import Profile
from sqlgen.queries import WINDOW, Form, Query, load_query
from sqlgen.renderer import Rendered, render

WINDOW_MEANINGS = {
    "window_from": "begin of the window, inclusive",
    "window_to": "end of the window, exclusive",
}


@dataclass(frozen=True)
class Argument:
    """What the caller gives, in the order in which it is given."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class FormText:
    """A form of a question as SQL."""

    query: Query
    form: Form
    rendered: Rendered
    arguments: tuple[Argument, ...]
    table: str

    @property
    def about(self) -> str:
        """What it asks and what it is given, for people, without a question mark: those are counted as parameters by some."""
        settled = "".join(f" ({name}: {value})" for name, value in self.form.choices.items())
        given = ", ".join(
            f"{place} {argument.name} ({argument.meaning})" for place, argument in enumerate(self.arguments, 1)
        )
        question = " ".join(self.query.question.replace("?", ".").split())
        return f"{question}{settled} Parameters: {given}. Times are UTC: 2021-08-27T19:42:56Z. Reads {self.table}."


def form_text(query: str, form: Form, profile: Profile, *, named: bool) -> FormText:
    """Return a form of `query` over the profile's log.

    Args:
        query: its name.
        form: one of its forms.
        profile: the log, or the scheduled edges in its place; what it calls its own is written into the text.
        named: write the names of arguments, not bind markers.

    Raises:
        CheckError: the text breaks a rule of its engine, its length included.
    """
    question = load_query(query)
    edges = profile.edges if question.from_edges else None
    rendered = render(
        query,
        dialect=profile.dialect,
        layout=EDGES_LAYOUT if edges else profile.layout,
        table=edges or profile.table,
        parameters=with_own(question, form.choices, profile),
        partitions=() if edges else profile.partitions,
        takes=form.takes,
        named=named,
        whole_hours=edges is not None,
    )
    meanings = {parameter.name: parameter.meaning for parameter in question.parameters} | WINDOW_MEANINGS
    arguments = tuple(Argument(bind.name, bind.type, meanings[bind.name]) for bind in rendered.binds)
    assert [argument.name for argument in arguments] == [*form.takes, *WINDOW], arguments
    return FormText(question, form, rendered, arguments, edges or profile.table)
