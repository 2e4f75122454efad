"""Opening a connection to Snowflake: by its name in Snowflake's own connections.toml, where its secrets are and stay.

https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-connections
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import snowflake.connector
from snowflake.connector import ConnectionConfig
from snowflake.connector.config_manager import CONFIG_MANAGER
from snowflake.connector.errors import Error

from sqlgen.profiles import Profile
from sqlgen.warehouses.base import WarehouseError
from sqlgen.warehouses.snowflake.calls import run, stdout_kept_clean
from sqlgen.warehouses.snowflake.faults import fault, secrets_of
from sqlgen.warehouses.snowflake.warehouse import SnowflakeWarehouse

SESSION_PARAMETERS = {
    "TIMEZONE": "UTC",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "DEFAULT_NULL_ORDERING": "LAST",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "JSON_INDENT": 0,
}
"""What the texts rely on, whatever the account has set: times, the order of nulls, the case of names in quotes; and documents on
one line, which spares many of their bytes (https://docs.snowflake.com/en/sql-reference/parameters)."""

MEMORY_LIMIT_MB = 256
"""How much of an answer the connector may fetch ahead; its own default is 1536."""


def connect(profile: Profile) -> SnowflakeWarehouse:
    """Return a connection by the profile's reference.

    `connection_name` is its name in connections.toml, without it Snowflake's default connection; database, schema, warehouse and role of
    the profile take the place of those said there. Raises WarehouseError when there is no such connection or it cannot be opened; no
    message holds a secret.
    """
    overrides = {name: str(value) for name, value in profile.connection.items() if name != "connection_name"}
    name, options = _named_connection(str(profile.connection.get("connection_name") or ""))
    secrets = secrets_of(options)
    settings: dict[str, Any] = {
        "connection_name": name,
        **overrides,
        "application": "sqlgen",
        "paramstyle": "qmark",
        "autocommit": True,
        "session_parameters": SESSION_PARAMETERS,
        "client_memory_limit": MEMORY_LIMIT_MB,
        **_overlooked(options),
        "validate_default_parameters": True,  # a warehouse that is not there is said now, not at the first statement
        "enable_server_session_keep_alive_auto_detection": False,  # else it warns that its default will change
        "auto_cleanup": False,  # `close` is called; at the end of the process nothing waits for a network that is gone
    }
    try:
        with stdout_kept_clean():
            connection = run(lambda: snowflake.connector.connect(**settings))
    except Error as error:
        raise fault(f"Snowflake's connection {name} cannot be opened", error.errno, error.raw_msg, secrets) from None
    return SnowflakeWarehouse(connection, secrets)


def _overlooked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options of a named connection that connector 5.2 would replace by its own defaults: timeouts, retries, checks of TLS."""
    defaults = {field.name for field in fields(ConnectionConfig) if field.default not in (None, MISSING)}
    return {name: value for name, value in options.items() if name in defaults}


def _named_connection(name: str) -> tuple[str, Mapping[str, Any]]:
    """Return the name of the connection to open and its options.

    Raises WarehouseError when connections.toml cannot be read or has none of that name.
    """
    CONFIG_MANAGER.clear_cache()
    try:
        connections: Mapping[str, Any] = CONFIG_MANAGER["connections"]  # type: ignore[assignment]
        name = name or str(CONFIG_MANAGER["default_connection_name"])
    except Error as error:
        # the message is not shown: it quotes the line that is no TOML, and with it a secret
        wrong = "may be written by others" if "permissions" in error.raw_msg else "is not valid TOML"
        raise WarehouseError(
            f"Snowflake's connections.toml (or config.toml) {wrong}: correct it and ask again"
        ) from None
    if not connections:
        raise WarehouseError(
            "Snowflake's connections.toml is missing or empty: write one (`snow connection add`), or name its folder in SNOWFLAKE_HOME"
        )
    if name not in connections:
        raise WarehouseError(
            f"Snowflake's connections.toml has no connection {name}: name one of {', '.join(sorted(connections))} "
            "as connection_name in the profile"
        )
    return name, connections[name]
