"""Tables and views made where they are not, and given the columns that a later version has. What is not ours is never touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlgen.errors import SqlgenError
from sqlgen.schedules.objects import DONE_COLUMNS, DONE_DAYS, KeptObject, KeptTable, KeptView
from sqlgen.schedules.statements import Statement, Statements
from sqlgen.warehouses.base import QueryStatus, Warehouse

TAG = "sqlgen schedule"


class TakenError(SqlgenError):
    """The name of a table or view of ours is taken by something else."""


@dataclass(frozen=True)
class Made:
    """One object and what was done, or is to be done, so that it is there. `before`, `after`: the texts, where one is replaced."""

    action: Literal["create", "replace", "keep", "change", "drop"]
    kind: str
    name: str
    statements: Sequence[Statement] = ()
    note: str = ""
    before: str = ""
    after: str = ""


def make(
    warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], *, dry_run: bool = False
) -> Iterator[Made]:
    """Make what is not there, one after the other; each step is whole by itself and may be repeated.

    Raises:
        TakenError: a name is taken by what is not ours, told by its columns.
        WarehouseError: a statement failed.
    """
    steps = [_table(warehouse, statements, item) for item in objects if isinstance(item, KeptTable)]
    steps.append(_done_days(warehouse, statements))
    steps += [_view(warehouse, statements, item) for item in objects if isinstance(item, KeptView)]
    for step in steps:
        for statement in step.statements if not dry_run else ():
            run(warehouse, statement)
        yield step


def run(warehouse: Warehouse, statement: Statement) -> QueryStatus:
    """Run a statement to its end and return how it went; WarehouseError when it failed. Interrupted, it is stopped."""
    with warehouse.query(statement.text, tag=f"{TAG} {statement.title}") as answer:
        for _ in answer.rows:
            pass
    return answer.status


def drop_views(
    warehouse: Warehouse, statements: Statements, objects: Sequence[KeptObject], *, dry_run: bool = False
) -> Iterator[Made]:
    """Drop our views that are there."""
    for view in objects:
        if isinstance(view, KeptView) and _described(warehouse, statements, view.name, view.columns):
            statement = statements.drop_view(view)
            if not dry_run:
                run(warehouse, statement)
            yield Made("drop", "view", statements.name(view.name), [statement])


def _table(warehouse: Warehouse, statements: Statements, table: KeptTable) -> Made:
    name = statements.name(table.name)
    there = _described(warehouse, statements, table.name, [(column, "") for column in table.key])
    if there is None:
        return Made("create", "table", name, [statements.table(table)])
    missing = [column for column, _ in table.columns if column not in there]
    if missing:
        added = statements.missing_columns(table, missing)
        return Made("change", "table", name, added, f"new columns: {', '.join(missing)}")
    return Made("keep", "table", name)


def _done_days(warehouse: Warehouse, statements: Statements) -> Made:
    name = statements.name(DONE_DAYS)
    if _described(warehouse, statements, DONE_DAYS, DONE_COLUMNS) is None:
        return Made("create", "table", name, [statements.done_days()])
    return Made("keep", "table", name)


def _view(warehouse: Warehouse, statements: Statements, view: KeptView) -> Made:
    there = _described(warehouse, statements, view.name, view.columns)
    return Made("create" if there is None else "replace", "view", statements.name(view.name), [statements.view(view)])


def _described(
    warehouse: Warehouse, statements: Statements, name: str, expected: Sequence[tuple[str, str]]
) -> set[str] | None:
    """Return the columns of an object of ours, None where there is none; TakenError where what is there lacks those that ours has."""
    full = statements.name(name)
    found = warehouse.describe(full)
    if found is None:
        return None
    columns = {column.name for column in found}
    lacking = [column for column, _ in expected if column not in columns]
    if lacking:
        raise TakenError(
            f"{full} is there and is not ours (it has no column {lacking[0]}): name another database or schema as `home` in the profile"
        )
    return columns
