"""Lines of cells under each other, a mark before them: what the pages of many rows are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len

from sqlgen.output.answer import Row
from sqlgen.output.page import GAP, Page

STYLES = {"!": "bold red", "+": "yellow", "": ""}
"""How a line is shown by its mark: `!` for what is telling most, `+` for what is telling."""


def draw_line(
    page: Page, cells: Sequence[str], columns: Sequence[int], numbers: frozenset[int], style: str | None = None
) -> None:
    """Print a line: `cells[0]` is the mark, `columns` the widths to cut and fill to, those at `numbers` stand at the right.

    `style`: None is that of the mark.
    """
    fitted = [page.cut(cell, columns[place]) for place, cell in enumerate(cells)]
    padded = [
        " " * (columns[place] - cell_len(cell)) + cell
        if place in numbers
        else cell + " " * (columns[place] - cell_len(cell))
        for place, cell in enumerate(fitted)
    ]
    page.line([(GAP.join(padded[1:]), STYLES[cells[0]] if style is None else style)], first=f"{padded[0]} ", rest=GAP)


def count(row: Row, name: str) -> int:
    """Return a count of a row; 0 where there is none."""
    try:
        return int(str(row.get(name) or 0))
    except ValueError:
        return 0


def total(rows: Sequence[Row], name: str) -> int:
    """Return the sum of a count."""
    return sum(count(row, name) for row in rows)


def some(values: object, most: int) -> str:
    """Return the first of a list's values and how many more there are: `a, b and 3 more`; `""` for an empty one."""
    listed = [str(value) for value in values] if isinstance(values, (list, tuple)) else []
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def life(rows: Sequence[Row]) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last call of rows that say `first_seen` and `last_seen`; None where none is known."""
    firsts = [value for row in rows if isinstance(value := row.get("first_seen"), datetime)]
    lasts = [value for row in rows if isinstance(value := row.get("last_seen"), datetime)]
    return min(firsts, default=None), max(lasts, default=None)
