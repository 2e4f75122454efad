"""One answer, written in the format that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from sqlgen.errors import UsageError
from sqlgen.output.answer import AnswerLike, Row
from sqlgen.output.machine import write_csv, write_json, write_jsonl

FORMATS = ("table", "json", "jsonl", "csv")


def write(
    answer: AnswerLike,
    format: str,
    stream: TextIO,
    *,
    width: int | None = None,
    color: bool | None = None,
    unicode: bool | None = None,
) -> None:
    """Write `answer` to `stream` and nothing else (contract §2).

    Args:
        answer: its times are naive UTC and come out as `YYYY-MM-DDTHH:MM:SSZ` (in tables `YYYY-MM-DD HH:MM:SSZ`).
        format: one of `FORMATS`.
        stream: where to; the machine formats are written row by row.
        width: cells in a line of a table; None: the terminal's, else $COLUMNS, else 120.
        color: whether a table is coloured; None: on a terminal, unless NO_COLOR is set (https://no-color.org).
        unicode: whether a table may use symbols beyond ASCII; None: where the stream's encoding has them.

    Raises:
        UsageError: there is no such format.
    """
    machine = {"json": write_json, "jsonl": write_jsonl, "csv": write_csv}
    if format in machine:
        machine[format](answer, stream)
    elif format == "table":
        _write_table(answer, stream, width, color, unicode)
    else:
        raise UsageError(f"--format takes one of {', '.join(FORMATS)}, not {format!r}")


def _write_table(
    answer: AnswerLike, stream: TextIO, width: int | None, color: bool | None, unicode: bool | None
) -> None:
    rows = list(answer.rows)
    if not rows:
        return
    # here, not above: what draws for people loads rich, and programs should not wait for it
    from sqlgen.output.chain import draw_chain
    from sqlgen.output.grid import draw_grid
    from sqlgen.output.keys import draw_keys
    from sqlgen.output.origins import draw_origins
    from sqlgen.output.page import Page, open_page
    from sqlgen.output.recycled import draw_recycled
    from sqlgen.output.sessions import draw_sessions
    from sqlgen.output.summary import draw_summary

    page = open_page(stream, width, color, unicode)
    pages: dict[str, Callable[[Page, list[Row]], None]] = {
        "identity-chain": draw_chain,
        "session-summary": draw_summary,
        "console-keys": draw_keys,
        "sessions": draw_sessions,
        "origins": draw_origins,
        "recycled-keys": draw_recycled,
    }
    if answer.query in pages:
        pages[answer.query](page, rows)
    else:
        draw_grid(page, answer.columns, rows)
