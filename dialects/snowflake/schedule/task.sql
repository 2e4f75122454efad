/*---
# https://docs.snowflake.com/en/sql-reference/sql/create-task: without a warehouse it is serverless. A new or replaced task is suspended.
# By default a run ends after an hour, and ten failures in a row switch a task off. Where nulls come decides between copies, as for `run`.
---*/
CREATE OR REPLACE TASK {{ task | table }}
  USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE = 'XSMALL'
  SCHEDULE = {{ schedule | literal }}
  ALLOW_OVERLAPPING_EXECUTION = FALSE
  DEFAULT_NULL_ORDERING = 'LAST'
  USER_TASK_TIMEOUT_MS = 14400000
  SUSPEND_TASK_AFTER_NUM_FAILURES = 0
  COMMENT = {{ about | literal }}
  AS
{{ statement | statement }}
