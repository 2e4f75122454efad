"""Trino: rules of its file-based access control."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlgen.grants.names import Names


def write(rules: Sequence[Mapping[str, Any]], names: Names) -> str:
    """Return a file of these rules, section by section. Names are patterns there, so what is given is escaped."""
    names.part_table("catalog", "schema")
    names.put("home", names.one("home") or names.one("schema"), "home")
    names.known = {name: tuple(map(re.escape, values)) for name, values in names.known.items()}
    sections: dict[str, list[dict[str, Any]]] = {}
    for entry in rules:
        rule = {
            key: names.filled(value)[0] if isinstance(value, str) else value for key, value in entry["rule"].items()
        }
        sections.setdefault(entry["section"], []).append(rule)
    return json.dumps(sections, indent=2) + "\n"
