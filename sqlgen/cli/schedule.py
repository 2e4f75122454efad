"""`schedule`: what is kept in the warehouse by the clock: emitted, deployed, looked after, filled in behind, removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from sqlgen.cli.app import app
from sqlgen.cli.options import ConfigFile, Output, ProfileName
from sqlgen.cli.streams import emit, note, write_text
from sqlgen.errors import UsageError
from sqlgen.text import printable

if TYPE_CHECKING:
    from sqlgen.profiles import Profile
    from sqlgen.schedules.objects import KeptObject
    from sqlgen.schedules.runs import Rhythm
    from sqlgen.schedules.statements import Statements
    from sqlgen.schedules.tables import Made
    from sqlgen.warehouses.base import Warehouse

DONE = {"create": "created", "replace": "replaced", "change": "changed", "keep": "unchanged", "drop": "removed"}
TO_DO = {"create": "to create", "replace": "to replace", "change": "to change", "drop": "to remove"}


@app.command()
def schedule(
    objects: Annotated[
        list[str] | None,
        typer.Argument(metavar="OBJECT...", help="chain_events, issuances, sessions, session_summary; default: all."),
    ] = None,
    profile: ProfileName = None,
    config: ConfigFile = None,
    emit_form: Annotated[
        str | None,
        typer.Option("--emit", metavar="FORM", help="Write it to deploy yourself: sql, cloudformation, terraform."),
    ] = None,
    deploy: Annotated[bool, typer.Option("--deploy", help="Make tables, views and schedules.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Say when each last ran, how late it is, what failed.")
    ] = False,
    backfill: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--backfill", metavar="FROM TO", help="Fill in the days before, [FROM, TO); goes on where it was stopped."
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove schedules and views; tables stay.")] = False,
    every: Annotated[
        str | None,
        typer.Option(
            "--every", metavar="TIME", help="How often within the day: 5m to 1d. Default: 1h for chain_events."
        ),
    ] = None,
    overlap: Annotated[
        str,
        typer.Option("--overlap", metavar="DAYS", help="How many days before are filled anew each night: 1d to 7d."),
    ] = "1d",
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ARN", help="Athena: the role by which EventBridge Scheduler runs statements."),
    ] = None,
    home_location: Annotated[
        str | None,
        typer.Option("--home-location", metavar="URL", help="Athena: where the tables lie, s3://bucket/prefix."),
    ] = None,
    use_edges: Annotated[
        bool, typer.Option("--use-edges", help="Write into the profile that chains are read from chain_events.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would be done.")] = False,
    format_name: Annotated[str, typer.Option("--format", help="Of --status: table, json, jsonl or csv.")] = "table",
    output: Output = None,
) -> None:
    """Keep what chains rest on, an index of sessions and their summaries in the warehouse, filled by the clock."""
    from sqlgen.schedules.objects import choose
    from sqlgen.schedules.runs import Rhythm, parse_every, parse_overlap
    from sqlgen.schedules.statements import Statements
    from sqlgen.settings import load_profile

    deeds = [emit_form is not None, deploy, status, backfill is not None, remove]
    if sum(deeds) != 1:
        raise UsageError("say one of --emit FORM, --deploy, --status, --backfill FROM TO, --remove")
    chosen = choose(objects or [])
    rhythm = Rhythm(parse_every(every) if every else None, parse_overlap(overlap))
    place = _with_connection(load_profile(profile, config), role=role, home_location=home_location)
    statements = Statements(place)
    if emit_form is not None:
        from sqlgen.schedules.documents import emit as emit_document

        document = emit_document(emit_form, statements, chosen, rhythm)
        write_text(document.text, output)
        for told in document.notes:
            note(told)
        return
    from sqlgen.warehouses import open_warehouse

    warehouse = open_warehouse(place)
    try:
        if deploy:
            _deploy(warehouse, statements, chosen, rhythm, dry_run)
        elif status:
            _status(warehouse, statements, chosen, format_name, output)
        elif remove:
            _remove(warehouse, statements, chosen, dry_run)
        elif backfill is not None:
            _backfill(warehouse, statements, chosen, backfill, dry_run)
    finally:
        warehouse.close()
    if deploy or backfill is not None:
        _tell_of_edges(statements, chosen, config, use_edges and not dry_run)


def _with_connection(place: Profile, **given: str | None) -> Profile:
    """Return the profile with what the command line says of its connection."""
    from dataclasses import replace

    from sqlgen.profiles import CONNECTION_KEYS

    said = {key: value for key, value in given.items() if value}
    for key in said:
        if place.dialect != "athena" or key not in CONNECTION_KEYS["athena"]:
            raise UsageError(f"--{key.replace('_', '-')} is for Athena: leave it out")
    return replace(place, connection={**place.connection, **said})


def _deploy(
    warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], rhythm: Rhythm, dry_run: bool
) -> None:
    from sqlgen.schedules.deploy import deploy

    _lines(deploy(warehouse, statements, objects, rhythm, dry_run=dry_run), dry_run)


def _remove(warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], dry_run: bool) -> None:
    from sqlgen.schedules.deploy import remove
    from sqlgen.schedules.objects import tables

    _lines(remove(warehouse, statements, objects, dry_run=dry_run), dry_run)
    names = ", ".join(statements.name(table.name) for table in tables(objects))
    note(f"tables stay, with what they hold: {names}; DROP TABLE removes them")


def _lines(told: Iterable[Made], dry_run: bool) -> None:
    """Print a line a thing as it is done, and in a dry run what differs."""
    for item in told:
        emit(partial(_line, item, dry_run), None)


def _line(item: Made, dry_run: bool, stream: TextIO) -> None:
    from sqlgen.output.difference import draw_difference

    outcome = (TO_DO if dry_run else DONE).get(item.action, DONE[item.action])
    stream.write(printable(f"{outcome:<10}  {item.kind:<8}  {item.name}  {item.note}".rstrip()) + "\n")
    if dry_run and item.before:
        draw_difference(stream, item.name, item.before, item.after)


def _backfill(
    warehouse: Warehouse,
    statements: Statements,
    objects: Sequence[KeptObject],
    days: tuple[str, str],
    dry_run: bool,
) -> None:
    """Fill days in, a line of progress each on stderr."""
    from sqlgen.progress import cost_line
    from sqlgen.schedules.backfill import backfill, parse_days
    from sqlgen.schedules.objects import tables
    from sqlgen.schedules.tables import make
    from sqlgen.sizes import size_text

    start, end = parse_days(*days, today=datetime.now(UTC).date())
    for made in make(warehouse, statements, objects, dry_run=dry_run):
        if made.action in ("create", "change"):
            note(f"{(TO_DO if dry_run else DONE)[made.action]} {made.kind} {made.name}")
            if dry_run:
                note("the tables are not there yet, so every day is to be filled in")
                return
    read, filled = 0, 0
    try:
        for step in backfill(warehouse, statements, tables(objects), start, end, dry_run=dry_run):
            what = f"{step.place[0]}/{step.place[1]} {step.day} {step.table.name}"
            if step.was_done:
                note(f"{what}: done before")
            elif step.status is None:
                note(f"{what}: to be filled in")
            else:
                filled += 1
                read += step.status.scanned_bytes or 0
                note(f"{what}: {cost_line(step.status)}")
    except KeyboardInterrupt:
        note("stopped; the days before stay filled, and the same command goes on from here")
        raise
    note(f"{filled} filled in" + (f", {size_text(read)} read" if read else ""))


def _status(
    warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], format_name: str, output: Path | None
) -> None:
    from sqlgen.output import FORMATS, write
    from sqlgen.schedules.status import as_answer, examine

    if format_name not in FORMATS:
        raise UsageError(f"--format takes one of {', '.join(FORMATS)}, not {format_name!r}")
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    found = examine(warehouse, statements, objects, now)
    answer = as_answer(found, now)
    emit(lambda stream: write(answer, format_name, stream), output)
    if found.jobs is None:
        note(f"{statements.profile.dialect} has no scheduler of its own")
    elif not found.jobs:
        note("nothing is scheduled: `sqlgen schedule --deploy` does it")
    for job in found.jobs or ():
        if job.is_missing:
            note(
                f"{job.name}: it was due, and none of the workgroup's last queries is a run of it: its role may not start one, or Athena refused "
                "the statement (CloudWatch AWS/Scheduler: TargetErrorCount)"
            )
        failed = [run for run in job.past if run.succeeded is False]
        if failed:
            note(
                f"{job.name}: {len(failed)} of the last {len(job.past)} runs failed, the last {failed[0].at:%Y-%m-%dT%H:%M:%SZ}: {failed[0].reason}"
            )


def _tell_of_edges(statements: Statements, objects: Sequence[KeptObject], config: Path | None, write: bool) -> None:
    """Say, or write, that chains can be read from the kept events."""
    from sqlgen.profile_file import set_key
    from sqlgen.schedules.objects import CHAIN_EVENTS
    from sqlgen.settings import find_file

    edges, place = statements.name(CHAIN_EVENTS.name), statements.profile
    if CHAIN_EVENTS not in objects or place.edges == edges:
        return
    path = find_file(config)
    if write and path is not None:
        set_key(path, place.name, "edges", edges)
        note(f"{path}: chains of profile {place.name} are read from {edges}")
        return
    note(
        f'once the days that you ask about are filled in (--backfill), put edges = "{edges}" into profile {place.name} (--use-edges does): '
        "chains are read from there, and not from the log"
    )
