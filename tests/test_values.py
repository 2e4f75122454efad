from __future__ import annotations

from datetime import datetime

import pytest

from sqlgen.errors import UsageError
from sqlgen.networks import network_bounds
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


@pytest.mark.parametrize(
    ("query", "given", "message"),
    [
        ("sessions", {"account": "alice"}, "--account takes an account id, 12 digits, not 'alice'"),
        ("sessions", {"account": "1111"}, "--account takes an account id"),
        ("sessions", {"denied_only": "yes"}, "--denied-only is given or not, and takes no value such as 'yes'"),
        (
            "origins",
            {"own_range": ["10.0.0.0/8", "10.0.0.0/40"]},
            "--own-range takes a range of addresses .* not '10.0.0.0/40'",
        ),
        ("origins", {"own_range": ["office"]}, "--own-range takes a range of addresses"),
        ("origins", {"own_account": ["111122223333", ""]}, "--own-account takes a text that is not empty"),
    ],
)
def test_accounts_ranges_and_flags_are_refused_in_one_line(query: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        check_arguments(load_query(query), given)
    assert "\n" not in str(caught.value)


def test_accounts_ranges_and_flags_have_one_form() -> None:
    given = {"own_account": ["1111-2222-3333"], "own_range": ["10.1.2.3/16", "192.0.2.1", "2001:DB8:0::/32"]}
    arguments = check_arguments(load_query("origins"), given)
    assert arguments.values == {
        "own_account": ("111122223333",),
        "own_range": ("10.1.0.0/16", "192.0.2.1/32", "2001:db8::/32"),
    }
    assert check_arguments(load_query("sessions"), {"denied_only": False}).values == {}
    assert check_arguments(load_query("sessions"), {"denied_only": True}).values == {"denied_only": True}


def test_ranges_that_overlap_or_touch_are_one() -> None:
    v4 = "00000000000000000000ffff"
    assert network_bounds(["10.1.0.0/16", "10.0.0.0/16", "10.0.5.0/24", "192.0.2.1/32", "fd00::/8"]) == [
        (f"{v4}0a000000", f"{v4}0a01ffff"),
        (f"{v4}c0000201", f"{v4}c0000201"),
        ("fd" + "0" * 30, "fd" + "f" * 30),
    ]


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
