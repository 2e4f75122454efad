"""What databases and tables Athena's data catalog holds, asked of Athena itself: no query, which would read the metadata of every Iceberg table.

https://docs.aws.amazon.com/athena/latest/APIReference/API_ListTableMetadata.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlgen.warehouses.athena_errors import ERRORS, explain, is_denied
from sqlgen.warehouses.base import TableColumn, WarehouseError


def columns_of(metadata: Mapping[str, Any]) -> list[TableColumn]:
    """Return the columns of a `TableMetadata`, those of its partitions last; types are in Hive's words."""
    return [
        TableColumn(str(column["Name"]).lower(), str(column["Type"]), partition)
        for part, partition in (("Columns", False), ("PartitionKeys", True))
        for column in metadata.get(part) or []
    ]


def database_names(client: Any, catalog: str) -> list[str] | None:
    """Return the databases of a catalog, None where they may not be listed; WarehouseError when they cannot be."""
    told = _listed(client, "list_databases", "DatabaseList", CatalogName=catalog)
    return None if told is None else [str(database["Name"]) for database in told]


def tables_of(client: Any, catalog: str, database: str) -> Mapping[str, Sequence[TableColumn]] | None:
    """Return the tables and views of a database with their columns; None and WarehouseError as of `database_names`."""
    told = _listed(client, "list_table_metadata", "TableMetadataList", CatalogName=catalog, DatabaseName=database)
    return None if told is None else {str(table["Name"]): columns_of(table) for table in told}


def _listed(client: Any, operation: str, items: str, **asked: str) -> list[Mapping[str, Any]] | None:
    try:
        return [item for page in client.get_paginator(operation).paginate(**asked) for item in page[items]]
    except ERRORS as error:
        if is_denied(error):
            return None
        raise WarehouseError(
            f"{asked.get('DatabaseName', asked['CatalogName'])} cannot be listed: {explain(error)}"
        ) from error
