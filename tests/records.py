"""Records in few words, for cases that are answered by hand: all of one day, its clock times as text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests import reference

Record = dict[str, Any]
DAY = "2021-08-27T"
ALICE = {
    "type": "IAMUser",
    "principalId": "AIDAALICE",
    "arn": "arn:aws:iam::111111111111:user/alice",
    "accountId": "111111111111",
}


def ident(key: str | None = None, created: str | None = None, of: Record = ALICE, **more: Any) -> Record:
    """An identity with a key and, of a session, its creation (a clock time of the day)."""
    made = {**of, **more}
    if key:
        made["accessKeyId"] = key
    if created:
        made["sessionContext"] = {"attributes": {"creationDate": f"{DAY}{created}Z"}}
    return made


def role(name: str, account: str = "111111111111", session: str = "s") -> Record:
    """The identity of a role session."""
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    return {"type": "AssumedRole", "principalId": f"AROA{name.upper()}:{session}", "arn": arn, "accountId": account}


def event(clock: str | None, call: str, identity: Any, **more: Any) -> Record:
    """A record of `source:Name` at a clock time of the day; its eventID names both."""
    source, name = call.split(":")
    made = {
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "userIdentity": identity,
        "awsRegion": "us-east-1",
    }
    if clock:
        made["eventTime"] = f"{DAY}{clock}Z"
    return {**made, "eventID": f"{name}-{clock}", **more}


def assume(clock: str | None, caller: Any, key: str, of: Record, **more: Any) -> Record:
    """An AssumeRole that issues a key to a role session."""
    answer = {
        "credentials": {"accessKeyId": key, "expiration": "Aug 27, 2021, 11:00:00 PM"},
        "assumedRoleUser": {"assumedRoleId": of["principalId"], "arn": of["arn"]},
    }
    return event(clock, "sts:AssumeRole", caller, **{"responseElements": answer, **more})


def token(clock: str, caller: Any, key: str, **more: Any) -> Record:
    """A GetSessionToken."""
    return event(clock, "sts:GetSessionToken", caller, responseElements={"credentials": {"accessKeyId": key}}, **more)


def login(clock: str, identity: Any, answer: str = "Success", name: str = "ConsoleLogin", **more: Any) -> Record:
    """A sign-in."""
    return event(clock, f"signin:{name}", identity, responseElements={name: answer}, **more)


def look(clock: str, identity: Any, **more: Any) -> Record:
    """A call that reads."""
    return event(clock, "ec2:DescribeInstances", identity, **more)


def hops(records: list[Record], **asked: Any) -> list[tuple[Any, ...]]:
    """The rows as (direction's letter and depth, key or principal, link, confidence, origin)."""
    return [
        (
            f"{row['direction'][0]}{row['depth']}",
            row["access_key_id"] or row["principal_id"],
            row["link"],
            row["confidence"],
            row["origin"],
        )
        for row in reference.identity_chain(records, **asked)
    ]


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}{clock}")


JUMP, ADMIN = role("jump"), role("admin", "222222222222")
CHAIN = [
    look("19:00:00", ident("AKIA1")),
    token("19:12:07", ident("AKIA1"), "ASIA1"),
    assume("19:20:41", ident("ASIA1", "19:12:07"), "ASIA2", JUMP),
    assume("19:42:56", ident("ASIA2", "19:20:41", JUMP), "ASIA3", ADMIN),
    look("19:44:00", ident("ASIA3", "19:42:56", ADMIN)),
]
