"""The log's table itself: DDL over the bucket that a trail delivers to, from `dialects/<dialect>/ddl/<layout>.sql`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlgen.dialects import load_dialect, load_layout
from sqlgen.errors import UsageError
from sqlgen.native import fill, native_folder
from sqlgen.resources import pick, read_sql

FOLDER = "ddl"
TRAIL_BEGAN = date(2013, 11, 13)
"""CloudTrail's first day (AWS news blog, 13 November 2013): no delivery is older."""

# what each option may hold; docs.aws.amazon.com: S3 bucket naming rules, Organizations API reference (OrganizationId)
SHAPES: Mapping[str, tuple[str, str]] = {
    "account": (r"\d{12}", "an account id of 12 digits"),
    "organization": (r"o-[a-z0-9]{10,32}", "the id of an organization such as o-exampleorgid"),
    "region": (r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}", "a region such as eu-west-1"),
    "integration": (r"[A-Za-z_][A-Za-z0-9_$]*", "the name of a storage integration"),
    "topic": (
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}",
        "the ARN of an SNS topic such as arn:aws:sns:eu-west-1:111122223333:trail",
    ),
}
BUCKET = re.compile(r"(?:(?P<scheme>[a-z0-9]+)://)?(?P<bucket>[a-z0-9.-]*)(?P<prefix>(?:/[A-Za-z0-9!_.()=+@-]+)*)/?")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MARKERS = {"bucket": "s3://<BUCKET>", "account": "<ACCOUNT>", "integration": "<INTEGRATION>"}
"""What stands for an option that is not given: text that no engine takes for a name."""


@dataclass(frozen=True)
class Delivery:
    """Where a trail delivers, and how its table is to be called; what is None or empty is not known.

    `bucket`: `s3://bucket/prefix`, what stands before `/AWSLogs`. `accounts`, `regions`: those that deliver there; `organization`: of an
    organization's trail. `since`: the first day. `integration`, `topic`: Snowflake's storage integration, and the SNS topic of new objects.
    """

    table: str | None = None
    bucket: str | None = None
    accounts: tuple[str, ...] = ()
    organization: str | None = None
    regions: tuple[str, ...] = ()
    since: date | None = None
    integration: str | None = None
    topic: str | None = None


@dataclass(frozen=True)
class Definition:
    """DDL, and what goes with it.

    `partitions`: what a profile of this table says. `missing`: the options whose markers stand in `sql`, by marker. `notes`: for people.
    """

    sql: str
    dialect: str
    layout: str
    table: str
    partitions: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def profile(self) -> Mapping[str, str | list[str]]:
        """The lines of a profile that fit the table."""
        lines: dict[str, str | list[str]] = {"dialect": self.dialect, "layout": self.layout, "table": self.table}
        return lines | ({"partitions": list(self.partitions)} if self.partitions else {})


def define(dialect: str, layout: str | None, delivery: Delivery) -> Definition:
    """Return the DDL of a table of `layout` (default: the dialect's first choice, or its only one with DDL).

    Raises:
        UsageError: an unknown name, a layout whose table somebody else makes, an option that this table does not take, or a wrong value.
        TemplateError: a file of the product is not well formed.
    """
    engine = load_dialect(dialect)
    known = sorted(path.stem for path in native_folder(dialect, FOLDER).glob("*.sql"))
    name = layout or (engine.default_layout if engine.default_layout in known else known[0])
    pick(f"layout of {dialect}", name, engine.layouts)
    pick(f"layout with DDL of {dialect}", name, known)
    head, _ = read_sql(native_folder(dialect, FOLDER) / f"{name}.sql")
    if refused := head.get("refused"):
        raise UsageError(f"{name}: {refused}")
    given = _checked(delivery, dialect, tuple(head["takes"]), tuple(head.get("schemes", ())))
    missing = {MARKERS[option]: option for option in head.get("needs", ()) if not given[option]}
    given |= {option: (marker,) if option == "account" else marker for marker, option in missing.items()}
    shape = load_layout(dialect, name)
    table = delivery.table or shape.table
    values: dict[str, Any] = {
        **given,
        "table": table,
        "layout": name,
        "columns": shape.columns,
        "many_accounts": bool(delivery.organization) or len(delivery.accounts) > 1,
    }
    sql = fill(dialect, FOLDER, name, head.get("writes", engine.sqlglot), values)
    return Definition(
        sql, dialect, name, table, tuple(head.get("partitions", ())), missing, tuple(head.get("notes", ()))
    )


def parse_bucket(text: str, schemes: Sequence[str] = ("s3",)) -> str:
    """Return `scheme://bucket/prefix` without a slash at the end; UsageError where it is none, or goes on below /AWSLogs.

    `schemes`: the ones that are taken; none: any.
    """
    match = BUCKET.fullmatch(text)
    scheme = (match["scheme"] or "s3") if match else ""
    if (
        not match
        or (schemes and scheme not in schemes)
        or (scheme == "s3" and not BUCKET_NAME.fullmatch(match["bucket"]))
    ):
        raise UsageError(
            f"--bucket takes {schemes[0] if schemes else 's3'}://BUCKET or one with a prefix, not {text!r}"
        )
    if "/AWSLogs" in match["prefix"]:
        raise UsageError(f"--bucket takes what stands before /AWSLogs, not {text!r}")
    return f"{scheme}://{match['bucket']}{match['prefix']}"


def all_regions() -> tuple[str, ...]:
    """Return the regions of the partition `aws` that CloudTrail works in, as botocore lists them."""
    from botocore.session import Session

    return tuple(sorted(Session().get_available_regions("cloudtrail")))


def _checked(delivery: Delivery, dialect: str, takes: Sequence[str], schemes: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "account": delivery.accounts,
        "organization": delivery.organization,
        "region": delivery.regions,
        "integration": delivery.integration,
        "topic": delivery.topic,
        "bucket": delivery.bucket,
        "since": delivery.since,
    }
    for option, value in values.items():
        if value and option not in takes:
            raise UsageError(f"a table of {dialect} takes no --{option}: leave it out")
        pattern, meaning = SHAPES.get(option, ("", ""))
        for item in (value if isinstance(value, tuple) else (value,)) if value and pattern else ():
            if not re.fullmatch(pattern, item, re.ASCII):
                raise UsageError(f"--{option} takes {meaning}, not {item!r}")
    if delivery.bucket:
        values["bucket"] = parse_bucket(delivery.bucket, schemes)
    if "region" in takes:
        values["region"] = delivery.regions or all_regions()
    if "since" in takes:
        values["since"] = (delivery.since or TRAIL_BEGAN).strftime("%Y/%m/%d")
    values["account"] = tuple(dict.fromkeys(delivery.accounts))
    return values
