"""A saved object, the place that keeps it, and what there is to do so that the place has what is wanted and no more.

An object of ours is known by the mark at the end of its description: the version that wrote it, and the hash of its content.
What has no mark was made by somebody else and is never touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

MARK = re.compile(r"\[sqlgen (?P<version>[^\s\]]+) (?P<hash>[0-9a-f]{16})\]")

Action = Literal["create", "replace", "keep", "drop", "refuse"]


@dataclass(frozen=True)
class SavedObject:
    """One object as it should be.

    `name`: as the warehouse spells it; `kind`: its word there (named query, prepared statement, table function, table macro);
    `sql`: what the warehouse keeps or, where an object is made by a statement, that statement without its description;
    `about`: question, parameters and how to call it, for people.
    """

    kind: str
    name: str
    sql: str
    about: str

    @property
    def content_hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of all that it says."""
        content = "\0".join((self.kind, self.name, self.sql, self.about))
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def description(self, version: str, limit: int) -> str:
        """Return what is written beside it: `about`, cut so that all is at most `limit` characters long, and the mark."""
        mark = f"[sqlgen {version} {self.content_hash}]"
        about = self.about if len(self.about) + 1 + len(mark) <= limit else self.about[: limit - len(mark) - 2] + "…"
        return f"{about} {mark}"


@dataclass(frozen=True)
class Kept:
    """An object that the warehouse has: `handle` is how its interface names it, `description` and `sql` what is kept."""

    kind: str
    name: str
    handle: str
    description: str
    sql: str

    @property
    def content_hash(self) -> str | None:
        """The hash in its mark; None for an object that somebody else made."""
        found = MARK.search(self.description or "")
        return found["hash"] if found else None


@dataclass(frozen=True)
class Change:
    """One thing to do. `wanted` is None for `drop`, `kept` is None for `create`; `refuse`: the name is taken by somebody else's object."""

    action: Action
    wanted: SavedObject | None
    kept: Kept | None


class Place(Protocol):
    """Where a warehouse keeps objects: a workgroup, a schema, a database."""

    def kept(self) -> Sequence[Kept]:
        """Return every object of the kinds that we save; WarehouseError when it cannot be asked."""

    def put(self, wanted: SavedObject, replaces: Kept | None) -> None:
        """Make the object, or put it in the place of ours; WarehouseError when refused. Safe to repeat after it was cut off."""

    def drop(self, kept: Kept) -> None:
        """Remove one of ours; no error where it is gone already."""


def plan_changes(wanted: Iterable[SavedObject], kept: Iterable[Kept], *, prune: bool = False) -> list[Change]:
    """Return what to do, in the order of `wanted`; `prune` adds the removal of ours that are not wanted any more."""
    there: Mapping[tuple[str, str], Kept] = {(item.kind, item.name): item for item in kept}
    changes = []
    for item in wanted:
        has = there.get((item.kind, item.name))
        if has is None:
            changes.append(Change("create", item, None))
        elif has.content_hash is None:
            changes.append(Change("refuse", item, has))
        else:
            changes.append(Change("keep" if has.content_hash == item.content_hash else "replace", item, has))
    if prune:
        names = {(change.wanted.kind, change.wanted.name) for change in changes if change.wanted}
        changes += [
            Change("drop", None, item)
            for key, item in there.items()
            if key not in names and item.content_hash is not None
        ]
    return changes
