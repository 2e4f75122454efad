"""The bytes of one file, unpacked where they are gzip, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from sqlgen.deliveries.problems import FileReport

_MAGIC = b"\x1f\x8b"  # RFC 1952 §2.3.1; the name says nothing certain: browsers and proxies unpack and keep the name
_READ = 256 * 1024
_PIECE = 4 * 1024 * 1024
_GZIP_WINDOW = 31  # zlib's "window bits" of 15, plus 16: gzip header and checksum


def unpack(report: FileReport) -> Iterator[bytes]:
    """Give the content of `report.path` in pieces of at most some MB; what cannot be read is in `report.damage`.

    Gzip is told by its first bytes; several gzip members in one file are one content (RFC 1952 §2.2).
    """
    try:
        with report.path.open("rb") as file:
            head = _read(file, report)
            if head.startswith(_MAGIC):
                yield from _gunzip(head, file, report)
                return
            while head:
                yield head
                head = _read(file, report)
    except OSError as error:
        report.damage = f"cannot be read: {error.strerror or type(error).__name__}"


def _read(file: BinaryIO, report: FileReport) -> bytes:
    data = file.read(_READ)
    report.size += len(data)
    return data


def _gunzip(data: bytes, file: BinaryIO, report: FileReport) -> Iterator[bytes]:
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    begun = True
    while data:
        before = inflater.copy()  # an error loses what its call had unpacked: it is done again, in small steps
        try:
            piece = inflater.decompress(data, _PIECE)
        except zlib.error as error:
            report.damage = f"the gzip data is damaged: {_reason(error)}"
            yield from _until_error(before, data)
            return
        begun = True
        if piece:
            yield piece
        data = inflater.unconsumed_tail
        if inflater.eof:
            begun = False
            data = inflater.unused_data.lstrip(b"\0") or _read(file, report).lstrip(
                b"\0"
            )  # padding of tapes and blocks
            if data and not data.startswith(_MAGIC):
                report.add("something that is no gzip data after the end", lost=0)
                return
            inflater = zlib.decompressobj(_GZIP_WINDOW)
        elif not data:
            data = _read(file, report)
    if begun:
        report.damage = "the gzip data is cut off"


def _until_error(inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Give what can be unpacked before the place of the error."""
    try:
        for position in range(len(data)):
            rest = data[position : position + 1]
            while rest:
                piece = inflater.decompress(rest, _PIECE)
                if piece:
                    yield piece
                rest = inflater.unconsumed_tail
    except zlib.error:
        return


def _reason(error: zlib.error) -> str:
    return str(error).rpartition(": ")[2] or "not deflate data"
