/*---
# AWS advises against this SerDe: it may not see newer fields (https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-serde.html)
writes = "hive"
takes = ["bucket", "account", "organization", "region", "since"]
needs = ["bucket", "account"]
schemes = ["s3"]
partitions = ["timestamp=yyyy/MM/dd"]
notes = ["the layout cloudtrail has what this older one lacks (sign of a console session, endpoint accounts): prefer it for a new table"]
---*/
{% set serde = 'com.amazon.emr.hive.serde.CloudTrailSerde' %}
{% include 'parts/table.sql' %}
