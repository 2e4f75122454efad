"""The command line. Everything it does is in the API; here are options, exit statuses and where each text goes.

stdout carries the result alone; progress, warnings and hints go to stderr. Engines, drivers and sqlglot are loaded inside the
commands that need them, so that `--help` stays quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TextIO

import typer

from sqlgen.errors import SqlgenError, UsageError
from sqlgen.text import printable

app = typer.Typer(
    name="sqlgen",
    help="Who did it, what did they do, from where: AWS CloudTrail investigations as SQL for the warehouse the log is in.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

QueryName = Annotated[str, typer.Argument(metavar="QUERY", help="The question; `sqlgen list` names them.")]
AccessKey = Annotated[
    list[str] | None,
    typer.Option("--access-key", metavar="ID", help="Access key id; several where the query takes several."),
]
SessionId = Annotated[
    list[str] | None,
    typer.Option("--session-id", metavar="ID", help="Session: <principal id>@<creation>, or a long-term key's id."),
]
Arn = Annotated[str | None, typer.Option("--arn", help="ARN of the identity, exact or with *.")]
LoginEventId = Annotated[str | None, typer.Option("--login-event-id", metavar="ID", help="eventID of a sign-in.")]
At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="A time, to choose among uses of a recycled key.")]
Direction = Annotated[str | None, typer.Option("--direction", help="origin, derived or both.")]
MaxDepth = Annotated[int | None, typer.Option("--max-depth", help="How many hops to follow, 0 to 100.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TIME", help="Begin of the window (inclusive), ISO 8601, UTC unless it says otherwise."
    ),
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="End of the window (exclusive).")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result there instead of stdout.")
]


@app.command("list")
def list_command() -> None:
    """Name the queries, dialects and layouts."""
    from sqlgen.dialects import dialect_names, load_dialect, load_layout
    from sqlgen.queries import load_query, query_names

    lines = ["queries"]
    lines += [f"  {name:<18} {load_query(name).question}" for name in query_names()]
    lines += ["", "dialects and their layouts"]
    for dialect in dialect_names():
        for layout in load_dialect(dialect).layouts:
            lines.append(f"  {dialect:<10} {layout:<18} {load_layout(dialect, layout).description}")
    _write("\n".join(lines) + "\n", None)


@app.command()
def show(query: QueryName) -> None:
    """Show a query's question, parameters, output columns and an example."""
    from sqlgen.queries import load_query

    question = load_query(query)
    lines = [question.name, f"  {question.question}", "", "parameters (in the order of the bind markers)"]
    for parameter in question.parameters:
        about = [parameter.type if parameter.type != "choice" else "|".join(parameter.choices)]
        about += ["several"] if parameter.many else []
        about += [f"default {parameter.default}"] if parameter.default is not None else []
        lines.append(f"  {parameter.option:<18} {parameter.meaning} ({', '.join(about)})")
    lines += [
        f"  {'--from':<18} begin of the window, inclusive (timestamp)",
        f"  {'--to':<18} end of the window, exclusive (timestamp)",
    ]
    lines += [
        "",
        "columns",
        *(f"  {column.name:<26} {column.type:<10} {column.meaning}" for column in question.columns),
    ]
    lines += ["", "example", f"  {question.example}", ""]
    _write("\n".join(lines), None)


@app.command()
def render(
    query: QueryName,
    dialect: Annotated[str, typer.Option("--dialect", help="The engine; `sqlgen list` names them.")],
    layout: Annotated[str | None, typer.Option("--layout", help="How the table stores CloudTrail.")] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="TABLE", help="The log's table, database.table.")
    ] = None,
    partition: Annotated[
        list[str] | None,
        typer.Option(
            "--partition",
            metavar="SPEC",
            help="How the table is partitioned: timestamp=yyyy/MM/dd | year,month,day | time_dt | region=NAME,...",
        ),
    ] = None,
    access_key: AccessKey = None,
    session_id: SessionId = None,
    arn: Arn = None,
    login_event_id: LoginEventId = None,
    at: At = None,
    direction: Direction = None,
    max_depth: MaxDepth = None,
    window_from: From = None,
    window_to: To = None,
    output: Output = None,
) -> None:
    """Print a query as SQL; a parameter without a value becomes the dialect's bind marker."""
    from sqlgen.partitions import parse_partition
    from sqlgen.render import render as render_query

    rendered = render_query(
        query,
        dialect=dialect,
        layout=layout,
        table=table,
        parameters=_given(
            access_key=access_key,
            session_id=session_id,
            arn=arn,
            login_event_id=login_event_id,
            at=at,
            direction=direction,
            max_depth=max_depth,
        ),
        window_from=window_from,
        window_to=window_to,
        partitions=[parse_partition(text) for text in partition or []],
    )
    _write(rendered.sql, output)
    if rendered.binds:
        _note("bind markers, in order: " + ", ".join(bind.name for bind in rendered.binds))


