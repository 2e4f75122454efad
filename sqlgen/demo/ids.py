"""Identifiers as AWS makes them, but the same at every run: access keys, principal ids, event ids, resource ids."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from random import Random
from typing import TypeVar

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.cloudtrail-sqlgen")

T = TypeVar("T")


def account_part(account: str) -> tuple[str, bool]:
    """The eight characters after an id's prefix that carry the account, and whether the ninth is one of `Q` to `7`.

    The arithmetic was published by Aidan Steele (2020): 2^39 + account / 2 in base 32, the odd bit in the ninth.
    """
    value, odd = (1 << 39) + int(account) // 2, int(account) % 2 == 1
    return "".join(ALPHABET[value >> shift & 31] for shift in range(35, -5, -5)), odd


def account_of(key: str) -> str:
    """The 12-digit account that an access key or principal id carries; the reverse of `account_part`."""
    value = 0
    for character in key[4:12]:
        value = value * 32 + ALPHABET.index(character)
    return f"{2 * (value - (1 << 39)) + (ALPHABET.index(key[12]) >= 16):012d}"


class Dice:
    """Chance that falls the same way on every Python: a seeded `random()` is the one method that never changes."""

    def __init__(self, seed: str) -> None:
        """Seeds from a text, the name of the scene that rolls."""
        self._random = Random(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self._random.random() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in another order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]


class Ids:
    """Hands out ids, each once."""

    def __init__(self) -> None:
        """Starts the sequence; two objects hand out the same ids in the same order."""
        self._dice = Dice("ids")
        self._given: set[str] = set()
        self._count = 0

    def key(self, account: str, prefix: str = "ASIA", ending: str = "") -> str:
        """An access key id of 20 characters (`AKIA`, `ASIA`) that carries the account; `ending` is taken as it is."""
        return self._unique(prefix, account, 20, ending)

    def principal(self, account: str, prefix: str) -> str:
        """A principal id of 21 characters: `AIDA` for a user, `AROA` for a role."""
        return self._unique(prefix, account, 21, "")

    def event(self) -> str:
        """An event or request id, a lower-case UUID."""
        self._count += 1
        return str(uuid.uuid5(NAMESPACE, f"event {self._count}"))

    def resource(self, prefix: str) -> str:
        """A resource id such as `i-0f3c…`: the prefix and 17 hexadecimal digits that begin with 0."""
        return f"{prefix}-0" + "".join(self._dice.pick("0123456789abcdef") for _ in range(16))

    def _unique(self, prefix: str, account: str, length: int, ending: str) -> str:
        carried, odd = account_part(account)
        while True:
            ninth = ALPHABET[16 * odd + self._dice.below(16)]
            middle = "".join(self._dice.pick(ALPHABET) for _ in range(length - 13 - len(ending)))
            made = f"{prefix}{carried}{ninth}{middle}{ending}"
            if made not in self._given:
                self._given.add(made)
                return made


def blob(text: str, length: int) -> str:
    """Opaque text of that length (session tokens, encoded messages), told by `text` alone; letters and digits only."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    stream = hashlib.shake_256(text.encode()).digest(length)
    return "".join(digits[byte % len(digits)] for byte in stream)
