"""How a table is partitioned, as its columns and a live row tell, and whether a profile says the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from sqlgen.health.verdict import Verdict, failed, ok
from sqlgen.partitions import Partition, parse_partition
from sqlgen.profiles import Profile
from sqlgen.warehouses.base import TableColumn

FORMATS = {
    "yyyy/MM/dd": re.compile(r"\d{4}/\d{2}/\d{2}"),
    "yyyy-MM-dd": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "yyyyMMdd": re.compile(r"(?:19|20)\d{6}"),
}
USUAL = {"timestamp": "yyyy/MM/dd", "date_partition": "yyyy/MM/dd", "eventday": "yyyyMMdd"}
"""What partition columns of these names hold in the tables that AWS publishes: Athena User Guide, awslabs' analytics bootstrap,
Security Lake. Taken where no row tells better."""

YEAR_MONTH_DAY = ("year", "month", "day")


def propose(columns: Sequence[TableColumn], values: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a profile says of a table's partitions by time: `values` are those of a live row, by column, as far as known."""
    # of a view only the live row tells which columns are asked for
    names = list(dict.fromkeys([*(column.name for column in columns if column.partition), *values]))
    if all(name in names for name in YEAR_MONTH_DAY):
        return (",".join(YEAR_MONTH_DAY),)
    found = ((name, day_format(values[name]) if name in values else USUAL.get(name)) for name in names)
    return tuple(f"{name}={form}" for name, form in found if form)


def day_format(value: str) -> str | None:
    """Return the format in which a text holds a day, None where it holds none."""
    return next((form for form, pattern in FORMATS.items() if pattern.fullmatch(value)), None)


def partition_verdict(profile: Profile, columns: Sequence[TableColumn], values: Mapping[str, str]) -> Verdict:
    """Return whether the profile's partitions are the table's; `values` as of `propose`."""
    names = {column.name for column in columns}
    by = [column.name for column in columns if column.partition]
    proposed = propose(columns, values)
    for partition in profile.partitions:
        lost = [name for name in partition.columns if name.lower() not in names]
        if lost:
            told = f"the table is partitioned by {', '.join(by)}" if by else "the table has no partition columns"
            return failed("partitions", f"there is no column {', '.join(lost)}; {told}", _advice(proposed))
        if (other := _other(partition, values)) is not None:
            return failed("partitions", other, _advice(proposed))
    named = {name.lower() for partition in profile.partitions for name in partition.columns}
    unnamed = [text for text in proposed if not named.intersection(parse_partition(text).columns)]
    if unnamed:
        says = f"the table is partitioned by {', '.join(by)}, the profile does not say so: every question reads the whole log"
        return failed("partitions", says, _advice((*map(partition_text, profile.partitions), *unnamed)))
    told = ", ".join(map(partition_text, profile.partitions))
    others = [name for name in by if name not in named]
    if not others:
        return ok("partitions", told or "none: what of the log is read is the engine's choice")
    hint = f"also partitioned by {', '.join(others)}: {others[0]}=VALUE,... in partitions narrows every question"
    return ok("partitions", told or "none by time", hint)


def partition_text(partition: Partition) -> str:
    """Return a partition as a profile writes it."""
    names = ",".join(partition.columns)
    if partition.kind == "day":
        return f"{names}={partition.format}"
    return f"{names}={','.join(partition.values)}" if partition.kind == "value" else names


def _other(partition: Partition, values: Mapping[str, str]) -> str | None:
    """Return what a live row holds that the profile says otherwise, None where nothing does."""
    column = partition.columns[0].lower()
    value = values.get(column)
    if value is None:
        return None
    if partition.kind == "day" and not FORMATS[partition.format].fullmatch(value):
        return f"{column} holds {value!r}, the profile says {partition.format}: no question finds a row"
    if partition.kind == "value" and value not in partition.values:
        return f"{column} holds {value!r}, which is none of {', '.join(partition.values)}"
    return None


def _advice(proposed: Sequence[str]) -> str:
    if not proposed:
        return "take it out of the profile's partitions"
    return f"say partitions = {json.dumps(list(proposed))} in the profile"
