"""Trino, through its own client, which is an optional extra."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.queries import OutputColumn
from sqlgen.tree import table_node
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

try:
    from trino import auth, dbapi, exceptions
except ImportError as error:
    raise UsageError("the client of Trino is not installed: pip install 'cloudtrail-sqlgen[trino]'") from error

ENDED = frozenset({"FINISHED", "FAILED", "CANCELED"})
PORTS = {"https": 443, "http": 8080}
MISSING = frozenset({"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND"})
SHORT = re.compile(r"(?:\[Errno -?\d+\]|\[SSL: \w+\]) ([\w ]+\w)")
"""What a long error of `requests` is about."""

ERRORS = (exceptions.Error, exceptions.HttpError, ValueError)
"""What the client raises; ValueError where an answer is no Trino's."""


def connect(profile: Profile) -> TrinoWarehouse:
    """Return a connection as the profile describes it. Nothing is asked of Trino yet.

    Raises:
        UsageError: the profile says too little, or a variable of the environment that it names is not set.
    """
    keys = profile.connection
    host, scheme = str(keys.get("host") or ""), str(keys.get("http_scheme") or "https")
    if not host:
        raise UsageError(f"profile {profile.name}: connection.host is missing: the host name of Trino")
    if scheme not in PORTS:
        raise UsageError(f"profile {profile.name}: connection.http_scheme is https or http, not {scheme!r}")
    user = str(keys.get("user") or getpass.getuser())
    proof: auth.Authentication | None = None
    if variable := keys.get("token_variable"):
        proof = auth.JWTAuthentication(_secret(profile, str(variable)))
    elif variable := keys.get("password_variable"):
        proof = auth.BasicAuthentication(user, _secret(profile, str(variable)))
    if proof is not None and scheme == "http":
        raise UsageError(
            f"profile {profile.name}: a password or token goes over https only: set connection.http_scheme"
        )
    table = table_node(profile.table)
    options: dict[str, Any] = {
        "host": host,
        "port": int(keys.get("port") or PORTS[scheme]),
        "http_scheme": scheme,
        "user": user,
        "auth": proof,
        "catalog": keys.get("catalog") or table.catalog or None,
        "schema": keys.get("schema") or table.db or None,
    }
    return TrinoWarehouse(options)


def _secret(profile: Profile, variable: str) -> str:
    """Return the value of a variable of the environment."""
    value = os.environ.get(variable)
    if not value:
        raise UsageError(f"profile {profile.name}: the variable {variable}, which the connection names, is not set")
    return value


@dataclass
class _Watch:
    """Follows one statement: tells the listener, and stops what passes a limit by raising in the client's loop."""

    limits: QueryLimits
    listen: StatusListener | None
    rows: Rows | None = None
    status: QueryStatus = field(default_factory=lambda: QueryStatus("", "QUEUED"))

    def tell(self, status: QueryStatus) -> None:
        self.status = status
        if self.rows is not None:
            self.rows.status = status
        if self.listen is not None:
            self.listen(status)

    def heard(self, stats: Mapping[str, Any]) -> None:
        scanned, seconds = int(stats.get("physicalInputBytes", 0)), stats.get("elapsedTimeMillis", 0) / 1000
        self.tell(QueryStatus(str(stats.get("queryId", "")), str(stats.get("state", "")), scanned, seconds))
        if self.status.state in ENDED:
            return
        most, longest = self.limits.maximum_scan_bytes, self.limits.timeout_seconds
        if most is not None and scanned > most:
            raise ScanLimitError(
                f"the query had read {scanned:,} bytes, more than the limit of {most:,}, and was stopped: "
                "ask for a shorter window (--from, --to), or raise the limit"
            )
        if longest is not None and seconds > longest:
            raise WarehouseError(
                f"the query ran for longer than {longest:g} s and was stopped: ask for a shorter window, or wait longer"
            )


