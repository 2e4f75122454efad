"""Snowflake's jobs: serverless tasks in the profile's home.

Tasks and not dynamic tables, which know no day: one that is to keep months would hold every event that it was made of to follow the log, and
one whose query asks for the present time is made anew, from the whole log, at each refresh.
https://docs.snowflake.com/en/user-guide/tasks-intro, https://docs.snowflake.com/en/user-guide/dynamic-tables-refresh
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlglot import exp

from sqlgen.native import fill
from sqlgen.objects.base import Kept, SavedObject
from sqlgen.schedules.history import RUNS_SHOWN, PastRun
from sqlgen.schedules.jobs import Job
from sqlgen.schedules.runs import Rate
from sqlgen.schedules.statements import FOLDER, Statements
from sqlgen.schedules.tables import TAG
from sqlgen.warehouses.base import Warehouse

KIND = "task"
START = "SQLGEN_"
HISTORY = "INFORMATION_SCHEMA.TASK_HISTORY"
MOST_RUNS = 10_000
LONGEST_DESCRIPTION = 4000
# https://docs.snowflake.com/en/sql-reference/functions/task_history
ENDS = {"SUCCEEDED": True, "FAILED": False, "FAILED_AND_AUTO_SUSPENDED": False, "CANCELLED": False}


def name_of(statements: Statements, table: str, job: str = "") -> str:
    """Return the name of a task; without a job what the names of all of a table's begin with."""
    return f"{START}{table}_{job}".replace("-", "_").upper()


def expression(rate: Rate) -> str:
    """Return when something runs, in the words of a task."""
    return f"{rate.minutes} MINUTE" if rate.minutes else f"USING CRON {rate.at.minute} {rate.at.hour} * * * UTC"


def create_task(statements: Statements, job: Job, about: str) -> str:
    """Return the statement that makes a task or puts it in the place of ours; it is suspended then."""
    values = {
        "task": statements.name(name_of(statements, job.table, job.name)),
        "schedule": expression(job.rate),
        "about": about,
        "statement": job.statement.text,
    }
    return fill("snowflake", FOLDER, "task", "snowflake", values)


def resume_task(statements: Statements, name: str) -> str:
    """Return the statement that switches a task on."""
    return f"ALTER TASK {statements.place(name).sql(dialect='snowflake')} RESUME"


def wanted_task(statements: Statements, job: Job) -> SavedObject:
    """Return a job as a task."""
    # SHOW TASKS does not tell of the limit (`task.sql`): said here, a task that was made without it is made anew
    about = f"Keeps {statements.name(job.table)}: {job.name}. Four hours a run at most."
    name = name_of(statements, job.table, job.name)
    return SavedObject(KIND, name, shown(expression(job.rate), "started", job.statement.text), about, job.rate.told)


def shown(schedule: str, state: str, definition: str) -> str:
    """Return a task as a text that can be compared: Snowflake may leave out the comment that a statement begins with."""
    statement = re.sub(r"\A(\s*--[^\n]*\n)+", "", definition)
    return f"when: {schedule}\nstate: {state}\n\n{statement.strip()}"


