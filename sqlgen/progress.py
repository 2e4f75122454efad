"""Progress on stderr: only on a terminal, and only for what takes longer than a second or two."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlgen.deliveries import Progress

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
