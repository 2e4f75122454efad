/*---
# https://docs.snowflake.com/en/sql-reference/sql/create-table
writes = "snowflake"
types = { text = "VARCHAR", integer = "NUMBER(38, 0)", boolean = "BOOLEAN", timestamp = "TIMESTAMP_NTZ", day = "DATE", array = "ARRAY", json = "VARCHAR", document = "VARIANT" }
---*/
CREATE TABLE IF NOT EXISTS {{ table | table }} (
{{ columns | columns }}
)
