"""Amounts of data as people write and read them: `100GB`, `1.5 TB`, `512MiB`."""

from __future__ import annotations

import re

from sqlgen.errors import UsageError

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}
UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40, "PIB": 2**50}
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTP]?I?B)", re.IGNORECASE)


def parse_size(text: str, option: str) -> int:
    """Return the bytes that `text` says; UsageError naming `option` where it is no size, or none above 0."""
    match = SIZE.fullmatch(text.strip())
    size = int(float(match[1]) * UNITS[match[2].upper()]) if match else 0
    if size <= 0:
        raise UsageError(f"{option} takes a size such as 100GB or 1.5TB, not {text!r}")
    return size


def size_text(size: int) -> str:
    """Return bytes as a person reads them, in powers of ten: `28.96 MB`."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.2f} {unit}"
    return f"{size} B"
