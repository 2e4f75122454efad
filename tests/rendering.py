"""Every text that the tests pin: query x dialect x layout, with and without values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlgen.dialects import dialect_names, load_dialect
from sqlgen.partitions import Partition, parse_partition
from sqlgen.queries import query_names
from sqlgen.renderer import Rendered, render
from tests.documents import golden_documents

GOLDEN = Path(__file__).parent / "golden"
PARTITIONS = {
    ("athena", "cloudtrail"): ("timestamp=yyyy/MM/dd",),
    ("athena", "cloudtrail-serde"): ("year,month,day",),
    ("athena", "security-lake"): ("time_dt",),
    ("trino", "cloudtrail"): ("timestamp=yyyy/MM/dd",),
    ("trino", "cloudtrail-serde"): ("year,month,day",),
    ("trino", "security-lake"): ("time_dt",),
}
"""How the tables of the golden files are partitioned: one way of each kind."""
ASKED: dict[str, tuple[tuple[str, object], ...]] = {
    "origins": (
        ("access_key", "ASIAIOSFODNN7EXAMPLE"),
        ("session_id", "AIDAIOSFODNN7EXAMPLE@2021-08-27T19:00:00Z"),
        ("arn", "arn:aws:iam::*:user/eliav"),
        ("own_account", "111111111111"),
        ("own_endpoint", "vpce-1a2b3c4d"),
        ("own_range", ("198.51.100.0/24", "2001:db8::/32")),
    ),
    "sessions": (
        ("arn", "arn:aws:iam::*:user/eliav"),
        ("account", "111111111111"),
        ("source_ip", "203.0.113.*"),
        ("user_agent", "aws-cli"),
        ("access_key", ("AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE")),
        ("denied_only", True),
    ),
}
"""Queries whose text differs much with values: one golden file with all of them, over each dialect's first layout."""


@dataclass(frozen=True)
class Case:
    """One golden file: what is rendered."""

    query: str
    dialect: str
    layout: str
    parameters: tuple[tuple[str, object], ...] = ()
    suffix: str = ""

    @property
    def path(self) -> Path:
        return GOLDEN / self.query / f"{self.dialect}-{self.layout}{self.suffix}.sql"

    @property
    def partitions(self) -> list[Partition]:
        return [parse_partition(text) for text in PARTITIONS.get((self.dialect, self.layout), ())]

    def render(self, *, check: bool = True) -> Rendered:
        return render(
            self.query,
            dialect=self.dialect,
            layout=self.layout,
            parameters=dict(self.parameters),
            partitions=self.partitions,
            check=check,
        )


def cases() -> Iterator[Case]:
    """Yield every golden case."""
    for query in query_names():
        for dialect in dialect_names():
            for layout in load_dialect(dialect).layouts:
                yield Case(query, dialect, layout)
                if query in ASKED and layout == load_dialect(dialect).default_layout:
                    yield Case(query, dialect, layout, ASKED[query], "-asked")
                if query == "identity-chain":
                    for direction in ("derived", "both"):
                        yield Case(query, dialect, layout, (("direction", direction),), f"-{direction}")


def write_golden() -> None:
    """Write every golden file anew (`make golden`); files that no case names are removed."""
    named = set()
    for case in cases():
        case.path.parent.mkdir(parents=True, exist_ok=True)
        case.path.write_text(case.render().sql, encoding="utf-8")
        named.add(case.path)
    for path, text in golden_documents():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in GOLDEN.rglob("*.sql"):
        if path not in named:
            path.unlink()


if __name__ == "__main__":
    write_golden()
