"""The customer's warehouses: Athena, Snowflake, Trino and DuckDB, each a connection that answers statements in place.

Drivers are heavy: each module is loaded when a profile of its dialect is opened, never before.
"""

from __future__ import annotations

from importlib import import_module

from sqlgen.profiles import Profile
from sqlgen.warehouses.base import Warehouse

__all__ = ["open_warehouse"]

MODULES = {
    "athena": "sqlgen.warehouses.athena",
    "duckdb": "sqlgen.warehouses.duckdb",
    "snowflake": "sqlgen.warehouses.snowflake",
    "trino": "sqlgen.warehouses.trino",
}


def open_warehouse(profile: Profile) -> Warehouse:
    """Connect to the profile's warehouse (each module's `connect(profile)`).

    Raises:
        UsageError: its driver is not installed, or its connection says too little.
        WarehouseError: no connection.
    """
    connect = import_module(MODULES[profile.dialect]).connect
    warehouse: Warehouse = connect(profile)
    return warehouse
