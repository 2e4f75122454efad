/*---
# https://docs.snowflake.com/en/sql-reference/sql/create-task: without a warehouse it is serverless. A new or replaced task is suspended.
---*/
CREATE OR REPLACE TASK {{ task | table }}
  USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE = 'XSMALL'
  SCHEDULE = {{ schedule | literal }}
  ALLOW_OVERLAPPING_EXECUTION = FALSE
  COMMENT = {{ about | literal }}
  AS
{{ statement | statement }}
