"""`save`: questions kept in the warehouse of a profile, as objects that others call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from sqlgen.cli.app import app
from sqlgen.cli.options import ConfigFile, ProfileName
from sqlgen.cli.streams import emit, note
from sqlgen.errors import SqlgenError, UsageError
from sqlgen.text import printable

if TYPE_CHECKING:
    from sqlgen.output.answer import Row
    from sqlgen.saving import Saved

TO_DO = {"created": "to create", "replaced": "to replace", "removed": "to remove"}


@app.command()
def save(
    queries: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY...", help="The questions; `sqlgen list` names them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every question.")] = False,
    profile: ProfileName = None,
    config: ConfigFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; show what would be done, and how texts differ.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what sqlgen keeps there and is not named here; nothing of others.")
    ] = False,
    format_name: Annotated[str, typer.Option("--format", help="table, json, jsonl or csv.")] = "table",
) -> None:
    """Keep queries in the warehouse of a profile, to be called with their values by people and programs."""
    from sqlgen.output import FORMATS
    from sqlgen.queries import load_query, query_names
    from sqlgen.saving import save as save_queries
    from sqlgen.settings import load_profile

    if format_name not in FORMATS:
        raise UsageError(f"--format takes one of {', '.join(FORMATS)}, not {format_name!r}")
    if bool(queries) == every:
        raise UsageError("say what to save: QUERY... (`sqlgen list` names them), or --all")
    place = load_profile(profile, config)
    names = [name for name in query_names() if load_query(name).forms] if every else queries or []
    told = save_queries(names, place, prune=prune, dry_run=dry_run)
    refused = _lines(told, dry_run) if format_name == "table" else _rows(told, format_name)
    if refused:
        raise SqlgenError(f"{refused} {'object was' if refused == 1 else 'objects were'} refused, see above")


def _lines(told: Iterable[Saved], dry_run: bool) -> int:
    """Print a line an object as it is done, and what differs; return how many were refused."""
    from sqlgen.output.difference import draw_difference

    def print_item(stream: TextIO) -> None:
        outcome = TO_DO.get(item.outcome, item.outcome) if dry_run else item.outcome
        said = item.reason if item.outcome == "refused" else item.call + (f" ({item.reason})" if item.reason else "")
        stream.write(printable(f"{outcome:<10}  {item.kind:<18}  {item.name}  {said}".rstrip()) + "\n")
        if dry_run and item.outcome == "replaced":
            draw_difference(stream, item.name, item.before, item.after)

    refused = 0
    for item in told:
        refused += item.outcome == "refused"
        emit(print_item, None)
    note("values stand in the order of their names; times are UTC: 2021-08-27T19:42:56Z")
    return refused


def _rows(told: Iterable[Saved], format_name: str) -> int:
    """Write the objects as one answer for programs, also those before a failure; return how many were refused."""
    from sqlgen.output import Answer, Column, write
    from sqlgen.output.difference import difference

    texts = ("outcome", "kind", "name", "query", "call", "reason", "difference")
    columns = (*(Column(name, "text") for name in texts), Column("parameters", "array"))
    rows: list[Row] = []
    try:
        for item in told:
            changed = difference(item.name, item.before, item.after) if item.outcome == "replaced" else []
            row: Row = {name: getattr(item, name, None) or None for name in texts}
            row |= {"difference": "\n".join(changed) or None, "parameters": [a.name for a in item.arguments]}
            rows.append(row)
    finally:
        emit(lambda stream: write(Answer("save", columns, rows), format_name, stream), None)
    return sum(row["outcome"] == "refused" for row in rows)
