/*---
# Trino knows no CloudTrailInputFormat, so Athena's own table cannot be read by it; its OpenX JSON reader reads a delivery file as one row
# with the list of its records, and documents inside it as JSON text (476, tried).
# https://trino.io/docs/current/connector/hive.html: partition projection, as column and table properties
takes = ["bucket", "account", "organization", "region", "since"]
needs = ["bucket", "account"]
partitions = ["timestamp=yyyy/MM/dd"]
notes = [
  "run it in a catalog of the Hive connector; where storage has real folders (HDFS, local) its hive.ignore-absent-partitions has to be true",
]
---*/
{% set trail = bucket ~ '/AWSLogs/' ~ (organization ~ '/' if organization else '') %}
{% set home = trail if many_accounts else trail ~ account[0] ~ '/CloudTrail/' %}
{% set folder = home ~ ('${account}/CloudTrail/' if many_accounts else '') %}
-- the delivery files: one row a file, the list of its records
CREATE TABLE IF NOT EXISTS {{ table | table('_files') }} (
  records ARRAY(ROW(
{{ columns | columns(4) }}
  )),
{% if many_accounts %}
  account VARCHAR WITH (
    partition_projection_type = 'ENUM',
    partition_projection_values = ARRAY[{{ account | literals }}]
  ),
{% endif %}
  region VARCHAR WITH (
    partition_projection_type = 'ENUM',
    partition_projection_values = ARRAY[{{ region | literals }}]
  ),
  "timestamp" VARCHAR WITH (
    partition_projection_type = 'DATE',
    partition_projection_format = 'yyyy/MM/dd',
    partition_projection_range = ARRAY[{{ since | literal }}, 'NOW'],
    partition_projection_interval = 1,
    partition_projection_interval_unit = 'DAYS'
  )
)
COMMENT 'CloudTrail delivery files'
WITH (
  format = 'OPENX_JSON',
  external_location = {{ home | literal }},
  partitioned_by = ARRAY[{% if many_accounts %}'account', {% endif %}'region', 'timestamp'],
  partition_projection_enabled = TRUE,
  partition_projection_location_template = {{ (folder ~ '${region}/${timestamp}') | literal }}
);

-- the log: one row a record, as the layout has it
CREATE OR REPLACE VIEW {{ table | table }}
COMMENT {{ ('CloudTrail as delivered; sqlgen layout ' ~ layout) | literal }}
SECURITY INVOKER
AS
SELECT
  record.*,
{% if many_accounts %}
  file.account,
{% endif %}
  file.region,
  file."timestamp"
FROM {{ table | table('_files') }} AS file
CROSS JOIN UNNEST(file.records) AS record (
  {{ columns | names }}
);
