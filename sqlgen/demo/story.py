"""The demo as a whole: writes the logs of one afternoon and tells what is true in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlgen.demo.background import Background, tell_background
from sqlgen.demo.callers import CORP, PROD, Json, at, iso
from sqlgen.demo.console import ConsoleStory, tell_console
from sqlgen.demo.deliveries import deliver, write_deliveries, write_digest
from sqlgen.demo.incident import Incident, tell_incident
from sqlgen.demo.records import Log

DUPLICATE_OF = (PROD, "eu-west-1", at("20:05:00"))
"""The delivery that comes twice: account, region and time of its first delivery."""


@dataclass(frozen=True)
class SessionCounts:
    """What the alert's session did, by hand: numbers of calls, and of kinds of call (`…_kinds`)."""

    calls: int = 37
    denied: int = 9
    writes_done: int = 5
    write_kinds: int = 5
    sensitive_kinds: int = 2
    regions: int = 2
    first_seen: str = "2021-08-27T19:44:10Z"
    last_seen: str = "2021-08-27T20:05:02Z"


@dataclass(frozen=True)
class DemoStory:
    """Where the files are and what they tell; the keys of `chain` go from the person to the alert's session.

    `records` counts every line delivered, `events` each eventID once: one file is delivered twice.
    """

    folder: Path
    deliveries: tuple[Path, ...]
    digests: tuple[Path, ...]
    duplicate: Path
    records: int
    events: int
    accounts: tuple[str, str]
    alert_arn: str
    alert_key: str
    chain: tuple[str, str, str, str]
    alert_session: SessionCounts
    same_arn_keys: tuple[str, ...]
    console_arn: str
    console_login_event_id: str
    console_login_time: str
    console_keys: tuple[str, ...]
    switched_arn: str
    switched_key: str
    switched_keys: tuple[str, ...]
    switched_issued_key: str
    policy_bucket: str
    recycled_key: str
    recycled_sessions: tuple[str, str]
    persistence_key: str
    foreign_endpoint: str
    own_endpoints: tuple[str, ...]


def tell() -> tuple[list[Json], Incident, ConsoleStory, Background]:
    """All records of the afternoon, each once, and the parts of the story they tell."""
    log = Log()
    incident = tell_incident(log)
    console = tell_console(log)
    background = tell_background(log)
    return log.records, incident, console, background


def write_demo(folder: Path) -> DemoStory:
    """Writes the demo's delivery files under `folder` (made if missing) and returns their story.

    The same files, byte for byte, at every call.

    Raises:
        OSError: when the folder cannot be written.
    """
    records, incident, console, background = tell()
    paths = write_deliveries(records, folder)
    account, region, delivered = DUPLICATE_OF
    start = delivered - timedelta(minutes=20)
    twice = [
        record
        for record in records
        if (record["recipientAccountId"], record["awsRegion"]) == (account, region)
        and iso(start) <= record["eventTime"] < iso(start + timedelta(minutes=15))
    ]
    duplicate = deliver(twice, folder, account, region, delivered + timedelta(minutes=7))
    digests = tuple(write_digest(paths, folder, each, "us-east-1", at("19:00:00")) for each in (CORP, PROD))
    sessions = (incident.engineer_admin, *incident.automation_admin)
    return DemoStory(
        folder=folder,
        deliveries=tuple(sorted([*paths, duplicate])),
        digests=digests,
        duplicate=duplicate,
        records=len(records) + len(twice),
        events=len(records),
        accounts=(CORP, PROD),
        alert_arn=incident.admin.arn,
        alert_key=str(incident.admin.key),
        chain=(
            str(incident.user.key),
            str(incident.temporary.key),
            str(incident.jump.key),
            str(incident.admin.key),
        ),
        alert_session=SessionCounts(),
        same_arn_keys=tuple(str(each.key) for each in sessions),
        console_arn=console.arn,
        console_login_event_id=console.login["eventID"],
        console_login_time=console.login["eventTime"],
        console_keys=console.keys,
        switched_arn=console.switched.arn,
        switched_key=str(console.switched.key),
        switched_keys=console.switched_keys,
        switched_issued_key=console.issued_key,
        policy_bucket=console.policy_bucket,
        recycled_key=background.recycled_key,
        recycled_sessions=(background.first.arn, background.second.arn),
        persistence_key=str(incident.persistence.key),
        foreign_endpoint=incident.foreign_endpoint,
        own_endpoints=background.own_endpoints,
    )
