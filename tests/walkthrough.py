"""Walk-throughs in `docs/`, carried out as they are written: every `$` line of a console block is run, and what stands below is what it says.

In an expected text `...` stands for anything (as in doctest); a block whose opening fence says `console no-run` is only shown.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND_SECONDS = 600


@dataclass(frozen=True)
class Step:
    """One command of a walk-through, the line it stands in, and the text below it, empty where nothing is shown."""

    line: int
    command: str
    expected: str


def read_steps(path: Path) -> list[Step]:
    """Return the steps of a page in order; a command goes on over lines that end in a backslash."""
    text = path.read_text(encoding="utf-8")
    steps: list[Step] = []
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1)) + 1
        for part in re.split(r"^(?=\$ )", block[1], flags=re.MULTILINE):
            command, _, expected = re.sub(r"\\\n\s*", "", part).partition("\n")
            if command.startswith("$ "):
                steps.append(Step(first, command[2:], expected))
            first += part.count("\n")
    return steps


def carry_out(step: Step, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a step in a folder; AssertionError where it fails or says something else (stdout, then stderr)."""
    word, _, rest = step.command.partition(" ")
    python = {"sqlgen": f"{shlex.quote(sys.executable)} -m sqlgen", "python": shlex.quote(sys.executable)}
    command = f"{python.get(word, word)} {rest}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "120", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"line {step.line}: {step.command}\n{said}"
    if step.expected.strip():
        same = doctest.OutputChecker().check_output(step.expected.strip() + "\n", said.strip() + "\n", doctest.ELLIPSIS)
        assert same, f"line {step.line}: {step.command}\nexpected:\n{step.expected}\ngot:\n{said}"
