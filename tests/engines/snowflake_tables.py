"""CloudTrail records in Snowflake tables of the four layouts, as their loaders would have made them.

One bound JSON text a table: the client sends it once, and Snowflake's own FLATTEN and casts make the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlgen.dialects import load_layout
from tests.reference.events import boolean, iso, text, time

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

Record = Mapping[str, Any]
Row = dict[str, Any]


def load_cloudtrail(
    connection: SnowflakeConnection, records: Sequence[Record], *, layout: str, table: str = "cloudtrail"
) -> None:
    """Make `table` in the form of `layout` (records, event, snowalert, panther), replacing it, filled with the records."""
    columns = load_layout("snowflake", layout).columns
    rows = [_ROWS[layout](record) for record in records] if layout in _ROWS else [{"raw": record} for record in records]
    if layout == "records":
        half = len(records) // 2  # two delivery files, so that a table has more than one
        rows = [{"v": {"Records": part}} for part in (records[:half], records[half:]) if part]
    document = json.dumps(rows, ensure_ascii=False)
    fields = ", ".join(_field(name, kind) for name, kind in columns)
    cursor = connection.cursor()
    cursor.execute(f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns)})")
    cursor.execute(
        f"INSERT INTO {table} SELECT {fields} FROM (SELECT PARSE_JSON(?) AS loaded) AS file, LATERAL FLATTEN(input => file.loaded) AS row_",
        (document,),
    )
    cursor.close()


def _field(name: str, kind: str) -> str:
    """Return the expression that takes a column out of a row: a VARIANT as it is, with JSON null as VARIANT null."""
    return f"row_.value:{name}" + ("" if kind == "VARIANT" else f"::{kind}")


def _snowalert(record: Record) -> Row:
    """Return a row of SnowAlert (src/connectors/aws_cloudtrail.py): the record as `raw`, and fields of it beside.

    It reads shared_event_id from a path that does not exist, so that it is null always.
    """
    return {
        "raw": record,
        "event_time": iso(time(text(record.get("eventTime")))),
        "aws_region": text(record.get("awsRegion")),
        "event_id": text(record.get("eventID")),
        "event_name": text(record.get("eventName")),
        "event_source": text(record.get("eventSource")),
        "user_identity": record.get("userIdentity"),
        "request_parameters": record.get("requestParameters"),
        "response_elements": record.get("responseElements"),
        "read_only": boolean(record.get("readOnly")),
        "shared_event_id": None,
    }


PANTHER_DOCUMENTS = (
    "userIdentity",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "resources",
)


def _panther(record: Record) -> Row:
    """Return a row of Panther: typed columns named as the fields, `arn` for ARN in the items of `resources`."""
    row: Row = {}
    for name, kind in load_layout("snowflake", "panther").columns:
        value = record.get(name)
        row[name] = value if kind == "VARIANT" else boolean(value) if kind == "BOOLEAN" else text(value)
    row["eventTime"] = iso(time(row["eventTime"]))
    row["resources"] = panther_resources(row["resources"])
    return row


def panther_resources(resources: Any) -> Any:
    """Return `resources` as Panther keeps them."""
    if not isinstance(resources, list):
        return resources
    return [
        {"arn" if name == "ARN" else name: value for name, value in item.items()} if isinstance(item, dict) else item
        for item in resources
    ]


_ROWS: dict[str, Callable[[Record], Row]] = {"snowalert": _snowalert, "panther": _panther}
