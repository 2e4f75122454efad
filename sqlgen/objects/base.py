"""A saved object, the place that keeps it, and what there is to do so that the place has what is wanted and no more.

An object of ours is known by the mark at the end of its description: the version that wrote it, and the hash of its content.
What has no mark was made by somebody else and is never touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal, Protocol

from sqlgen.objects.forms import Argument, FormText
from sqlgen.warehouses.base import WarehouseError

DISTRIBUTION = "cloudtrail-sqlgen"
MARK = re.compile(r"\[sqlgen (?P<version>[^\s\]]+) (?P<hash>[0-9a-f]{16})\]\s*\Z")

Action = Literal["create", "replace", "keep", "drop", "refuse"]


class PlaceLostError(WarehouseError):
    """Nothing more can be done at the place: no connection any more, credentials that have expired."""


@dataclass(frozen=True)
class SavedObject:
    """One object as it should be.

    `kind`: the warehouse's word (named query, prepared statement, table function, table macro); `name`: as the warehouse spells it;
    `sql`: the text that the warehouse keeps or, where an object is made by a statement, that statement without its description;
    `about`: question and parameters, for people; `call`: how it is called; `query`, `arguments`: of which question, and what it is given.
    """

    kind: str
    name: str
    sql: str
    about: str
    call: str = ""
    query: str = ""
    arguments: tuple[Argument, ...] = ()

    @property
    def content_hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of all that it says."""
        content = "\0".join((self.kind, self.name, self.sql, self.about))
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def description(self, limit: int | None = None) -> str:
        """Return what is written beside it: `about`, cut so that all is at most `limit` characters long, and the mark."""
        mark = f"[sqlgen {version(DISTRIBUTION)} {self.content_hash}]"
        room = len(self.about) if limit is None else limit - len(mark) - 1
        about = self.about if len(self.about) <= room else self.about[: room - 1] + "…"
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
    """One thing to do. `wanted` is None for `drop`, `kept` is None for `create`; `reason`: why, where that is not plain."""

    action: Action
    wanted: SavedObject | None
    kept: Kept | None
    reason: str = ""


class Keeper(Protocol):
    """Who keeps objects of ours beside those of others."""

    def kept(self) -> Sequence[Kept]:
        """Return every object of the kinds that we save, whoever made it; WarehouseError when it cannot be asked."""

    def spelled(self, wanted: SavedObject) -> str:
        """Return the text as the warehouse will keep it: what `Kept.sql` is compared with."""

    def put(self, wanted: SavedObject, replaces: Kept | None) -> None:
        """Make the object, or put it in the place of ours. Whole or not at all, and safe to repeat after it was cut off.

        Raises WarehouseError when it is refused, PlaceLostError when nothing else can be done there either.
        """

    def drop(self, kept: Kept) -> None:
        """Remove one of ours; no error where it is gone already. Raises as `put`."""


class Place(Keeper, Protocol):
    """Where a warehouse keeps questions: a workgroup, a schema, a database."""

    def objects(self, text: FormText) -> Sequence[SavedObject]:
        """Return the objects that keep one form of a question; WarehouseError when it is more than the warehouse takes."""


class Plan:
    """What there is to do at a place so that it has what is wanted."""

    def __init__(self, place: Keeper) -> None:
        """Ask the place what it has; WarehouseError when it cannot be asked."""
        self._place = place
        self._there: dict[tuple[str, str], list[Kept]] = {}
        for kept in place.kept():
            self._there.setdefault((kept.kind, kept.name), []).append(kept)

    def changes(self, item: SavedObject) -> list[Change]:
        """Return what to do for one object.

        Where names are not unique (Athena's named queries), the one of ours that needs no change stays, or the first; the others go.
        """
        found = self._there.pop((item.kind, item.name), [])
        ours = [kept for kept in found if kept.content_hash is not None]
        if not ours:
            if found:
                return [Change("refuse", item, found[0], f"somebody else's {item.kind} has that name")]
            return [Change("create", item, None)]
        marked = [kept for kept in ours if kept.content_hash == item.content_hash]
        # a text that may not be read is taken at its mark's word
        same = [kept for kept in marked if not kept.sql or kept.sql == self._place.spelled(item)]
        stays = (same or marked or ours)[0]
        reason = "" if same or not marked else "its text had been changed by hand"
        first = Change("keep" if same else "replace", item, stays, reason)
        return [first, *(Change("drop", None, kept, "a second one") for kept in ours if kept is not stays)]

    def rest(self) -> list[Change]:
        """Return the removal of all of ours that were not asked about."""
        kept = [kept for found in self._there.values() for kept in found]
        return [Change("drop", None, item) for item in kept if item.content_hash is not None]
