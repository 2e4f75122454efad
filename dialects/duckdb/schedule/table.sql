/*---
writes = "duckdb"
types = { text = "VARCHAR", integer = "BIGINT", boolean = "BOOLEAN", timestamp = "TIMESTAMP", day = "DATE", array = "VARCHAR[]", json = "VARCHAR", document = "JSON" }
---*/
CREATE TABLE IF NOT EXISTS {{ table | table }} (
{{ columns | columns }}
)
