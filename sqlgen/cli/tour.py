"""`demo`: logs that tell a story, and the questions about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sqlgen.cli.app import app


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
