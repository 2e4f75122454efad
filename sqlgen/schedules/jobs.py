"""The jobs: every statement that is to run time and again, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlgen.schedules.objects import DONE_DAYS, KeptObject, tables
from sqlgen.schedules.runs import Rate, Rhythm, runs
from sqlgen.schedules.statements import Statement, Statements


@dataclass(frozen=True)
class Job:
    """One statement about a table and when it runs. `fills`: it brings new rows."""

    table: str
    name: str
    rate: Rate
    statement: Statement
    fills: bool = True


def jobs(statements: Statements, objects: Sequence[KeptObject], rhythm: Rhythm) -> list[Job]:
    """Return the jobs that keep these objects."""
    filling = [
        Job(table.name, run.name, run.rate, statements.merge(table, run.span, run.name))
        for table in tables(objects)
        for run in runs(table, rhythm)
    ]
    tidied = [*(table.name for table in tables(objects)), DONE_DAYS]
    tidying = [
        Job(name, kind, Rate(at=at), statement, fills=False)
        for name in tidied
        for kind, at, statement in statements.tidying(name)
    ]
    return [*filling, *tidying]
