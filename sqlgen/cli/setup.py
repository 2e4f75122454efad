"""`check`, `ddl` and `grants`: whether a profile is right, the table that it needs, the rights that it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated

import typer

from sqlgen.cli.app import app
from sqlgen.cli.options import (
    ConfigFile,
    DialectOrProfile,
    LayoutName,
    Output,
    ProfileName,
    TableName,
    profile_or_dialect,
)
from sqlgen.cli.streams import emit, note, write_text
from sqlgen.errors import UsageError

Bucket = Annotated[
    str | None,
    typer.Option(
        "--bucket", metavar="URL", help="Where the trail delivers, s3://bucket/prefix: what stands before /AWSLogs."
    ),
]
Integration = Annotated[
    str | None, typer.Option("--integration", metavar="NAME", help="Snowflake's storage integration for the bucket.")
]


@app.command()
def check(
    profile: ProfileName = None,
    config: ConfigFile = None,
    write: Annotated[
        bool, typer.Option("--write", help="Also make a view in the profile's home, and drop it again.")
    ] = False,
    max_scan: Annotated[
        str, typer.Option("--max-scan", metavar="SIZE", help="What the look for one row may read (Athena, Trino).")
    ] = "1GB",
    format_name: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    output: Output = None,
) -> None:
    """Look whether a profile is right: connection, table, layout, rights, one row, partitions; exit 1 where something is not."""
    from sqlgen.health import CHEAP, examine
    from sqlgen.output.verdicts import write_verdicts
    from sqlgen.settings import load_profile
    from sqlgen.sizes import parse_size

    if format_name not in ("table", "json"):
        raise UsageError(f"--format takes table or json, not {format_name!r}")
    limits = replace(CHEAP, maximum_scan_bytes=parse_size(max_scan, "--max-scan"))
    verdicts = examine(load_profile(profile, config), write=write, limits=limits)
    well: list[bool] = []
    emit(lambda stream: well.append(write_verdicts(verdicts, format_name, stream)), output)
    if not all(well):
        raise typer.Exit(1)


@app.command()
def ddl(
    dialect: DialectOrProfile = None,
    layout: LayoutName = None,
    table: TableName = None,
    bucket: Bucket = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ID", help="An account that delivers there; several.")
    ] = None,
    organization: Annotated[
        str | None, typer.Option("--organization", metavar="ID", help="The organization whose trail it is, o-...")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", metavar="NAME", help="A region that delivers there; several. Default: all."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DATE", help="The first day of the log. Default: CloudTrail's own, 2013-11-13."
        ),
    ] = None,
    integration: Integration = None,
    topic: Annotated[
        str | None,
        typer.Option(
            "--topic", metavar="ARN", help="SNS topic of new objects, where not the bucket itself tells Snowflake."
        ),
    ] = None,
    profile: ProfileName = None,
    config: ConfigFile = None,
    output: Output = None,
) -> None:
    """Print the DDL of the log's table over the bucket of a trail; what is not given is marked <LIKE THIS>."""
    from sqlgen.ddl import Delivery, define

    place, engine = profile_or_dialect(profile, config, dialect)
    delivery = Delivery(
        table=table or (place.table if place else None),
        bucket=bucket,
        accounts=tuple(account or ()),
        organization=organization,
        regions=tuple(region or ()),
        since=_day(since),
        integration=integration,
        topic=topic,
    )
    defined = define(engine, layout or (place.layout if place else None), delivery)
    write_text(defined.sql, output)
    _say(defined.missing, defined.notes)
    lines = (f"{key} = {json.dumps(value)}" for key, value in defined.profile.items())
    note(f"a profile of it says: {', '.join(lines)}")


@app.command()
def grants(
    command: Annotated[
        list[str] | None,
        typer.Option("--command", metavar="NAME", help="What shall be done; several. Default: check and run."),
    ] = None,
    dialect: DialectOrProfile = None,
    layout: LayoutName = None,
    table: TableName = None,
    home: Annotated[
        str | None,
        typer.Option("--home", metavar="NAME", help="Where objects are saved and scheduled; default: the log's own."),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="The account whose Athena it is.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="The region of that Athena.")] = None,
    workgroup: Annotated[str | None, typer.Option("--workgroup", metavar="NAME", help="Its workgroup.")] = None,
    bucket: Bucket = None,
    output_location: Annotated[
        str | None,
        typer.Option("--output-location", metavar="URL", help="Where Athena's answers go, s3://bucket/prefix."),
    ] = None,
    home_location: Annotated[
        str | None,
        typer.Option("--home-location", metavar="URL", help="Where scheduled tables lie, s3://bucket/prefix."),
    ] = None,
    kms_key: Annotated[
        list[str] | None,
        typer.Option("--kms-key", metavar="ARN", help="A key that the buckets are encrypted with; several."),
    ] = None,
    lake_formation: Annotated[
        bool, typer.Option("--lake-formation", help="Lake Formation governs the log's database.")
    ] = False,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="NAME", help="Snowflake: who is granted; Athena: the ARN of a schedule's role."),
    ] = None,
    warehouse: Annotated[str | None, typer.Option("--warehouse", metavar="NAME", help="Snowflake's warehouse.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Trino: who is granted.")] = None,
    integration: Integration = None,
    profile: ProfileName = None,
    config: ConfigFile = None,
    output: Output = None,
) -> None:
    """Print the rights that commands need, and no more: an IAM policy, Snowflake's GRANTs, rules for Trino."""
    from sqlgen.grants import grant

    place, engine = profile_or_dialect(profile, config, dialect)
    told: Mapping[str, object] = place.connection if place else {}
    known = {
        **{key: str(value) for key, value in told.items()},
        **({"table": place.table, "home": place.home, "edges": place.edges} if place else {}),
    }
    given = {
        "table": table,
        "home": home,
        "account": account,
        "region": region,
        "workgroup": workgroup,
        "bucket": bucket,
        "output_location": output_location,
        "home_location": home_location,
        "kms_key": kms_key,
        "lake_formation": "yes" if lake_formation else None,
        "role": role,
        "warehouse": warehouse,
        "user": user,
        "integration": integration,
    }
    granted = grant(
        engine,
        command or (),
        known | {key: value for key, value in given.items() if value},
        layout=layout or (place.layout if place else None),
    )
    write_text(granted.text, output)
    _say(granted.missing, granted.notes)


def _say(missing: Mapping[str, str], notes: tuple[str, ...]) -> None:
    for option in dict.fromkeys(missing.values()):
        markers = ", ".join(marker for marker, gives in missing.items() if gives == option)
        note(f"fill in {markers}: --{option}")
    for text in notes:
        note(text)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"--since takes a day such as 2023-07-01, not {text!r}") from error
