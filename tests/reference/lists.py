"""The kept lists of templates/lists/*.toml as plain data."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "templates" / "lists"


@cache
def load(name: str) -> dict[str, Any]:
    """The TOML file of one list."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def code_on_list(name: str, code: str | None) -> bool:
    """Whether an error code equals an entry of the list or its pattern is found in it (docs/rules.md §1.6)."""
    if code is None:
        return False
    kept = load(name)
    return any(entry["code"] == code for entry in kept["entry"]) or re.search(kept["pattern"], code) is not None


def name_reads(event_name: str | None) -> bool:
    """Whether an API name begins like one that reads (docs/rules.md §1.7)."""
    return event_name is not None and event_name.startswith(tuple(e["prefix"] for e in load("read_names")["entry"]))


def read_is_sensitive(event_source: str | None, event_name: str | None) -> bool:
    """Whether (event_source, event_name) is on the list of reads that expose something (docs/rules.md §1.7)."""
    if event_source is None or event_name is None:
        return False
    for entry in load("sensitive_reads")["entry"]:
        listed = entry["event_name"]
        named = event_name.startswith(listed[:-1]) if listed.endswith("*") else event_name == listed
        if named and event_source == entry["event_source"]:
            return True
    return False


def filter_paths(event_name: str | None) -> list[list[str]]:
    """Where the search filter of a request may be, in the order to look (docs/rules.md §6)."""
    paths = [entry["path"].replace("*", event_name or "").split(".") for entry in load("search_filters")["entry"]]
    return paths
