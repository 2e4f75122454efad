"""Ranges of addresses as pairs of bounds that the word `address_hex` (dialects/vocabulary.toml) compares with, on every engine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

MAPPED = 0xFFFF << 32
"""Where IPv4 lies among the IPv6 addresses: ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)."""


def network_text(text: str) -> str | None:
    """Return an address or a range in its usual form (`10.1.2.3/16` is `10.1.0.0/16`); None when it is neither."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        return None


def network_bounds(networks: Iterable[str]) -> list[tuple[str, str]]:
    """Return the first and last address of the ranges as 32 hexadecimal digits; ranges that overlap or touch become one.

    Raises ValueError for a text that is no range.
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted(map(_ends, networks)):
        if merged and first <= merged[-1][1] + 1:
            first, last = merged[-1][0], max(last, merged.pop()[1])
        merged.append((first, last))
    return [(f"{first:032x}", f"{last:032x}") for first, last in merged]


def _ends(network: str) -> tuple[int, int]:
    parsed = ipaddress.ip_network(network)
    offset = MAPPED if parsed.version == 4 else 0
    return int(parsed.network_address) + offset, int(parsed.broadcast_address) + offset
