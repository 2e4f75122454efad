"""The rights that each command needs, and no more: an IAM policy, Snowflake's GRANTs, rules for Trino.

What a command needs is data, `dialects/<dialect>/grants.toml`; here names are filled in. A name that is not known stays a marker, `<LIKE THIS>`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from sqlgen.dialects import load_dialect
from sqlgen.grants.names import Names
from sqlgen.resources import data_root, pick, read_toml

__all__ = ["Grants", "grant", "grant_commands"]

USUAL = ("check", "run")
"""The commands that are meant when none is named."""

Entry = Mapping[str, Any]
Writer = Callable[[Sequence[Entry], Names], str]


@dataclass(frozen=True)
class Grants:
    """Text that grants; `missing`: the markers in it, each with the option that fills it in; `notes`: for people."""

    text: str
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def grant_commands(dialect: str) -> tuple[str, ...]:
    """Return the commands that need rights on an engine; UsageError for an engine that has none of its own."""
    return tuple(_content(dialect)["commands"])


def grant(
    dialect: str, commands: Sequence[str], known: Mapping[str, str | Sequence[str] | None], *, layout: str | None = None
) -> Grants:
    """Return what lets somebody use `commands`, and no more.

    Args:
        dialect: the engine.
        commands: names of commands; empty: those of `USUAL`.
        known: what is known, by the option that gives it; None and empty is not known. `table` (`database.table`), `home` and
            `edges` (the scheduled table that chains are read from) for all; `account`, `region`, `workgroup`, `catalog`, `bucket`,
            `output_location`, `home_location`, `kms_key`, `role`, `dead_letter_queue` and `lake_formation` (anything: it governs the log) for Athena;
            `warehouse`, `database`, `schema`, `integration`, `role`
            for Snowflake; `user`, `catalog`, `schema` for Trino.
        layout: how the log's table is laid out, where that changes what is needed; None: the dialect's first choice.

    Raises UsageError: an engine without rights of its own, an unknown command, a value of the wrong form.
    """
    content = _content(dialect)
    wanted = {pick(f"command of {dialect} that needs rights", name, content["commands"]) for name in commands or USUAL}
    names = Names(
        {name: (value,) if isinstance(value, str) else tuple(value) for name, value in known.items() if value}
    )
    shape = layout or load_dialect(dialect).default_layout
    entries = [
        entry
        for entry in content["entry"]
        if wanted.intersection(entry["commands"])
        and shape in entry.get("layouts", (shape,))
        and shape not in entry.get("not_layouts", ())
        and ("option" not in entry or entry["option"] in names.known)
    ]
    write: Writer = import_module(f"sqlgen.grants.{dialect}").write
    text = write(entries, names)
    return Grants(text, names.missing, tuple(content["notes"]))


def _content(dialect: str) -> Mapping[str, Any]:
    having = sorted(path.parent.name for path in (data_root() / "dialects").glob("*/grants.toml"))
    pick("dialect with rights of its own", dialect, having)
    return read_toml(data_root() / "dialects" / dialect / "grants.toml")
