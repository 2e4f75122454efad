"""Query executions of the Athena endpoint: started, told of, paged, stopped."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engines.athena_faults import Course, Faults
from tests.engines.athena_jobs import Cells, Engine, Job
from tests.engines.athena_saved import Refused, Saved, check_text, missing, paged, work_group
from tests.engines.athena_statements import UPDATES, Names, StatementError, translate

LONGEST_PARAMETER = 1024  # characters; StartQueryExecution in Athena's API reference
LONGEST_PAGE = 1000
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
Body = Mapping[str, Any]


@dataclass
class Execution:
    """One query execution. `request` is the call that started it; `sql` what Trino was given."""

    id: str
    request: Body
    sql: str
    kind: str
    job: Job
    course: Course | None = None
    cutoff: int | None = None
    reused: bool = False
    submitted: float = field(default_factory=time.time)
    ended: float | None = None
    state: str = "QUEUED"
    reason: str = ""
    scanned: int = 0
    asked: int = 0

    def refresh(self) -> None:
        """Look how it stands now, as its planned course or its job says."""
        if self.state in ENDED:
            return
        if self.course and (self.course.stays or self.asked < len(self.course.steps)):
            self.state, self.scanned = self.course.steps[min(self.asked, len(self.course.steps) - 1)]
            self.asked += 1
        elif self.course and self.course.reason:
            self.end("FAILED", self.course.reason)
        else:
            self.state, self.scanned, self.reason = self.job.state, self.job.scanned, self.job.reason
        if self.cutoff is not None and self.scanned > self.cutoff:
            self.end("CANCELLED", "Bytes scanned limit was exceeded")
        if self.state in ENDED and self.ended is None:
            self.ended = time.time()

    def end(self, state: str, reason: str) -> None:
        """End it here, and on the engine."""
        self.state, self.reason = state, reason
        self.job.cancel()

    @property
    def rows(self) -> bool:
        """Whether its answer has rows with a header, as a SELECT's has."""
        return self.kind == "DML" and not self.job.update

    def told(self) -> dict[str, Any]:
        """Return it as GetQueryExecution does."""
        milliseconds = int(((self.ended or time.time()) - self.submitted) * 1000)
        status = {"State": self.state, "SubmissionDateTime": self.submitted}
        status |= {"StateChangeReason": self.reason} if self.reason else {}
        status |= {"CompletionDateTime": self.ended} if self.ended else {}
        copied = ("QueryExecutionContext", "ResultConfiguration", "ResultReuseConfiguration", "ExecutionParameters")
        return {
            "QueryExecutionId": self.id,
            "Query": self.request["QueryString"],
            "StatementType": self.kind,
            "SubstatementType": UPDATES.get(self.job.update, self.job.update or "SELECT").replace(" ", "_"),
            "WorkGroup": self.request.get("WorkGroup", "primary"),
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": 0 if self.reused else self.scanned,
                "EngineExecutionTimeInMillis": milliseconds,
                "TotalExecutionTimeInMillis": milliseconds,
                "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
            },
            **{name: self.request[name] for name in copied if name in self.request},
        }


