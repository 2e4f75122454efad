"""Profiles: where a log lies, how it is laid out, and by which reference one connects to it.

A profile names a connection, it never holds a secret: AWS credentials come from boto3's usual chain, Snowflake's from its
`connections.toml`, Trino's from a variable of the environment that the profile names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlgen.partitions import Partition


@dataclass(frozen=True)
class Profile:
    """One warehouse and the log in it.

    `layout`: None for the dialect's first choice. `table`: `database.table`. `connection`: the dialect's own keys (see `CONNECTION_KEYS`).
    `own_accounts`, `own_endpoints`, `own_ranges`: what the origins question counts as one's own.
    `edges`: the scheduled table `chain_events` that identity-chain reads in place of the log; None: the log.
    `home`: the database or schema in which saved and scheduled objects are made; None: the log's own.
    """

    name: str
    dialect: str
    table: str
    layout: str | None = None
    partitions: tuple[Partition, ...] = ()
    connection: Mapping[str, str | int | bool] = field(default_factory=dict)
    own_accounts: tuple[str, ...] = ()
    own_endpoints: tuple[str, ...] = ()
    own_ranges: tuple[str, ...] = ()
    edges: str | None = None
    home: str | None = None


CONNECTION_KEYS: Mapping[str, Mapping[str, str]] = {
    "duckdb": {
        "database": "path of the DuckDB database that holds the log",
    },
    "athena": {
        "aws_profile": "profile of the AWS configuration; without it boto3's usual chain",
        "region": "AWS region; without it boto3's usual chain",
        "workgroup": "Athena workgroup (default primary)",
        "output_location": "s3://... where answers go, if the workgroup does not say",
        "catalog": "data catalog (default AwsDataCatalog)",
        "home_location": "s3://... where scheduled tables lie",
        "role": "ARN of the role by which EventBridge Scheduler runs statements",
        "dead_letter_queue": "ARN of the SQS queue that takes what could not be started",
    },
    "snowflake": {
        "connection_name": "name in Snowflake's connections.toml; without it its default connection",
        "database": "database, if the connection does not say",
        "schema": "schema, if the connection does not say",
        "warehouse": "warehouse, if the connection does not say",
        "role": "role, if the connection does not say",
    },
    "trino": {
        "host": "host name",
        "port": "port (default 443 with https, 8080 with http)",
        "user": "user name",
        "catalog": "catalog",
        "schema": "schema",
        "http_scheme": "http or https (default https)",
        "password_variable": "variable of the environment that holds the password",
        "token_variable": "variable of the environment that holds a JWT",
    },
}
