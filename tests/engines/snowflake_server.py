"""A Snowflake that answers on this machine: fakesnow's server, in a virtual environment of its own, on a loopback port.

fakesnow (https://github.com/tekumara/fakesnow) runs Snowflake's SQL on DuckDB and speaks the protocol of the real client, so the tests
reach it with the real snowflake-connector-python. Its sqlglot and DuckDB are others than ours, hence the environment of its own, made
once under `.cache/fakesnow/` (or `$SQLGEN_CACHE/fakesnow/`).

    python -m tests.engines.snowflake_server fetch    make the environment
    python -m tests.engines.snowflake_server run      start the server and say where it listens, until Ctrl-C
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from sqlgen.errors import SqlgenError

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

REQUIREMENTS = (
    "fakesnow[server]==0.12.1",
    "snowflake-connector-python==4.8.1",  # fakesnow does not import with 5.x
    "sqlglot==30.22.0",
    "duckdb==2.0.1",
    "numpy==2.4.6",  # DuckDB wants it for a function in Python (PARSE_IP)
)
CACHE = Path(os.environ.get("SQLGEN_CACHE") or Path(__file__).parents[2] / ".cache") / "fakesnow"
SECONDS_TO_START = 60.0


class SnowflakeServerError(SqlgenError):
    """Raised when fakesnow cannot be installed or does not answer."""


@dataclass(frozen=True)
class SnowflakeServer:
    """Where the server listens."""

    host: str
    port: int

    def connect(self, **others: Any) -> SnowflakeConnection:
        """Return a connection of the real client to a database of its own, empty, with `?` as bind markers; `others` are its options."""
        # the client looks for the cloud that it runs in, and reports on itself
        os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true"}
        import snowflake.connector

        options: dict[str, Any] = {
            "user": "tester",
            "password": "none",  # the server takes any
            "account": "local",
            "host": self.host,
            "port": self.port,
            "protocol": "http",
            "database": "LOGS",
            "schema": "PUBLIC",
            "paramstyle": "qmark",
            "session_parameters": {"FAKESNOW_DB_PATH": ":isolated:", "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
            "enable_server_session_keep_alive_auto_detection": False,
            **others,
        }
        return snowflake.connector.connect(**options)


def environment() -> Path:
    """Return the folder of the virtual environment that holds fakesnow, made if it is not there yet.

    Raises SnowflakeServerError when it cannot be installed.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests may run in several processes
        return _made_environment(CACHE / "venv")


def _made_environment(folder: Path) -> Path:
    mark, wanted = folder / "installed.txt", "\n".join(REQUIREMENTS) + "\n"
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    command = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *REQUIREMENTS,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SnowflakeServerError(f"fakesnow cannot be installed ({reason}): look at pip's settings and the network")
    mark.write_text(wanted, encoding="utf-8")
    return folder


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> bool:
    """Return whether the process listens on the port before it ends or the time is over."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


@contextmanager
def snowflake_server() -> Iterator[SnowflakeServer]:
    """Start the server, yield where it listens, and stop it; raise SnowflakeServerError when it does not start."""
    port = _free_port()
    command = [str(environment() / "bin" / "python"), str(Path(__file__).with_name("snowflake_app.py")), str(port)]
    with TemporaryFile() as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            if not _wait(process, port):
                log.seek(0)
                last = (log.read().decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
                raise SnowflakeServerError(f"fakesnow did not start ({last}): remove {CACHE} and try again")
            yield SnowflakeServer("127.0.0.1", port)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def main(arguments: list[str]) -> int:
    """Do what the first argument says; return the exit status."""
    if arguments == ["fetch"]:
        print(f"fakesnow is in {environment()}")
        return 0
    if arguments == ["run"]:
        with snowflake_server() as server:
            print(f"fakesnow answers on {server.host}:{server.port}; Ctrl-C stops it", flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                return 0
    print("usage: python -m tests.engines.snowflake_server fetch|run", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
