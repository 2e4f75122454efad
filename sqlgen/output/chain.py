"""identity-chain for people: who is behind a session, from the origin down to it, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from sqlgen.output.answer import Row
from sqlgen.output.chain_notes import end_note, hop_note, legend
from sqlgen.output.page import Page, Part
from sqlgen.output.words import client, identity, session_start, when

MAX_BRANCHES = 20
"""Branches shown of one walk; ambiguous hops multiply them."""
MAX_DERIVED = 200
"""Derived sessions shown of one start."""
LONGEST_NAME = 160
"""Cells of an identity's name; AWS allows about 130 for a role and its session."""
INDENT = "  "

_ORIGINS = {
    "long-term-key": "long-term key",
    "root": "root user's key",
    "console-sign-in": "console sign-in",
    "service": "AWS service",
    "federated": "federated identity",
    "identity-center": "IAM Identity Center",
    "external-account": "another account",
    "not-in-logs": "not in these logs",
    "depth-limit": "depth limit, the chain goes on",
    "cycle": "back at a session of this chain",
}
_MARKS = {"ambiguous": "? ambiguous", "inferred": "~ inferred"}


class Walks:
    """The rows of an answer by the hop nearer to the start that each is tied to."""

    def __init__(self, rows: list[Row]) -> None:
        """Sort `rows` into starts and, per direction, what hangs on which hop."""
        self.starts = [row for row in rows if row.get("direction") == "start"]
        self._hanging: dict[tuple[object, ...], list[Row]] = defaultdict(list)
        places = {self._place(row) for row in rows}
        first_at = {self._place(row)[:3]: self._place(row) for row in reversed(rows)}
        for row in rows:
            if row.get("direction") == "start":
                continue
            nearer = self._nearer(row)
            if nearer not in places:  # an answer without the linked columns: the first hop of the depth before
                nearer = first_at.get(nearer[:3], nearer)
            self._hanging[nearer].append(row)

    def beyond(self, row: Row, direction: str) -> list[Row]:
        """Return the hops one further away from the start than `row`."""
        start, _, depth, session, key = self._place(row)
        return self._hanging.get((start, "start" if depth == 0 else direction, depth, session, key), [])

    def towards(self, row: Row, direction: str) -> list[Row]:
        """Return `beyond`, of a start only those in `direction`."""
        return [further for further in self.beyond(row, direction) if further.get("direction") == direction]

    def branches(self, start: Row) -> Iterator[list[Row]]:
        """Yield each way back from `start`, the start first; depths grow, so a way always ends."""
        waiting = [[start]]
        while waiting:
            way = waiting.pop()
            further = self.towards(way[-1], "origin")
            if not further:
                yield way
            waiting.extend([*way, hop] for hop in reversed(further))

    @staticmethod
    def _place(row: Row) -> tuple[object, ...]:
        return (
            row.get("start_session_id"),
            row.get("direction"),
            _depth(row),
            row.get("session_id"),
            row.get("access_key_id"),
        )

    @staticmethod
    def _nearer(row: Row) -> tuple[object, ...]:
        depth = _depth(row) - 1
        return (
            row.get("start_session_id"),
            "start" if depth == 0 else row.get("direction"),
            depth,
            row.get("linked_session_id"),
            row.get("linked_access_key_id"),
        )


def draw_chain(page: Page, rows: list[Row]) -> None:
    """Draw a WHO block for each start of an identity-chain, and WHAT CAME OF IT where rows are derived."""
    walks = Walks(rows)
    for number, start in enumerate(walks.starts):
        if number:
            page.blank()
        _draw_who(page, walks, start)
        if walks.towards(start, "derived"):
            page.blank()
            _draw_derived(page, walks, start)


def _draw_who(page: Page, walks: Walks, start: Row) -> None:
    began = session_start(start)
    page.line(
        [("WHO", "bold"), *_head(page, start), (page.shown(f"session {began}") if began else "", "")], rest=INDENT * 2
    )
    if start.get("origin") is None and not walks.towards(start, "origin"):
        return  # asked for what came of it only
    ways = list(islice(walks.branches(start), MAX_BRANCHES + 1))
    shown = ways[:MAX_BRANCHES]
    for number, way in enumerate(shown, 1):
        page.blank()
        if len(ways) > 1:
            page.line([(f"branch {number}", "bold")], first=INDENT, rest=INDENT)
        _draw_way(page, way)
    notes = _notes(shown)
    if len(ways) > len(shown):
        notes.insert(0, (f"{MAX_BRANCHES} branches are shown, there are more: --format json has every hop.", "bold"))
    if notes:
        page.blank()
    for sentence, style in notes:
        page.note(page.shown(sentence), style=style)


