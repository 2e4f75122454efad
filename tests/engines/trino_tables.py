"""CloudTrail records as the tables of Athena, on the Trino of the tests: same columns, same types, filled from plain records.

The layouts are `cloudtrail` (the table of AWS's documentation today), `cloudtrail-serde` (the one of 2017 to 2023, without the newer
columns) and `security-lake` (Amazon Security Lake, OCSF 1.1, source version 2). A table is made once; another load into it replaces its
files, which takes milliseconds: only a partition that it never had costs a statement.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.engines.ocsf import OCSF_COLUMNS, ocsf_row
from tests.engines.security_lake import lossy
from tests.engines.trino_server import EngineError, TrinoServer

Record = Mapping[str, Any]
Layout = Literal["cloudtrail", "cloudtrail-serde", "security-lake"]
Tree = Mapping[str, Any]

TEXT = "VARCHAR"
JSON_TEXT = "JSON"  # a VARCHAR that holds the JSON text of what stands there
TEXT_MAP = "MAP(VARCHAR, VARCHAR)"
PARTITIONS = ("region", "timestamp")
PARTS_OF_THE_DAY = ("year", "month", "day")  # the other usual way: three columns, no region
NAME = re.compile(r"[a-z_][a-z0-9_]*")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[T ]", re.ASCII)
# Where a record without a readable region or time lies: a trail delivers it all the same, by its own region and clock.
SOME_REGION, SOME_DAY = "us-east-1", "1970/01/01"

ISSUER: Tree = dict.fromkeys(("type", "principalid", "arn", "accountid", "username"), TEXT)
OLD_CONTEXT: Tree = {"attributes": {"mfaauthenticated": TEXT, "creationdate": TEXT}, "sessionissuer": ISSUER}
WEB_FEDERATION: Tree = {"federatedprovider": TEXT, "attributes": TEXT_MAP}
CONTEXT: Tree = {**OLD_CONTEXT, "ec2roledelivery": TEXT, "webidfederationdata": WEB_FEDERATION}
WHO: Tree = dict.fromkeys(("type", "principalid", "arn", "accountid", "invokedby", "accesskeyid", "username"), TEXT)
RESOURCES: Sequence[Tree] = [{"arn": TEXT, "accountid": TEXT, "type": TEXT}]

# docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html, in its order
CLOUDTRAIL: Tree = {
    "eventversion": TEXT,
    "useridentity": {**WHO, "onbehalfof": {"userid": TEXT, "identitystorearn": TEXT}, "sessioncontext": CONTEXT},
    "eventtime": TEXT,
    "eventsource": TEXT,
    "eventname": TEXT,
    "awsregion": TEXT,
    "sourceipaddress": TEXT,
    "useragent": TEXT,
    "errorcode": TEXT,
    "errormessage": TEXT,
    "requestparameters": JSON_TEXT,
    "responseelements": JSON_TEXT,
    "additionaleventdata": JSON_TEXT,
    "requestid": TEXT,
    "eventid": TEXT,
    "readonly": TEXT,
    "resources": RESOURCES,
    "eventtype": TEXT,
    "apiversion": TEXT,
    "recipientaccountid": TEXT,
    "serviceeventdetails": JSON_TEXT,
    "sharedeventid": TEXT,
    "vpcendpointid": TEXT,
    "vpcendpointaccountid": TEXT,
    "eventcategory": TEXT,
    "addendum": dict.fromkeys(("reason", "updatedfields", "originalrequestid", "originaleventid"), TEXT),
    "sessioncredentialfromconsole": TEXT,
    "edgedevicedetails": JSON_TEXT,
    "tlsdetails": dict.fromkeys(("tlsversion", "ciphersuite", "clientprovidedhostheader"), TEXT),
}
NEWER = (
    "vpcendpointaccountid",
    "eventcategory",
    "addendum",
    "sessioncredentialfromconsole",
    "edgedevicedetails",
    "tlsdetails",
)
CLOUDTRAIL_SERDE: Tree = {
    **{name: kind for name, kind in CLOUDTRAIL.items() if name not in NEWER},
    "useridentity": {**WHO, "sessioncontext": OLD_CONTEXT},
}
COLUMNS: Mapping[str, Tree] = {
    "cloudtrail": CLOUDTRAIL,
    "cloudtrail-serde": CLOUDTRAIL_SERDE,
    "security-lake": OCSF_COLUMNS,
}


def type_sql(kind: Any) -> str:
    """Return Trino's name of a type in the notation of the trees above."""
    if isinstance(kind, str):
        return TEXT if kind == JSON_TEXT else kind
    if isinstance(kind, Mapping):
        return "ROW(" + ", ".join(f'"{name}" {type_sql(inner)}' for name, inner in kind.items()) + ")"
    return f"ARRAY({type_sql(kind[0])})"


def as_text(value: Any) -> str | None:
    """Return a value as the SerDe puts it into a string column: texts as they are, others as JSON text, null as null."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cell(value: Any, kind: Any) -> Any:
    """Return a value of a record as the table's column of this type holds it; None where the type cannot hold it."""
    if kind == JSON_TEXT:
        return as_text(value)
    if kind == TEXT:
        return None if isinstance(value, dict | list) else as_text(value)
    if kind == TEXT_MAP:
        return {name: as_text(inner) for name, inner in value.items()} if isinstance(value, dict) else None
    if isinstance(kind, Mapping):
        return cells(value, kind) if isinstance(value, dict) else None
    return [cell(one, kind[0]) for one in value] if isinstance(value, list) else None


