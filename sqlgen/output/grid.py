"""Any answer as a table for people: a line a row where the width allows, a block a row where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from sqlgen.output.answer import ColumnLike, Row
from sqlgen.output.page import GAP, UNICODE, Page, Part, widths
from sqlgen.output.words import when

LONGEST = 300
"""Cells of one value in a table."""
_NARROWEST = {"timestamp": 20, "integer": 5, "boolean": 5}


def draw_grid(page: Page, columns: Sequence[ColumnLike], rows: list[Row]) -> None:
    """Draw `rows`; columns that are empty throughout are left out.

    Text wraps inside its column. Where not even narrow columns fit side by side, each row is a block of `name value` lines.
    """
    told = [column for column in columns if any(row.get(column.name) not in (None, []) for row in rows)]
    cells = [[page.cut(page.shown(_value(row.get(column.name))), LONGEST) for column in told] for row in rows]
    wanted = [
        max(cell_len(page.shown(column.name)), *(cell_len(line[place]) for line in cells))
        for place, column in enumerate(told)
    ]
    room = page.width - len(GAP) * len(told)
    least = sum(min(wish, _NARROWEST.get(column.type, 12)) for wish, column in zip(wanted, told, strict=True))
    if least <= room:
        _draw_table(page, told, cells, _fit(told, wanted, room))
    else:
        _draw_blocks(page, told, cells)


def _fit(columns: Sequence[ColumnLike], wanted: list[int], room: int) -> list[int]:
    """Return the columns' widths: times and numbers whole, the others narrowed."""
    fixed = {place for place, column in enumerate(columns) if column.type in _NARROWEST}
    taken = sum(wanted[place] for place in fixed)
    others = [place for place in range(len(wanted)) if place not in fixed]
    # lists and documents give way before names and key ids
    least = [min(wanted[place], 20 if columns[place].type == "text" else 10) for place in others]
    narrowed = widths([wanted[place] for place in others], room - taken, least)
    narrowed = widths(narrowed, room - taken, [6] * len(others))
    fitted = dict(zip(others, narrowed, strict=True))
    return [fitted.get(place, width) for place, width in enumerate(wanted)]


def _draw_table(page: Page, columns: Sequence[ColumnLike], cells: list[list[str]], fitted: list[int]) -> None:
    table = Table(
        box=box.SIMPLE_HEAD if page.symbols is UNICODE else None, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column, width in zip(columns, fitted, strict=True):
        justify = "right" if column.type == "integer" else "left"
        table.add_column(Text(page.shown(column.name)), width=width, overflow="fold", justify=justify)  # type: ignore[arg-type]
    for line in cells:
        table.add_row(*(Text(cell) for cell in line))
    page.draw(table)


def _draw_blocks(page: Page, columns: Sequence[ColumnLike], cells: list[list[str]]) -> None:
    names = [page.cut(page.shown(column.name), page.width // 3) for column in columns]
    margin = max(map(cell_len, names), default=0)
    for number, line in enumerate(cells):
        if number:
            page.blank()
        for name, cell in zip(names, line, strict=True):
            parts: list[Part] = [(cell, "")]
            if cell:
                page.line(parts, first=f"{name:<{margin}}{GAP}", rest=" " * (margin + len(GAP)))


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)
