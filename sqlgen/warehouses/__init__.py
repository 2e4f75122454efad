"""The customer's warehouses: Athena, Snowflake and Trino, each a connection that answers statements in place.

Drivers are heavy: each module is loaded when a profile of its dialect is opened, never before.
"""

from __future__ import annotations

from importlib import import_module

from sqlgen.errors import UsageError
from sqlgen.profiles import Profile
from sqlgen.warehouses.base import Warehouse

__all__ = ["open_warehouse"]

MODULES = {
    "athena": "sqlgen.warehouses.athena",
    "snowflake": "sqlgen.warehouses.snowflake",
    "trino": "sqlgen.warehouses.trino",
}


def open_warehouse(profile: Profile) -> Warehouse:
    """Connect to the profile's warehouse (each module's `connect(profile)`).

    Raises:
        UsageError: its dialect is run by no warehouse.
        WarehouseError: no connection.
    """
    if profile.dialect not in MODULES:
        raise UsageError(f"profile {profile.name} is of dialect {profile.dialect}: run it with --source PATH instead")
    connect = import_module(MODULES[profile.dialect]).connect
    warehouse: Warehouse = connect(profile)
    return warehouse
