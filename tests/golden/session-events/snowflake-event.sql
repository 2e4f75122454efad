WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    TO_TIMESTAMP_NTZ(
      REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}$', '\\1 \\2'), '^([0-9-]{10})$', '\\1 00:00:00'),
      'yyyy-mm-DD hh24:mi:ss'
    ) AS window_from,
    TO_TIMESTAMP_NTZ(
      REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}$', '\\1 \\2'), '^([0-9-]{10})$', '\\1 00:00:00'),
      'yyyy-mm-DD hh24:mi:ss'
    ) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout event */ AS (
  SELECT
    record.event_id,
    CASE
      WHEN REGEXP_LIKE(record.event_time_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
      THEN DATEADD(
        MINUTE,
        IFF(REGEXP_SUBSTR(record.event_time_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
          60 * COALESCE(CAST(REGEXP_SUBSTR(record.event_time_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(record.event_time_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
        ),
        TRY_TO_TIMESTAMP_NTZ(
          REGEXP_REPLACE(record.event_time_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
          'yyyy-mm-DD hh24:mi:ss'
        )
      )
    END AS event_time,
    record.event_source,
    record.event_name,
    record.aws_region,
    record.source_ip,
    record.user_agent,
    record.error_code,
    record.error_message,
    record.recipient_account_id,
    CASE record.read_only_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
    record.identity_type,
    record.principal_id,
    record.identity_arn,
    record.access_key_id,
    CASE
      WHEN REGEXP_LIKE(record.created_at_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
      THEN DATEADD(
        MINUTE,
        IFF(REGEXP_SUBSTR(record.created_at_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
          60 * COALESCE(CAST(REGEXP_SUBSTR(record.created_at_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(record.created_at_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
        ),
        TRY_TO_TIMESTAMP_NTZ(
          REGEXP_REPLACE(record.created_at_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
          'yyyy-mm-DD hh24:mi:ss'
        )
      )
    END AS created_at,
    record.request_parameters,
    record.response_elements,
    record.resources
  FROM (
    SELECT
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventID')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventID'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventID') AS VARCHAR), '')
      END AS event_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventTime')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventTime'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventTime') AS VARCHAR), '')
      END AS event_time_text,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventSource')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventSource'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventSource') AS VARCHAR), '')
      END AS event_source,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventName')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventName'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventName') AS VARCHAR), '')
      END AS event_name,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'awsRegion')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'awsRegion'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'awsRegion') AS VARCHAR), '')
      END AS aws_region,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'sourceIPAddress')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'sourceIPAddress'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'sourceIPAddress') AS VARCHAR), '')
      END AS source_ip,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userAgent')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userAgent'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userAgent') AS VARCHAR), '')
      END AS user_agent,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'errorCode')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'errorCode'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'errorCode') AS VARCHAR), '')
      END AS error_code,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'errorMessage')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'errorMessage'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'errorMessage') AS VARCHAR), '')
      END AS error_message,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'recipientAccountId')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'recipientAccountId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'recipientAccountId') AS VARCHAR), '')
      END AS recipient_account_id,
      LOWER(
        CASE
          WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'readOnly')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'readOnly'))
          THEN NULLIF(CAST(GET_PATH(log.raw, 'readOnly') AS VARCHAR), '')
        END
      ) AS read_only_text,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.type')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.type'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.type') AS VARCHAR), '')
      END AS identity_type,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.principalId'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.principalId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.principalId') AS VARCHAR), '')
      END AS principal_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.arn')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.arn'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.arn') AS VARCHAR), '')
      END AS identity_arn,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.accessKeyId') AS VARCHAR), '')
      END AS access_key_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.creationDate'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.creationDate'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.creationDate') AS VARCHAR), '')
      END AS created_at_text,
      CASE
        WHEN IS_OBJECT(GET_PATH(log.raw, 'requestParameters')) OR IS_ARRAY(GET_PATH(log.raw, 'requestParameters'))
        THEN GET_PATH(log.raw, 'requestParameters')
      END AS request_parameters,
      CASE
        WHEN IS_OBJECT(GET_PATH(log.raw, 'responseElements')) OR IS_ARRAY(GET_PATH(log.raw, 'responseElements'))
        THEN GET_PATH(log.raw, 'responseElements')
      END AS response_elements,
      CASE
        WHEN IS_OBJECT(GET_PATH(log.raw, 'resources')) OR IS_ARRAY(GET_PATH(log.raw, 'resources'))
        THEN GET_PATH(log.raw, 'resources')
      END AS resources
    FROM cloudtrail_events AS log
    CROSS JOIN parameters
    WHERE
      IS_OBJECT(log.raw)
      AND CASE
        WHEN REGEXP_LIKE(event_time_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
        THEN DATEADD(
          MINUTE,
          IFF(REGEXP_SUBSTR(event_time_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
            60 * COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
          ),
          TRY_TO_TIMESTAMP_NTZ(
            REGEXP_REPLACE(event_time_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
            'yyyy-mm-DD hh24:mi:ss'
          )
        )
      END >= parameters.window_from
      AND CASE
        WHEN REGEXP_LIKE(event_time_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
        THEN DATEADD(
          MINUTE,
          IFF(REGEXP_SUBSTR(event_time_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
            60 * COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
          ),
          TRY_TO_TIMESTAMP_NTZ(
            REGEXP_REPLACE(event_time_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
            'yyyy-mm-DD hh24:mi:ss'
          )
        )
      END < parameters.window_to
  ) AS record
), named /* each event with its session (docs/rules.md §1) */ AS (
  SELECT
    timed.*,
    CASE
      WHEN NOT timed.principal_id IS NULL AND NOT timed.session_created_at IS NULL
      THEN timed.principal_id || '@' || (
        TO_CHAR(timed.session_created_at, 'YYYY-MM-DD') || 'T' || TO_CHAR(timed.session_created_at, 'HH24:MI:SS') || 'Z'
      )
      ELSE timed.access_key_id
    END AS session_id
  FROM (
    SELECT
      delivered.*,
      CASE
        WHEN NOT delivered.created_at IS NULL
        THEN delivered.created_at
        WHEN delivered.event_source = 'signin.amazonaws.com' AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole')
        THEN delivered.event_time
      END AS session_created_at,
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window
    FROM delivered
    CROSS JOIN parameters
  ) AS timed
), asked /* those of the sessions that are asked about */ AS (
  SELECT
    named.*
  FROM named
  WHERE
    named.in_window
    AND named.session_id IN (
      SELECT
        named.session_id
      FROM named
      WHERE
        named.in_window AND named.access_key_id IN (
          SELECT
            wanted_access_key.value
          FROM wanted_access_key
        )
    )
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      asked.*,
      ROW_NUMBER() OVER (
        PARTITION BY asked.event_id
        ORDER BY asked.event_time, asked.recipient_account_id, asked.event_source, asked.event_name, asked.identity_type, asked.principal_id, asked.identity_arn, asked.access_key_id, asked.created_at, asked.aws_region, asked.error_code, asked.source_ip, asked.user_agent
      ) AS copy_number
    FROM asked
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
)
SELECT
  events.event_time,
  events.event_id,
  events.session_id,
  events.access_key_id,
  events.identity_arn,
  events.event_source,
  events.event_name,
  events.aws_region,
  events.source_ip,
  events.user_agent,
  COALESCE(
    events.read_only,
    COALESCE(
      REGEXP_INSTR(
        events.event_name,
        '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
      ) > 0,
      FALSE
    )
  ) AS read_only,
  events.error_code,
  events.error_message,
  NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(events.resources), 'null'), '{}'), '[]'), '""') AS resources,
  NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(events.request_parameters), 'null'), '{}'), '[]'), '""') AS request_parameters,
  NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(events.response_elements), 'null'), '{}'), '[]'), '""') AS response_elements
FROM events
ORDER BY
  events.event_time,
  events.event_id
