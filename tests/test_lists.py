from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from sqlgen import tree
from sqlgen.dialects import load_dialect
from sqlgen.lists import common_part, load_list
from sqlgen.vocabulary import load_snippets


def evaluate(expression: str) -> object:
    """Return what a canonical expression gives on the embedded engine."""
    select = sqlglot.parse_one(f"SELECT {expression}", read="trino")
    assert isinstance(select, exp.Select)
    tree.expand_lists(select)
    dialect = load_dialect("duckdb")
    tree.lower(select, load_snippets(dialect), dialect)
    rows = duckdb.sql(select.sql("duckdb")).fetchall()
    return rows[0][0]


LISTS = ["access_denied", "throttled", "read_names", "sensitive_reads", "search_filters", "private_ranges"]


@pytest.mark.parametrize("name", LISTS)
def test_every_entry_names_its_source(name: str) -> None:
    assert all(entry["source"] for entry in load_list(name)["entry"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", True),
        ("Client.UnauthorizedOperation", True),
        ("VpceAccessDenied", True),
        ("KMSAccessDeniedException", True),
        ("NoSuchBucket", False),
        ("ThrottlingException", False),
        (None, False),
    ],
)
def test_access_denied(code: str | None, expected: bool) -> None:
    assert evaluate(f"is_access_denied({_text(code)})") is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", True),
        ("Client.RequestLimitExceeded", True),
        ("LimitExceededException", False),
        (None, False),
    ],
)
def test_throttled(code: str | None, expected: bool) -> None:
    assert evaluate(f"is_throttled({_text(code)})") is expected


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("secretsmanager.amazonaws.com", "GetSecretValue", True),
        ("lambda.amazonaws.com", "GetFunction20150331v2", True),
        ("lambda.amazonaws.com", "GetPolicy20150331v2", False),
        ("ec2.amazonaws.com", "GetSecretValue", False),
        (None, "GetSecretValue", False),
    ],
)
def test_sensitive_calls(source: str | None, name: str, expected: bool) -> None:
    assert evaluate(f"is_sensitive_call({_text(source)}, {_text(name)})") is expected


@pytest.mark.parametrize(
    ("document", "event_name", "expected"),
    [
        ('{"filterSet":{"items":[{"name":"vpc-id"}]}}', "DescribeVpcs", '[{"name":"vpc-id"}]'),
        ('{"filterSet":{}}', "DescribeVpcs", None),
        (
            '{"filterSet":{},"filters":[{"name":"x","values":["y"]}]}',
            "DescribeDBInstances",
            '[{"name":"x","values":["y"]}]',
        ),
        ('{"DescribeVpcsRequest":{"Filter":{"Name":"x"}}}', "DescribeVpcs", '{"Name":"x"}'),
        ('{"DescribeVpcsRequest":{"Filter":{"Name":"x"}}}', "DescribeSubnets", None),
        ('{"LifecycleConfiguration":{"Rule":{"Filter":"x"}}}', "PutBucketLifecycle", None),
        ('{"Filter":{"Not":{}}}', "GetCostAndUsage", '{"Not":{}}'),
    ],
)
def test_search_filters(document: str, event_name: str, expected: str | None) -> None:
    assert evaluate(f"search_filter(CAST('{document}' AS JSON), '{event_name}')") == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["filterSet", "parameterFilters", "Filter"], "ilter"), (["filters"], "filters"), (["filters", "xyz"], "")],
)
def test_what_names_have_in_common(names: list[str], expected: str) -> None:
    assert common_part(names) == expected


def _text(value: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if value is None else f"'{value}'"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.0", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("172.15.255.255", False),
        ("172.31.9.1", True),
        ("172.32.0.0", False),
        ("100.64.0.1", True),
        ("203.0.113.7", False),
        ("::ffff:192.168.1.1", True),
        ("fd12::1", True),
        ("fec0::1", False),
        ("::1", True),
        ("::2", False),
        ("no address", None),
    ],
)
def test_private_addresses(address: str, expected: bool | None) -> None:
    assert evaluate(f"is_private_address(address_hex({_text(address)}))") is expected
