"""Amazon Athena, through pyathena and boto3's usual chain of profiles and credentials."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ProfileNotFound
from pyathena.connection import Connection
from pyathena.converter import Converter
from pyathena.cursor import Cursor
from pyathena.model import AthenaQueryExecution
from pyathena.util import RetryConfig

from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.queries import OutputColumn
from sqlgen.tree import table_node
from sqlgen.warehouses.athena_catalog import columns_of, database_names, tables_of
from sqlgen.warehouses.athena_errors import ERRORS, OF_GLUE, aws_error, explain, is_denied
from sqlgen.warehouses.athena_values import converters, literal, with_json_arrays
from sqlgen.warehouses.athena_watch import ENDED, Watch
from sqlgen.warehouses.base import (
    NO_LIMITS,
    BindValue,
    QueryLimits,
    QueryStatus,
    Row,
    Rows,
    ScanLimitError,
    StatusListener,
    TableColumn,
    WarehouseError,
)
from sqlgen.warehouses.reasons import failure, first_line

LONGEST_STATEMENT = 262_144
"""Bytes of one statement; no quota that can be raised (docs.aws.amazon.com/athena/latest/ug/service-limits.html)."""

POLL_SECONDS = 0.5
ATTEMPTS = 6
"""How often boto3 asks altogether where AWS throttles or does not answer, unless AWS_MAX_ATTEMPTS or its configuration say otherwise."""

# pyathena logs each failure with its traceback; where nobody listens to the log, that would go to stderr.
logging.getLogger("pyathena").addHandler(logging.NullHandler())


def connect(profile: Profile) -> AthenaWarehouse:
    """Return a connection as the profile describes it. Nothing is asked of AWS yet.

    Raises:
        UsageError: the AWS profile or the region is missing.
    """
    keys = profile.connection
    core = botocore.session.Session(profile=keys.get("aws_profile") and str(keys["aws_profile"]))
    try:
        core.get_scoped_config()  # an AWS profile that is not there is told now, not at the first request
        region = keys.get("region") or core.get_config_variable("region")
        attempts = core.get_config_variable("max_attempts")
    except ProfileNotFound as error:
        raise UsageError(f"profile {profile.name}: {explain(error)}") from error
    if not region:
        raise UsageError(f"profile {profile.name}: no AWS region: set connection.region, or AWS_DEFAULT_REGION")
    # one line of retries: botocore's own, in the mode that the user chose (AWS_RETRY_MODE), and none of pyathena's
    retries = {} if attempts else {"total_max_attempts": ATTEMPTS}
    config = Config(user_agent_extra="cloudtrail-sqlgen", connect_timeout=10, retries=retries)
    session = boto3.Session(botocore_session=core, region_name=str(region))
    table = table_node(profile.table)
    workgroup = str(keys.get("workgroup") or os.environ.get("AWS_ATHENA_WORK_GROUP") or "primary")
    connection = Connection(
        session=session,
        config=config,
        region_name=str(region),
        work_group=workgroup,
        s3_staging_dir=str(keys["output_location"]) if keys.get("output_location") else None,
        catalog_name=str(keys.get("catalog") or "AwsDataCatalog"),
        schema_name=table.db or "default",
        poll_interval=POLL_SECONDS,
        converter=_AsText(),
        retry_config=RetryConfig(attempt=1),
    )
    return AthenaWarehouse(connection, workgroup)


class _AsText(Converter):
    """Leaves each value the text it is: what it means is known better here, by the columns of the question."""

    def __init__(self) -> None:
        super().__init__(mappings={}, default=lambda value: value)

    def convert(self, type_: str, value: str | None, type_hint: str | None = None) -> str | None:
        return value


class AthenaWarehouse:
    """See `Warehouse`. A statement runs in the profile's workgroup; boto3 gives it a request token, so that a retry starts no second one."""

    dialect = "athena"

    def __init__(self, connection: Connection[Cursor], workgroup: str) -> None:
        self._connection = connection
        self._client: Any = connection.client
        self.workgroup = workgroup

    @property
    def region(self) -> str:
        """The AWS region."""
        return str(self._client.meta.region_name)

    @property
    def _catalog(self) -> str:
        return self._connection.catalog_name or "AwsDataCatalog"

    def client(self, service: str) -> Any:
        """Return boto3's client of another service, with the same credentials, region and retries; the caller closes it."""
        return self._connection.session.client(service, region_name=self.region, config=self._connection.config)

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
        """See `Warehouse.query`. Athena has no place for `tag`.

        The last status that `listen` hears has the state CANCELLED where the query was stopped.
        """
        text = with_json_arrays(sql, columns)
        if len(text.encode()) > LONGEST_STATEMENT:
            raise WarehouseError(
                f"the statement has {len(text.encode()):,} bytes, Athena takes {LONGEST_STATEMENT:,}: ask about fewer values at once"
            )
        parameters = [literal(value) for value in binds]
        watch = Watch(limits, listen)
        with closing(self._connection.cursor(on_poll=watch.polled)) as cursor:
            try:
                cursor.execute(
                    text,
                    parameters or None,
                    paramstyle="qmark",
                    result_reuse_enable=limits.reuse_minutes > 0,
                    result_reuse_minutes=limits.reuse_minutes,
                    on_start_query_execution=watch.started,
                )
            except BaseException as error:
                self._fail(watch, error)
                raise
            assert watch.status is not None
            names, types = [[str(column[place]) for column in cursor.description or ()] for place in (0, 1)]
            read = converters(names, types, columns)
            yield Rows(tuple(read), self._rows(cursor, read), watch.status)

    def _fail(self, watch: Watch, error: BaseException) -> None:
        """Stop the execution where it still runs, and raise what happened as one line; an interrupt is left to go on."""
        stopped = self._stop(watch)
        if isinstance(error, WarehouseError):
            raise type(error)(f"{error} ({stopped})") from error.__cause__
        if not isinstance(error, ERRORS):
            if stopped:
                error.add_note(stopped)
            return
        status = watch.status
        if status is None:
            raise WarehouseError(explain(error, self.workgroup)) from error
        named = f"query {status.query_id}"
        if status.state == "SUCCEEDED":
            raise WarehouseError(f"{named} is done, but its answer cannot be read: {explain(error)}") from error
        if status.state in ENDED and not stopped:
            raise self._ended(watch, status) from error
        raise WarehouseError(f"{named} was lost sight of: {explain(error)} ({stopped})") from error

    def _ended(self, watch: Watch, status: QueryStatus) -> WarehouseError:
        """Return how a query that Athena ended by itself, or that somebody stopped, is told of."""
        if "scanned limit" in watch.reason:
            group = self._group()
            most = group.get("Configuration", {}).get("BytesScannedCutoffPerQuery")
            limit = f"{most:,} bytes" if most else "what it allows"
            return ScanLimitError(
                f"query {status.query_id} was stopped by the workgroup {self.workgroup}, which lets one query read {limit}: "
                "ask for a shorter window (--from, --to), or use another workgroup"
            )
        if status.state == "CANCELLED":
            return WarehouseError(f"query {status.query_id} was stopped from outside: {first_line(watch.reason)}")
        return WarehouseError(f"query {status.query_id} failed: {failure(watch.reason)}")

    def _stop(self, watch: Watch) -> str:
        """Stop an execution that still runs; return what became of it, nothing where there was none to stop."""
        status = watch.status
        if status is None or watch.ended:
            return ""
        try:
            self._client.stop_query_execution(QueryExecutionId=status.query_id)
        except ERRORS as error:
            return (
                f"it may still run and could not be stopped: {explain(error)}; stop it with "
                f"`aws athena stop-query-execution --query-execution-id {status.query_id}`"
            )
        try:
            told = self._client.get_query_execution(QueryExecutionId=status.query_id)
            watch.take(AthenaQueryExecution(told))
        except ERRORS:
            pass  # it is stopped all the same; the figures are those of the last look
        if not watch.ended:  # asked to stop, Athena takes a moment
            watch.tell(replace(watch.status or status, state="CANCELLED"))
        return f"query {status.query_id} was stopped"

    def _rows(self, cursor: Cursor, read: Mapping[str, tuple[int, Callable[[str], object]]]) -> Iterator[Row]:
        """Yield the rows of a result, a page at a time."""
        count = 0
        while True:
            try:
                row: Any = cursor.fetchone()
            except ERRORS as error:
                raise WarehouseError(
                    f"the answer broke off after {count:,} rows: {explain(error)} (query {cursor.query_id}; "
                    "asked again with result reuse, it is not paid for twice)"
                ) from error
            if row is None:
                return
            count += 1
            yield {name: _read(name, row[place], convert) for name, (place, convert) in read.items()}

    def execute(self, sql: str, *, tag: str = "") -> None:
        """See `Warehouse.execute`."""
        with self.query(sql, tag=tag):
            pass

    def describe(self, table: str) -> Sequence[TableColumn] | None:
        """See `Warehouse.describe`. Types are in Hive's words; in Trino's where only `information_schema` may be asked."""
        node = table_node(table)
        database, name = node.db or self._connection.schema_name or "default", node.name
        catalog = node.catalog or self._catalog
        try:
            told = self._client.get_table_metadata(CatalogName=catalog, DatabaseName=database, TableName=name)
        except ERRORS as error:
            refusal = aws_error(error)
            if "not found" in refusal["Message"].lower():
                return None
            if is_denied(error):
                listed = self._listed(database, name)
                # where Glue denies its table, nothing listed is no sign that there is none
                if listed is not None or refusal["Code"] != OF_GLUE:
                    return listed
            raise WarehouseError(f"{table} cannot be described: {explain(error)}") from error
        return columns_of(told["TableMetadata"])

    def databases(self) -> Sequence[str] | None:
        """See `Listing.databases`."""
        return database_names(self._client, self._catalog)

    def tables(self, database: str) -> Mapping[str, Sequence[TableColumn]] | None:
        """See `Listing.tables`. Types are in Hive's words."""
        return tables_of(self._client, self._catalog, database)

    def _listed(self, database: str, table: str) -> Sequence[TableColumn] | None:
        """Describe a table by a query, which needs no right but that to query. Which columns partition it is not said there."""
        sql = (
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
        )
        with self.query(sql, [database.lower(), table.lower()]) as answer:
            found = [TableColumn(str(row["column_name"]), str(row["data_type"])) for row in answer.rows]
        return found or None

    def _group(self) -> Mapping[str, Any]:
        """Return what Athena says of the workgroup, nothing where that may not be asked."""
        try:
            told: Mapping[str, Any] = self._client.get_work_group(WorkGroup=self.workgroup)["WorkGroup"]
        except ClientError:
            return {}
        return told

    def identity(self) -> Mapping[str, str]:
        """See `Warehouse.identity`."""
        lines = {"region": self.region, "workgroup": self.workgroup, "catalog": self._connection.catalog_name or ""}
        try:
            with closing(self.client("sts")) as sts:
                caller = sts.get_caller_identity()
        except ERRORS as error:
            lines["identity"] = f"not known: {explain(error)}"
        else:
            lines |= {"identity": str(caller["Arn"]), "account": str(caller["Account"])}
        group = self._group().get("Configuration", {})
        place = self._connection.s3_staging_dir or group.get("ResultConfiguration", {}).get("OutputLocation")
        if group.get("ManagedQueryResultsConfiguration", {}).get("Enabled"):
            place = "managed by Athena"
        if place:
            lines["answers"] = str(place)
        if most := group.get("BytesScannedCutoffPerQuery"):
            lines["limit"] = f"{most:,} bytes a query"
        return lines

    def close(self) -> None:
        """See `Warehouse.close`."""
        self._connection.close()


def _read(name: str, text: str | None, convert: Callable[[str], object]) -> object:
    """Return a value of the answer."""
    if text is None:
        return None
    try:
        return convert(text)
    except ValueError as error:
        raise WarehouseError(f"column {name} holds {first_line(text)!r}, which cannot be read") from error
