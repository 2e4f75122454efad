"""session-summary for people: one WHAT block a session, its most telling calls first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rich.cells import cell_len

from sqlgen.output.answer import Row
from sqlgen.output.columns import count, draw_line, total
from sqlgen.output.page import GAP, Page, Part, widths
from sqlgen.output.samples import target
from sqlgen.output.words import identity, plural, session_start, span

MAX_BLOCKS = 20
"""Sessions shown, the busiest ones."""
MOST_LISTED = 20
"""Values that a list column holds at most (docs/rules.md §6), so there may be more."""

_HEADINGS = ("", "service", "call", "calls", "ok", "denied", "what", "when")
_NUMBERS = frozenset({3, 4, 5})


def draw_summary(page: Page, rows: list[Row]) -> None:
    """Draw the blocks of the busiest sessions, and say how many are left out."""
    sessions: dict[object, list[Row]] = {}
    for row in rows:
        sessions.setdefault(row.get("session_id"), []).append(row)
    busiest = sorted(sessions.values(), key=lambda calls: -total(calls, "calls"))[:MAX_BLOCKS]
    for number, calls in enumerate(busiest):
        if number:
            page.blank()
        _draw_block(page, sorted(calls, key=_most_telling))
    if left := len(sessions) - len(busiest):
        page.blank()
        page.note(
            f"{plural(left, 'more session')} with fewer calls: --session-id or --arn shows one of them, --format json all.",
            indent=0,
            style="bold",
        )


def _draw_block(page: Page, calls: list[Row]) -> None:
    first, last = _extreme(calls, "first_seen", min), _extreme(calls, "last_seen", max)
    dated = first is not None and last is not None and first.date() != last.date()
    _draw_header(page, calls, span(first, last, date=True))
    page.blank()
    lines = [_cells(page, row, dated) for row in calls]
    columns = [max(cell_len(line[place]) for line in [_HEADINGS, *lines]) for place in range(len(_HEADINGS))]
    columns[0] = 1
    wanted_what = columns[6]
    room = page.width - sum(columns) + wanted_what - len(GAP) * (len(columns) - 2) - 1
    if room < 16:  # too narrow for everything side by side: what stands on a line of its own
        _draw_stacked(page, calls, lines, columns)
        return
    columns[6] = min(wanted_what, room)
    draw_line(page, _HEADINGS, columns, _NUMBERS, "dim")
    for line in lines:
        draw_line(page, line, columns, _NUMBERS)


def _draw_header(page: Page, calls: list[Row], seen: str) -> None:
    head = calls[0]
    began, session = session_start(head), str(head.get("session_id") or "")
    denied = total(calls, "denied")
    writes = sum(count(row, "calls") for row in calls if row.get("read_only") is False)
    sensitive = sum(count(row, "calls") for row in calls if row.get("sensitive"))
    counts = f"{plural(total(calls, 'calls'), 'call')}: {denied} denied, {plural(writes, 'write')}, "
    parts: list[Part] = [
        ("WHAT", "bold"),
        (page.shown(identity({**head, "session_created_at": began or None, "access_key_id": began or None})), "bold"),
        (page.shown(head.get("account_id")), ""),
        (page.shown(f"session {began}" if began else f"key {session}"), "cyan"),
        (f"{_listed(calls, 'access_keys', 'key')}, {_listed(calls, 'regions', 'region')}", ""),
        (counts + plural(sensitive, "sensitive read"), "bold red" if denied or sensitive else ""),
        (f"{seen}Z" if seen else "", ""),
    ]
    page.line(parts, rest=GAP)


def _draw_stacked(page: Page, calls: list[Row], lines: list[tuple[str, ...]], columns: list[int]) -> None:
    """Draw for a narrow terminal: a line of counts for each call, below it what and when."""
    room = page.width - 2 - sum(columns[3:6]) - len(GAP) * 4
    names = widths(columns[1:3], room, (6, 6))
    narrow = [columns[0], *names, *columns[3:6]]
    draw_line(page, _HEADINGS[:6], narrow, _NUMBERS, "dim")
    for line in lines:
        draw_line(page, line[:6], narrow, _NUMBERS)
        page.note(GAP.join(cell for cell in (line[7], page.cut(line[6], page.width * 2)) if cell), indent=4)


def _cells(page: Page, row: Row, dated: bool) -> tuple[str, ...]:
    marker = "!" if count(row, "denied") or row.get("sensitive") else "+" if row.get("read_only") is False else ""
    return (
        marker,
        page.shown(str(row.get("event_source") or "").removesuffix(".amazonaws.com")),
        page.shown(row.get("event_name")),
        str(count(row, "calls")),
        str(count(row, "succeeded")),
        str(count(row, "denied")),
        page.shown(target(row)),
        span(row.get("first_seen"), row.get("last_seen"), date=dated),
    )


def _most_telling(row: Row) -> tuple[object, ...]:
    denied, sensitive, writes = count(row, "denied") > 0, bool(row.get("sensitive")), row.get("read_only") is False
    group = 0 if denied else 1 if sensitive else 2 if writes else 3
    return group, -count(row, "calls"), str(row.get("event_source")), str(row.get("event_name"))


def _listed(calls: list[Row], name: str, noun: str) -> str:
    values: set[object] = set()
    full = False
    for row in calls:
        listed = row.get(name)
        if isinstance(listed, list):
            values.update(listed)
            full = full or len(listed) >= MOST_LISTED
    return f"{len(values)} or more {noun}s" if full else plural(len(values), noun)


def _extreme(calls: list[Row], name: str, choose: Callable[[list[datetime]], datetime]) -> datetime | None:
    moments = [value for row in calls if isinstance(value := row.get(name), datetime)]
    return choose(moments) if moments else None
