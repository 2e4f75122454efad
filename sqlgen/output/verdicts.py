"""Verdicts of an examination, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from sqlgen.health import Verdict
from sqlgen.output.machine import safe_json
from sqlgen.output.page import Page, open_page

NAME_CELLS = 10
STYLES = {"ok": "green", "failed": "bold red", "skipped": "dim"}


def write_verdicts(verdicts: Iterable[Verdict], format_name: str, stream: TextIO) -> bool:
    """Write verdicts to `stream` as they come (`json`: all of them, in the end); return whether nothing failed."""
    page = open_page(stream, None, None, None) if format_name == "table" else None
    told = []
    for verdict in verdicts:
        told.append(verdict)
        if page is not None:
            show_verdict(page, verdict)
            stream.flush()
    if page is None:
        stream.write(safe_json(json.dumps([asdict(verdict) for verdict in told], ensure_ascii=False, indent=2)) + "\n")
    return all(verdict.state != "failed" for verdict in told)


def show_verdict(page: Page, verdict: Verdict) -> None:
    """Draw one verdict: its line, then what else is worth knowing, then what to do."""
    mark = {"ok": page.symbols.ok, "failed": page.symbols.failed, "skipped": "-"}[verdict.state]
    width = max(len(page.symbols.ok), len(page.symbols.failed)) + 1
    indent = width + NAME_CELLS + 2
    head = f"{mark:<{width}}{verdict.check:<{NAME_CELLS}}"
    page.entry((head, STYLES[verdict.state]), page.shown(verdict.says), indent=indent)
    for detail in verdict.details:
        page.entry(("", ""), page.shown(detail), indent=indent + 2)
    if verdict.do:
        page.entry(("", ""), page.shown(f"to do: {verdict.do}"), indent=indent)
