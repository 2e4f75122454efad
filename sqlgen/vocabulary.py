"""The vocabulary: the few named functions whose meaning no transpiler may guess, one SQL snippet each in every dialect.

`dialects/vocabulary.toml` says what each word means, with a table of cases that every engine must return;
`dialects/<dialect>/vocabulary.sql` says how it is spelled there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from sqlgen.dialects import Dialect
from sqlgen.errors import TemplateError
from sqlgen.resources import data_root, read_toml

HEADING = re.compile(r"^-- word: (\w+)\(([\w, ]*)\)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Word:
    """A named function: its parameters, what it means, whether it is an aggregate, and its table of cases."""

    name: str
    parameters: tuple[str, ...]
    meaning: str
    aggregate: bool
    cases: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Snippet:
    """How one dialect spells a word: an expression whose `:name` placeholders stand for the arguments."""

    word: str
    parameters: tuple[str, ...]
    expression: exp.Expr


@cache
def load_words() -> Mapping[str, Word]:
    """Return every word by name; raise TemplateError if `dialects/vocabulary.toml` is malformed."""
    entries = read_toml(data_root() / "dialects" / "vocabulary.toml").get("word", [])
    return {
        entry["name"]: Word(
            entry["name"],
            tuple(entry["parameters"]),
            entry["meaning"],
            entry.get("aggregate", False),
            tuple(entry.get("case", ())),
        )
        for entry in entries
    }


@cache
def load_snippets(dialect: Dialect) -> Mapping[str, Snippet]:
    """Return the snippets of `dialect` by word, parsed; raise TemplateError naming the one that does not parse or is unknown."""
    text = (dialect.folder / "vocabulary.sql").read_text(encoding="utf-8")
    headings = list(HEADING.finditer(text))
    words = load_words()
    snippets: dict[str, Snippet] = {}
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        name = heading[1]
        parameters = tuple(part.strip() for part in heading[2].split(",") if part.strip())
        if name not in words or words[name].parameters != parameters:
            raise TemplateError(
                f"{dialect.name}/vocabulary.sql states {name}{parameters}, which vocabulary.toml does not define so"
            )
        source = text[heading.end() : following.start() if following else len(text)]
        try:
            expression = parse_one(source, read=dialect.sqlglot)
        except ParseError as error:
            raise TemplateError(f"the word {name} of {dialect.name}/vocabulary.sql does not parse: {error}") from error
        for node in expression.walk():
            node.comments = None
        snippets[name] = Snippet(name, parameters, expression)
    return snippets
