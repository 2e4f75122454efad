"""Windows and partitions: which rows of the log a text reads, so that an engine skips the rest before anyone pays for it.

A profile says how a table is partitioned; the window becomes a predicate on those columns, with one day of slack for late delivery
(CloudTrail names a file after its delivery, and promises no delay; AWS CloudTrail User Guide), and on the time itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlglot import exp

from sqlgen.errors import TemplateError, UsageError
from sqlgen.tree import later, literal, word
from sqlgen.values import WindowEnd

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

    start: WindowEnd
    end: WindowEnd
    marked: bool = False
    look_back_hours: int = 0
    slack_seconds: int = 0

    @property
    def first(self) -> exp.Expr | None:
        """The first time to read."""
        return self._time("window_from", self.start, -self.look_back_hours * 3600)

    @property
    def last(self) -> exp.Expr | None:
        """The end of what is to be read."""
        return self._time("window_to", self.end, self.slack_seconds)

    def _time(self, name: str, end: WindowEnd, shift_seconds: int) -> exp.Expr | None:
        if self.marked:
            return later(exp.column(name, table="parameters"), shift_seconds)
        return None if end is None else literal(end, shift_seconds)


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
    others = [partition for partition in partitions if not _is_by(partition, time)]
    tests = [test for partition in others for test in _partition_tests(partition, bounds)]
    tests += _time_tests(time, bounds)
    scope = marker.find_ancestor(exp.Select)
    stands_alone = isinstance(marker.parent, exp.Where)
    marker.replace(exp.and_(*tests, copy=False) if tests else exp.true())
    if bounds.marked and scope is not None:
        scope.append("joins", exp.Join(this=exp.to_table("parameters"), kind="CROSS"))
    if not tests and scope is not None and stands_alone:
        scope.set("where", None)


def _is_by(partition: Partition, time: exp.Expr) -> bool:
    """Tell whether a table is partitioned by the very column that holds the layout's time: the window prunes as it stands."""
    return (
        partition.kind == "time" and isinstance(time, exp.Column) and time.name.lower() == partition.columns[0].lower()
    )


def _time_tests(time: exp.Expr, bounds: Bounds) -> list[exp.Expr]:
    ends = ((exp.GTE, bounds.first), (exp.LT, bounds.last))
    return [test(this=time.copy(), expression=end) for test, end in ends if end is not None]


def _partition_tests(partition: Partition, bounds: Bounds) -> list[exp.Expr]:
    columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in partition.columns]
    if partition.kind == "value":
        return [exp.In(this=columns[0], expressions=[exp.Literal.string(value) for value in partition.values])]
    bounds = replace(bounds, slack_seconds=int(LATE_DELIVERY.total_seconds()))
    if partition.kind == "time":
        return _time_tests(columns[0], bounds)
    first, last = _days(partition, bounds)
    if partition.kind == "day":
        return [
            test(this=columns[0].copy(), expression=day)
            for test, day in ((exp.GTE, first), (exp.LTE, last))
            if day is not None
        ]
    return _year_month_day_tests(columns, bounds, first, last)


def _days(partition: Partition, bounds: Bounds) -> tuple[exp.Expr | None, exp.Expr | None]:
    """Return the texts of the first and the last day; of known times literals, which every metastore prunes by."""
    separator = SEPARATORS[partition.format] if partition.kind == "day" else ""

    def text(end: WindowEnd, shift_seconds: int, time: exp.Expr | None) -> exp.Expr | None:
        if isinstance(end, datetime):
            day = end + timedelta(seconds=shift_seconds)
            return exp.Literal.string(day.strftime(f"%Y{separator}%m{separator}%d"))
        return None if time is None else word("day_text", time, exp.Literal.string(separator))

    first = text(bounds.start, -bounds.look_back_hours * 3600, bounds.first)
    return first, text(bounds.end, bounds.slack_seconds, bounds.last)


def _year_month_day_tests(
    columns: list[exp.Column], bounds: Bounds, first: exp.Expr | None, last: exp.Expr | None
) -> list[exp.Expr]:
    """Compare `year || month || day`; add the years as a plain list, which every metastore prunes."""
    day = exp.DPipe(
        this=exp.DPipe(this=columns[0], expression=columns[1], safe=False), expression=columns[2], safe=False
    )
    tests: list[exp.Expr] = []
    if isinstance(bounds.start, datetime) and isinstance(bounds.end, datetime):
        start = bounds.start - timedelta(hours=bounds.look_back_hours)
        years = range(start.year, (bounds.end + LATE_DELIVERY).year + 1)
        tests.append(exp.In(this=columns[0].copy(), expressions=[exp.Literal.string(f"{year:04d}") for year in years]))
    if first is not None:
        tests.append(exp.GTE(this=day.copy(), expression=first))
    if last is not None:
        tests.append(exp.LTE(this=day.copy(), expression=last))
    return tests
