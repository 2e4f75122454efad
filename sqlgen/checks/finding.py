"""What a check says: one finding, its place in the text and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from sqlgen.text import printable

SHOWN_LENGTH = 60


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a text: the rule it breaks, what to do, and where.

    `line`, `column`: 1-based; 1:1 where it is the text as a whole.
    """

    rule: str
    message: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """Return the finding as one line, safe for a terminal."""
        return f"{self.line}:{self.column} {self.rule}: {printable(self.message)}"


def place(sql: str, offset: int) -> tuple[int, int]:
    """Return the 1-based line and column of a character of `sql`."""
    return sql.count("\n", 0, offset) + 1, offset - sql.rfind("\n", 0, offset)


def start_of(node: exp.Expr) -> int | None:
    """Return the offset at which `node` begins, as far as its identifiers, calls and literals tell."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts) if starts else None


def shown(text: str) -> str:
    """Return a piece of the text for a message: one line, cut when it is long, safe for a terminal."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= SHOWN_LENGTH else line[: SHOWN_LENGTH - 3] + "..."
