"""The command line. Everything it does is in the API; here are options, exit statuses and where each text goes.

stdout carries the result alone; progress, warnings and hints go to stderr. Engines, drivers and sqlglot are loaded inside the
commands that need them, so that `--help` stays quick.
"""

from sqlgen.cli import init, questions, save, schedule, setup, texts, tour  # noqa: F401 - each module adds its commands to the app
from sqlgen.cli.app import main

__all__ = ["main"]