class SnowflakeTasks:
    """The tasks of one home. See `sqlgen.schedules.history.Scheduler`."""

    def __init__(self, statements: Statements, warehouse: Warehouse) -> None:
        """Take the statements and the connection."""
        self._statements = statements
        self._warehouse = warehouse
        self._jobs: dict[str, Job] = {}

    def job(self, job: Job) -> SavedObject:
        """See `Scheduler.job`."""
        wanted = wanted_task(self._statements, job)
        self._jobs[wanted.name] = job
        return wanted

    def kept(self) -> Sequence[Kept]:
        """See `Keeper.kept`."""
        place = self._statements.place("")
        schema = ".".join(
            part.sql(dialect="snowflake") for part in (place.args.get("catalog"), place.args.get("db")) if part
        )
        where = f" IN SCHEMA {schema}" if schema else ""
        with self._warehouse.query(f"SHOW TASKS LIKE '{START}%'{where}", tag=f"{TAG} tasks") as answer:
            rows = [{name: str(value or "") for name, value in row.items()} for row in answer.rows]
        return [
            Kept(
                KIND, row["name"], row["name"], row["comment"], shown(row["schedule"], row["state"], row["definition"])
            )
            for row in rows
            if row["name"].startswith(START)  # to LIKE the low line stands for any letter
        ]

    def spelled(self, wanted: SavedObject) -> str:
        """See `Keeper.spelled`."""
        return wanted.sql

    def put(self, wanted: SavedObject, replaces: Kept | None) -> None:
        """See `Keeper.put`. A task that was made and not yet switched on is found to differ the next time, and is made anew."""
        statement = create_task(self._statements, self._jobs[wanted.name], wanted.description(LONGEST_DESCRIPTION))
        self._warehouse.execute(statement, tag=f"{TAG} {wanted.name}")
        self._warehouse.execute(resume_task(self._statements, wanted.name), tag=f"{TAG} {wanted.name}")

    def drop(self, kept: Kept) -> None:
        """See `Keeper.drop`."""
        name = self._statements.place(kept.handle).sql(dialect="snowflake")
        self._warehouse.execute(f"DROP TASK IF EXISTS {name}", tag=f"{TAG} {kept.name}")

    def is_on(self, kept: Kept) -> bool:
        """See `Scheduler.is_on`."""
        return "\nstate: started\n" in kept.sql

    def when(self, kept: Kept) -> str:
        """See `Scheduler.when`."""
        return kept.sql.partition("\n")[0].removeprefix("when: ")

    def was_due(self, kept: Kept, now: datetime) -> bool:
        """See `Scheduler.was_due`: TASK_HISTORY tells of runs that could not start too."""
        return False

    def past(self, kept: Sequence[Kept]) -> Mapping[str, Sequence[PastRun]]:
        """See `Scheduler.past`: of the last seven days, which is as far as TASK_HISTORY goes back."""
        if not kept:
            return {}
        place = self._statements.place("")
        database, schema = place.args.get("catalog"), place.args.get("db")
        view = f"{database.sql(dialect='snowflake')}.{HISTORY}" if database else HISTORY
        names = [exp.Literal.string(item.name).sql(dialect="snowflake") for item in kept]
        # it is the whole account's, and what is over its limit is left out: so each task is asked for, and those of that name elsewhere are not
        runs = " UNION ALL ".join(
            "SELECT name, state, error_message, query_id, database_name, schema_name, scheduled_time"
            f" FROM TABLE({view}(TASK_NAME => {name}, RESULT_LIMIT => {MOST_RUNS}))"
            for name in names
        )
        sql = (
            "SELECT name, state, error_message, query_id,"
            " CAST(CONVERT_TIMEZONE('UTC', scheduled_time) AS TIMESTAMP_NTZ) AS run_at"
            f" FROM ({runs}) AS runs WHERE state <> 'SCHEDULED'"
            f" AND database_name = {'?' if database else 'CURRENT_DATABASE()'}"
            f" AND schema_name = {'?' if schema else 'CURRENT_SCHEMA()'}"
            f" AND name IN ({', '.join(names)})"
            f" QUALIFY ROW_NUMBER() OVER (PARTITION BY name ORDER BY run_at DESC) <= {RUNS_SHOWN} ORDER BY run_at DESC"
        )
        binds = [part.name if part.args.get("quoted") else part.name.upper() for part in (database, schema) if part]
        found: dict[str, list[PastRun]] = {}
        with self._warehouse.query(sql, binds, tag=f"{TAG} status") as answer:
            for row in answer.rows:
                found.setdefault(str(row["name"]), []).append(_past(row))
        return found


def _past(row: Mapping[str, object]) -> PastRun:
    at, state = row["run_at"], str(row["state"])
    succeeded = ENDS.get(state)
    reason = str(row["error_message"] or state.lower()) if succeeded is False else ""
    return PastRun(at if isinstance(at, datetime) else datetime.min, succeeded, reason, str(row["query_id"] or ""))


def open_scheduler(statements: Statements, warehouse: Warehouse) -> SnowflakeTasks:
    """Return the tasks of a profile's home."""
    return SnowflakeTasks(statements, warehouse)
