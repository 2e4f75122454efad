"""Logs as large as wanted: a small one over and over, each copy under accounts and keys of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlgen.demo.callers import CORP, PROD, iso
from sqlgen.demo.story import tell

ID = re.compile(r"\b(A(?:KIA|SIA|ROA|IDA))[A-Z0-9]{4}(?=[A-Z0-9]{12})")
"""An id of IAM: its kind, and the first letters of the account's part of it."""
UUID = re.compile(r"\b[0-9a-f]{8}(?=(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)")


@dataclass(frozen=True)
class Organization:
    """The demo over and over: its records, and what to ask of them: the alert's key, session and ARN, and the long-term key that they come from."""

    records: Sequence[dict[str, Any]]
    access_key: str
    first_key: str
    session_id: str
    arn: str


def copy_of(text: str, number: int, accounts: Sequence[str]) -> str:
    """Return records as text, with the account, IAM and event ids of the copy `number`."""
    for account in accounts:
        text = text.replace(account, f"{number:04d}{account[4:]}")
    text = ID.sub(lambda match: f"{match[1]}{number:04d}", text)
    return UUID.sub(f"{number:08d}", text)


def repeated(records: Sequence[dict[str, Any]], copies: int, accounts: Sequence[str]) -> list[dict[str, Any]]:
    """Return a log as often as wanted (1 to 9999), each copy with accounts, keys and event ids of its own."""
    text = json.dumps(records)
    return [record for number in range(1, copies + 1) for record in json.loads(copy_of(text, number, accounts))]


def organization(copies: int) -> Organization:
    """Return the log of an organisation of two accounts times `copies` (1 to 9999), about 1,700 records each copy."""
    accounts = (CORP, PROD)
    told, incident, _, _ = tell()
    records = repeated(told, copies, accounts)
    alert = incident.admin
    assert alert.created is not None
    asked = [str(alert.key), str(incident.user.key), f"{alert.principal_id}@{iso(alert.created)}", alert.arn]
    access_key, first_key, session_id, arn = (copy_of(one, copies // 2 + 1, accounts) for one in asked)
    return Organization(records, access_key, first_key, session_id, arn)
