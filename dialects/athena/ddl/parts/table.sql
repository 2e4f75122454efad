{% set trail = bucket ~ '/AWSLogs/' ~ (organization ~ '/' if organization else '') %}
{% set home = trail if many_accounts else trail ~ account[0] ~ '/CloudTrail/' %}
{% set folder = home ~ ('${account}/CloudTrail/' if many_accounts else '') %}
CREATE EXTERNAL TABLE IF NOT EXISTS {{ table | table }} (
{{ columns | columns }}
)
COMMENT {{ ('CloudTrail as delivered; sqlgen layout ' ~ layout) | literal }}
PARTITIONED BY (
{% if many_accounts %}
  `account` STRING,
{% endif %}
  `region` STRING,
  `timestamp` STRING
)
ROW FORMAT SERDE {{ serde | literal }}
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION {{ home | literal }}
TBLPROPERTIES (
  'classification' = 'cloudtrail',
  'projection.enabled' = 'true',
{% if many_accounts %}
  'projection.account.type' = 'enum',
  'projection.account.values' = {{ account | join(',') | literal }},
{% endif %}
  'projection.region.type' = 'enum',
  'projection.region.values' = {{ region | join(',') | literal }},
  'projection.timestamp.type' = 'date',
  'projection.timestamp.format' = 'yyyy/MM/dd',
  'projection.timestamp.interval' = '1',
  'projection.timestamp.interval.unit' = 'DAYS',
  'projection.timestamp.range' = {{ (since ~ ',NOW') | literal }},
  'storage.location.template' = {{ (folder ~ '${region}/${timestamp}') | literal }}
);
