"""What the tests of engines share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

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
