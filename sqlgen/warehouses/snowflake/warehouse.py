"""Statements in Snowflake: sent asynchronously, so that they can be watched and stopped, and read as they are needed.

The connector is asked for what its documentation names: execute_async, get_query_status, query_result, abort_query
(https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example, "Performing an asynchronous query").
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from math import ceil
from typing import TYPE_CHECKING

from snowflake.connector.errors import Error

from sqlgen.errors import UsageError
from sqlgen.queries import OutputColumn
from sqlgen.tree import table_node
from sqlgen.warehouses.base import (
    NO_LIMITS,
    BindValue,
    QueryLimits,
    QueryStatus,
    Row,
    Rows,
    StatusListener,
    TableColumn,
    WarehouseError,
)
from sqlgen.warehouses.snowflake.calls import outcome_of, run, start
from sqlgen.warehouses.snowflake.faults import NO_SUCH_OBJECT, TIMED_OUT, fault
from sqlgen.warehouses.snowflake.values import ARRAY, reader, to_bind

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

ROWS_AT_ONCE = 1000
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between questions for the state, then one: a quick statement is not kept waiting, a slow one not pestered."""

RUNNING_STATES = frozenset(
    {"RUNNING", "QUEUED", "RESUMING_WAREHOUSE", "QUEUED_REPARING_WAREHOUSE", "BLOCKED", "NO_DATA"}
)
"""The connector's names of the states of a statement that goes on (snowflake.connector.constants.QueryStatus)."""

MOST_UNKNOWN = 24
"""How often the state of a statement that was just sent may be unknown; the connector's own figure."""

SECONDS_TO_STOP = 10.0


