"""Many delivery files become a few newline-delimited ones that the engine reads in one go."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlgen.deliveries.problems import FileReport, Problem
from sqlgen.deliveries.read import read_records

_TELL_SECONDS = 0.1
_TELL_RECORDS = 2048
_BUFFER = 1024 * 1024


@dataclass(frozen=True)
class Progress:
    """How far the reading is. Bytes are those on the disk; `bytes_total` is what the files' sizes say."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    records: int


@dataclass(frozen=True)
class SpoolReport:
    """What was read and what was lost.

    `files` were read, `bytes` of them from the disk, and gave `records`; `skipped` more were digests and the like.
    `longest` is the length of the longest record in bytes of JSON.
    """

    files: int
    records: int
    bytes: int
    problems: tuple[Problem, ...]
    skipped: int
    longest: int = 0


def spool(paths: Sequence[Path], folder: Path, *, progress: Callable[[Progress], None] | None = None) -> SpoolReport:
    """Write the records of `paths` into `folder/records.ndjson`, one line each, in memory for one part of one file.

    Raises:
        OSError: `folder` cannot be written; what is wrong with `paths` is in the report.
    """
    teller = _Teller(paths, progress)
    records = size = skipped = longest = 0
    problems: list[Problem] = []
    with (folder / "records.ndjson").open("wb", buffering=_BUFFER) as out:
        for number, path in enumerate(paths):
            report = FileReport(path)
            for record in read_records(path, report):
                out.write(record)
                out.write(b"\n")
                records += 1
                if len(record) > longest:
                    longest = len(record)
                if records % _TELL_RECORDS == 0:
                    teller.tell(number, size + report.size, records)
            size += report.size
            skipped += report.skipped
            problems.extend(report.problems)
            teller.tell(number + 1, size, records)
    return SpoolReport(len(paths) - skipped, records, size, tuple(problems), skipped, longest)


class _Teller:
    """Calls `progress`, but not more often than a terminal can show."""

    def __init__(self, paths: Sequence[Path], progress: Callable[[Progress], None] | None) -> None:
        self.progress = progress
        self.files = len(paths)
        self.bytes = sum(map(_size, paths)) if progress else 0
        self.told = float("-inf")

    def tell(self, files: int, size: int, records: int) -> None:
        now = time.monotonic()
        if self.progress and (now - self.told >= _TELL_SECONDS or files == self.files):
            self.told = now
            self.progress(Progress(files, self.files, size, max(self.bytes, size), records))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
