"""Which layout fits a table, and what that rests on: the layouts' own SELECTs and the questions' own texts."""

from __future__ import annotations

import pytest

from sqlgen.dialects import dialect_names, event_columns, load_dialect
from sqlgen.fit import feeds, layout_fits, users
from sqlgen.warehouses.base import TableColumn
from tests.stub_warehouse import described

EVERY = [(dialect, layout) for dialect in dialect_names() for layout in load_dialect(dialect).layouts]


@pytest.mark.parametrize(("dialect", "layout"), EVERY)
def test_a_table_of_a_layout_is_known_by_its_columns(dialect: str, layout: str) -> None:
    best = layout_fits(dialect, described(dialect, layout))[0]
    assert best.layout == layout and best.fits


@pytest.mark.parametrize(("dialect", "layout"), EVERY)
def test_every_column_of_events_is_told_where_it_comes_from(dialect: str, layout: str) -> None:
    found = feeds(dialect, layout)
    assert set(found) == set(event_columns())
    assert found["event_id"] and found["event_time"] and found["request_parameters"]


def test_fields_of_structures_count() -> None:
    found = feeds("athena", "cloudtrail")
    assert found["created_at"] == {"useridentity.sessioncontext.attributes.creationdate"}
    assert found["from_console"] == {"sessioncredentialfromconsole"} and found["source_identity"] == frozenset()
    assert feeds("snowflake", "records")["event_id"] == {"v"}
    assert feeds("snowflake", "snowalert")["event_time"] == {"raw", "event_time"}


@pytest.mark.parametrize("words", ["hive", "trino"])
def test_a_structure_without_a_field_lacks_it(words: str) -> None:
    kinds = {
        "hive": "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,username:string,"
        "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>>>",
        "trino": "row(type varchar, principalid varchar, arn varchar, accountid varchar, invokedby varchar, accesskeyid varchar, username varchar, "
        "sessioncontext row(attributes row(mfaauthenticated varchar, creationdate varchar)))",
    }
    columns = [column for column in described("athena", "cloudtrail") if column.name != "useridentity"]
    fits = {fit.layout: fit for fit in layout_fits("athena", [*columns, TableColumn("useridentity", kinds[words])])}
    assert fits["cloudtrail"].lacking == ("useridentity.onbehalfof.userid",)
    assert fits["cloudtrail-serde"].fits


def test_another_type_does_not_fit() -> None:
    columns = [
        TableColumn(c.name, "boolean" if c.name == "readonly" else c.type) for c in described("athena", "cloudtrail")
    ]
    [*_, fit] = [fit for fit in layout_fits("athena", columns) if fit.layout == "cloudtrail"]
    assert not fit.fits and fit.mistyped == ("readonly is BOOLEAN, not VARCHAR",)


@pytest.mark.parametrize("kind", ["varchar(1024)", "char(3)", "string", "text"])
def test_texts_are_alike(kind: str) -> None:
    columns = [TableColumn(c.name, kind if c.name == "eventid" else c.type) for c in described("athena", "cloudtrail")]
    assert layout_fits("athena", columns)[0].layout == "cloudtrail" and layout_fits("athena", columns)[0].fits


def test_a_table_of_something_else_fits_nothing() -> None:
    assert not any(
        fit.fits for dialect in dialect_names() for fit in layout_fits(dialect, [TableColumn("srcaddr", "varchar")])
    )


def test_which_questions_read_a_column() -> None:
    for dialect in dialect_names():
        read = users(load_dialect(dialect))
        assert "console-keys" in read["from_console"] and "identity-chain" not in read["from_console"]
        assert {"identity-chain", "issuances"} <= set(read["on_behalf_of"])
        assert "session-summary" in read["resources"] and "issuances" not in read["resources"]
