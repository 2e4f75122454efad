"""Tasks and table functions for fakesnow's server, which has neither; runs in fakesnow's environment, not in ours.

A task is kept with its statement, which EXECUTE TASK runs. A function is kept with its body: a call is the body, with the values of the call in
the place of the arguments. Both are the server's, not a database's; nothing here follows a clock.
https://docs.snowflake.com/en/sql-reference/sql/create-task, .../sql/execute-task, .../functions/task_history, .../sql/create-function
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlglot import exp, parse_one

FLAGS = re.DOTALL | re.IGNORECASE
CREATE_TASK = re.compile(
    r"CREATE OR REPLACE TASK (\S+)(?:\s+USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE = '\w+')?\s+SCHEDULE = '([^']*)'"
    r"(?:\s+ALLOW_OVERLAPPING_EXECUTION = \w+)?(?:\s+DEFAULT_NULL_ORDERING = '\w+')?"
    r"(?:\s+USER_TASK_TIMEOUT_MS = \d+)?(?:\s+SUSPEND_TASK_AFTER_NUM_FAILURES = \d+)?"
    r"\s+COMMENT = '((?:[^'\\]|\\.|'')*)'\s+AS\s(.*)",
    FLAGS,
)
"""What stands before the statement, in the order of the documentation; a task may set any parameter of a session."""
HISTORY = re.compile(
    r"TABLE\((?:\w+\.)?INFORMATION_SCHEMA\.TASK_HISTORY\(TASK_NAME => '([^']*)', RESULT_LIMIT => (\d+)\)\)", FLAGS
)
CREATE_FUNCTION = re.compile(
    r"CREATE OR REPLACE FUNCTION (\S+?)(\([^()]*\))\s.*?RETURNS TABLE \(.*?\)\s+LANGUAGE SQL"
    r"(?:\s+COMMENT = '((?:[^'\\]|\\.|'')*)')?\s+AS\s+\$\$(.*)\$\$\s*",
    FLAGS,
)
CALL = re.compile(r"\bTABLE\(((?:\w+\.)*\w+)\(", re.IGNORECASE)


@dataclass
class Task:
    """A task; its `state` is `started` or `suspended`."""

    name: str
    schedule: str
    comment: str
    definition: str
    state: str = "suspended"


@dataclass
class Objects:
    """What the server keeps: tasks and functions (arguments, comment, body) by their full names in capitals, and the tasks' runs."""

    tasks: dict[str, Task] = field(default_factory=dict)
    functions: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    runs: list[tuple[str, ...]] = field(default_factory=list)

    def rewritten(self, text: str, home: str, execute: Callable[[str], str]) -> str:
        """Carry out what is about tasks and functions, and return what is left for fakesnow to run.

        `home`: the database and schema of the session; `execute` runs a statement and returns why it failed, or nothing.
        """
        text = re.sub(r"\A(\s*--[^\n]*\n)+", "", text)
        if match := CREATE_TASK.fullmatch(text):
            name = full(match[1], home)
            self.tasks[name] = Task(last(name), match[2], unquoted(match[3]), match[4].strip())
            return told(f"Task {last(name)} successfully created.")
        if match := re.fullmatch(r"ALTER TASK (\S+) (RESUME|SUSPEND)\s*", text, FLAGS):
            self.tasks[full(match[1], home)].state = "started" if match[2].upper() == "RESUME" else "suspended"
            return told("Statement executed successfully.")
        if match := re.fullmatch(r"EXECUTE TASK (\S+)\s*", text, FLAGS):
            name = full(match[1], home)
            at, failed = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", execute(self.tasks[name].definition)
            state = "FAILED" if failed else "SUCCEEDED"
            self.runs.append((*name.split("."), state, failed, f"run-{len(self.runs)}", at))
            return told(f"Task {last(name)} is scheduled to run immediately.")
        if match := re.fullmatch(r"DROP (TASK|FUNCTION) IF EXISTS ([^\s(]+)\s*(\(.*\))?\s*", text, FLAGS):
            (self.tasks if match[1].upper() == "TASK" else self.functions).pop(full(match[2], home), None)
            return told(f"{last(match[2])} successfully dropped.")
        if match := re.fullmatch(r"SHOW TASKS LIKE '([^']*)'(?: IN SCHEMA (\S+))?\s*", text, FLAGS):
            start = full(f"{match[2]}.", home) if match[2] else f"{home}."
            rows = [(task.name, task.comment, task.schedule, task.state, task.definition)
                    for name, task in self.tasks.items() if name.startswith(start)]  # fmt: skip
            names = ("name", "comment", "schedule", "state", "definition")
            return f"SELECT * FROM {listed(names, rows)} WHERE \"name\" ILIKE '{match[1]}'"
        if match := CREATE_FUNCTION.fullmatch(text):
            self.functions[full(match[1], home)] = (match[2], unquoted(match[3] or ""), match[4])
            return told(f"Function {last(match[1])} successfully created.")
        return self.called(self.views(text), home)

    def views(self, text: str) -> str:
        """Put what is kept in the place of the views of INFORMATION_SCHEMA that tell of it."""
        names = ("DATABASE_NAME", "SCHEMA_NAME", "NAME", "STATE", "ERROR_MESSAGE", "QUERY_ID", "RUN_AT")

        def runs(asked: re.Match[str]) -> str:
            """Return the newest runs of all tasks of that name, wherever they are."""
            found = [run for run in self.runs if run[2].upper() == asked[1].upper()][-int(asked[2]) :]
            return f"(SELECT *, TO_TIMESTAMP_NTZ(run_at) AS SCHEDULED_TIME FROM {listed(names, found)})"

        text = HISTORY.sub(runs, text)
        text = text.replace("CONVERT_TIMEZONE('UTC', scheduled_time)", "scheduled_time")  # it has no zone here
        names = ("FUNCTION_SCHEMA", "FUNCTION_NAME", "ARGUMENT_SIGNATURE", "COMMENT", "FUNCTION_DEFINITION")
        rows = [(*name.split(".")[-2:], *kept) for name, kept in self.functions.items()]
        functions = listed(names, rows)
        return re.sub(r"(?:\w+\.)?INFORMATION_SCHEMA\.FUNCTIONS\b", lambda _: functions, text, flags=FLAGS)

    def called(self, text: str, home: str) -> str:
        """Put its body in the place of a function that is called."""
        for match in reversed(list(CALL.finditer(text))):
            kept = self.functions.get(full(match[1], home))
            if kept is None:
                continue
            end = match.end() - 1
            while (call := text[match.end(1) : end + 1]).count("(") != call.count(")"):
                end += 1
            given = {
                item.this.name.upper(): item.expression for item in parse_one(f"f{call}", read="snowflake").expressions
            }
            body = parse_one(kept[2], read="snowflake")
            [parameters] = [cte for cte in body.find_all(exp.CTE) if cte.alias == "parameters"]
            for argument in list(parameters.this.find_all(exp.Column)):
                argument.replace(given[argument.name.upper()].copy())
            text = f"{text[: match.start()]}({body.sql(dialect='snowflake')}){text[end + 2 :]}"
        return text


def full(name: str, home: str) -> str:
    """Return a name with database and schema, in capitals."""
    parts = name.upper().replace('"', "").split(".")
    return ".".join([*home.split(".")[: 3 - len(parts)], *parts])


def last(name: str) -> str:
    """Return the last part of a name."""
    return name.upper().replace('"', "").split(".")[-1]


def unquoted(literal: str) -> str:
    """Return what a literal says, without its quotes."""
    return re.sub(r"\\(.)|''", lambda match: match[1] or "'", literal, flags=re.DOTALL)


def told(status: str) -> str:
    """Return the query of a statement's one line of answer."""
    return f"SELECT '{status}' AS \"status\""


def listed(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows of texts as a table of a query."""
    columns = ", ".join(f'CAST(NULL AS VARCHAR) AS "{name}"' for name in names)
    lines = [", ".join(exp.Literal.string(cell).sql(dialect="snowflake") for cell in row) for row in rows]
    parts = [f"SELECT {columns} WHERE FALSE", *(f"SELECT {line}" for line in lines)]
    return f"({' UNION ALL '.join(parts)})"
