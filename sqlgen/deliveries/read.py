"""The records of one delivery file, whatever its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import msgspec

from sqlgen.deliveries.envelope import NotJsonError, records_in, records_or_loss
from sqlgen.deliveries.problems import FileReport
from sqlgen.deliveries.scan import FIRST_NAMES, OPENING, scan
from sqlgen.deliveries.unpack import unpack

WHOLE = 16 * 1024 * 1024
"""Files up to this many bytes (unpacked) are taken in one go, larger ones in parts of about this size."""

_BOM = b"\xef\xbb\xbf"
_OPENING = re.compile(rf"\s*(?:{OPENING}|\[)".encode(), re.DOTALL)
_BETWEEN = re.compile(rf'\}}\s*(,)\s*\{{\s*"(?:{FIRST_NAMES})"\s*:'.encode())
_TRIES = 8
_elements = msgspec.json.Decoder(list[msgspec.Raw])


def read_records(path: Path, report: FileReport | None = None) -> Iterator[bytes]:
    """Give the records of a delivery file, each as one line of JSON with the fields of `COLUMNS`.

    A file is gzip or plain, and holds `{"Records":[...]}`, JSON lines (of records or envelopes), a list of records, one
    record, LookupEvents output or EventBridge events, in any layout of white space. Nothing is raised for what is broken:
    problems, and how much was read, are in `report`, which is complete when the iteration is.
    """
    report = FileReport(path) if report is None else report
    pieces = unpack(report)
    head, ended = _take(pieces, WHOLE)
    head = head.removeprefix(_BOM)
    if ended and not report.damage:
        yield from _whole(head, report)
    elif ended:
        yield from scan(iter((head,)), report)
    else:
        yield from _in_parts(head, pieces, report)
    if report.damage:
        report.add(
            f"{report.damage}; what came after is lost", record=report.seen + 1 if report.seen else None, lost=None
        )


def _take(pieces: Iterator[bytes], size: int) -> tuple[bytes, bool]:
    """Return at least `size` bytes, or all that are left and True."""
    parts: list[bytes] = []
    taken = 0
    for piece in pieces:
        parts.append(piece)
        taken += len(piece)
        if taken >= size:
            return b"".join(parts), False
    return b"".join(parts), True


def _whole(content: bytes, report: FileReport) -> Iterator[bytes]:
    """The records of a file that fits into memory: one JSON value, or one a line; patiently where it is neither."""
    if not content.strip():
        report.add("the file is empty", lost=None)
        return iter(())
    try:
        return records_in(content, report)
    except NotJsonError:
        lines = _lines(content)
    return scan(iter((content,)), report) if lines is None else _each(lines, report)


def _each(values: list[msgspec.Raw], report: FileReport) -> Iterator[bytes]:
    for value in values:
        yield from records_or_loss(value, report)


def _lines(content: bytes) -> list[msgspec.Raw] | None:
    """Return the values of JSON lines; None where a line is none."""
    try:
        return msgspec.json.Decoder(msgspec.Raw).decode_lines(content)
    except (msgspec.DecodeError, RecursionError):
        return None


def _in_parts(content: bytes, pieces: Iterator[bytes], report: FileReport) -> Iterator[bytes]:
    """The records of a large file, part by part; the last part, and all from a broken one on, patiently."""
    opening = _OPENING.match(content)
    if opening:
        content = content[opening.end() :]
    ended = False
    while not ended:
        part = _elements_before(content) if opening else _lines_before(content)
        if part is None:
            break
        values, end = part
        for value in values:
            yield from records_or_loss(value, report, 1 if opening else 0)
        more, ended = _take(pieces, WHOLE)
        content = content[end:] + more
    yield from scan(chain((content,), pieces), report, opened=opening.group().strip() if opening else b"")


def _elements_before(content: bytes) -> tuple[list[msgspec.Raw], int] | None:
    """Split off whole elements from the inside of a list, up to a comma between two records near the end of `content`.

    A comma inside a record leaves brackets open before it, and is refused by the parser: what is accepted is a boundary.
    """
    commas = [found.start(1) for found in _BETWEEN.finditer(content, max(0, len(content) - WHOLE // 8))]
    for comma in reversed(commas[-_TRIES:]):
        try:
            return _elements.decode(b"[" + content[:comma] + b"]"), comma + 1
        except (msgspec.DecodeError, RecursionError):
            continue
    return None


def _lines_before(content: bytes) -> tuple[list[msgspec.Raw], int] | None:
    end = content.rfind(b"\n") + 1
    values = _lines(content[:end]) if end else None
    return None if values is None else (values, end)
