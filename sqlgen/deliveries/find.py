"""Which files are meant: paths, folders and globs to delivery files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlgen.errors import SourceError
from sqlgen.text import printable

SUFFIXES = tuple(f"{kind}{packed}" for kind in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz"))
"""What a delivery file's name may end in; a file that is named itself may have any name."""

SIBLINGS = ("CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-Aggregated")
"""What CloudTrail delivers beside the log, under folders and in file names of these words: digests, insights, aggregates.

`CloudTrail-NetworkActivity` is log (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html).
"""


@dataclass(frozen=True)
class Found:
    """The files that are meant, sorted and each once, and how many siblings were passed over."""

    paths: list[Path]
    skipped: int


def find_deliveries(sources: Sequence[str]) -> list[Path]:
    """Return the delivery files of `sources` (files, folders, globs with `**`), sorted, each file once.

    A name that exists wins over its reading as a glob. A file that is named is taken whatever it is called; in folders and by
    globs only `SUFFIXES` without `SIBLINGS`; a glob that spells an ending of its own (`*.log`) is taken at its word. A folder
    inside that cannot be listed is returned too, so that reading it reports it.

    Raises:
        SourceError: a path that does not exist, or a folder or glob without any delivery file.
    """
    return survey(sources).paths


def survey(sources: Sequence[str]) -> Found:
    """Return what `find_deliveries` returns, and how many siblings were passed over; raises the same."""
    paths: dict[str, Path] = {}
    siblings: set[str] = set()
    for source in sources:
        for path, skipped in _of_source(source):
            real = os.path.realpath(path)
            if skipped:
                siblings.add(real)
            else:
                paths.setdefault(real, path)
    return Found(sorted(paths.values()), len(siblings - paths.keys()))


def _of_source(source: str) -> Iterator[tuple[Path, bool]]:
    """Give the files of one source, each with whether it is a sibling."""
    shown = printable(source)
    if not source or "\0" in source:
        raise SourceError(f"{shown!r} is no path; name a file, a folder or a glob of CloudTrail deliveries")
    path = Path(source)
    if os.path.lexists(source):
        if path.is_dir():
            yield from _some(_in_folder(path), f"the folder {shown} holds no CloudTrail delivery file")
        elif path.exists():
            yield path, False
        else:
            raise SourceError(f"{shown} is a link to nothing; name a file, a folder or a glob")
    elif glob.has_magic(source):
        yield from _some(_of_glob(source), f"no CloudTrail delivery file matches {shown}")
    else:
        raise SourceError(f"{shown} does not exist; name a file, a folder or a glob of CloudTrail deliveries")


def _some(found: Iterable[tuple[Path, bool]], complaint: str) -> Iterator[tuple[Path, bool]]:
    """Pass `found` on, and raise where it has no file to read."""
    any_file = any_sibling = False
    for path, skipped in found:
        any_file |= not skipped
        any_sibling |= skipped
        yield path, skipped
    if not any_file:
        why = "only digests, insights or aggregates are there" if any_sibling else f"they end in {', '.join(SUFFIXES)}"
        raise SourceError(f"{complaint} ({why}); name another path, or the file itself")


def _in_folder(folder: Path, *, inside_sibling: bool = False) -> Iterator[tuple[Path, bool]]:
    """Give the delivery files under a folder, links to folders followed but never in a circle."""
    unlisted: list[str] = []
    walked: set[str] = set()
    for name, folders, files in os.walk(folder, followlinks=True, onerror=lambda e: unlisted.append(str(e.filename))):
        real = os.path.realpath(name)
        if real in walked:
            folders.clear()
            continue
        walked.add(real)
        below = Path(name).relative_to(folder).parts
        sibling = inside_sibling or any(part in SIBLINGS for part in below)
        for file in files:
            path = Path(name, file)
            if file.lower().endswith(SUFFIXES) and (path.is_file() or path.is_symlink()):
                yield path, sibling or _is_sibling(file)
    yield from ((Path(name), False) for name in unlisted)


def _of_glob(pattern: str) -> Iterator[tuple[Path, bool]]:
    """Give the delivery files that a glob matches; a folder that it matches stands for all in it."""
    literal = 0
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        literal += 1
    spelled = "." in Path(pattern).name
    for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207 - pathlib has no absolute patterns
        path = Path(name)
        sibling = any(part in SIBLINGS for part in path.parts[literal:-1]) or _is_sibling(path.name)
        if path.is_dir():
            # `**` gives every folder on its own as well: their files come by themselves
            if not pattern.rstrip("/").endswith("**"):
                yield from _in_folder(path, inside_sibling=sibling)
        elif spelled or path.name.lower().endswith(SUFFIXES):
            yield path, sibling


def _is_sibling(name: str) -> bool:
    return any(word in name for word in SIBLINGS)