@dataclass
class Queries:
    """The actions of query executions. `executions`: all of them by id, in the order of their start."""

    engine: Engine
    names: Names
    faults: Faults
    saved: Saved
    executions: dict[str, Execution] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start_query_execution(self, body: Body) -> dict[str, Any]:
        """Run a statement."""
        check_sizes(body)
        group = work_group(self.saved.backend, body.get("WorkGroup", "primary"))
        check_output(body, group.configuration)
        with self.lock:
            token = body.get("ClientRequestToken")
            for earlier in self.executions.values():
                if token and token == earlier.request.get("ClientRequestToken"):
                    return {"QueryExecutionId": earlier.id}
            execution = self.reused(body) or self.new(body)
            execution.cutoff = group.configuration.get("BytesScannedCutoffPerQuery")
            self.executions[execution.id] = execution
        if not execution.reused:
            execution.job.start()
        return {"QueryExecutionId": execution.id}

    def new(self, body: Body) -> Execution:
        """Return an execution that is yet to be started."""
        database = body.get("QueryExecutionContext", {}).get("Database", "default").lower()

        def prepared(name: str) -> str:
            return str(self.saved.prepared(name, body.get("WorkGroup", "primary")).query_statement)

        try:
            statement = translate(
                body["QueryString"],
                database=database,
                names=self.names,
                parameters=body.get("ExecutionParameters", ()),
                prepared=prepared,
            )
        except StatementError as error:
            raise Refused(str(error)) from error
        if statement.kind == "DDL":
            self.names.forget()
        job = self.engine.job(statement, database)
        return Execution(str(uuid.uuid4()), body, statement.sql, statement.kind, job, self.faults.next_course())

    def reused(self, body: Body) -> Execution | None:
        """Return an execution with the result of an earlier one, where the request allows it and there is one."""
        reuse = body.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
        same = ("QueryString", "ExecutionParameters", "QueryExecutionContext", "WorkGroup")
        for earlier in reversed(self.executions.values()) if reuse.get("Enabled") else ():
            fits = all(earlier.request.get(name) == body.get(name) for name in same)
            age = time.time() - (earlier.ended or time.time())
            if fits and earlier.state == "SUCCEEDED" and age <= 60 * reuse.get("MaxAgeInMinutes", 60):
                return Execution(str(uuid.uuid4()), body, earlier.sql, earlier.kind, earlier.job, reused=True)
        return None

    def get(self, query_id: str) -> Execution:
        """Return an execution as it stands."""
        if query_id not in self.executions:
            raise Refused(f"QueryExecution {query_id} was not found")
        execution = self.executions[query_id]
        with self.lock:
            execution.refresh()
        return execution

    def get_query_execution(self, body: Body) -> dict[str, Any]:
        """Tell how a query stands."""
        return {"QueryExecution": self.get(body["QueryExecutionId"]).told()}

    def batch_get_query_execution(self, body: Body) -> dict[str, Any]:
        """Tell how several queries stand."""
        asked = body["QueryExecutionIds"]
        found = [self.get(one).told() for one in asked if one in self.executions]
        lost = missing("QueryExecutionId", [one for one in asked if one not in self.executions])
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": lost}

    def list_query_executions(self, body: Body) -> dict[str, Any]:
        """List the queries of a work group, the newest first."""
        group = body.get("WorkGroup", "primary")
        mine = [one.id for one in self.executions.values() if one.request.get("WorkGroup", "primary") == group]
        return paged("QueryExecutionIds", mine[::-1], body)

    def stop_query_execution(self, body: Body) -> dict[str, Any]:
        """Stop a query, on the engine too."""
        execution = self.get(body["QueryExecutionId"])
        if execution.state not in ENDED:
            execution.end("CANCELLED", "Query cancelled by user")
            execution.ended = time.time()
        return {}

    def get_query_runtime_statistics(self, body: Body) -> dict[str, Any]:
        """Tell what a query read and gave."""
        execution = self.get(body["QueryExecutionId"])
        told = execution.told()["Statistics"]
        rows = {"InputBytes": told["DataScannedInBytes"], "OutputRows": len(execution.job.spool)}
        timeline = {name: told[name] for name in ("EngineExecutionTimeInMillis", "TotalExecutionTimeInMillis")}
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}

    def get_query_results(self, body: Body) -> dict[str, Any]:
        """Give one page of a result; the first one of a SELECT starts with the names of its columns."""
        execution = self.get(body["QueryExecutionId"])
        job = execution.job
        if execution.state not in ENDED:
            raise Refused(f"Query has not yet finished. Current state: {execution.state}")
        if execution.state != "SUCCEEDED":
            raise Refused(f"Query did not finish successfully. Final query state: {execution.state}")
        header: list[Cells] = [[column.name for column in job.columns]] if execution.rows else []
        start, size = int(body.get("NextToken", 0)), body.get("MaxResults", LONGEST_PAGE)
        rows = header[start : start + size]
        rows += job.spool.rows(max(0, start - len(header)), size - len(rows))
        answer: dict[str, Any] = {
            "ResultSet": {"Rows": [row(one) for one in rows], "ResultSetMetadata": {"ColumnInfo": columns(job)}}
        }
        if job.updated is not None:
            answer["UpdateCount"] = job.updated
        if start + size < len(header) + len(job.spool):
            answer["NextToken"] = str(start + size)
        return answer


def row(cells: Cells) -> dict[str, Any]:
    """Return a row in Athena's form."""
    return {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in cells]}


def columns(job: Job) -> list[dict[str, Any]]:
    """Return the columns of a result in Athena's form."""
    same = {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Nullable": "UNKNOWN", "CaseSensitive": False}
    return [
        {"Name": one.name, "Label": one.name, "Type": one.type, "Precision": 0, "Scale": 0, **same}
        for one in job.columns
    ]


def check_sizes(body: Body) -> None:
    """Refuse a statement or a parameter that is too long."""
    check_text(body["QueryString"])
    for parameter in body.get("ExecutionParameters", ()):
        if not 1 <= len(parameter) <= LONGEST_PARAMETER:
            constraint = f"Member must have length less than or equal to {LONGEST_PARAMETER}"
            raise Refused(f"1 validation error detected: Value at 'executionParameters' failed: {constraint}")


def check_output(body: Body, configuration: Body) -> None:
    """Refuse a query whose answer could go nowhere."""
    managed = configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled")
    ours, theirs = body.get("ResultConfiguration", {}), configuration.get("ResultConfiguration", {})
    if not (managed or ours.get("OutputLocation") or theirs.get("OutputLocation")):
        raise Refused(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
