"""What the tests of engines share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sqlgen.cli import main
from tests.engines.commands import Call, Called
from tests.engines.snowflake_server import snowflake_server
from tests.engines.trino_server import TrinoServer, trino_server

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from tests.engines.athena_endpoint import AthenaEndpoint


@pytest.fixture(scope="session")
def snowflake_connection() -> Iterator[SnowflakeConnection]:
    """Yield a connection of the real client to fakesnow's server, with an empty database of its own."""
    with snowflake_server() as server, server.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def trino() -> Iterator[TrinoServer]:
    """Yield a real Trino, started for these tests or shared (`SQLGEN_TRINO`)."""
    with trino_server() as server:
        yield server


@pytest.fixture
def athena(trino: TrinoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AthenaEndpoint]:
    """Yield an Athena that runs its SQL on that Trino, where boto3 looks for AWS."""
    from tests.engines.athena_endpoint import athena_endpoint

    with athena_endpoint(trino) as endpoint:
        endpoint.lead(monkeypatch)
        yield endpoint


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command line with a file of profiles of its own."""
    monkeypatch.chdir(tmp_path)

    def called(command: str, *arguments: str) -> Called:
        with pytest.raises(SystemExit) as ended:
            main([command, *arguments, "--config", str(tmp_path / "sqlgen.toml")])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return called
