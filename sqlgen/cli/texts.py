"""The texts: what questions there are, their SQL, and what is wrong with a text of SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sqlgen.cli.app import app
from sqlgen.cli.options import (
    Asked,
    ConfigFile,
    DialectName,
    DialectOrProfile,
    LayoutName,
    Output,
    Partitions,
    ProfileName,
    QueryName,
    TableName,
    profile_or_dialect,
    takes_question,
)
from sqlgen.cli.streams import note, write_text


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
    write_text("\n".join(lines) + "\n", None)


@app.command()
def show(query: QueryName) -> None:
    """Show a query's question, parameters, output columns and an example."""
    from sqlgen.queries import WINDOW, load_query

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
    lines += ["", "saved as (sqlgen save), each with what it takes, in order"] if question.forms else []
    lines += [f"  {form.name:<36} {', '.join((*form.takes, *WINDOW))}" for form in question.forms]
    lines += ["", "example", f"  {question.example}", ""]
    write_text("\n".join(lines), None)


@app.command()
@takes_question
def render(
    query: QueryName,
    asked: Asked,
    dialect: DialectOrProfile = None,
    layout: LayoutName = None,
    table: TableName = None,
    partition: Partitions = None,
    profile: ProfileName = None,
    config: ConfigFile = None,
    output: Output = None,
) -> None:
    """Print a query as SQL; a parameter without a value becomes the dialect's bind marker."""
    from sqlgen.partitions import parse_partition
    from sqlgen.renderer import render as render_query

    place, engine = profile_or_dialect(profile, config, dialect)
    rendered = render_query(
        query,
        dialect=engine,
        layout=layout or (place.layout if place else None),
        table=table or (place.table if place else None),
        parameters=asked.parameters,
        window_from=asked.window_from,
        window_to=asked.window_to,
        partitions=[parse_partition(text) for text in partition or []] or (place.partitions if place else ()),
    )
    write_text(rendered.sql, output)
    if rendered.binds:
        note("bind markers, in order: " + ", ".join(bind.name for bind in rendered.binds))


@app.command("check-sql")
def check_sql(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that holds one SELECT.")],
    dialect: DialectName,
    layout: LayoutName = None,
    table: TableName = None,
    partition: Partitions = None,
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
        note(f"reads {name} {count} {'time' if count == 1 else 'times'}")
    write_text("".join(f"{finding}\n" for finding in report.findings), None)
    if report.findings:
        raise typer.Exit(1)
