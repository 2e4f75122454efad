"""Snowflake: GRANT statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from sqlgen.grants.names import Names
from sqlgen.tree import table_node


def write(grants: Sequence[Mapping[str, Any]], names: Names) -> str:
    """Return the statements that grant these privileges to a role."""
    names.part_table("database", "schema")
    home = table_node(names.text("home")) if "home" in names.known else None
    names.put("home", home.name if home is not None else names.one("schema"), "home")
    names.put("home_database", (home.db if home is not None else "") or names.one("database"), "home")
    role = _identifier(names.text("role"))
    lines = []
    for entry in grants:
        path = ".".join(_identifier(names.text(part)) for part in entry["object"])
        target = f"{entry['on']} {path}".rstrip()
        lines.append(f"GRANT {entry['privileges']} ON {target} TO ROLE {role};")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _identifier(name: str) -> str:
    """Return a name as SQL: in quotes where it is no plain one, as a marker is."""
    return exp.to_identifier(name).sql(dialect="snowflake")
