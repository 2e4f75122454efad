"""What a call was about, in a few words: the best of the samples that a session-summary row carries."""

from __future__ import annotations

from typing import Any

from sqlgen.output.answer import Row
from sqlgen.output.words import compact, parse

MOST = 600
"""Characters of it; the line cuts it further."""

_NAMES = ("name", "Name", "key", "Key", "attributeKey", "AttributeKey")
_VALUES = ("valueSet", "values", "Values", "value", "Value", "attributeValue", "option")


def target(row: Row) -> str:
    """Return the target named by a denial, else a resource, else the request's parameters, else its search filter; `""` if none."""
    denied = row.get("denied_resource")
    if isinstance(denied, str) and denied:
        return f"{short_arn(denied, row.get('account_id'))[:MOST]} (from the denial)"
    try:
        told = (
            _resources(row.get("sample_resources"), row.get("account_id"))
            or compact(row.get("sample_request_parameters"))
            or _filters(row.get("sample_filters"))
        )
    except RecursionError:  # nested as no request of AWS is: --format json has it
        return ""
    return told[:MOST]


def short_arn(arn: str, account: object) -> str:
    """Return the resource of an ARN that is in `account` or in none (S3); of another account, the whole ARN."""
    fields = arn.split(":", 5)
    is_near = len(fields) == 6 and fields[0] == "arn" and fields[4] in ("", account)
    return fields[5] if is_near and fields[5] else arn


def _resources(sample: object, account: object) -> str:
    """Return the ARNs of a record's `resources` (CloudTrail record contents: a list of objects with ARN or ARNPrefix)."""
    listed = parse(sample)
    if not isinstance(listed, list):
        return ""
    named = []
    for entry in listed:
        if isinstance(entry, dict):
            arn = entry.get("ARN") or entry.get("arn") or entry.get("ARNPrefix") or entry.get("resourceName")
            named += [short_arn(str(arn), account)] if arn else []
    return ", ".join(named)


def _filters(sample: object) -> str:
    """Return a search filter as `name=value`; a shape that has no names, as compact JSON."""
    parsed = parse(sample)
    if parsed is None:
        return f"filter {sample}" if isinstance(sample, str) and sample else ""
    entries = parsed if isinstance(parsed, list) else [parsed]
    pairs = [_pair(entry) for entry in entries]
    if all(pairs):
        return "filter " + ", ".join(pairs)
    return f"filter {compact(sample)}"


def _pair(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    name = next((entry[key] for key in _NAMES if isinstance(entry.get(key), str)), None)
    value = next((entry[key] for key in _VALUES if entry.get(key) is not None), None)
    return "" if name is None or value is None else f"{name}={'|'.join(_leaves(value))}"


def _leaves(value: Any) -> list[str]:
    """Return the plain values inside `value`, which EC2 nests as {"items": [{"value": ...}]} (or a single object)."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]
