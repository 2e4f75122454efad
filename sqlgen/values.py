"""Parameter values as a person writes them, made into typed values or refused in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlgen.errors import UsageError
from sqlgen.networks import network_text
from sqlgen.queries import Parameter, Query

type_names = {"text": "a text", "timestamp": "an ISO 8601 time", "integer": "a whole number"}

Scalar = str | int | datetime
ACCOUNT = re.compile("[0-9]{12}")
MAX_TEXT = 2048
"""Longer than any ARN (2048 at most, IAM identifiers) or key id: a longer text is a mistake."""


@dataclass(frozen=True)
class Moment:
    """A time that moves: the present time so many seconds earlier (negative: later) or, with `day`, the beginning of that UTC day."""

    seconds_before: int = 0
    day: bool = False


WindowEnd = datetime | Moment | None


@dataclass(frozen=True)
class Arguments:
    """Checked values of a query's parameters, and its window [window_from, window_to) in naive UTC."""

    values: Mapping[str, Scalar | tuple[Scalar, ...]] = field(default_factory=dict)
    window_from: datetime | None = None
    window_to: datetime | None = None


def parse_time(text: str, name: str) -> datetime:
    """Return the ISO 8601 time `text` as naive UTC with whole seconds; UTC unless it carries a zone (contract §2).

    Raises UsageError naming the option `name` when it is no time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{name} takes an ISO 8601 time such as 2021-08-27T19:42:56Z, not {text!r}") from error
    return moment.replace(microsecond=0)


def check_arguments(
    query: Query,
    given: Mapping[str, object],
    window_from: str | datetime | None = None,
    window_to: str | datetime | None = None,
) -> Arguments:
    """Return the checked arguments of `query`; None, False and empty sequences count as not given, defaults are filled in.

    Raises UsageError for a parameter the query does not take, a value of the wrong kind, or a window that ends before it begins.
    """
    values: dict[str, Scalar | tuple[Scalar, ...]] = {}
    for name, value in given.items():
        parameter = query.parameter(name)
        if value is None or value is False or (isinstance(value, (list, tuple)) and not value):
            continue
        if isinstance(value, (list, tuple)):
            if not parameter.many and len(value) > 1:
                raise UsageError(f"{query.name} takes {parameter.option} once, not {len(value)} times")
            checked = tuple(dict.fromkeys(_check(parameter, item) for item in value))
            values[name] = checked if parameter.many else checked[0]
        else:
            values[name] = (_check(parameter, value),) if parameter.many else _check(parameter, value)
    for parameter in query.parameters:
        if parameter.default is not None:
            values.setdefault(parameter.name, parameter.default)
    start, end = _window(window_from, "--from"), _window(window_to, "--to")
    if start is not None and end is not None and start >= end:
        raise UsageError(
            "--from is not before --to: the window is [from, to), so give an earlier --from or a later --to"
        )
    return Arguments(values, start, end)


def require_arguments(query: Query, arguments: Arguments) -> None:
    """Raise UsageError if `query` cannot be run for want of a value (front matter `one_of`)."""
    if query.one_of and not any(name in arguments.values for name in query.one_of):
        raise UsageError(f"{query.name} needs {_listed(query.parameter(name).option for name in query.one_of)}")


def _listed(options: Iterable[str]) -> str:
    return " or ".join(options)


def _window(value: str | datetime | None, name: str) -> datetime | None:
    if value is None:
        return None
    return parse_time(value if isinstance(value, str) else value.isoformat(), name)


def _check(parameter: Parameter, value: object) -> Scalar:
    option = parameter.option
    if parameter.type == "timestamp":
        return parse_time(value.isoformat() if isinstance(value, datetime) else str(value), option)
    if parameter.type == "integer":
        return _check_integer(parameter, value)
    if parameter.type == "flag":
        if value is not True:
            raise UsageError(f"{option} is given or not, and takes no value such as {value!r}")
        return True
    text = value if isinstance(value, str) else None
    if text is None or text == "":
        raise UsageError(f"{option} takes {type_names.get(parameter.type, 'a text')} that is not empty")
    if parameter.type == "choice" and text not in parameter.choices:
        raise UsageError(f"{option} takes one of {', '.join(parameter.choices)}, not {text!r}")
    if len(text) > MAX_TEXT:
        raise UsageError(
            f"{option} is {len(text)} characters long; nothing in CloudTrail that it could name is over {MAX_TEXT}"
        )
    if parameter.type in ("account", "network"):
        return _check_known(parameter, text)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(f"{option} holds a character that no log can hold (NUL or half of a surrogate pair)")
    return text


def _check_known(parameter: Parameter, text: str) -> str:
    """Return an account id without the dashes that the console shows, or a range of addresses in its usual form."""
    if parameter.type == "account":
        digits = text.replace("-", "")
        if not ACCOUNT.fullmatch(digits):
            raise UsageError(f"{parameter.option} takes an account id, 12 digits, not {text!r}")
        return digits
    network = network_text(text)
    if network is None:
        raise UsageError(
            f"{parameter.option} takes a range of addresses such as 10.0.0.0/8 or 2001:db8::/32, not {text!r}"
        )
    return network


def _check_integer(parameter: Parameter, value: object) -> int:
    try:
        number = int(str(value))
    except ValueError as error:
        raise UsageError(f"{parameter.option} takes a whole number, not {value!r}") from error
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise UsageError(f"{parameter.option} takes a whole number from {low} to {high}, not {number}")
    return number
