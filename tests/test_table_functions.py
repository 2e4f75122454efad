"""Questions as table functions of Snowflake: the statements, read by two parsers, and the schema that keeps them.

Their bodies are executed in tests/engines/test_snowflake_functions.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp, parse_one

from sqlgen.dialects import load_dialect
from sqlgen.errors import TemplateError
from sqlgen.objects.base import Kept, SavedObject
from sqlgen.objects.snowflake import KIND, SnowflakeSchema, call_function, create_function, described, home_of
from sqlgen.profiles import Profile
from sqlgen.renderer import Rendered, render
from sqlgen.tree import name_arguments, parse_canonical
from sqlgen.warehouses import open_warehouse
from sqlgen.warehouses.base import Warehouse
from tests.snowflake_home import write_connection
from tests.snowflake_stub import Answer, SnowflakeStub, snowflake_stub
from tests.ways import Way, way_name, ways

HOME = "security.sqlgen"


def body(way: Way, layout: str = "event", table: str = "security.logs.cloudtrail") -> Rendered:
    return render(way[0], dialect="snowflake", layout=layout, table=table, takes=way[1], named=True)


def saved(way: Way, name: str, home: str = HOME) -> SavedObject:
    return SavedObject(KIND, name.upper(), create_function(body(way), name, home), "Who's asking? A key's holder.")


# the statements


STATEMENTS = [
    *((way, "event") for way in ways()),
    *((("session-events", ("access_key",)), layout) for layout in load_dialect("snowflake").layouts),
]


@pytest.mark.parametrize(("way", "layout"), STATEMENTS, ids=[f"{way_name(way)}-{layout}" for way, layout in STATEMENTS])
def test_every_statement_is_one_that_makes_a_function(way: Way, layout: str) -> None:
    rendered = body(way, layout)
    statement = described(create_function(rendered, "asked", HOME), "It's [sqlgen 1 0123456789abcdef]")
    tree = parse_one(statement, read="snowflake")
    assert isinstance(tree, exp.Create) and tree.kind == "FUNCTION"
    assert statement.count("$$") == 2 and len(statement.encode()) < load_dialect("snowflake").maximum_text_bytes
    inner = parse_one(statement.split("$$")[1], read="snowflake")
    assert isinstance(inner, exp.Select) and not list(inner.find_all(exp.Placeholder))
    # an argument stands where it is named, once, and nowhere else could a column be taken for it
    names = [bind.name for bind in rendered.binds]
    assert names == [*way[1], "window_from", "window_to"] or set(names) == {*way[1], "window_from", "window_to"}
    bare = [column.name for column in inner.find_all(exp.Column) if not column.table and column.name.lower() in names]
    assert sorted(bare) == sorted(names)


def test_the_chain_takes_a_key_and_a_window() -> None:
    statement = create_function(body(("identity-chain", ("access_key",))), "identity_chain", HOME)
    assert statement.startswith(
        "CREATE OR REPLACE FUNCTION security.sqlgen.IDENTITY_CHAIN(ACCESS_KEY VARCHAR, WINDOW_FROM TIMESTAMP_NTZ, WINDOW_TO TIMESTAMP_NTZ)\n"
        "COPY GRANTS\n"
        "RETURNS TABLE (START_SESSION_ID VARCHAR, DIRECTION VARCHAR, DEPTH NUMBER, SESSION_ID VARCHAR, "
    )
    assert "LANGUAGE SQL\nAS\n$$\nWITH RECURSIVE parameters(access_key, window_from, window_to) " in statement
    assert " AS access_key" not in statement.partition("FROM")[0]


def test_what_takes_several_values_is_an_array() -> None:
    rendered = body(("session-summary", ("access_key",)))
    statement = create_function(rendered, "session_summary", HOME)
    assert "SESSION_SUMMARY(ACCESS_KEY ARRAY, WINDOW_FROM" in statement
    assert "REGIONS ARRAY" in statement and "SAMPLE_RESOURCES VARCHAR" in statement and "CALLS NUMBER" in statement
    assert "ACCESS_KEY => ARRAY_CONSTRUCT('...'), WINDOW_FROM => " in call_function(rendered, "session_summary", HOME)


def test_the_description_is_made_with_the_function() -> None:
    wanted = saved(("issuances", ()), "issuances")
    description = wanted.description(200)
    tree = parse_one(described(wanted.sql, description), read="snowflake")
    [comment] = [node.this.name for node in tree.find_all(exp.SchemaCommentProperty)]
    assert comment == description and comment.startswith("Who's asking? A key's holder. [sqlgen ")


def test_a_body_with_dollars_is_quoted_otherwise() -> None:
    rendered = body(("issuances", ()), table='security.logs."cloud$$trail"')
    wanted = SavedObject(KIND, "ISSUANCES", create_function(rendered, "issuances", HOME), "")
    assert "$$\nWITH" not in wanted.sql and '"cloud$$trail"' in wanted.sql
    tree = parse_one(wanted.sql, read="snowflake")
    assert isinstance(tree, exp.Create) and tree.expression.name == rendered.sql
    with snowflake_stub() as stub:
        assert SnowflakeSchema(opened(stub), HOME).spelled(wanted) == rendered.sql.strip()


def test_statement_and_body_are_read_by_sqlfluff() -> None:
    """Bodies differ from the golden texts, which sqlfluff reads elsewhere, in their first CTEs alone; this has all that can be there."""
    linter = Linter(config=FluffConfig(overrides={"dialect": "snowflake"}))
    statement = described(create_function(body(("session-events", ("access_key",))), "asked", HOME), "It's ours")
    for text in (statement, statement.split("$$")[1]):
        assert [str(violation) for violation in linter.parse_string(text).violations] == []


def test_a_column_that_could_be_taken_for_an_argument_is_refused() -> None:
    tree = parse_canonical("WITH parameters AS (SELECT :arn AS arn) SELECT arn FROM events CROSS JOIN parameters", "q")
    with pytest.raises(TemplateError, match="the column arn must be written with its table"):
        name_arguments(tree, ["arn"])


@pytest.mark.parametrize(
    ("table", "home", "expected"),
    [
        ("security.logs.cloudtrail", None, "security.logs"),
        ("logs.cloudtrail", None, "logs"),
        ("cloudtrail", None, ""),
        ('security."my logs".cloudtrail', None, 'security."my logs"'),
        ("security.logs.cloudtrail", "security.sqlgen", "security.sqlgen"),
    ],
)
def test_functions_are_kept_at_home_or_beside_the_log(table: str, home: str | None, expected: str) -> None:
    assert home_of(Profile("p", "snowflake", table, home=home)) == expected
    made = create_function(body(("issuances", ())), "issuances", expected)
    assert made.startswith(f"CREATE OR REPLACE FUNCTION {expected}{'.' if expected else ''}ISSUANCES(WINDOW_FROM ")


# the schema, by the shapes that Snowflake documents


def opened(stub: SnowflakeStub) -> Warehouse:
    write_connection(stub.port)
    return open_warehouse(Profile("p", "snowflake", "t", connection={"connection_name": "test"}))


@pytest.fixture
def stub() -> Iterator[SnowflakeStub]:
    with snowflake_stub() as server:
        yield server


@pytest.fixture
def warehouse(stub: SnowflakeStub) -> Iterator[Warehouse]:
    with closing(opened(stub)) as connection:
        yield connection


def functions(*rows: tuple[str, str, str | None, str]) -> Answer:
    names = ("FUNCTION_NAME", "ARGUMENT_SIGNATURE", "COMMENT", "FUNCTION_DEFINITION")
    return Answer(columns=[(name, "text") for name in names], rows=rows)


def test_kept_functions_are_told_by_their_marks(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    wanted = saved(("issuances", ()), "issuances")
    place = SnowflakeSchema(warehouse, HOME)
    stub.answers = [
        functions(
            ("ISSUANCES", "(WINDOW_FROM TIMESTAMP_NTZ, WINDOW_TO TIMESTAMP_NTZ)", wanted.description(900), wanted.sql.split("$$")[1]),
            ("theirs", "()", None, "SELECT 1"),
        )
    ]  # fmt: skip
    ours, theirs = place.kept()
    assert (ours.kind, ours.name, ours.content_hash) == (KIND, "ISSUANCES", wanted.content_hash)
    assert ours.handle == "security.sqlgen.ISSUANCES(TIMESTAMP_NTZ, TIMESTAMP_NTZ)" and ours.sql == place.spelled(
        wanted
    )
    assert theirs.content_hash is None and theirs.handle == 'security.sqlgen."theirs"()'
    [asked] = stub.statements
    assert "FROM security.INFORMATION_SCHEMA.FUNCTIONS WHERE function_schema = ?" in asked.text
    assert asked.binds == ["SQLGEN"] and asked.parameters == {"QUERY_TAG": "sqlgen save"}


def test_the_session_s_own_schema_is_home_where_none_is_named(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    stub.answers = [functions()]
    assert SnowflakeSchema(warehouse, "").kept() == []
    assert "FROM INFORMATION_SCHEMA.FUNCTIONS WHERE function_schema = CURRENT_SCHEMA()" in stub.statements[0].text
    assert stub.statements[0].binds == []


def test_a_function_is_made_in_one_statement(stub: SnowflakeStub, warehouse: Warehouse) -> None:
    wanted = saved(("identity-chain", ("access_key",)), "identity_chain")
    place = SnowflakeSchema(warehouse, HOME)
    place.put(wanted, None)
    same = Kept(KIND, wanted.name, f"{HOME}.IDENTITY_CHAIN(VARCHAR, TIMESTAMP_NTZ, TIMESTAMP_NTZ)", "", "")
    place.put(wanted, same)
    assert [statement.text.split("(")[0] for statement in stub.statements] == [
        "CREATE OR REPLACE FUNCTION security.sqlgen.IDENTITY_CHAIN"
    ] * 2
    assert wanted.content_hash in stub.statements[0].text


def test_one_that_took_other_arguments_goes_after_the_new_one_is_there(
    stub: SnowflakeStub, warehouse: Warehouse
) -> None:
    wanted = saved(("identity-chain", ("access_key",)), "identity_chain")
    older = Kept(KIND, wanted.name, f"{HOME}.IDENTITY_CHAIN(VARCHAR)", "", "")
    SnowflakeSchema(warehouse, HOME).put(wanted, older)
    assert [statement.text.split("(")[0] for statement in stub.statements] == [
        "CREATE OR REPLACE FUNCTION security.sqlgen.IDENTITY_CHAIN",
        "DROP FUNCTION IF EXISTS security.sqlgen.IDENTITY_CHAIN",
    ]
    assert stub.statements[1].text.endswith("IDENTITY_CHAIN(VARCHAR)")