class SnowflakeWarehouse:
    """A connection to Snowflake, by the protocol `sqlgen.warehouses.base.Warehouse`.

    Bytes are never told: what a statement read is in Snowflake's query history only, minutes later.
    """

    dialect = "snowflake"

    def __init__(self, connection: SnowflakeConnection, secrets: Sequence[str] = ()) -> None:
        """Take an open connection whose bind markers are `?`, and the texts that no message may hold."""
        self._connection = connection
        self._secrets = tuple(secrets)
        self._timeout = 0

    @contextmanager
    def query(
        self,
        sql: str,
        binds: Sequence[BindValue] = (),
        *,
        columns: Sequence[OutputColumn] = (),
        tag: str = "",
        limits: QueryLimits = NO_LIMITS,
        listen: StatusListener | None = None,
    ) -> Iterator[Rows]:
        """See `Warehouse.query`; raises UsageError for a limit of bytes, which Snowflake cannot keep.

        The last status that `listen` hears has the state ABORTED where the statement was stopped.
        """
        if limits.maximum_scan_bytes is not None:
            raise UsageError(
                "Snowflake does not tell what a statement reads while it runs: limit its time (--timeout), not its bytes"
            )
        with self._faults("the statement failed"), self._connection.cursor() as cursor:
            status = self._run(cursor, sql, binds, tag, limits, listen)
            run(lambda: cursor.query_result(status.query_id))
            told = cursor.description or ()
            names = [column.name.lower() for column in told]
            kinds = {column.name.lower(): "array" if column.type_code == ARRAY else "" for column in told}
            wanted = {column.name: column.type for column in columns} or kinds
            if missing := [name for name in wanted if name not in names]:
                raise WarehouseError(f"Snowflake {status.query_id} answered without the columns {', '.join(missing)}")
            yield Rows(tuple(wanted), self._rows(cursor, names, wanted), status)

    def execute(self, sql: str, *, tag: str = "") -> None:
        """See `Warehouse.execute`; stopped like a question when it is interrupted."""
        with self._faults("the statement failed"), self._connection.cursor() as cursor:
            self._run(cursor, sql, (), tag, NO_LIMITS, None)

    def describe(self, table: str) -> Sequence[TableColumn] | None:
        """See `Warehouse.describe`; None also where the role may not see the table: Snowflake does not tell the two apart."""
        name = table_node(table).sql(dialect="snowflake")
        try:
            with self._connection.cursor() as cursor:
                # views as well: https://docs.snowflake.com/en/sql-reference/sql/desc-view ("are interchangeable")
                run(lambda: cursor.execute(f"DESCRIBE TABLE {name}"))
                names = [column.name.lower() for column in cursor.description or ()]
                rows = [dict(zip(names, row, strict=True)) for row in run(cursor.fetchall)]
        except Error as error:
            if error.errno in NO_SUCH_OBJECT:
                return None
            raise self._fault(f"{table} cannot be described", error) from error
        return [TableColumn(str(row["name"]).lower(), str(row["type"])) for row in rows]

    def identity(self) -> Mapping[str, str]:
        """See `Warehouse.identity`."""
        connection = self._connection
        told = {
            "account": connection.account,
            "user": connection.user,
            "role": connection.role,
            "warehouse": connection.warehouse,
            "database": ".".join(filter(None, (connection.database, connection.schema))),
        }
        return {name: value for name, value in told.items() if value}

    def close(self) -> None:
        """See `Warehouse.close`; waits for no network that is gone."""
        with suppress(Error, TimeoutError):
            run(lambda: self._connection.close(retry=False), SECONDS_TO_STOP)

    def _run(
        self,
        cursor: SnowflakeCursor,
        sql: str,
        binds: Sequence[BindValue],
        tag: str,
        limits: QueryLimits,
        listen: StatusListener | None,
    ) -> QueryStatus:
        """Send a statement and wait for its end; what ends the waiting before, ends the statement too."""
        self._limit(cursor, limits)
        values = [to_bind(value) for value in binds] or None
        parameters = {"QUERY_TAG": tag} if tag else None
        begun = time.monotonic()
        sent = start(lambda: cursor.execute_async(sql, values, _statement_params=parameters))
        try:
            status = self._wait(str(outcome_of(sent)["queryId"]), begun, limits, listen)
        except BaseException as error:
            became = self._stop(cursor, sent, begun, listen)
            if isinstance(error, Error):
                error = self._fault("it was lost sight of" if became else "the statement was not taken", error)
            if isinstance(error, WarehouseError):
                raise type(error)(f"{error} ({became})" if became else str(error)) from error.__cause__
            if became:
                error.add_note(became)
            raise
        # raises with the reason when the statement failed
        run(lambda: self._connection.get_query_status_throw_if_error(status.query_id))
        return status

    def _limit(self, cursor: SnowflakeCursor, limits: QueryLimits) -> None:
        """Let Snowflake itself stop what takes too long, should nobody be here any more to do it."""
        seconds = ceil(limits.timeout_seconds or 0)
        if seconds != self._timeout:
            change = (
                f"SET STATEMENT_TIMEOUT_IN_SECONDS = {seconds}" if seconds else "UNSET STATEMENT_TIMEOUT_IN_SECONDS"
            )
            run(lambda: cursor.execute(f"ALTER SESSION {change}"))
            self._timeout = seconds

    def _wait(self, query_id: str, begun: float, limits: QueryLimits, listen: StatusListener | None) -> QueryStatus:
        """Return the last status of a statement, ended well or not; WarehouseError when it takes longer than it may."""
        unknown, longest = 0, limits.timeout_seconds
        for pause in chain(PAUSES, repeat(1.0)):
            state = self._state(query_id)
            unknown += state == "NO_DATA"
            elapsed = time.monotonic() - begun
            status = QueryStatus(query_id, state, elapsed_seconds=elapsed)
            if listen is not None:
                listen(status)
            if state not in RUNNING_STATES:
                break
            if unknown > MOST_UNKNOWN:
                raise WarehouseError(
                    f"Snowflake knows nothing of {query_id}, which it was sent: look into its query history"
                )
            if longest is not None and elapsed >= longest:
                raise fault(f"Snowflake {query_id} took longer than {longest:g} s", TIMED_OUT)
            time.sleep(pause if longest is None else min(pause, longest - elapsed))
        return status

    def _state(self, query_id: str) -> str:
        try:
            return run(lambda: self._connection.get_query_status(query_id)).name
        except Error as error:
            if "queries[0]" in error.raw_msg:  # connector 5.2 takes an empty list of statements for a fault
                return "NO_DATA"
            raise

    def _stop(
        self,
        cursor: SnowflakeCursor,
        sent: Future[dict[str, str | None]],
        begun: float,
        listen: StatusListener | None,
    ) -> str:
        """Cancel a statement that was sent, or is being sent; return what became of it, nothing where there was none to stop."""
        try:
            query_id = str(outcome_of(sent, SECONDS_TO_STOP)["queryId"])
        except TimeoutError:
            return "a statement was being sent and may run: look for it in Snowflake's query history"
        except Error:
            return ""
        try:
            is_stopped = run(lambda: cursor.abort_query(query_id), SECONDS_TO_STOP)
        except (Error, TimeoutError):
            return f"{query_id} may still run and could not be stopped: stop it with SELECT SYSTEM$CANCEL_QUERY('{query_id}')"
        if not is_stopped:
            return f"{query_id} had ended already"
        if listen is not None:
            listen(QueryStatus(query_id, "ABORTED", elapsed_seconds=time.monotonic() - begun))
        return f"{query_id} was stopped"

    def _rows(self, cursor: SnowflakeCursor, names: Sequence[str], wanted: Mapping[str, str]) -> Iterator[Row]:
        """Yield the rows with the wanted names and kinds, fetched a thousand at a time."""
        plan = [(name, names.index(name), reader(kind)) for name, kind in wanted.items()]
        with self._faults("the rest of the answer cannot be had"):
            while batch := run(lambda: cursor.fetchmany(ROWS_AT_ONCE)):
                for row in batch:
                    yield {name: None if row[place] is None else read(row[place]) for name, place, read in plan}

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except Error as error:
            raise self._fault(what, error) from error

    def _fault(self, what: str, error: Error) -> WarehouseError:
        query_id = f" {error.sfqid}" if error.sfqid else ""
        return fault(f"Snowflake{query_id}: {what}", error.errno, error.raw_msg, self._secrets)
