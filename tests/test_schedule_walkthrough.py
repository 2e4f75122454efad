"""docs/schedule.md: its DuckDB part carried out as it is written, over the demo's logs."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sqlgen.deliveries import load
from sqlgen.demo import write_demo
from sqlgen.store import EVENT_STORE, fill_store
from tests.walkthrough import carry_out, read_steps

PAGE = Path(__file__).parents[1] / "docs" / "schedule.md"


def test_it_works_as_written(tmp_path: Path) -> None:
    story = write_demo(tmp_path / "logs")
    with duckdb.connect(str(tmp_path / "lab.duckdb")) as connection:
        load(connection, [str(story.folder)])
        fill_store(connection)
    (tmp_path / "sqlgen.toml").write_text(
        f'[profiles.lab]\ndialect = "duckdb"\ntable = "{EVENT_STORE}"\nlayout = "store"\n'
        '[profiles.lab.connection]\ndatabase = "lab.duckdb"\n'
    )
    steps = read_steps(PAGE)
    assert [step.command.split()[1] for step in steps] == ["schedule", "schedule", "check", "run"]
    for step in steps:
        carry_out(step, tmp_path, {"SQLGEN_CONFIG": "", "SQLGEN_PROFILE": ""})
    assert 'edges = "chain_events"' in (tmp_path / "sqlgen.toml").read_text()
