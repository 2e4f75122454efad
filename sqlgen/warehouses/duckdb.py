"""A DuckDB database that holds a log or a store of events: the warehouse of one machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.queries import OutputColumn
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

PAGE_ROWS = 1000


def connect(profile: Profile) -> DuckdbWarehouse:
    """Return the database that the profile names.

    Raises UsageError when it names none or there is none, WarehouseError when it cannot be opened (another process writes to it).
    """
    name = profile.connection.get("database")
    if not name:
        raise UsageError(f"profile {profile.name}: connection.database is missing: the path of the DuckDB database")
    path = Path(str(name)).expanduser()
    if not path.is_file():
        raise UsageError(f"profile {profile.name}: there is no database {path}")
    try:
        connection = duckdb.connect(str(path))
        connection.execute("SET enable_progress_bar = false")
    except duckdb.Error as error:
        raise WarehouseError(f"{path} cannot be opened: {first_line(error)}") from error
    return DuckdbWarehouse(connection, path)


class DuckdbWarehouse:
    """See `Warehouse`. It charges nothing; a statement ends with the block, since the engine works in this process."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._path = path

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
        """See `Warehouse.query`."""
        begun = time.monotonic()
        try:
            cursor = self._connection.cursor()
            cursor.execute(sql, list(binds) or None)
        except duckdb.Error as error:
            raise WarehouseError(f"the database {self._path.name} refused: {first_line(error)}") from error
        names = tuple(str(column[0]).lower() for column in cursor.description or ())
        expected = tuple(column.name for column in columns) or names
        status = QueryStatus("", "FINISHED", elapsed_seconds=time.monotonic() - begun)
        if listen is not None:
            listen(status)
        try:
            yield Rows(expected, _rows(cursor, names), status)
        finally:
            cursor.close()

    def execute(self, sql: str, *, tag: str = "") -> None:
        """See `Warehouse.execute`."""
        try:
            self._connection.execute(sql)
        except duckdb.Error as error:
            raise WarehouseError(f"the database {self._path.name} refused: {first_line(error)}") from error

    def describe(self, table: str) -> Sequence[TableColumn] | None:
        """See `Warehouse.describe`."""
        try:
            found = self._connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE lower(table_name) = lower(?)"
                " AND (? = '' OR lower(schema_name) = lower(?)) ORDER BY column_index",
                [*_parts(table), _parts(table)[1]],
            ).fetchall()
        except duckdb.Error as error:
            raise WarehouseError(f"the database {self._path.name} refused: {first_line(error)}") from error
        return [TableColumn(name.lower(), kind) for name, kind in found] or None

    def identity(self) -> Mapping[str, str]:
        """See `Warehouse.identity`."""
        return {"database": str(self._path)}

    def close(self) -> None:
        """See `Warehouse.close`."""
        self._connection.close()


def first_line(error: Exception) -> str:
    """Return what an error of the engine says, in one line."""
    return str(error).strip().splitlines()[0]


def _parts(table: str) -> tuple[str, str]:
    schema, _, name = table.rpartition(".")
    return name, schema.rpartition(".")[2]


def _rows(cursor: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Iterator[Row]:
    try:
        while page := cursor.fetchmany(PAGE_ROWS):
            for row in page:
                yield dict(zip(names, row, strict=True))
    except duckdb.Error as error:
        raise WarehouseError(f"the answer broke off: {first_line(error)}") from error
