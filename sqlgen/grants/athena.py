"""Athena: an IAM policy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlgen.errors import UsageError
from sqlgen.grants.names import Names

ARN = r"arn:aws[a-z-]*:{service}:[a-z0-9-]*:\d{{12}}:{kind}/[\w+=,.@/-]+"
# https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroup.html, .../glue/latest/webapi/API_Database.html, IAM identifiers
SHAPES: Mapping[str, tuple[str, str]] = {
    "account": (r"\d{12}", "an account id of 12 digits"),
    "region": (r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}", "a region such as eu-west-1"),
    "workgroup": (r"[A-Za-z0-9._-]{1,128}", "the name of a workgroup"),
    "catalog": (r"[A-Za-z0-9_@-]{1,256}", "the name of a data catalog"),
    "database": (r"\w{1,255}", "a table such as database.table: letters, digits and underscores"),
    "table": (r"\w{1,255}", "a table such as database.table: letters, digits and underscores"),
    "home": (r"\w{1,255}", "the name of a database"),
    "edges_database": (r"\w{1,255}", "a table such as database.table: letters, digits and underscores"),
    "edges": (r"\w{1,255}", "a table such as database.table: letters, digits and underscores"),
    "kms_key": (ARN.format(service="kms", kind="key"), "the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID"),
    "dead_letter_queue": (
        r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]{1,80}",
        "the ARN of a queue, arn:aws:sqs:REGION:ACCOUNT:NAME",
    ),
    "role": (ARN.format(service="iam", kind="role"), "the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME"),
}
FOLDER = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(?:/[A-Za-z0-9!_.()=+@-]+)*)/?")
FOLDERS = {"log": "bucket", "answer": "output_location", "home": "home_location"}


def write(statements: Sequence[Mapping[str, Any]], names: Names) -> str:
    """Return an IAM policy of these statements; UsageError for a value of the wrong form."""
    names.part_table("database")
    names.default("workgroup", "primary")
    names.default("catalog", "AwsDataCatalog")
    if "database" in names.known:
        names.default("home", names.text("database"))
    for name, (pattern, meaning) in SHAPES.items():
        for value in names.known.get(name, ()):
            if not re.fullmatch(pattern, value, re.ASCII):
                option = names.options.get(name, name).replace("_", "-")
                raise UsageError(f"--{option} takes {meaning}, not {value!r}")
    for what, option in FOLDERS.items():
        _put_folder(names, what, option)
    names.default("partition", _partition(names.one("region")))
    made = [
        {
            "Sid": statement["sid"],
            "Effect": "Allow",
            "Action": statement["actions"],
            "Resource": [one for text in statement["resources"] for one in names.filled(text)],
        }
        | ({"Condition": statement["condition"]} if "condition" in statement else {})
        for statement in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": made}, indent=2) + "\n"


def _put_folder(names: Names, what: str, option: str) -> None:
    """Take a folder of S3 apart: its bucket, and bucket and prefix as they stand in an ARN."""
    value = names.one(option)
    match = FOLDER.fullmatch(value) if value is not None else None
    if value is not None and match is None:
        raise UsageError(f"--{option.replace('_', '-')} takes s3://BUCKET or one with a prefix, not {value!r}")
    names.put(f"{what}_bucket", match["bucket"] if match else None, option)
    names.put(f"{what}_folder", match["bucket"] + match["prefix"] if match else None, option)


def _partition(region: str | None) -> str:
    """Return the partition of a region: aws, aws-cn, aws-us-gov, ..."""
    from botocore.exceptions import UnknownRegionError
    from botocore.session import Session

    try:
        return str(Session().get_partition_for_region(region)) if region else "aws"
    except UnknownRegionError:
        return "aws"
