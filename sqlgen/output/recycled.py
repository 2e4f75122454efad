"""recycled-keys for people: a block a key, its sessions below."""

from __future__ import annotations

from sqlgen.output.answer import Column, Row
from sqlgen.output.grid import draw_grid
from sqlgen.output.page import GAP, Page
from sqlgen.output.words import identity, plural

_COLUMNS = (
    Column("who", "text"),
    Column("session_id", "text"),
    Column("first_seen", "timestamp"),
    Column("last_seen", "timestamp"),
    Column("calls", "integer"),
    Column("source_ips", "array"),
)


def draw_recycled(page: Page, rows: list[Row]) -> None:
    """Draw a block for each key of the answer."""
    keys: dict[object, list[Row]] = {}
    for row in rows:
        keys.setdefault(row.get("access_key_id"), []).append(row)
    for place, (key, uses) in enumerate(keys.items()):
        if place:
            page.blank()
        parts = [("RECYCLED", "bold"), (page.shown(key), "bold"), (f"used by {plural(len(uses), 'session')}", "")]
        page.line(parts, rest=GAP)
        page.blank()
        draw_grid(page, _COLUMNS, [{**row, "who": identity({**row, "access_key_id": None})} for row in uses])
