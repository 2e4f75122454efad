"""sessions for people: a line a session, what it did and from where; what services do by themselves summed up at the end."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from sqlgen.output.answer import Row
from sqlgen.output.columns import count, draw_line, life, some, total
from sqlgen.output.page import GAP, Page, Part
from sqlgen.output.words import client, identity, plural, span

MAX_SESSIONS = 100
"""Sessions shown, those that were refused something or changed something before the others."""
OF_SERVICES = ("service", "forwarded")
_HEADINGS = ("", "kind", "who", "account", "when", "calls", "denied", "writes")
_NUMBERS = frozenset({5, 6, 7})
_LEAST_WHO = 14

Line = tuple[tuple[str, ...], list[Part]]
"""The cells of a session's line, and what stands below it."""


def draw_sessions(page: Page, rows: list[Row]) -> None:
    """Draw the sessions in the order of their first call, then one line for each identity that services used."""
    first, last = life(rows)
    dated = first is not None and last is not None and first.date() != last.date()
    _draw_header(page, rows, span(first, last, date=True))
    people = [row for row in rows if row.get("kind") not in OF_SERVICES]
    told = sorted(people, key=_least_telling)[:MAX_SESSIONS]
    shown = {id(row) for row in told}
    lines = [(_cells(page, [row], dated), _details(page, row)) for row in people if id(row) in shown]
    lines += [
        (_cells(page, group, dated), []) for group in _groups(row for row in rows if row.get("kind") in OF_SERVICES)
    ]
    _draw_lines(page, lines)
    if left := len(people) - len(told):
        page.blank()
        page.note(
            f"{plural(left, 'more session')} without refusals: --arn, --account, --source-ip, --user-agent, --from and --to choose, "
            "--format json shows all.",
            indent=0,
            style="bold",
        )


def _draw_header(page: Page, rows: list[Row], seen: str) -> None:
    denied, refused = total(rows, "denied"), sum(count(row, "denied") > 0 for row in rows)
    accounts = {row.get("account_id") for row in rows if row.get("account_id")}
    parts: list[Part] = [
        ("SESSIONS", "bold"),
        (plural(len(rows), "session"), "bold"),
        (plural(len(accounts), "account") if accounts else "", ""),
        (f"{plural(total(rows, 'calls'), 'call')}, {plural(total(rows, 'writes'), 'write')}", ""),
        (f"{denied} denied in {plural(refused, 'session')}" if denied else "none denied", "bold red" if denied else ""),
        (f"{seen}Z" if seen else "", ""),
    ]
    page.line(parts, rest=GAP)
    page.blank()


def _draw_lines(page: Page, lines: list[Line]) -> None:
    columns = [
        max(cell_len(cells[place]) for cells in [_HEADINGS, *(line[0] for line in lines)])
        for place in range(len(_HEADINGS))
    ]
    columns[0] = 1
    room = page.width - sum(columns) + columns[2] - len(GAP) * (len(columns) - 2) - 1
    fits = room >= min(_LEAST_WHO, columns[2])
    columns[2] = min(columns[2], room)
    if fits:
        draw_line(page, _HEADINGS, columns, _NUMBERS, "dim")
    for cells, details in lines:
        if fits:
            draw_line(page, cells, columns, _NUMBERS)
        else:  # too narrow for columns
            named = [f"{cell} {name}" for cell, name in zip(cells[5:], _HEADINGS[5:], strict=True)]
            page.line([(cell, "") for cell in (*cells[1:5], *named)], first=f"{cells[0]:<1} ", rest=GAP)
        if details:
            page.line(details, first=" " * 4, rest=" " * 6)


def _cells(page: Page, sessions: list[Row], dated: bool) -> tuple[str, ...]:
    """Return the line of one session, or of several that are summed up."""
    head = sessions[0]
    own = head.get("kind") in ("console", *OF_SERVICES)  # their keys are temporary always: no need to say so
    who = identity({**head, "access_key_id": None if own else head.get("session_created_at")})
    denied, writes = total(sessions, "denied"), total(sessions, "writes")
    acted = head.get("kind") not in OF_SERVICES and (writes or total(sessions, "sensitive"))
    return (
        "!" if denied else "+" if acted else "",
        page.shown(head.get("kind")),
        page.shown(who) + (f"  x {len(sessions)}" if len(sessions) > 1 else ""),
        page.shown(head.get("account_id")),
        span(*life(sessions), date=dated),
        str(total(sessions, "calls")),
        str(denied),
        str(writes),
    )


def _details(page: Page, row: Row) -> list[Part]:
    agents = row.get("user_agents")
    clients = list(dict.fromkeys(map(client, agents))) if isinstance(agents, list) else []
    mfa = row.get("mfa_authenticated")
    sensitive = count(row, "sensitive")
    keys = row.get("access_keys")
    key = str(keys[0]) if isinstance(keys, list) and len(keys) == 1 else ""
    return [
        (page.shown(row.get("session_id")), "cyan"),
        (page.shown(key) if key != row.get("session_id") else "", ""),
        (page.cut(page.shown(some(row.get("source_ips"), 2)), 60), ""),
        (page.cut(page.shown(some(clients, 2)), 60), ""),
        (plural(sensitive, "sensitive read") if sensitive else "", "yellow"),
        (
            "MFA" if mfa else "no MFA" if mfa is False and row.get("kind") in ("console", "root") else "",
            "green" if mfa else "bold magenta",
        ),
        (page.shown(f"source identity {row.get('source_identity')}") if row.get("source_identity") else "", ""),
        (page.shown(f"on behalf of {row.get('on_behalf_of')}") if row.get("on_behalf_of") else "", ""),
    ]


def _groups(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the sessions of services by kind and identity, in the order of their first call."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.get("kind"), row.get("identity_arn") or row.get("principal_id")), []).append(row)
    return sorted(groups.values(), key=lambda group: str(group[0].get("kind")), reverse=True)


def _least_telling(row: Row) -> tuple[int, int]:
    return (-count(row, "denied") - count(row, "sensitive"), -count(row, "writes"))
