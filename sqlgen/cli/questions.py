"""`run`: a question answered, over delivery files or in the warehouse of a profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sqlgen.cli.app import app
from sqlgen.cli.options import Asked, ConfigFile, Output, ProfileName, QueryName, takes_question
from sqlgen.cli.streams import emit, note
from sqlgen.errors import UsageError

if TYPE_CHECKING:
    from sqlgen.profiles import Profile
    from sqlgen.warehouses.base import QueryLimits


@app.command()
@takes_question
def run(
    query: QueryName,
    asked: Asked,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="PATH", help="Files, folders or globs of CloudTrail deliveries."),
    ] = None,
    profile: ProfileName = None,
    config: ConfigFile = None,
    full_scan: Annotated[
        bool, typer.Option("--full-scan", help="Read the whole log where no --from is given.")
    ] = False,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Read the log even where a schedule keeps the chain's edges.")
    ] = False,
    max_scan: Annotated[
        str | None,
        typer.Option("--max-scan", metavar="SIZE", help="Stop when more was read: 100GB, 1.5TB (Athena, Trino)."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=1, help="Stop when it takes longer.")
    ] = None,
    reuse: Annotated[
        int, typer.Option("--reuse", metavar="MINUTES", min=0, help="Take an answer not older than that (Athena).")
    ] = 0,
    format_name: Annotated[str, typer.Option("--format", help="table, json, jsonl or csv.")] = "table",
    output: Output = None,
) -> None:
    """Answer a query: over CloudTrail delivery files on the embedded engine, or in the warehouse of a profile."""
    from sqlgen.output import FORMATS

    if format_name not in FORMATS:
        raise UsageError(f"--format takes one of {', '.join(FORMATS)}, not {format_name!r}")
    if source and (profile or config):
        raise UsageError("--source reads files, --profile asks a warehouse: give one of them")
    if source:
        _run_on_files(query, source, asked, format_name, output)
        return
    from sqlgen.settings import find_file, load_profile
    from sqlgen.sizes import parse_size
    from sqlgen.warehouses.base import QueryLimits

    if not profile and not config and find_file() is None:
        raise UsageError(
            "say where the log is: --source PATH (files, folders or globs of CloudTrail deliveries), or --profile NAME"
        )
    limits = QueryLimits(parse_size(max_scan, "--max-scan") if max_scan else None, timeout, reuse)
    place = load_profile(profile, config)
    _run_in_place(query, place, asked, full_scan, from_log, limits, format_name, output)


def _run_on_files(query: str, source: list[str], asked: Asked, format_name: str, output: Path | None) -> None:
    from sqlgen.output import write
    from sqlgen.progress import progress_bar
    from sqlgen.runner import run as run_query

    with progress_bar() as advance:
        result = run_query(
            query,
            sources=source,
            parameters=asked.parameters,
            window_from=asked.window_from,
            window_to=asked.window_to,
            progress=advance,
        )
    for problem in result.report.problems:
        note(f"warning: {problem}")
    for hint in result.hints:
        note(hint)
    emit(lambda stream: write(result, format_name, stream), output)


def _run_in_place(
    query: str,
    place: Profile,
    asked: Asked,
    full_scan: bool,
    from_log: bool,
    limits: QueryLimits,
    format_name: str,
    output: Path | None,
) -> None:
    from sqlgen.answers import ask
    from sqlgen.output import write
    from sqlgen.progress import cost_line, status_line

    with (
        status_line() as listen,
        ask(
            query,
            place,
            parameters=asked.parameters,
            window_from=asked.window_from,
            window_to=asked.window_to,
            full_scan=full_scan,
            from_log=from_log,
            limits=limits,
            listen=listen,
        ) as answer,
    ):
        if answer.from_edges:
            note(f"read from {answer.read_from}, kept by a schedule, in place of the log")
        emit(lambda stream: write(answer, format_name, stream), output)
    for hint in answer.hints:
        note(hint)
    if answer.status.query_id:
        note(cost_line(answer.status))
