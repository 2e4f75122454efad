from __future__ import annotations

from datetime import datetime

import pytest

from sqlgen.errors import UsageError
from sqlgen.queries import load_query, query_names
from sqlgen.values import check_arguments, parse_time, require_arguments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-08-27T19:42:56Z", datetime(2021, 8, 27, 19, 42, 56)),
        ("2021-08-27T19:42:56", datetime(2021, 8, 27, 19, 42, 56)),
        ("2021-08-27", datetime(2021, 8, 27)),
        ("20210827T194256Z", datetime(2021, 8, 27, 19, 42, 56)),
        ("2021-08-27T19:42:56.789+02:00", datetime(2021, 8, 27, 17, 42, 56)),
    ],
)
def test_times_are_utc_unless_they_carry_a_zone(text: str, expected: datetime) -> None:
    assert parse_time(text, "--from") == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2021-13-01", "27.8.2021", "0001-01-01T00:00:00+05:00"])
def test_what_is_no_time_is_refused_by_the_name_of_its_option(text: str) -> None:
    with pytest.raises(UsageError, match="--from takes an ISO 8601 time"):
        parse_time(text, "--from")


def test_a_window_must_have_a_length() -> None:
    with pytest.raises(UsageError, match="--from is not before --to"):
        check_arguments(load_query("issuances"), {}, "2021-08-28", "2021-08-27")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"direction": "sideways"}, "--direction takes one of origin, derived, both"),
        ({"max_depth": 101}, "--max-depth takes a whole number from 0 to 100, not 101"),
        ({"max_depth": "many"}, "--max-depth takes a whole number"),
        ({"access_key": ""}, "--access-key takes a text that is not empty"),
        ({"access_key": ["A", "B"]}, "takes --access-key once, not 2 times"),
        ({"access_key": "A" * 3000}, "3000 characters long"),
        ({"access_key": "A\0B"}, "NUL"),
        ({"access_key": "\ud800"}, "surrogate"),
        ({"at": "noon"}, "--at takes an ISO 8601 time"),
    ],
)
def test_wrong_values_are_refused_in_one_line(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        check_arguments(load_query("identity-chain"), given)
    assert "\n" not in str(caught.value)


def test_several_values_are_kept_once_each_and_in_order() -> None:
    arguments = check_arguments(load_query("session-summary"), {"access_key": ["B", "A", "B"]})
    assert arguments.values["access_key"] == ("B", "A")


def test_a_chain_needs_a_start() -> None:
    query = load_query("identity-chain")
    with pytest.raises(UsageError, match="identity-chain needs --access-key or --session-id"):
        require_arguments(query, check_arguments(query, {}))


@pytest.mark.parametrize("name", query_names())
def test_every_query_says_what_it_asks_takes_and_answers(name: str) -> None:
    query = load_query(name)
    assert query.question.endswith(("?", ".")) and query.example.startswith("sqlgen run " + name)
    assert all(parameter.meaning for parameter in query.parameters)
    assert all(column.meaning for column in query.columns)
    assert len({column.name for column in query.columns}) == len(query.columns)