def cells(value: Record, kinds: Tree) -> dict[str, Any]:
    """Return the named columns or fields of an object, whose names the SerDe lower-cases; others are dropped."""
    return {name.lower(): cell(inner, kinds[name.lower()]) for name, inner in value.items() if name.lower() in kinds}


def null_texts(row: dict[str, Any], record: Record) -> dict[str, Any]:
    """Write a document that is JSON null as the text `null`, which is how older tables may give it."""
    names = {name.lower() for name, value in record.items() if value is None}
    return row | {name: "null" for name in names if CLOUDTRAIL_SERDE.get(name) == JSON_TEXT}


def table_row(record: Record, layout: Layout, *, overwrites: bool = True) -> dict[str, Any]:
    """Return a record as a row of a layout's table: JSON values by column, without the partition columns.

    `overwrites` is of `security-lake` (see `tests.engines.ocsf`).
    """
    if layout == "security-lake":
        return ocsf_row(record, overwrites=overwrites)
    row = cells(record, COLUMNS[layout])
    return null_texts(row, record) if layout == "cloudtrail-serde" else row


def held(record: Record, layout: Layout) -> dict[str, Any]:
    """Return a record without what the table of a layout has no column for: what an answer there can rest on."""

    def part(value: Any, kind: Any) -> Any:
        if isinstance(kind, str):
            return value
        if isinstance(kind, Mapping):
            if not isinstance(value, dict):
                return None
            return {name: part(inner, kind[name.lower()]) for name, inner in value.items() if name.lower() in kind}
        return [part(one, kind[0]) for one in value] if isinstance(value, list) else None

    kept: dict[str, Any] = lossy(dict(record)) if layout == "security-lake" else part(dict(record), COLUMNS[layout])
    return kept


def partition(record: Record, columns: Sequence[str] = PARTITIONS) -> str:
    """Return the folder of a record's partition: the region and the day of its delivery, here that of the event."""
    region, day = str(record.get("awsRegion")), DAY.match(str(record.get("eventTime")))
    place = region if REGION.fullmatch(region) else SOME_REGION
    date = "/".join(day.groups()) if day else SOME_DAY
    if columns == PARTS_OF_THE_DAY:
        return "/".join(f"{name}={part}" for name, part in zip(columns, date.split("/"), strict=True))
    return f"region={place}/timestamp={date.replace('/', '%2F')}"


def write(folder: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as one file of JSON lines."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "events.json.gz").write_bytes(gzip.compress(text.encode(), compresslevel=1))


@dataclass
class Table:
    """A table that this process has made: its files are ours to replace."""

    layout: Layout
    folder: Path
    partitioned_by: Sequence[str]
    partitions: set[str] = field(default_factory=set)


def create(server: TrinoServer, layout: Layout, schema: str, table: str, partitioned_by: Sequence[str]) -> Table:
    """Make an empty table, in place of one of that name, and return it."""
    location = f"cloudtrail/{schema}/{table}"
    columns = [f'"{name}" {type_sql(kind)}' for name, kind in COLUMNS[layout].items()]
    options = [f"external_location = 'local:///{location}'", "format = 'JSON'"]
    if layout != "security-lake":
        columns += [f'"{name}" VARCHAR' for name in partitioned_by]
        options.append(f"partitioned_by = ARRAY[{', '.join(repr(name) for name in partitioned_by)}]")
    folder = server.data / location
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server.rows(f"CREATE SCHEMA IF NOT EXISTS hive.{schema}")
    server.rows(f"DROP TABLE IF EXISTS hive.{schema}.{table}")
    server.rows(f"CREATE TABLE hive.{schema}.{table} ({', '.join(columns)}) WITH ({', '.join(options)})")
    return Table(layout, folder, partitioned_by)


def load_cloudtrail(
    server: TrinoServer,
    records: Sequence[Record],
    *,
    layout: Layout,
    schema: str,
    table: str,
    overwrites: bool = True,
    partitioned_by: Sequence[str] = PARTITIONS,
) -> Table:
    """Fill the table `hive.<schema>.<table>` with these records and nothing else, made where it is not there yet, and return it.

    Two test processes that share a server need schemas of their own. Partitions of earlier loads stay, empty.

    Raises:
        EngineError: a name that is no plain lower-case name, or a table that was made with another layout.
    """
    for name in (schema, table):
        if not NAME.fullmatch(name):
            raise EngineError(f"{name!r} is no plain lower-case name for a schema or table")
    made: Table | None = server.tables.get((schema, table))
    if made is None:
        made = server.tables[schema, table] = create(server, layout, schema, table, partitioned_by)
    if made.layout != layout:
        raise EngineError(f"{schema}.{table} was made with the layout {made.layout}: use another name for {layout}")
    for file in made.folder.rglob("*.json.gz"):
        file.unlink()
    if layout == "security-lake":
        write(made.folder, (table_row(record, layout, overwrites=overwrites) for record in records))
        return made
    by_partition: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_partition.setdefault(partition(record, made.partitioned_by), []).append(table_row(record, layout))
    for place, rows in by_partition.items():
        write(made.folder / place, rows)
    if not made.partitions.issuperset(by_partition):
        server.rows(f"CALL hive.system.sync_partition_metadata('{schema}', '{table}', 'ADD')")
        made.partitions |= by_partition.keys()
    return made
