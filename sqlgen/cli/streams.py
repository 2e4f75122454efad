"""Where each text goes: the result to stdout or a file, everything else to stderr, a line each."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from sqlgen.errors import SqlgenError
from sqlgen.text import printable


def note(text: str) -> None:
    """Say something beside the result, in one line on stderr."""
    sys.stderr.write(f"sqlgen: {printable(text)}\n")


def fail(message: str, status: int) -> int:
    """Say what is wrong, in one line on stderr, and return the exit status."""
    sys.stderr.write(f"sqlgen: {printable(' '.join(message.split()))}\n")
    return status


def write_text(text: str, output: Path | None) -> None:
    """Write a result that is one text to stdout or a file."""
    emit(lambda stream: stream.write(text), output)


def emit(write: Callable[[TextIO], object], output: Path | None) -> None:
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
