-- The storage integration {{ integration | name }} lets Snowflake read the bucket; ACCOUNTADMIN makes it once:
-- https://docs.snowflake.com/en/user-guide/data-load-s3-config-storage-integration
CREATE FILE FORMAT IF NOT EXISTS {{ table | table('_format') }}
  TYPE = JSON
  COMPRESSION = AUTO
  STRIP_OUTER_ARRAY = FALSE
  COMMENT = 'CloudTrail delivery files';

CREATE STAGE IF NOT EXISTS {{ table | table('_stage') }}
  URL = {{ (bucket ~ '/AWSLogs/' ~ (organization ~ '/' if organization else '') ~ (account[0] ~ '/' if account | length == 1 else '')) | literal }}
  STORAGE_INTEGRATION = {{ integration | name }}
  FILE_FORMAT = (FORMAT_NAME = {{ table | table('_format') }})
  COMMENT = 'where the trail delivers';

CREATE TABLE IF NOT EXISTS {{ table | table(suffix) }} (v VARIANT)
  COMMENT = 'CloudTrail, one delivery file a row; sqlgen layout records';

-- A pipe matches what of a path is left after the stage's, a COPY the whole path; no digests and insights:
-- https://docs.snowflake.com/en/user-guide/data-load-considerations-load
CREATE PIPE IF NOT EXISTS {{ table | table('_pipe') }}
  AUTO_INGEST = TRUE
{% if topic %}
  AWS_SNS_TOPIC = {{ topic | literal }}
{% endif %}
  COMMENT = 'CloudTrail deliveries as they come'
  AS
  COPY INTO {{ table | table(suffix) }} (v)
  FROM (SELECT $1 FROM @{{ table | table('_stage') }})
  PATTERN = '(.*/)?CloudTrail/.*[.]json[.]gz'
  FILE_FORMAT = (FORMAT_NAME = {{ table | table('_format') }});

-- What lies there already: a pipe loads what is announced to it. A file that both load is counted once, by its event ids.
COPY INTO {{ table | table(suffix) }} (v)
  FROM (SELECT $1 FROM @{{ table | table('_stage') }})
  PATTERN = '(.*/)?CloudTrail/.*[.]json[.]gz'
  FILE_FORMAT = (FORMAT_NAME = {{ table | table('_format') }})
  ON_ERROR = SKIP_FILE;
