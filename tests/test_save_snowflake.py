"""`save` in a Snowflake schema, by the shapes that Snowflake documents: what is sent, and what is left alone.

What the functions answer: tests/engines/test_snowflake_functions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sqlgen.objects.snowflake import _handle
from sqlgen.profiles import Profile
from sqlgen.saving import Saved, save
from tests.snowflake_home import write_connection
from tests.snowflake_stub import Answer, SnowflakeStub, snowflake_stub

QUERY = "session-events"
NAMES = ("SESSION_EVENTS", "SESSION_EVENTS_BY_SESSION_ID")
PROFILE = Profile(
    "p",
    "snowflake",
    "security.logs.cloudtrail",
    "event",
    connection={"connection_name": "test"},
    home="security.sqlgen",
)
MADE = re.compile(
    r"CREATE OR REPLACE FUNCTION security\.sqlgen\.(\w+)(\(.*?\))\n.*?\nCOMMENT = '(.*?)'\nAS\n\$\$(.*)\$\$", re.DOTALL
)
Function = tuple[str, str, str | None, str]


@pytest.fixture
def stub() -> Iterator[SnowflakeStub]:
    with snowflake_stub() as server:
        write_connection(server.port)
        yield server


def has(*rows: Function) -> Answer:
    names = ("FUNCTION_NAME", "ARGUMENT_SIGNATURE", "COMMENT", "FUNCTION_DEFINITION")
    return Answer(columns=[(name, "text") for name in names], rows=rows)


def made(stub: SnowflakeStub) -> list[Function]:
    """Return the functions that were made, as Snowflake lists them."""
    found = [MADE.match(statement.text) for statement in stub.sent("CREATE")]
    return [(match[1], match[2], match[3].replace("''", "'"), match[4]) for match in found if match]


def told(stub: SnowflakeStub, *rows: Function, prune: bool = False, dry_run: bool = False) -> list[Saved]:
    stub.answers = [has(*rows)]
    stub.statements.clear()
    return list(save([QUERY], PROFILE, prune=prune, dry_run=dry_run))


def test_each_form_is_one_statement_and_a_second_time_there_is_none(stub: SnowflakeStub) -> None:
    assert [(item.outcome, item.name) for item in told(stub)] == [("created", name) for name in NAMES]
    functions = made(stub)
    assert [name for name, *_ in functions] == list(NAMES)
    assert [item.outcome for item in told(stub, *functions)] == ["unchanged"] * 2
    # a text that only its owner may read is taken at its mark's word
    assert [item.outcome for item in told(stub, *((*row[:3], "") for row in functions))] == ["unchanged"] * 2
    assert made(stub) == []


def test_what_changed_or_was_changed_is_replaced(stub: SnowflakeStub) -> None:
    told(stub)
    first, second = made(stub)
    again = told(stub, (*first[:3], "SELECT 1"), (*second[:2], f"{second[2]}"[:-17] + "0" * 16 + "]", second[3]))
    assert [(item.outcome, item.reason) for item in again] == [
        ("replaced", "its text had been changed by hand"),
        ("replaced", ""),
    ]
    assert made(stub) == [first, second]


def test_a_function_of_any_sort_that_somebody_else_made_is_left(stub: SnowflakeStub) -> None:
    scalar = (NAMES[0], "(A ARRAY, B TIMESTAMP_NTZ, C TIMESTAMP_NTZ)", "of another team", "return 1")
    told_of = told(stub, scalar, prune=True)
    assert [item.outcome for item in told_of] == ["refused", "created"]
    assert told_of[0].reason == "somebody else's table function has that name"
    assert [name for name, *_ in made(stub)] == [NAMES[1]] and stub.sent("DROP") == []


def test_prune_names_a_function_by_the_types_of_its_arguments(stub: SnowflakeStub) -> None:
    told(stub)
    functions = made(stub)
    older = ("OLD_QUESTION", "(ACCESS_KEY VARCHAR, N NUMBER)", functions[0][2], "SELECT 1")
    assert [item.outcome for item in told(stub, *functions, older, prune=True, dry_run=True)][-1] == "removed"
    assert stub.sent("DROP") == []
    told(stub, *functions, older, prune=True)
    assert [statement.text for statement in stub.sent("DROP")] == [
        "DROP FUNCTION IF EXISTS security.sqlgen.OLD_QUESTION(VARCHAR, NUMBER)"
    ]


@pytest.mark.parametrize(
    ("signature", "types"),
    [
        ("(ACCESS_KEY VARCHAR, WINDOW_FROM TIMESTAMP_NTZ)", "VARCHAR, TIMESTAMP_NTZ"),
        ("(ACCESS_KEY VARCHAR(16777216), WINDOW_FROM TIMESTAMP_NTZ(9))", "VARCHAR, TIMESTAMP_NTZ"),
        ("(N NUMBER(38,0), KEYS ARRAY(NUMBER(38, 0)))", "NUMBER, ARRAY"),
        ("(access_key varchar, n number (38, 0))", "VARCHAR, NUMBER"),
        ("()", ""),
    ],
)
def test_a_handle_has_the_types_and_no_precision(signature: str, types: str) -> None:
    assert _handle("a.b", "F", signature) == f"a.b.F({types})"


@pytest.mark.parametrize("home", ["security.sqlgen", 'security."sql(gen)"'])
def test_a_function_that_is_listed_with_precision_is_not_dropped_when_it_is_made_again(
    stub: SnowflakeStub, home: str
) -> None:
    place = replace(PROFILE, home=home)
    stub.answers = [has()]
    list(save([QUERY], place))
    kinds = {"TIMESTAMP_NTZ": "TIMESTAMP_NTZ(9)", "VARCHAR": "varchar(16777216)", "NUMBER": "NUMBER(38,0)"}
    listed = []
    for statement in stub.sent("CREATE"):
        found = re.match(r".*\.(\w+)(\(.*\))\nCOPY GRANTS(?s:.*)(\[sqlgen [^\]]+\])", statement.text)
        assert found is not None
        signature = re.sub("|".join(kinds), lambda match: kinds[match[0]], found[2])
        listed.append((found[1], signature, found[3], "SELECT 1"))
    assert any("(9)" in row[1] for row in listed)
    stub.answers, stub.statements[:] = [has(*listed)], []
    assert [item.outcome for item in save([QUERY], place)] == ["replaced"] * 2
    assert len(stub.sent("CREATE")) == 2 and stub.sent("DROP") == []


def test_one_that_took_other_arguments_goes(stub: SnowflakeStub) -> None:
    told(stub)
    first, second = made(stub)
    told(stub, (first[0], "(A ARRAY(VARCHAR(16777216)), B NUMBER(38,0))", *first[2:3], "SELECT 1"), second)
    assert [statement.text for statement in stub.sent("DROP")] == [
        f"DROP FUNCTION IF EXISTS security.sqlgen.{first[0]}(ARRAY, NUMBER)"
    ]


def test_a_refusal_is_one_line_and_the_rest_is_saved(stub: SnowflakeStub) -> None:
    stub.answers = [has(), Answer(error=("003001", "42501", "SQL access control error:\nInsufficient privileges"))]
    told_of = list(save([QUERY], PROFILE))
    assert [item.outcome for item in told_of] == ["refused", "created"]
    assert "\n" not in told_of[0].reason and "nsufficient privileges" in told_of[0].reason
