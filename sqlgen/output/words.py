"""How identities, times and clients are put in few words."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlgen.output.answer import Row

_PRODUCT = re.compile(r"[\w.+-]{1,60}/v?[\w.+-]{1,30}")
# the more telling product of a browser's user agent comes later in it; Chrome's also says Safari, Edge's also Chrome
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")


def when(moment: object) -> str:
    """Return a time (UTC where it has no zone) as `YYYY-MM-DD HH:MM:SSZ`; `""` for anything else."""
    if not isinstance(moment, datetime):
        return ""
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return f"{naive.isoformat(' ', 'seconds')}Z"


def span(first: object, last: object, *, date: bool, seconds: bool = False) -> str:
    """Return `19:58-20:01`, or one time where both are in the same minute (second); with `date` each day is named once."""
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return ""
    clock = "%H:%M:%S" if seconds else "%H:%M"
    begin, end = f"{first:{clock}}", f"{last:{clock}}"
    same_day = first.date() == last.date()
    if date:
        begin = f"{first.date().isoformat()} {begin}"
        end = end if same_day else f"{last.date().isoformat()} {end}"
    if same_day:
        return begin if f"{first:{clock}}" == f"{last:{clock}}" else f"{begin}-{end}"
    return f"{begin} to {end}"


def identity(row: Row) -> str:
    """Return whom a row is about: `admin/itadmin`, `IAM user eliav, temporary`, `service ec2.amazonaws.com`.

    The shapes of ARNs are those of the IAM User Guide, "IAM identifiers".
    """
    arn, kind = _text(row, "identity_arn"), _text(row, "identity_type")
    fields = arn.split(":", 5)
    resource = fields[5] if len(fields) == 6 else ""
    family, _, name = resource.partition("/")
    if family == "assumed-role" and name:
        return name
    if family == "user" and name:
        temporary = row.get("session_created_at") is not None and row.get("access_key_id") is not None
        return f"IAM user {name.rsplit('/', 1)[-1]}" + (", temporary" if temporary else "")
    if family == "federated-user" and name:
        return f"federated user {name}"
    if resource == "root":
        return "root user"
    if kind == "AWSService" or (not kind and _text(row, "invoked_by")):
        return f"service {_text(row, 'invoked_by') or _text(row, 'principal_id') or arn}".rstrip()
    if kind == "AWSAccount":
        return f"principal {_text(row, 'principal_id') or arn or 'unknown'} of another account"
    if kind == "IAMUser" and not arn:
        return "IAM user"
    known = arn or _text(row, "user_name") or _text(row, "principal_id")
    return f"{kind} {known}".strip() or _text(row, "session_id") or "unknown identity"


def client(user_agent: object) -> str:
    """Return the telling product of a user agent: `aws-cli/2.2.1`, `Chrome/92.0`; else its beginning."""
    text = str(user_agent or "").strip().strip("[]")[:2000]
    if text.startswith("Mozilla/"):
        products = [product for product in _PRODUCT.findall(text) if product.startswith(_BROWSERS)]
        for name in _BROWSERS:
            for product in products:
                if product.startswith(f"{name}/"):
                    return str(product)
        return "browser"
    match = _PRODUCT.match(text)
    return match.group() if match else text


def session_start(row: Row) -> str:
    """Return when the session of a row began, as `YYYY-MM-DDTHH:MM:SSZ` (the tail of its session_id); `""` for a long-term key."""
    _, at, created = _text(row, "session_id").rpartition("@")
    return created if at else ""


def compact(document: object) -> str:
    """Return JSON text in one line, with blanks after commas only; `""` for null and for what is no JSON."""
    parsed = parse(document)
    return "" if parsed is None else json.dumps(parsed, ensure_ascii=False, separators=(", ", ":"))


def parse(document: object) -> Any:
    """Return what JSON text says; None where it is none."""
    if not isinstance(document, str):
        return document
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def plural(count: int, noun: str) -> str:
    """Return `1 key`, `2 keys`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
