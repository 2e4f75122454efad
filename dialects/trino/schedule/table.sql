/*---
# https://trino.io/docs/current/connector/iceberg.html: MERGE needs a catalog such as Iceberg's
writes = "trino"
types = { text = "VARCHAR", integer = "BIGINT", boolean = "BOOLEAN", timestamp = "TIMESTAMP(6)", day = "DATE", array = "ARRAY<STRING>", json = "VARCHAR", document = "VARCHAR" }
---*/
CREATE TABLE IF NOT EXISTS {{ table | table }} (
{{ columns | columns }}
)
WITH (
  format = 'PARQUET'
{%- if partition == 'event_time' %},
  partitioning = ARRAY['day(event_time)']
{%- elif partition %},
  partitioning = ARRAY[{{ partition | literal }}]
{%- endif %}

)