class TrinoWarehouse:
    """See `Warehouse`. Each statement has a session of its own, whose client info is the tag."""

    dialect = "trino"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    def _open(self, tag: str) -> Any:
        headers = {"X-Trino-Client-Info": tag} if tag else {}
        connect: Any = dbapi.connect  # untyped there
        return connect(**self._options, source="cloudtrail-sqlgen", timezone="UTC", http_headers=headers)

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
        """See `Warehouse.query`. Trino keeps no result to be reused.

        The last status that `listen` hears has the state CANCELED where the statement was stopped.
        """
        watch = _Watch(limits, listen)
        with closing(self._open(tag)) as connection:
            cursor = connection.cursor(stats_callback=watch.heard)
            try:
                try:
                    cursor.execute(sql, list(binds) or None)
                    names = [str(column[0]).lower() for column in cursor.description or ()]
                except ERRORS as error:
                    raise WarehouseError(self._explain(error)) from error
                missing = [column.name for column in columns if column.name not in names]
                if missing:
                    raise WarehouseError(f"the answer has no column {', '.join(missing)}")
                expected = tuple(column.name for column in columns) or tuple(names)
                watch.rows = Rows(expected, self._rows(cursor, names, columns), watch.status)
                yield watch.rows
            finally:
                self._stop(cursor, watch)

    def _stop(self, cursor: Any, watch: _Watch) -> None:
        """Stop a statement that still runs."""
        if watch.status.state in ENDED or not watch.status.query_id:
            return
        with suppress(*ERRORS):  # a server that cannot be reached ends what nobody fetches by itself
            cursor.cancel()
        watch.tell(replace(watch.status, state="CANCELED"))

    def _rows(self, cursor: Any, names: Sequence[str], columns: Sequence[OutputColumn]) -> Iterator[Row]:
        """Yield the rows as they come."""
        kinds: dict[str, str] = {column.name: column.type for column in columns} or dict.fromkeys(names, "")
        places = {name: place for place, name in enumerate(names)}
        count = 0
        while True:
            try:
                row = cursor.fetchone()
            except ERRORS as error:
                raise WarehouseError(f"the answer broke off after {count:,} rows: {self._explain(error)}") from error
            if row is None:
                return
            count += 1
            yield {name: value(row[places[name]], kind) for name, kind in kinds.items()}

    def execute(self, sql: str, *, tag: str = "") -> None:
        """See `Warehouse.execute`."""
        with self.query(sql, tag=tag) as answer:
            for _ in answer.rows:
                pass

    def describe(self, table: str) -> Sequence[TableColumn] | None:
        """See `Warehouse.describe`."""
        try:
            with self.query(f"SHOW COLUMNS FROM {table_node(table).sql(dialect='trino', identify=True)}") as answer:
                return [
                    TableColumn(str(row["column"]).lower(), str(row["type"]), "partition key" in str(row["extra"]))
                    for row in answer.rows
                ]
        except WarehouseError as error:
            if getattr(error.__cause__, "error_name", None) in MISSING:
                return None
            raise

    def identity(self) -> Mapping[str, str]:
        """See `Warehouse.identity`."""
        options = self._options
        with self.query("SELECT current_user AS name, version() AS version") as answer:
            told = next(answer.rows)
        lines = {"server": self._server, "version": str(told["version"]), "user": str(told["name"])}
        return lines | {name: str(options[name]) for name in ("catalog", "schema") if options[name]}

    def close(self) -> None:
        """See `Warehouse.close`. Nothing stays open between statements."""

    @property
    def _server(self) -> str:
        return f"{self._options['http_scheme']}://{self._options['host']}:{self._options['port']}"

    def _explain(self, error: Exception) -> str:
        """Return what an error of the client means, and what to do."""
        if isinstance(error, exceptions.TrinoQueryError):
            return f"query {error.query_id} failed: {failure(f'{error.error_name}: {error.message}')}"
        told = first_line(str(error))
        if isinstance(error, UnicodeEncodeError):
            return "a value is no Unicode text: Trino takes no other"
        if isinstance(error, exceptions.NotSupportedError):
            return told
        if told.startswith(("error 401", "error 403")):
            return f"{self._server} does not accept the user {self._options['user']}: look at the password or token variable"
        short = SHORT.search(told)
        return (
            f"{self._server} does not answer as Trino does ({short[1] if short else told}): "
            "look at connection.host, port and http_scheme"
        )


def value(given: Any, kind: str) -> object:
    """Return a value in the kind that answers are written in."""
    if isinstance(given, datetime):
        return given.astimezone(UTC).replace(tzinfo=None) if given.tzinfo else given
    if given is None or isinstance(given, bool | int | str):
        return given
    if isinstance(given, list) and kind in ("array", ""):
        return [str(one) for one in given if one is not None]
    return str(given)
