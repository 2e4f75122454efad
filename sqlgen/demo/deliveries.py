"""Delivery files as CloudTrail lays them in a bucket: one JSON object on one line, account and time in the name."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlgen.demo.callers import Json, iso
from sqlgen.demo.ids import NAMESPACE, Dice, blob

SLICE = timedelta(minutes=15)


def write_deliveries(records: list[Json], folder: Path) -> list[Path]:
    """Writes a file under `folder` for each account, region and quarter of an hour; returns the paths, sorted.

    A file is delivered five minutes after its slice; the records in it are in no order, as in a real one.
    """
    slices: dict[tuple[str, str, datetime], list[Json]] = defaultdict(list)
    for record in records:
        moment = datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        start = moment - timedelta(minutes=moment.minute % 15, seconds=moment.second)
        slices[record["recipientAccountId"], record["awsRegion"], start].append(record)
    return sorted(
        deliver(found, folder, account, region, start + SLICE + timedelta(minutes=5))
        for (account, region, start), found in slices.items()
    )


def deliver(records: list[Json], folder: Path, account: str, region: str, delivered: datetime) -> Path:
    """Writes one delivery file and returns its path; `delivered` (UTC) is the time in its name."""
    stamp = delivered.strftime("%Y%m%dT%H%MZ")
    name = f"{account}_CloudTrail_{region}_{stamp}"
    path = _day(folder, account, "CloudTrail", region, delivered) / f"{name}_{blob(name, 16)}.json.gz"
    _write(path, {"Records": Dice(name).shuffled(records)})
    return path


def write_digest(paths: list[Path], folder: Path, account: str, region: str, start: datetime) -> Path:
    """Writes the digest of the hour that begins at `start`: hashes of the region's delivery files, and no record."""
    end = start + timedelta(hours=1)
    name = f"{account}_CloudTrail-Digest_{region}_org-trail_{region}_{end:%Y%m%dT%H%M%SZ}"
    path = _day(folder, account, "CloudTrail-Digest", region, end) / f"{name}.json.gz"
    bucket = f"cloudtrail-{account}"
    files = [
        {
            "s3Bucket": bucket,
            "s3Object": each.relative_to(folder).as_posix(),
            "hashValue": hashlib.sha256(gzip.decompress(each.read_bytes())).hexdigest(),
            "hashAlgorithm": "SHA-256",
        }
        for each in paths
        if each.name.startswith(f"{account}_CloudTrail_{region}_")
        and f"{start:%Y%m%dT%H%M}" <= each.name.split("_")[3] < f"{end:%Y%m%dT%H%M}"
    ]
    digest: Json = {
        "awsAccountId": account,
        "digestStartTime": iso(start),
        "digestEndTime": iso(end),
        "digestS3Bucket": bucket,
        "digestS3Object": path.relative_to(folder).as_posix(),
        "digestPublicKeyFingerprint": hashlib.md5(NAMESPACE.bytes, usedforsecurity=False).hexdigest(),
        "digestSignatureAlgorithm": "SHA256withRSA",
        "previousDigestS3Bucket": bucket,
        "previousDigestS3Object": None,
        "logFiles": files,
    }
    _write(path, digest)
    return path


def _day(folder: Path, account: str, kind: str, region: str, moment: datetime) -> Path:
    return folder / "AWSLogs" / account / kind / region / f"{moment:%Y/%m/%d}"


def _write(path: Path, document: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
