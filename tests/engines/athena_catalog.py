"""What Athena tells of databases and tables, from Trino's own catalogs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.engines.athena_saved import Refused, paged
from tests.engines.athena_statements import Names

Body = Mapping[str, Any]
TRINO_NAME = re.compile(r"[\w$-]+")
HIVE_WORDS = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}


def hive_type(text: str) -> str:
    """Return Hive's word for a type in Trino's, `struct<a:string>` for `row(a varchar)`."""
    text = text.strip()
    head, bracket, rest = text.partition("(")
    if not bracket or head not in ("row", "array", "map"):
        return HIVE_WORDS.get(head, head if head in ("timestamp", "time") else text)
    parts = split(rest[: rest.rindex(")")])
    if head == "row":
        fields = (part.split(" ", 1) for part in parts)
        return "struct<" + ",".join(f"{name.strip(chr(34))}:{hive_type(kind)}" for name, kind in fields) + ">"
    return f"{head}<" + ",".join(hive_type(part) for part in parts) + ">"


def split(text: str) -> list[str]:
    """Return the parts between a type's outer commas."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


@dataclass
class Catalog:
    """The actions of databases and tables."""

    names: Names

    def rows(self, sql: str) -> list[list[Any]]:
        """Ask Trino; an endpoint without one has no tables."""
        return self.names.server.rows(sql) if self.names.server else []

    def databases(self) -> list[str]:
        """Return the names of all databases."""
        catalogs = {"hive", "iceberg", *self.names.databases.values()}
        told = [row[0] for name in sorted(catalogs) for row in self.rows(f"SHOW SCHEMAS FROM {name}")]
        return sorted(set(told) - {"information_schema", "system"})

    def get_database(self, body: Body) -> dict[str, Any]:
        """Tell of a database."""
        name = body["DatabaseName"].lower()
        if name not in self.databases():
            raise Refused(not_found(f"Database {name} not found."), "MetadataException")
        return {"Database": {"Name": name}}

    def list_databases(self, body: Body) -> dict[str, Any]:
        """List the databases."""
        return paged("DatabaseList", [{"Name": name} for name in self.databases()], body)

    def list_data_catalogs(self, body: Body) -> dict[str, Any]:
        """List the catalogs: one."""
        return {"DataCatalogsSummary": [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]}

    def list_engine_versions(self, body: Body) -> dict[str, Any]:
        """List the engine versions: one."""
        version = "Athena engine version 3"
        return {"EngineVersions": [{"SelectedEngineVersion": version, "EffectiveEngineVersion": version}]}

    def get_table_metadata(self, body: Body) -> dict[str, Any]:
        """Tell a table's columns."""
        database, table = body["DatabaseName"].lower(), body["TableName"].lower()
        told = self.table(database, table)
        if told is None:
            raise Refused(not_found(f"Entity Not Found. Table {table} not found."), "MetadataException")
        return {"TableMetadata": told}

    def list_table_metadata(self, body: Body) -> dict[str, Any]:
        """List a database's tables with their columns."""
        database = body["DatabaseName"].lower()
        wanted = re.compile(body.get("Expression") or "")
        names = {
            row[0]
            for catalog in ("hive", "iceberg")
            for row in self.rows(
                f"SELECT table_name FROM {catalog}.information_schema.tables WHERE table_schema = '{database}'"
            )
            if wanted.search(row[0])
        }
        return paged("TableMetadataList", [self.table(database, name) for name in sorted(names)], body)

    def table(self, database: str, table: str) -> dict[str, Any] | None:
        """Return a table in Athena's form, None where there is none."""
        if not (TRINO_NAME.fullmatch(database) and TRINO_NAME.fullmatch(table)):
            return None
        self.names.forget()
        catalog = self.names.catalog(database, table)
        of = f"FROM {catalog}.information_schema.tables WHERE table_schema = '{database}' AND table_name = '{table}'"
        kind = self.rows(f"SELECT table_type {of}")
        if not kind:
            return None
        columns: list[dict[str, str]] = []
        keys: list[dict[str, str]] = []
        for name, type_, extra, _ in self.rows(f'DESCRIBE {catalog}."{database}"."{table}"'):
            (keys if extra == "partition key" else columns).append({"Name": name, "Type": hive_type(type_)})
        view = kind[0][0] == "VIEW"
        return {
            "Name": table,
            "TableType": "VIRTUAL_VIEW" if view else "EXTERNAL_TABLE",
            "Columns": columns,
            "PartitionKeys": keys,
            "Parameters": {"table_type": "ICEBERG"} if catalog == "iceberg" else {},
        }


def not_found(what: str) -> str:
    """Return Glue's complaint as Athena hands it on."""
    return f"{what} (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException)"
