"""Snowflake, through snowflake-connector-python: `connect(profile)`. The connector is imported here and nowhere else."""

from sqlgen.warehouses.snowflake.connection import connect

__all__ = ["connect"]
