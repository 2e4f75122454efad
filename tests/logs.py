"""Delivery files in tests: the demo's, and the real ones that may lie beside the checkout (`../shared/data/cloudtrail`)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.reference.events import text

REAL_LOGS = Path(__file__).parents[2] / "shared" / "data" / "cloudtrail"
TOLD_BY_CASE = ("panther-analysis-tests", "streamalert-tests")
"""Sources with events cut down for tests, some with `accesskeyid` for `accessKeyId`: a table of Athena does not tell the two."""
Record = dict[str, Any]


def read_logs(paths: Iterable[Path]) -> list[Record]:
    """Return the records of delivery files (`.json.gz`), in their order."""
    return [record for path in paths for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def real_logs() -> list[Path]:
    """Return the real logs, one file a source; none where there are none."""
    return sorted(REAL_LOGS.glob("*.json.gz"))


def source(path: Path) -> str:
    """Return the name of a real log's source."""
    return path.name.removesuffix(".json.gz")


def once(records: Iterable[Record]) -> list[Record]:
    """Return the first record of each `eventID`, and those without: published logs share ids among events by redaction, CloudTrail never."""
    firsts: dict[object, Record] = {}
    for number, record in enumerate(records):
        firsts.setdefault(text(record.get("eventID")) or number, record)
    return list(firsts.values())
