"""The app that the commands join, and how each of them ends."""

from __future__ import annotations

import os
import sys

import typer

from sqlgen.cli.streams import fail
from sqlgen.errors import SqlgenError

app = typer.Typer(
    name="sqlgen",
    help="Who did it, what did they do, from where: AWS CloudTrail investigations as SQL for the warehouse the log is in.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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
        return fail(str(error), error.exit_status)
    except (KeyboardInterrupt, typer.Abort) as error:
        # a warehouse notes on it what it could not stop
        return fail("; ".join(("interrupted", *getattr(error, "__notes__", ()))), 130)
    except typer.Exit as error:
        return error.exit_code
    except Exception as error:
        # typer's own usage errors: its class lives in a private module, its interface is click's
        format_message = getattr(error, "format_message", None)
        if format_message is None:
            if os.environ.get("SQLGEN_DEBUG"):
                raise
            return fail(
                f"internal error, please report it: {type(error).__name__}: {error} (SQLGEN_DEBUG=1 shows where)", 1
            )
        return fail(f"{format_message()} (see sqlgen --help)", 2)
