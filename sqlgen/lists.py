"""The kept lists of `templates/lists/`: what counts as denied, throttled, read, sensitive, private, and where search filters lie.

They are data that a responder can read and extend; here they become canonical SQL expressions over the arguments of a *list word*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlglot import exp

from sqlgen.errors import TemplateError
from sqlgen.networks import network_bounds
from sqlgen.resources import data_root, read_toml

ListWord = Callable[[list[exp.Expr]], exp.Expr]
REQUEST_FILTER = "*Request.Filter"


@cache
def load_list(name: str) -> Mapping[str, Any]:
    """Return the list `name` as its TOML says; raise TemplateError when it has no entry or one without a source."""
    content = read_toml(data_root() / "templates" / "lists" / f"{name}.toml")
    entries = content.get("entry", [])
    if not entries or any("source" not in entry for entry in entries):
        raise TemplateError(f"the list {name}.toml has no entry, or one that does not name its source")
    return content


def list_words() -> Mapping[str, tuple[int, ListWord]]:
    """Return each list word by name: its number of arguments and what makes its canonical (trino reading) expression."""
    return {
        "is_access_denied": (1, lambda arguments: _code_on_list("access_denied", arguments[0])),
        "is_throttled": (1, lambda arguments: _code_on_list("throttled", arguments[0])),
        "is_read_name": (1, lambda arguments: _read_name(arguments[0])),
        "is_sensitive_call": (2, lambda arguments: _sensitive_call(arguments[0], arguments[1])),
        "is_private_address": (1, lambda arguments: _private_address(arguments[0])),
        "search_filter": (2, lambda arguments: _search_filter(arguments[0], arguments[1])),
    }


def _call(word: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=word, expressions=list(arguments))


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _code_on_list(name: str, code: exp.Expr) -> exp.Expr:
    content = load_list(name)
    listed = exp.In(this=code.copy(), expressions=[_text(entry["code"]) for entry in content["entry"]])
    # in lower case rather than with (?i), which Snowflake's regular expressions have not
    pattern = content["pattern"].removeprefix("(?i)")
    cased = code.copy() if pattern == content["pattern"] else exp.Lower(this=code.copy())
    found = _call("matches", cased, _text(pattern))
    # coalesce: no error code is no denial, not an unknown one
    return exp.Coalesce(this=exp.paren(exp.or_(listed, found)), expressions=[exp.false()])


def _read_name(name: exp.Expr) -> exp.Expr:
    prefixes = "|".join(re.escape(entry["prefix"]) for entry in load_list("read_names")["entry"])
    return exp.Coalesce(this=_call("matches", name.copy(), _text(f"^({prefixes})")), expressions=[exp.false()])


def _sensitive_call(source: exp.Expr, name: exp.Expr) -> exp.Expr:
    exact: list[exp.Expr] = []
    tests: list[exp.Expr] = []
    for entry in load_list("sensitive_reads")["entry"]:
        event_source, event_name = entry["event_source"], entry["event_name"]
        if event_name.endswith("*"):
            is_source = exp.EQ(this=source.copy(), expression=_text(event_source))
            tests.append(exp.and_(is_source, _call("matches", name.copy(), _text("^" + re.escape(event_name[:-1])))))
        else:
            exact.append(exp.Tuple(expressions=[_text(event_source), _text(event_name)]))
    # one look into a set of pairs: a comparison for each entry took an eighth of a summary's time on Trino
    if exact:
        tests.insert(0, exp.In(this=exp.Tuple(expressions=[source.copy(), name.copy()]), expressions=exact))
    return exp.Coalesce(this=exp.paren(exp.or_(*tests)), expressions=[exp.false()])


def _private_address(digits: exp.Expr) -> exp.Expr:
    bounds = network_bounds(entry["range"] for entry in load_list("private_ranges")["entry"])
    return exp.or_(*(exp.Between(this=digits.copy(), low=_text(first), high=_text(last)) for first, last in bounds))


def _search_filter(document: exp.Expr, event_name: exp.Expr) -> exp.Expr:
    candidates: list[exp.Expr] = []
    names: list[str] = []
    for entry in load_list("search_filters")["entry"]:
        names.append("Filter" if entry["path"] == REQUEST_FILTER else entry["path"].split(".")[0])
        if entry["path"] == REQUEST_FILTER:
            member = exp.DPipe(this=event_name.copy(), expression=_text("Request"), safe=False)
            candidates.append(_call("json_member_part", document.copy(), member, _text("Filter")))
        else:
            candidates.append(_call("json_part", document.copy(), _text("$." + entry["path"])))
    found = exp.Coalesce(this=candidates[0], expressions=candidates[1:])
    # few requests have a filter, and each candidate is another parse of the document where that is text
    return exp.Case(ifs=[exp.If(this=_call("mentions", document.copy(), _text(common_part(names))), true=found)])


def common_part(names: Sequence[str]) -> str:
    """Return the longest text, the first of several, that all names have in them; an empty one where they have none in common."""
    shortest = min(names, key=len)
    parts = (shortest[first:last] for first in range(len(shortest)) for last in range(first + 1, len(shortest) + 1))
    return max((part for part in parts if all(part in name for name in names)), key=len, default="")