@app.command()
def run(
    query: QueryName,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="PATH", help="Files, folders or globs of CloudTrail deliveries."),
    ] = None,
    access_key: AccessKey = None,
    session_id: SessionId = None,
    arn: Arn = None,
    login_event_id: LoginEventId = None,
    at: At = None,
    direction: Direction = None,
    max_depth: MaxDepth = None,
    window_from: From = None,
    window_to: To = None,
    format_name: Annotated[str, typer.Option("--format", help="table, json, jsonl or csv.")] = "table",
    output: Output = None,
) -> None:
    """Answer a query over CloudTrail delivery files, on the embedded engine."""
    from sqlgen.output import FORMATS, write
    from sqlgen.progress import progress_bar
    from sqlgen.run import run as run_query

    if not source:
        raise UsageError("say where the log is: --source PATH (files, folders or globs of CloudTrail deliveries)")
    if format_name not in FORMATS:
        raise UsageError(f"--format takes one of {', '.join(FORMATS)}, not {format_name!r}")
    with progress_bar() as advance:
        result = run_query(
            query,
            sources=source,
            parameters=_given(
                access_key=access_key,
                session_id=session_id,
                arn=arn,
                login_event_id=login_event_id,
                at=at,
                direction=direction,
                max_depth=max_depth,
            ),
            window_from=window_from,
            window_to=window_to,
            progress=advance,
        )
    for problem in result.report.problems:
        _note(f"warning: {problem}")
    for hint in result.hints:
        _note(hint)
    _emit(lambda stream: write(result, format_name, stream), output)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write the demo's delivery files.")] = Path(
        "demo-logs"
    ),
    quiet: Annotated[bool, typer.Option("--files-only", help="Write the files and ask nothing.")] = False,
) -> None:
    """Write a small set of CloudTrail deliveries that tells a story, and ask the questions about it."""
    from sqlgen.demo import write_demo
    from sqlgen.demo.tour import walk_tour

    story = write_demo(folder)
    if not quiet:
        walk_tour(story, folder, sys.stdout, lambda arguments: app(arguments, standalone_mode=False))


@app.command("check-sql")
def check_sql(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that holds one SELECT.")],
    dialect: Annotated[str, typer.Option("--dialect", help="The engine; `sqlgen list` names them.")],
    layout: Annotated[
        str | None, typer.Option("--layout", help="How the table stores CloudTrail: its columns.")
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="TABLE", help="The log's table, database.table.")
    ] = None,
    partition: Annotated[
        list[str] | None,
        typer.Option(
            "--partition", metavar="SPEC", help="How the table is partitioned; every read must be restricted."
        ),
    ] = None,
    maximum_scans: Annotated[
        int | None, typer.Option("--max-scans", metavar="N", min=0, help="How often the table may be read.")
    ] = None,
) -> None:
    """Say what is wrong with a text of SQL before it is paid for; exit 1 with one line a finding."""
    from sqlgen.check_sql import check_file
    from sqlgen.partitions import parse_partition

    report = check_file(
        file, dialect, layout, table, [parse_partition(text) for text in partition or []], maximum_scans
    )
    for name, count in report.scans.items():
        _note(f"reads {name} {count} {'time' if count == 1 else 'times'}")
    _write("".join(f"{finding}\n" for finding in report.findings), None)
    if report.findings:
        raise typer.Exit(1)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, [])}


def _note(text: str) -> None:
    sys.stderr.write(f"sqlgen: {printable(text)}\n")


def _write(text: str, output: Path | None) -> None:
    _emit(lambda stream: stream.write(text), output)


def _emit(write: Callable[[TextIO], object], output: Path | None) -> None:
    """Let `write` write the result to stdout or to a file; a reader that goes away (`| head`) ends the command well."""
    if output is None:
        try:
            write(sys.stdout)
            sys.stdout.flush()
        except BrokenPipeError:
            # point stdout at nothing, so that the interpreter's own flush at exit cannot fail a second time
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    try:
        with output.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            write(stream)
    except OSError as error:
        raise SqlgenError(f"{output} cannot be written: {error.strerror}; give -o another file") from error


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"sqlgen: {printable(' '.join(message.split()))}\n")
    return status


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the question could not be answered, 2 wrong usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        status = app(arguments, standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except SqlgenError as error:
        return _fail(str(error), error.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", 130)
    except typer.Exit as error:
        return error.exit_code
    except Exception as error:
        # typer's own usage errors: its class lives in a private module, its interface is click's
        format_message = getattr(error, "format_message", None)
        if format_message is None:
            if os.environ.get("SQLGEN_DEBUG"):
                raise
            return _fail(
                f"internal error, please report it: {type(error).__name__}: {error} (SQLGEN_DEBUG=1 shows where)", 1
            )
        return _fail(f"{format_message()} (see sqlgen --help)", 2)
