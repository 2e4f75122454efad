"""What changes in a text, as a unified difference: coloured on a terminal, and nothing in it steers one."""

from __future__ import annotations

from difflib import unified_diff
from typing import TextIO

from sqlgen.output.page import open_page

STYLES = {"+": "green", "-": "red", "@": "cyan"}


def difference(name: str, before: str, after: str) -> list[str]:
    """Return the lines that differ, with three around them; none where the texts are the same."""
    old, new = before.splitlines(), after.splitlines()
    return list(unified_diff(old, new, f"kept/{name}", f"new/{name}", lineterm=""))


def draw_difference(stream: TextIO, name: str, before: str, after: str, *, color: bool | None = None) -> None:
    """Write the difference of two texts to `stream`; `color` None: coloured on a terminal, unless NO_COLOR is set."""
    page = open_page(stream, None, color, None)
    for line in difference(name, before, after):
        head = line.startswith(("--- ", "+++ "))
        page.long_line(line, "bold" if head else STYLES.get(line[:1], ""))
