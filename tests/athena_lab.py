"""Athena without an engine, for the tests: the endpoint with a canned answer, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from botocore.loaders import create_loader

from sqlgen.errors import SqlgenError
from sqlgen.profiles import Profile
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import (
    NO_LIMITS,
    QueryLimits,
    Row,
    Warehouse,
    WarehouseError,
)
from tests.engines.athena_endpoint import AthenaEndpoint, athena_endpoint
from tests.engines.athena_jobs import CannedEngine

SELECT = "SELECT a FROM logs.cloudtrail"

LOADER = create_loader()  # boto3's descriptions of services, read once

PROFILE = Profile("lab", "athena", "logs.cloudtrail")


@contextmanager
def canned_athena(monkeypatch: pytest.MonkeyPatch) -> Iterator[AthenaEndpoint]:
    """Give an Athena that answers everything with the same 2500 rows, and lead boto3 there."""
    rows = [[f"row {number}"] for number in range(2500)]
    with athena_endpoint(engine=CannedEngine(rows=rows)) as endpoint:
        endpoint.lead(monkeypatch)
        monkeypatch.setattr("botocore.session.create_loader", lambda path: LOADER)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        monkeypatch.setattr("sqlgen.warehouses.athena.POLL_SECONDS", 0.01)
        yield endpoint


@contextmanager
def opened(**connection: str) -> Iterator[Warehouse]:
    warehouse = open_warehouse(replace(PROFILE, connection=connection))
    try:
        yield warehouse
    finally:
        warehouse.close()


def answer(sql: str = SELECT, limits: QueryLimits = NO_LIMITS, **connection: str) -> list[Row]:
    with opened(**connection) as warehouse, warehouse.query(sql, limits=limits) as rows:
        return list(rows.rows)


def refusal(ask: Callable[[], object] = answer, kind: type[SqlgenError] = WarehouseError) -> str:
    with pytest.raises(kind) as caught:
        ask()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)
