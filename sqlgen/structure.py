"""Step one of rendering: Jinja decides which parts a question's text has. It gets names and flags, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import FunctionLoader, StrictUndefined
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sqlgen.dialects import Dialect, copy_order, event_columns
from sqlgen.errors import TemplateError
from sqlgen.resources import FRONT_MATTER_OPEN, data_root, read_sql


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(_load),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # nothing from outside passes through here, and the output is SQL, not HTML
    )
    environment.globals.clear()
    return environment


def _load(name: str) -> str | None:
    path = data_root() / "templates" / name
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    return read_sql(path)[1] if text.startswith(FRONT_MATTER_OPEN) else text


def canonical_text(
    query: str, *, given: Mapping[str, bool], choice: Mapping[str, str], engine: Dialect, once: bool = False
) -> str:
    """Return the canonical SQL of `query`, vocabulary still in it.

    `given`: which parameters (and window bounds) have a value or a marker; `choice`: the choices of choice parameters, each one of
    a fixed set; `engine`: whose walk and choice of copies it has; `once`: the table holds each event once. Raises TemplateError when the
    template is not well formed.
    """
    try:
        template = _environment().get_template(f"{query}.sql")
        return template.render(
            given=given,
            choice=choice,
            walk=engine.walk,
            once=once,
            copy_order=copy_order() if engine.copies == "first" else (),
            event_columns=event_columns(),
        )
    except JinjaError as error:
        raise TemplateError(f"the template {query}.sql is not well formed: {error}") from error
