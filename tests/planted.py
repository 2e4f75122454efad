"""The planted errors: texts that each break one rule, and texts that break none, for every dialect.

`tests/planted/<dialect>/*.sql` begin with lines `-- key: value`: `expect` (the rule that is broken; a text without it is good), `at` (where,
line:column), `column` (one of the table `log`, NAME TYPE), `partition` and `max-scans` (as the options of `sqlgen check-sql`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlgen.checks import Finding, check_text
from sqlgen.dialects import load_dialect
from sqlgen.partitions import parse_partition

PLANTED = Path(__file__).parent / "planted"
HEADER = re.compile(r"-- (expect|at|column|partition|max-scans): (.+)")


@dataclass(frozen=True)
class Planted:
    """One text."""

    path: Path

    @property
    def dialect(self) -> str:
        return self.path.parent.name

    @cached_property
    def sql(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def expect(self) -> str | None:
        return next(iter(self.header("expect")), None)

    @property
    def at(self) -> str | None:
        return next(iter(self.header("at")), None)

    def header(self, key: str) -> list[str]:
        """Return the values of a key of the leading comment lines."""
        values = []
        for line in self.sql.splitlines():
            found = HEADER.fullmatch(line)
            if found is None:
                break
            values += [found[2]] if found[1] == key else []
        return values

    def check(self) -> list[Finding]:
        """Return what the checks find."""
        partitions = [parse_partition(text) for text in self.header("partition")]
        columns = {column: "VARCHAR" for partition in partitions for column in partition.columns}
        limit = self.header("max-scans")
        columns |= dict(text.split(" ", 1) for text in self.header("column"))
        return check_text(
            self.sql,
            load_dialect(self.dialect),
            maximum_scans={"log": int(limit[0])} if limit else {},
            partitions=partitions,
            table="log",
            schema={"log": columns},
        )


def planted(dialect: str) -> Iterator[Planted]:
    """Yield the texts of a dialect, good and bad."""
    yield from (Planted(path) for path in sorted((PLANTED / dialect).glob("*.sql")))
