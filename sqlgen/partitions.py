"""Windows and partitions: which rows of the log a text reads, so that an engine skips the rest before anyone pays for it.

A profile says how a table is partitioned; the window becomes a predicate on those columns, with one day of slack for late delivery
(CloudTrail names a file after its delivery, and promises no delay; AWS CloudTrail User Guide), and on the time itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlglot import exp

from sqlgen.errors import TemplateError, UsageError
from sqlgen.tree import literal

LATE_DELIVERY = timedelta(days=1)
SEPARATORS = {"yyyy/MM/dd": "/", "yyyyMMdd": "", "yyyy-MM-dd": "-"}
IN_WINDOW = "in_window"


@dataclass(frozen=True)
class Partition:
    """One partition column of the log's table.

    `day`: text of the delivery day in `format`; `year_month_day`: three columns of text, `columns` in that order;
    `time`: a timestamp column that the engine prunes by itself; `value`: `columns[0]` holds one of `values` (region, account).
    """

    kind: Literal["day", "year_month_day", "time", "value"]
    columns: tuple[str, ...]
    format: str = "yyyy/MM/dd"
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bounds:
    """What to read: [start, end), naive UTC, either end open when None. `marked`: the bounds come as bind markers of `parameters`."""

    start: datetime | None
    end: datetime | None
    marked: bool = False
    look_back_hours: int = 0


def parse_partition(text: str) -> Partition:
    """Return the partition that a text describes, or raise UsageError.

    `timestamp=yyyy/MM/dd`, `eventday=yyyyMMdd`: a day; `year,month,day`: three columns; `time_dt`: a time; `region=us-east-1,eu-west-1`: values.
    """
    column, separator, rest = text.partition("=")
    names = column.split(",")
    if (
        not all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in names)
        or len(names) not in (1, 3)
        or (separator and not rest)
    ):
        raise UsageError(
            f"--partition takes timestamp=yyyy/MM/dd, year,month,day, time_dt or region=NAME,..., not {text!r}"
        )
    if len(names) == 3:
        return Partition("year_month_day", tuple(names))
    if not separator:
        return Partition("time", (column,))
    if rest in SEPARATORS:
        return Partition("day", (column,), format=rest)
    return Partition("value", (column,), values=tuple(rest.split(",")))


def put_window(select: exp.Select, bounds: Bounds, partitions: Sequence[Partition]) -> None:
    """Put predicates in the place of the layout's `in_window(time)`; raise TemplateError when the layout has none."""
    marker = next((node for node in select.find_all(exp.Anonymous) if node.name.lower() == IN_WINDOW), None)
    if marker is None:
        raise TemplateError("the layout has no in_window(...) in its WHERE")
    time = marker.expressions[0]
    tests = [test for partition in partitions for test in _partition_tests(partition, bounds)]
    tests += _time_tests(time, bounds)
    scope = marker.find_ancestor(exp.Select)
    stands_alone = isinstance(marker.parent, exp.Where)
    marker.replace(exp.and_(*tests, copy=False) if tests else exp.true())
    if bounds.marked and scope is not None:
        scope.append("joins", exp.Join(this=exp.to_table("parameters"), kind="CROSS"))
    if not tests and scope is not None and stands_alone:
        scope.set("where", None)


def _bound(column: Literal["window_from", "window_to"], bounds: Bounds, slack_seconds: int) -> exp.Expr:
    base: exp.Expr = exp.column(column, table="parameters")
    return _word("plus_seconds", base, exp.Literal.number(slack_seconds)) if slack_seconds else base


def _time_tests(time: exp.Expr, bounds: Bounds) -> list[exp.Expr]:
    look_back = timedelta(hours=bounds.look_back_hours)
    tests: list[exp.Expr] = []
    if bounds.marked:
        seconds = -int(look_back.total_seconds())
        tests.append(exp.GTE(this=time.copy(), expression=_bound("window_from", bounds, seconds)))
        tests.append(exp.LT(this=time.copy(), expression=_bound("window_to", bounds, 0)))
        return tests
    if bounds.start is not None:
        tests.append(exp.GTE(this=time.copy(), expression=literal(bounds.start - look_back)))
    if bounds.end is not None:
        tests.append(exp.LT(this=time.copy(), expression=literal(bounds.end)))
    return tests


def _partition_tests(partition: Partition, bounds: Bounds) -> list[exp.Expr]:
    columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in partition.columns]
    if partition.kind == "value":
        return [exp.In(this=columns[0], expressions=[exp.Literal.string(value) for value in partition.values])]
    if partition.kind == "time":
        return _time_tests(columns[0], _slackened(bounds))
    first, last = _days(partition, bounds)
    if partition.kind == "day":
        return [
            test(this=columns[0].copy(), expression=day)
            for test, day in ((exp.GTE, first), (exp.LTE, last))
            if day is not None
        ]
    return _year_month_day_tests(columns, bounds, first, last)


def _slackened(bounds: Bounds) -> Bounds:
    end = None if bounds.end is None else bounds.end + LATE_DELIVERY
    return Bounds(bounds.start, end, bounds.marked, bounds.look_back_hours)


def _days(partition: Partition, bounds: Bounds) -> tuple[exp.Expr | None, exp.Expr | None]:
    look_back = timedelta(hours=bounds.look_back_hours)
    separator = SEPARATORS[partition.format] if partition.kind == "day" else ""
    pattern = f"%Y{separator}%m{separator}%d"
    if bounds.marked:
        mark = exp.Literal.string(separator)
        return (
            _word("day_text", _bound("window_from", bounds, -int(look_back.total_seconds())), mark),
            _word("day_text", _bound("window_to", bounds, int(LATE_DELIVERY.total_seconds())), mark.copy()),
        )
    first = None if bounds.start is None else exp.Literal.string((bounds.start - look_back).strftime(pattern))
    last = None if bounds.end is None else exp.Literal.string((bounds.end + LATE_DELIVERY).strftime(pattern))
    return first, last


def _year_month_day_tests(
    columns: list[exp.Column], bounds: Bounds, first: exp.Expr | None, last: exp.Expr | None
) -> list[exp.Expr]:
    """Compare `year || month || day`; add the years as a plain list, which every metastore prunes."""
    day = exp.DPipe(
        this=exp.DPipe(this=columns[0], expression=columns[1], safe=False), expression=columns[2], safe=False
    )
    tests: list[exp.Expr] = []
    if bounds.start is not None and bounds.end is not None and not bounds.marked:
        start = bounds.start - timedelta(hours=bounds.look_back_hours)
        years = range(start.year, (bounds.end + LATE_DELIVERY).year + 1)
        tests.append(exp.In(this=columns[0].copy(), expressions=[exp.Literal.string(f"{year:04d}") for year in years]))
    if first is not None:
        tests.append(exp.GTE(this=day.copy(), expression=first))
    if last is not None:
        tests.append(exp.LTE(this=day.copy(), expression=last))
    return tests


def _word(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))
