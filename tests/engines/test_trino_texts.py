"""Every golden text of Trino and Athena, as it stands, is one that Trino's analyser takes over a table of its layout."""

from __future__ import annotations

import pytest
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.tokenizer_core import TokenType

from sqlgen.dialects import load_dialect, load_layout
from tests.engines.trino_server import TrinoServer
from tests.rendering import Case, cases

pytestmark = pytest.mark.trino
CASES = [case for case in cases() if load_dialect(case.dialect).sqlglot == "trino" or case.dialect == "athena"]
PARTITIONS = ("timestamp", "year", "month", "day")


def schema_of(case: Case) -> str:
    return f"texts_{case.layout.replace('-', '_')}"


@pytest.fixture(scope="module")
def tables(trino: TrinoServer) -> None:
    """Make an empty table of each layout, of its name and with its columns, in a schema of its own."""
    for case in {case.layout: case for case in CASES}.values():
        layout = load_layout("trino", case.layout)
        kinds = {name: exp.DataType.build(kind, dialect="hive").sql("trino") for name, kind in layout.columns}
        if case.layout.startswith("cloudtrail"):
            kinds |= dict.fromkeys(PARTITIONS, "VARCHAR")
        columns = [f'"{name}" {kind}' for name, kind in kinds.items()]
        trino.rows(f"CREATE SCHEMA IF NOT EXISTS hive.{schema_of(case)}")
        trino.rows(f"DROP TABLE IF EXISTS hive.{schema_of(case)}.{layout.table}")
        trino.rows(f"CREATE TABLE hive.{schema_of(case)}.{layout.table} ({', '.join(columns)})")


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.query}-{case.path.stem}")
def test_the_analyser_takes_it(trino: TrinoServer, case: Case) -> None:
    text = case.path.read_text(encoding="utf-8")
    connection = trino.connect(schema_of(case))
    try:
        cursor = connection.cursor()
        cursor.execute(f"EXPLAIN (TYPE VALIDATE) {with_values(text)}")
        assert cursor.fetchall() == [[True]]
    finally:
        connection.close()


def with_values(text: str) -> str:
    """Put a value in the place of each marker, which EXPLAIN takes none for."""
    for token in reversed(Trino().tokenize(text)):
        if token.token_type is TokenType.PLACEHOLDER:
            text = f"{text[: token.start]}'2021-08-27 00:00:00'{text[token.end + 1 :]}"
    return text
