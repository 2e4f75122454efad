"""Athena's own statements for Iceberg tables as Trino takes them.

docs.aws.amazon.com/athena/latest/ug: querying-iceberg-creating-tables, querying-iceberg-alter-table-add-columns, querying-iceberg-data-optimization
"""

from __future__ import annotations

import re

from sqlglot import exp, parse_one

TABLE = re.compile(
    r"\s*CREATE\s+TABLE\s.*\bTBLPROPERTIES\s*\(.*'table_type'\s*=\s*'ICEBERG'", re.IGNORECASE | re.DOTALL
)
PARTITIONS = re.compile(r"\bPARTITIONED\s+BY\s*\(((?:[^()]|\([^()]*\))*)\)", re.IGNORECASE)
ADD = re.compile(r"\s*(ALTER\s+TABLE\s+\S+\s+ADD)\s+COLUMNS\s*\(\s*(\w+)\s+(.+)\)\s*", re.IGNORECASE | re.DOTALL)
OPTIMIZE = re.compile(r"\s*OPTIMIZE\s+(\S+)\s+REWRITE\s+DATA\s+USING\s+BIN_PACK\s*", re.IGNORECASE)
VACUUM = re.compile(r"\s*VACUUM\s+(\S+)\s*", re.IGNORECASE)
RETENTION = "7d"  # the least that Trino takes; Athena's own default is five days


class IcebergError(Exception):
    """What Athena refuses; the text is its reason."""


def for_trino(sql: str) -> str:
    """Return a statement that Athena alone knows as Trino's, with the table properties of Athena's CTAS; any other as it is."""
    if TABLE.match(sql):
        return table(sql)
    if match := ADD.fullmatch(sql):
        return f"{match[1]} COLUMN {match[2]} {column_type(exp.DataType.build(match[3].strip(), dialect='hive'))}"
    if match := OPTIMIZE.fullmatch(sql):
        return f"ALTER TABLE {match[1]} EXECUTE optimize"
    if match := VACUUM.fullmatch(sql):
        return f"ALTER TABLE {match[1]} EXECUTE expire_snapshots(retention_threshold => '{RETENTION}')"
    return sql


def table(sql: str) -> str:
    """Return a CREATE TABLE of Athena's as Trino's."""
    made = parse_one(PARTITIONS.sub("", sql), read="athena")
    given = {
        item.this.name.lower(): item.args["value"].name
        for item in made.find_all(exp.Property)
        if item.args.get("value")
    }
    location = made.find(exp.LocationProperty)
    if location is None or not location.this.name.startswith("s3://"):
        raise IcebergError(
            "Table location can not be specified for tables hosted in other places than S3, or is missing"
        )
    columns = ", ".join(
        f"{item.this.sql(dialect='trino')} {column_type(item.args['kind'])}" for item in made.this.expressions
    )
    properties = ["table_type = 'ICEBERG'", "is_external = false", f"location = '{location.this.name}'"]
    properties += [f"format = '{given['format'].upper()}'"] if "format" in given else []
    if match := PARTITIONS.search(sql):
        parts = ", ".join(f"'{part.strip()}'" for part in match[1].split(","))
        properties.append(f"partitioning = ARRAY[{parts}]")
    exists = "IF NOT EXISTS " if made.args.get("exists") else ""
    name = made.this.this.sql(dialect="trino")
    return f"CREATE TABLE {exists}{name} ({columns}) WITH ({', '.join(properties)})"


def column_type(kind: exp.DataType) -> str:
    """Return a type of Athena's DDL as the Iceberg tables of Trino have it."""
    return re.sub(r"\bTIMESTAMP\b(?!\()", "TIMESTAMP(6)", kind.sql(dialect="trino"))
