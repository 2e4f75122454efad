"""origins for people: a WHERE block a session, what to doubt first."""

from __future__ import annotations

from rich.cells import cell_len

from sqlgen.output.answer import Row
from sqlgen.output.columns import count, draw_line, life, total
from sqlgen.output.page import GAP, Page, Part
from sqlgen.output.words import client, identity, plural, session_start, span

MAX_BLOCKS = 20
"""Sessions shown, those with doubtful addresses before the busy ones."""
MAX_PLACES = 20
"""Places shown of a session, the doubtful ones first."""
DOUBTFUL = ("foreign-endpoint", "unknown-endpoint")
_HEADINGS = ("", "trust", "from", "with", "calls", "denied", "when")
_NUMBERS = frozenset({4, 5})
_LEAST = 12
_NOTE = (
    "foreign-endpoint, unknown-endpoint: whoever owns a VPC endpoint chooses the addresses behind it, so such an address proves nothing "
    "(the S3 console calls through endpoints of AWS's own, too). --own-account, --own-endpoint and --own-range name what is yours."
)


def draw_origins(page: Page, rows: list[Row]) -> None:
    """Draw the sessions, most doubtful first, and say how many are left out; clients of one name are one place."""
    sessions: dict[object, dict[tuple[object, ...], list[Row]]] = {}
    for row in rows:
        place = (row.get("source_ip"), row.get("vpc_endpoint_id"), row.get("trust"), client(row.get("user_agent")))
        sessions.setdefault(row.get("session_id"), {}).setdefault(place, []).append(row)
    merged = [[_merged(places) for places in session.values()] for session in sessions.values()]
    chosen = sorted(merged, key=_least_telling)[:MAX_BLOCKS]
    for number, places in enumerate(chosen):
        if number:
            page.blank()
        _draw_block(page, sorted(places, key=_least_doubtful))
    if any(map(_doubtful, chosen)):
        page.blank()
        page.note(_NOTE, indent=0)
    if left := len(sessions) - len(chosen):
        page.blank()
        page.note(
            f"{plural(left, 'more session')} with fewer calls: --session-id or --arn shows one of them, --format json all.",
            indent=0,
            style="bold",
        )


def _draw_block(page: Page, places: list[Row]) -> None:
    head = places[0]
    began, session = session_start(head), str(head.get("session_id") or "")
    keyed = began or None  # of a session that has a beginning the keys are temporary
    parts: list[Part] = [
        ("WHERE", "bold"),
        (page.shown(identity({**head, "session_created_at": keyed, "access_key_id": keyed})), "bold"),
        (page.shown(f"session {began}" if began else f"key {session}"), "cyan"),
        (f"{plural(total(places, 'calls'), 'call')} from {plural(len(places), 'place')}", ""),
        (f"{_doubtful(places)} of them doubtful" if _doubtful(places) else "", "bold red"),
    ]
    page.line(parts, rest=GAP)
    page.blank()
    first, last = life(places)
    dated = first is not None and last is not None and first.date() != last.date()
    _draw_places(page, [_cells(page, row, dated) for row in places[:MAX_PLACES]])
    if (left := len(places) - MAX_PLACES) > 0:
        page.note(f"and {plural(left, 'more place')} with fewer calls")


def _draw_places(page: Page, lines: list[tuple[str, ...]]) -> None:
    columns = [max(cell_len(line[place]) for line in [_HEADINGS, *lines]) for place in range(len(_HEADINGS))]
    columns[0] = 1
    room = page.width - sum(columns) + columns[2] + columns[3] - len(GAP) * (len(columns) - 2) - 1
    columns[3] = min(columns[3], max(room - columns[2], _LEAST))
    columns[2] = min(columns[2], room - columns[3])
    if columns[2] < min(_LEAST, max(cell_len(line[2]) for line in lines)):  # too narrow for columns
        for line in lines:
            named = [f"{cell} {name}" for cell, name in zip(line[4:6], _HEADINGS[4:6], strict=True)]
            page.line([(cell, "") for cell in (*line[1:4], *named, line[6])], first=f"{line[0]:<1} ", rest=GAP)
        return
    draw_line(page, _HEADINGS, columns, _NUMBERS, "dim")
    for line in lines:
        draw_line(page, line, columns, _NUMBERS)


def _cells(page: Page, row: Row, dated: bool) -> tuple[str, ...]:
    endpoint, owner = row.get("vpc_endpoint_id"), row.get("vpc_endpoint_account_id")
    place = page.shown(row.get("source_ip")) or "no address"
    if row.get("in_own_range"):
        place += " (own range)"
    if row.get("trust") != "aws" and (endpoint or owner):
        place += f" through {page.shown(endpoint) or 'an endpoint'}" + (f" of {page.shown(owner)}" if owner else "")
    return (
        "!" if row.get("trust") in DOUBTFUL else "",
        page.shown(row.get("trust")),
        place,
        page.shown(client(row.get("user_agent"))),
        str(count(row, "calls")),
        str(count(row, "denied")),
        span(row.get("first_seen"), row.get("last_seen"), date=dated),
    )


def _merged(places: list[Row]) -> Row:
    """Return several rows of one place as one."""
    first, last = life(places)
    calls, denied = total(places, "calls"), total(places, "denied")
    return {**places[0], "calls": calls, "denied": denied, "first_seen": first, "last_seen": last}


def _least_telling(places: list[Row]) -> tuple[int, bool, int]:
    return (-_doubtful(places), all(row.get("trust") == "aws" for row in places), -total(places, "calls"))


def _doubtful(places: list[Row]) -> int:
    return sum(row.get("trust") in DOUBTFUL for row in places)


def _least_doubtful(row: Row) -> tuple[bool, bool, int]:
    return (row.get("trust") not in DOUBTFUL, row.get("trust") == "aws", -count(row, "calls"))
