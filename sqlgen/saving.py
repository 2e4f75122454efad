"""Saving: questions as objects of the warehouse that others call, made, changed and removed so that a second time there is nothing to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from sqlgen.errors import CheckError, SqlgenError, TemplateError, UsageError
from sqlgen.objects.base import Change, Place, PlaceLostError, Plan
from sqlgen.objects.forms import Argument, form_text
from sqlgen.profiles import Profile
from sqlgen.queries import load_query
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import Warehouse, WarehouseError

PLACES = {
    "athena": "sqlgen.objects.athena",
    "duckdb": "sqlgen.objects.duckdb",
    "snowflake": "sqlgen.objects.snowflake",
}
NAMED = ("duckdb", "snowflake")
"""Where a saved object is a function, whose arguments have names."""

Outcome = Literal["created", "replaced", "unchanged", "removed", "refused"]
OUTCOMES: dict[str, Outcome] = {
    "create": "created",
    "replace": "replaced",
    "keep": "unchanged",
    "drop": "removed",
    "refuse": "refused",
}


@dataclass(frozen=True)
class Saved:
    """What became of one object, or would become of it. `before`, `after`: the texts, where a dry run would replace it."""

    outcome: Outcome
    kind: str
    name: str
    query: str = ""
    call: str = ""
    arguments: tuple[Argument, ...] = ()
    reason: str = ""
    before: str = ""
    after: str = ""


def save(
    queries: Sequence[str],
    profile: Profile,
    *,
    prune: bool = False,
    dry_run: bool = False,
    warehouse: Warehouse | None = None,
) -> Iterator[Saved]:
    """Keep `queries` in the profile's warehouse, each in all its forms, and yield what became of each object as it happens.

    Args:
        queries: their names.
        profile: the log that is asked, and where the objects are made.
        prune: remove the objects of ours that are not of these queries.
        dry_run: change nothing.
        warehouse: an open connection to use; None: one of its own.

    Raises:
        UsageError: an unknown query, or a dialect that keeps nothing.
        WarehouseError: no connection, or the place cannot be asked. What is refused of a single object is yielded.
    """
    questions = [load_query(name) for name in dict.fromkeys(queries)]
    if profile.dialect not in PLACES:
        raise UsageError(
            f"{profile.dialect} keeps no texts with parameters: `sqlgen render QUERY --profile {profile.name}` writes one to keep elsewhere"
        )
    for question in questions:
        if not question.forms:
            raise UsageError(f"{question.name} is not to be called by hand: its answers are kept by `sqlgen schedule`")
    connection = warehouse or open_warehouse(profile)
    try:
        place: Place = import_module(PLACES[profile.dialect]).open_place(profile, connection)
        plan = Plan(place)
        refused = False
        for question in questions:
            for form in question.forms:
                try:
                    objects = place.objects(form_text(question.name, form, profile, named=profile.dialect in NAMED))
                except (CheckError, TemplateError, WarehouseError) as error:
                    yield Saved("refused", "text", form.name, question.name, reason=str(error))
                    refused = True
                    continue
                changes = [change for item in objects for change in plan.changes(item)]
                yield from (_carried_out(change, place, dry_run) for change in changes)
        if prune and refused:
            raise SqlgenError("nothing was removed, since not every text could be written: mend what was refused first")
        if prune:
            yield from (_carried_out(change, place, dry_run) for change in plan.rest())
    finally:
        if warehouse is None:
            connection.close()


def _carried_out(change: Change, place: Place, dry_run: bool) -> Saved:
    """Do one thing, unless it is a dry run, and return what became of it; PlaceLostError goes through."""
    kept, wanted, outcome, reason = change.kept, change.wanted, OUTCOMES[change.action], change.reason
    before = after = ""
    if dry_run and change.action == "replace" and kept and wanted:
        before, after = kept.sql, place.spelled(wanted)
    if not dry_run:
        try:
            if change.action == "drop" and kept:
                place.drop(kept)
            elif change.action in ("create", "replace") and wanted:
                place.put(wanted, kept)
        except PlaceLostError:
            raise
        except WarehouseError as error:
            outcome, reason = "refused", str(error)
    if wanted is None:
        assert kept is not None
        return Saved(outcome, kept.kind, kept.name, reason=reason)
    call, arguments = wanted.call, wanted.arguments
    return Saved(outcome, wanted.kind, wanted.name, wanted.query, call, arguments, reason, before, after)
