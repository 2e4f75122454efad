"""What tables a warehouse has, and which of them look like CloudTrail: asked of its catalog where it has an interface, else of
`information_schema`, which all four engines have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlgen.dialects import load_dialect
from sqlgen.fit import Fit, layout_fits
from sqlgen.queries import OutputColumn
from sqlgen.warehouses.base import Listing, TableColumn, Warehouse

TAG = "sqlgen init"
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
SYSTEM = frozenset({"information_schema", "pg_catalog", "sys"})


@dataclass(frozen=True)
class FoundTable:
    """A table whose columns fit a layout: its name as a profile writes it, and the layout that reads the most of it."""

    name: str
    fit: Fit


def databases(warehouse: Warehouse) -> list[str]:
    """Return the databases (schemas, on engines where a database holds schemas), sorted; WarehouseError when they cannot be asked."""
    names = warehouse.databases() if isinstance(warehouse, Listing) else None
    if names is None:
        rows = _ask(warehouse, exp.select("schema_name").from_("information_schema.schemata"), ("schema_name",))
        names = [row["schema_name"] for row in rows]
    return sorted({*names} - SYSTEM - {name.upper() for name in SYSTEM})


def log_tables(warehouse: Warehouse, database: str) -> list[FoundTable]:
    """Return the tables of a database that fit a layout, those that it reads the most of first; WarehouseError when they cannot be asked."""
    tables = warehouse.tables(database) if isinstance(warehouse, Listing) else None
    if tables is None:
        tables = _tables(warehouse, database)
    best = [
        FoundTable(f"{_part(warehouse, database)}.{_part(warehouse, name)}", layout_fits(warehouse.dialect, columns)[0])
        for name, columns in tables.items()
    ]
    return sorted((table for table in best if table.fit.fits), key=lambda table: (-len(table.fit.reads), table.name))


def _tables(warehouse: Warehouse, database: str) -> Mapping[str, Sequence[TableColumn]]:
    """Return the tables of a database with their columns, as `information_schema` tells them."""
    names = ("table_name", "column_name", "data_type")
    of_database = exp.column("table_schema").eq(exp.Literal.string(database))
    select = exp.select(*names).from_("information_schema.columns").where(of_database)
    tables: dict[str, list[TableColumn]] = {}
    for row in _ask(warehouse, select, names):
        tables.setdefault(row["table_name"], []).append(TableColumn(row["column_name"].lower(), row["data_type"]))
    return tables


def _ask(warehouse: Warehouse, select: exp.Select, names: Sequence[str]) -> list[Mapping[str, str]]:
    sql = select.sql(dialect=load_dialect(warehouse.dialect).sqlglot)
    columns = [OutputColumn(name, "text", "") for name in names]
    with warehouse.query(sql, columns=columns, tag=TAG) as answer:
        return [{name: str(row[name]) for name in names} for row in answer.rows]


def _part(warehouse: Warehouse, name: str) -> str:
    """Return a part of a name as one writes it: without quotes where the engine reads it alike."""
    folded = name.lower() if warehouse.dialect == "snowflake" and name == name.upper() else name
    return folded if PLAIN.fullmatch(folded) else '"' + name.replace('"', '""') + '"'
