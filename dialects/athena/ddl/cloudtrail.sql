/*---
# https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html: SerDe, formats, projection
# https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
writes = "hive"
takes = ["bucket", "account", "organization", "region", "since"]
needs = ["bucket", "account"]
schemes = ["s3"]
partitions = ["timestamp=yyyy/MM/dd"]
---*/
{% set serde = 'org.apache.hive.hcatalog.data.JsonSerDe' %}
{% include 'parts/table.sql' %}
