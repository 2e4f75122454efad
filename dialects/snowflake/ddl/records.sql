/*---
# https://docs.snowflake.com/en/sql-reference/sql/create-pipe, .../create-stage, .../create-file-format, .../copy-into-table
takes = ["bucket", "account", "organization", "integration", "topic"]
needs = ["bucket", "integration"]
schemes = ["s3", "s3gov", "s3china"]
notes = [
  "the bucket announces new objects to the queue that SHOW PIPES names as notification_channel (or to --topic)",
  "a VARIANT holds 128 MB of a file, 16 MB in accounts from before that: COPY_HISTORY tells what was too large",
]
---*/
{% set suffix = '' %}
{% include 'parts/loading.sql' %}
