"""A folder of Snowflake's configuration for the tests, in the place of the user's own.

The connector looks for it once, when it is imported: tests that use this import it first.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="sqlgen-snowflake-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["SNOWFLAKE_HOME"] = str(HOME)
# the connector looks for the cloud that it runs in
os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true"}

CONNECTIONS = HOME / "connections.toml"
PASSWORD = "hunter2-is-the-password"


def write_connection(port: int, name: str = "test", options: Mapping[str, str | int] | None = None) -> None:
    """Write connections.toml with one connection, to a server on this machine, that gives up quickly."""
    settings: dict[str, str | int] = {
        "account": "local", "user": "tester", "password": PASSWORD, "host": "127.0.0.1", "port": port, "protocol": "http",
        "retry_max_attempts": 3, "retry_backoff_base_ms": 5, "retry_backoff_cap_ms": 20, **(options or {}),
    }  # fmt: skip
    lines = [f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"' for key, value in settings.items()]
    write_connections("\n".join([f"[{name}]", *lines, ""]))


def write_connections(text: str, mode: int = 0o600) -> None:
    """Write connections.toml; the connector reads none that others may write."""
    CONNECTIONS.write_text(text, encoding="utf-8")
    CONNECTIONS.chmod(mode)