def _draw_way(page: Page, way: list[Row]) -> None:
    """Draw one chain from its origin down; each hop stands a step further in, as far as the width allows."""
    step = min(3, (page.width // 3) // len(way))
    for place, row in enumerate(reversed(way)):
        margin = INDENT + " " * (step * place)
        if place:
            caller = way[len(way) - place]
            above = INDENT + " " * (step * (place - 1))
            lead = page.symbols.last
            page.line(_issuance(page, caller, caller, row), first=above + lead, rest=above + " " * len(lead) + INDENT)
        marks = []
        if place == 0 and isinstance(origin := row.get("origin"), str):
            marks.append(page.shown(f"origin: {_ORIGINS.get(origin, origin)}"))
        if row.get("direction") == "start":
            marks.append(page.symbols.here)
        right = ("  ".join(marks), "bold green") if marks else None
        page.line(_head(page, row), first=margin, rest=margin + INDENT, right=right)


def _issuance(page: Page, evidence: Row, caller: Row, issued: Row) -> list[Part]:
    name = page.shown(evidence.get("event_name")) or "?"
    if evidence.get("link") == "forwarded":
        name = f"calls that a service made for it, nearest {name}"
    accounts = caller.get("account_id"), issued.get("account_id")
    if None not in accounts and accounts[0] != accounts[1]:
        name += ", into another account"
    mfa = evidence.get("mfa_authenticated")
    told = [
        (name, "yellow"),
        (when(evidence.get("event_time")), ""),
        (page.shown(evidence.get("aws_region")), ""),
        *_from_where(page, evidence),
        ("MFA" if mfa else "no MFA" if mfa is False and evidence.get("link") == "sign-in" else "", "green"),
    ]
    for column, words in (("source_identity", "source identity"), ("on_behalf_of", "on behalf of")):
        value = evidence.get(column)
        told.append((page.cut(page.shown(f"{words} {value}"), 80) if value else "", ""))
    told.append((_MARKS.get(str(evidence.get("confidence")), ""), "bold magenta"))
    return told


def _from_where(page: Page, evidence: Row) -> list[Part]:
    """Return address, client and service of a call; a service writes its name into all three, which is told once."""
    address, agent, service = evidence.get("source_ip"), evidence.get("user_agent"), evidence.get("invoked_by")
    told = [page.shown(address)]
    told += [page.cut(page.shown(client(agent)), 40)] if agent != address else []
    told += [page.cut(page.shown(f"called by {service}"), 80)] if service and service not in (address, agent) else []
    return [(text, "") for text in told]


def _head(page: Page, row: Row) -> list[Part]:
    return [(page.cut(page.shown(identity(row)), LONGEST_NAME), "bold"), *_where(page, row)]


def _where(page: Page, row: Row) -> list[Part]:
    return [(page.shown(row.get("account_id")), ""), (page.shown(row.get("access_key_id")), "cyan")]


def _notes(ways: list[list[Row]]) -> list[tuple[str, str]]:
    """Return the sentences below the branches: what is not exact, what the ends mean; each once."""
    hops = [(way[place], hop) for way in ways for place, hop in enumerate(way[1:])]
    sentences = [(note, "magenta") for nearer, hop in hops if (note := hop_note(hop, nearer))]
    sentences += [(note, "") for way in ways if (note := end_note(way))]
    if words := legend([hop for _, hop in hops]):
        sentences.append((words, "dim"))
    return list(dict.fromkeys(sentences))


def _draw_derived(page: Page, walks: Walks, start: Row) -> None:
    page.line([("WHAT CAME OF IT", "bold")])
    page.blank()
    page.line(_head(page, start), first=INDENT, rest=INDENT * 2)
    waiting = _siblings(walks.towards(start, "derived"), start, INDENT)
    drawn: list[tuple[Row, Row]] = []
    while waiting and len(drawn) < MAX_DERIVED:
        row, nearer, margin, last = waiting.pop()
        symbols = page.symbols
        room = max(page.width // 2, len(INDENT))
        lead = symbols.last if last else symbols.tee
        below = margin + (" " * len(symbols.bar) if last else symbols.bar)
        page.line(_issuance(page, row, nearer, row), first=margin[-room:] + lead, rest=below[-room:] + INDENT)
        ending = row.get("origin")
        right = (page.shown(_ORIGINS.get(ending, ending)), "bold") if isinstance(ending, str) else None
        page.line(_head(page, row), first=below[-room:], rest=below[-room:] + INDENT, right=right)
        drawn.append((nearer, row))
        waiting += _siblings(walks.towards(row, "derived"), row, below)
    notes = [f"{MAX_DERIVED} sessions are shown, there are more: --format json has them all."] if waiting else []
    notes += [note for nearer, row in drawn if (note := hop_note(row, nearer, derived=True))]
    notes += [words] if (words := legend([row for _, row in drawn])) else []
    if notes:
        page.blank()
    for sentence in dict.fromkeys(notes):
        page.note(page.shown(sentence))


def _siblings(rows: list[Row], nearer: Row, margin: str) -> list[tuple[Row, Row, str, bool]]:
    """Return rows to draw below `nearer`, in the order to take them off the end."""
    return [(row, nearer, margin, row is rows[-1]) for row in reversed(rows)]


def _depth(row: Row) -> int:
    depth = row.get("depth")
    return depth if isinstance(depth, int) else 0
