/*---
# a COPY cannot take a file apart (no FLATTEN there), so files land beside the log, and a task parts them
# https://docs.snowflake.com/en/user-guide/data-load-transform, .../sql-reference/sql/create-stream, .../create-task
takes = ["bucket", "account", "organization", "integration", "topic"]
needs = ["bucket", "integration"]
schemes = ["s3", "s3gov", "s3china"]
notes = [
  "the bucket announces new objects to the queue that SHOW PIPES names as notification_channel (or to --topic)",
  "a VARIANT holds 128 MB of a file, 16 MB in accounts from before that: COPY_HISTORY tells what was too large",
]
---*/
{% set suffix = '_files' %}
CREATE TABLE IF NOT EXISTS {{ table | table }} (
{{ columns | columns }}
)
  COMMENT = 'CloudTrail, one event a row; sqlgen layout event';

{% include 'parts/loading.sql' %}


-- Files become events within five minutes. The stream begins with what lies in the table already.
CREATE STREAM IF NOT EXISTS {{ table | table('_new_files') }}
  ON TABLE {{ table | table('_files') }}
  APPEND_ONLY = TRUE
  SHOW_INITIAL_ROWS = TRUE
  COMMENT = 'delivery files that are not taken apart yet';

CREATE TASK IF NOT EXISTS {{ table | table('_task') }}
  USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE = 'XSMALL'
  SCHEDULE = '5 MINUTE'
  DEFAULT_NULL_ORDERING = 'LAST'
  USER_TASK_TIMEOUT_MS = 14400000
  SUSPEND_TASK_AFTER_NUM_FAILURES = 0
  COMMENT = 'takes delivery files apart'
  WHEN SYSTEM$STREAM_HAS_DATA({{ table | table('_new_files') | literal }})
  AS
  INSERT INTO {{ table | table }} (raw)
  SELECT record.value
  FROM {{ table | table('_new_files') }} AS file, LATERAL FLATTEN(INPUT => file.v:Records) AS record
  WHERE IS_OBJECT(record.value);

ALTER TASK {{ table | table('_task') }} RESUME;
