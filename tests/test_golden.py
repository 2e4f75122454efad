from __future__ import annotations

import pytest

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
