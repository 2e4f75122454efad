"""What could not be read: named by file, and by record where that can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlgen.text import printable

MOST_PROBLEMS = 20
"""How many problems of one file are told one by one; the rest is one line with their sum."""


@dataclass(frozen=True)
class Problem:
    """One thing that was wrong with a file.

    `record` is the record's number in the file, from 1, or None where it cannot be told. `lost` is how many records were
    lost by it; 0: none, None: nobody can know.
    """

    path: Path
    record: int | None
    reason: str
    lost: int | None

    def __str__(self) -> str:
        """Return one line that is safe on a terminal."""
        place = printable(str(self.path)) + (f": record {self.record}" if self.record is not None else "")
        return f"{place}: {printable(self.reason)}{_LOSSES.get(self.lost, f' ({self.lost} records lost)')}"


_LOSSES = {0: "", 1: " (1 record lost)", None: " (an unknown number of records lost)"}


@dataclass
class FileReport:
    """What reading one file has found beside its records; it is filled while the file is read.

    `seen` counts records and lost records, and so numbers them. `size` is the bytes read from the disk. `damage` says why the
    bytes end too early (a cut gzip). `skipped`: the file is a digest.
    """

    path: Path
    problems: list[Problem] = field(default_factory=list)
    seen: int = 0
    records: int = 0
    size: int = 0
    damage: str | None = None
    skipped: bool = False

    def add(self, reason: str, *, record: int | None = None, lost: int | None = 0) -> None:
        """Note a problem; from the twentieth on, add it to a sum."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.path, record, reason, lost))
            return
        if len(self.problems) == MOST_PROBLEMS:
            self._more, self._more_lost, self._unknown = 0, 0, False
            self.problems.append(Problem(self.path, None, "", 0))
        self._more += 1
        self._more_lost += lost or 0
        self._unknown |= lost is None
        self.problems[-1] = Problem(
            self.path, None, f"and {self._more} more problems", None if self._unknown else self._more_lost
        )
