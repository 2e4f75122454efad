"""Progress on stderr: only on a terminal, and only for what takes longer than a second or two."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlgen.sizes import size_text
from sqlgen.text import printable

if TYPE_CHECKING:
    from sqlgen.deliveries import Progress
    from sqlgen.warehouses.base import QueryStatus

PATIENCE_SECONDS = 1.5


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None] | None]:
    """Give a callback that shows how far the reading is; None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("reading"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("reading", total=None, done="")
    begun = time.monotonic()

    def advance(progress: Progress) -> None:
        if time.monotonic() - begun < PATIENCE_SECONDS:
            return
        bar.start()
        done = f"{progress.files_done}/{progress.files_total} files, {progress.records} records"
        bar.update(task, total=progress.bytes_total, completed=progress.bytes_done, done=done)

    try:
        yield advance
    finally:
        bar.stop()


def cost_line(status: QueryStatus) -> str:
    """Return what a statement was and took, in one line: id, state, bytes, cost, time, as far as the engine says them."""
    parts = [f"query {status.query_id}" if status.query_id else "", status.state.lower()]
    if status.scanned_bytes is not None:
        parts.append(f"{size_text(status.scanned_bytes)} read")
    if status.cost_dollars is not None:
        parts.append(f"about ${status.cost_dollars:.2f}" if status.cost_dollars >= 0.01 else "under $0.01")
    parts.append(f"{status.elapsed_seconds:.1f} s")
    return ", ".join(part for part in parts if part)


@contextmanager
def status_line() -> Iterator[Callable[[QueryStatus], None]]:
    """Give a listener that shows how a statement stands: on a terminal one line that is written anew, elsewhere its id, once."""
    if not sys.stderr.isatty():
        known: set[str] = set()

        def tell(status: QueryStatus) -> None:
            if status.query_id and status.query_id not in known:
                known.add(status.query_id)
                sys.stderr.write(f"sqlgen: query {printable(status.query_id)} runs\n")

        yield tell
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("connecting") as line:
        yield lambda status: line.update(escape(printable(cost_line(status))))
