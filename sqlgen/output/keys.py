"""console-keys for people: one block a web session, its sign-in above, its keys below."""

from __future__ import annotations

from sqlgen.output.answer import Column, Row
from sqlgen.output.grid import draw_grid
from sqlgen.output.page import GAP, Page, Part
from sqlgen.output.words import client, identity, plural, session_start, when

_COLUMNS = (
    Column("access_key_id", "text"),
    Column("first_seen", "timestamp"),
    Column("last_seen", "timestamp"),
    Column("calls", "integer"),
    Column("forwarded", "integer"),
    Column("regions", "array"),
    Column("console_flag", "boolean"),
)


def draw_keys(page: Page, rows: list[Row]) -> None:
    """Draw a block for each console session of the answer."""
    sessions: dict[object, list[Row]] = {}
    for row in rows:
        sessions.setdefault(row.get("session_id"), []).append(row)
    for number, keys in enumerate(sessions.values()):
        if number:
            page.blank()
        _draw_session(page, keys)


def _draw_session(page: Page, keys: list[Row]) -> None:
    head = keys[0]
    began = session_start(head)
    parts: list[Part] = [
        ("CONSOLE", "bold"),
        (page.shown(identity({**head, "access_key_id": None})), "bold"),
        (page.shown(head.get("account_id")), ""),
        (page.shown(f"session {began}" if began else head.get("session_id")), "cyan"),
        (plural(len(keys), "key"), ""),
    ]
    page.line(parts, rest=GAP)
    page.line(_sign_in(page, head), first=GAP, rest=GAP * 2)
    page.blank()
    rows = [
        {**row, "forwarded": row.get("forwarded_calls"), "console_flag": row.get("from_console_flag")} for row in keys
    ]
    draw_grid(page, _COLUMNS, rows)


def _sign_in(page: Page, row: Row) -> list[Part]:
    if row.get("login_event_id") is None and row.get("login_time") is None:
        created = when(row.get("session_created_at"))
        return [
            ("sign-in not in these logs", "bold magenta"),
            (page.shown(f"it was at {created}") if created else "", ""),
        ]
    mfa = row.get("mfa_used")
    return [
        (page.shown(row.get("login_event_name")) or "sign-in", "yellow"),
        (when(row.get("login_time")), ""),
        (page.shown(row.get("login_region")), ""),
        (page.shown(row.get("login_source_ip")), ""),
        (page.cut(page.shown(client(row.get("login_user_agent"))), 40), ""),
        ("MFA" if mfa else "no MFA" if mfa is False else "", "green" if mfa else "bold magenta"),
        (page.shown(f"event {row.get('login_event_id')}") if row.get("login_event_id") else "", "dim"),
    ]
