from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from sqlgen.dialects import load_dialect
from tests.rendering import Case, cases


@pytest.mark.parametrize(
    "case", list(cases()), ids=lambda case: str(case.path.relative_to(case.path.parents[1]).with_suffix(""))
)
def test_rendered_text_is_the_golden_one(case: Case) -> None:
    rendered = case.render().sql
    expected = case.path.read_text(encoding="utf-8") if case.path.exists() else ""
    if rendered != expected:
        case.path.with_suffix(".actual.sql").write_text(rendered, encoding="utf-8")
    assert rendered == expected, (
        f"{case.path.name} differs: compare {case.path.with_suffix('.actual.sql').name}, then `make golden`"
    )


@pytest.mark.parametrize(
    "case", [case for case in cases() if case.query == "identity-chain"], ids=lambda case: case.path.stem
)
def test_what_distinct_rows_are_ordered_by_is_selected(case: Case) -> None:
    """Trino refuses anything else, Snowflake a column at least: https://github.com/snowflakedb/snowpark-python/issues/3106."""
    tree = parse_one(case.path.read_text(encoding="utf-8"), read=load_dialect(case.dialect).sqlglot)
    distinct = [select for select in tree.find_all(exp.Select) if select.args.get("distinct")]
    assert distinct
    for select in distinct:
        order = select.args.get("order")
        by = {item.this.sql() for item in order.expressions} if order else set()
        assert by <= {item.unalias().sql() for item in select.expressions}
