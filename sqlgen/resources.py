"""Where the product's data lies: `templates/` and `dialects/`, in a checkout at its top, in an installed package beside this file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from sqlgen.errors import TemplateError, UsageError

FRONT_MATTER_OPEN = "/*---\n"
FRONT_MATTER_CLOSE = "\n---*/\n"


@cache
def data_root() -> Path:
    """Return the folder that holds `templates/` and `dialects/`.

    A wheel carries both under `sqlgen/_data`; a checkout and an editable install have them at the top of the tree.
    """
    packaged = Path(__file__).parent / "_data"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def read_toml(path: Path) -> dict[str, Any]:
    """Return the TOML file at `path`; raise TemplateError naming it when it is missing or malformed."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TemplateError(f"{path.name} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path.name} is not valid TOML: {error}") from error


def read_sql(path: Path) -> tuple[dict[str, Any], str]:
    """Return front matter (TOML in a leading `/*--- ... ---*/`) and body of an SQL file; raise TemplateError if malformed."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{path.name} cannot be read: {error.strerror}") from error
    if not text.startswith(FRONT_MATTER_OPEN) or FRONT_MATTER_CLOSE not in text:
        raise TemplateError(f"{path.name} does not begin with a front matter (/*--- ... ---*/)")
    head, body = text[len(FRONT_MATTER_OPEN) :].split(FRONT_MATTER_CLOSE, 1)
    try:
        return tomllib.loads(head), body
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"the front matter of {path.name} is not valid TOML: {error}") from error


def pick(kind: str, name: str, known: list[str]) -> str:
    """Return `name` if it is among `known`, else raise UsageError that lists what there is."""
    if name not in known:
        raise UsageError(f"unknown {kind} {name!r}; there is: {', '.join(known)}")
    return name
