/*---
# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html, ...querying-iceberg-supported-data-types.html
writes = "hive"
types = { text = "STRING", integer = "BIGINT", boolean = "BOOLEAN", timestamp = "TIMESTAMP", day = "DATE", array = "ARRAY<STRING>", json = "STRING", document = "STRING" }
# a MERGE that compares or sets an array without a cast may never end: https://github.com/aws/aws-sdk-pandas/issues/3018
compared = { array = "JSON_FORMAT(CAST(:column AS JSON))" }
put = { array = "CAST(:column AS ARRAY(VARCHAR))" }
---*/
CREATE TABLE IF NOT EXISTS {{ table | table }} (
{{ columns | columns }}
)
{% if partition == 'event_time' %}
PARTITIONED BY (day(event_time))
{% elif partition %}
PARTITIONED BY ({{ partition | name }})
{% endif %}
LOCATION {{ location | literal }}
TBLPROPERTIES (
  'table_type' = 'ICEBERG',
  'format' = 'parquet',
  'write_compression' = 'zstd'
)
