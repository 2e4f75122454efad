WITH parameters /* the values asked about */ AS (
  SELECT
    CAST($access_key AS TEXT) AS access_key,
    CAST($window_from AS TIMESTAMP) AS window_from,
    CAST($window_to AS TIMESTAMP) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout files */ AS (
  SELECT
    record.event_id,
    CASE
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.event_time_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.event_time_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.event_time_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
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
      WHEN REGEXP_FULL_MATCH(record.created_at_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.created_at_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.created_at_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.created_at_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.created_at_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.created_at_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.created_at_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.created_at_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
      )
    END AS created_at,
    record.request_parameters,
    record.response_elements,
    record.resources
  FROM (
    SELECT
      CASE WHEN NOT JSON_TYPE(eventID, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventID ->> '$', '') END AS event_id,
      CASE WHEN NOT JSON_TYPE(eventTime, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventTime ->> '$', '') END AS event_time_text,
      CASE WHEN NOT JSON_TYPE(eventSource, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventSource ->> '$', '') END AS event_source,
      CASE WHEN NOT JSON_TYPE(eventName, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventName ->> '$', '') END AS event_name,
      CASE WHEN NOT JSON_TYPE(awsRegion, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(awsRegion ->> '$', '') END AS aws_region,
      CASE WHEN NOT JSON_TYPE(sourceIPAddress, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(sourceIPAddress ->> '$', '') END AS source_ip,
      CASE WHEN NOT JSON_TYPE(userAgent, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(userAgent ->> '$', '') END AS user_agent,
      CASE WHEN NOT JSON_TYPE(errorCode, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(errorCode ->> '$', '') END AS error_code,
      CASE WHEN NOT JSON_TYPE(errorMessage, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(errorMessage ->> '$', '') END AS error_message,
      CASE WHEN NOT JSON_TYPE(recipientAccountId, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(recipientAccountId ->> '$', '') END AS recipient_account_id,
      LOWER(CASE WHEN NOT JSON_TYPE(readOnly, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(readOnly ->> '$', '') END) AS read_only_text,
      CASE WHEN NOT JSON_TYPE(userIdentity, '$.type') IN ('OBJECT', 'ARRAY') THEN NULLIF(userIdentity ->> '$.type', '') END AS identity_type,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.principalId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.principalId', '')
      END AS principal_id,
      CASE WHEN NOT JSON_TYPE(userIdentity, '$.arn') IN ('OBJECT', 'ARRAY') THEN NULLIF(userIdentity ->> '$.arn', '') END AS identity_arn,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.accessKeyId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.accessKeyId', '')
      END AS access_key_id,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.sessionContext.attributes.creationDate') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.sessionContext.attributes.creationDate', '')
      END AS created_at_text,
      CASE WHEN JSON_TYPE(requestParameters) IN ('OBJECT', 'ARRAY') THEN requestParameters END AS request_parameters,
      CASE WHEN JSON_TYPE(responseElements) IN ('OBJECT', 'ARRAY') THEN responseElements END AS response_elements,
      CASE WHEN JSON_TYPE(resources) IN ('OBJECT', 'ARRAY') THEN resources END AS resources
    FROM delivery_records
  ) AS record
  CROSS JOIN parameters
  WHERE
    CASE
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.event_time_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.event_time_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.event_time_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
      )
    END >= parameters.window_from
    AND CASE
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.event_time_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.event_time_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.event_time_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
      )
    END < parameters.window_to
), events /* each event once, with its session (docs/rules.md §1) */ AS MATERIALIZED (
  SELECT
    counted.*,
    CASE
      WHEN NOT counted.principal_id IS NULL AND NOT counted.session_created_at IS NULL
      THEN counted.principal_id || '@' || STRFTIME(counted.session_created_at, '%Y-%m-%dT%H:%M:%SZ')
      ELSE counted.access_key_id
    END AS session_id
  FROM (
    SELECT
      delivered.*,
      delivered.event_source = 'signin.amazonaws.com' AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole') AS is_sign_in,
      CASE
        WHEN NOT delivered.created_at IS NULL
        THEN delivered.created_at
        WHEN delivered.event_source = 'signin.amazonaws.com' AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole')
        THEN delivered.event_time
      END AS session_created_at,
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window,
      ROW_NUMBER() OVER (
        PARTITION BY delivered.event_id
        ORDER BY delivered.event_time, delivered.recipient_account_id, delivered.event_source, delivered.event_name, delivered.identity_type, delivered.principal_id, delivered.identity_arn, delivered.access_key_id, delivered.created_at, delivered.aws_region, delivered.error_code, delivered.source_ip, delivered.user_agent
      ) AS copy_number
    FROM delivered
    CROSS JOIN parameters
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
      REGEXP_MATCHES(
        events.event_name,
        '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
      ),
      FALSE
    )
  ) AS read_only,
  events.error_code,
  events.error_message,
  CASE
    WHEN NOT CAST(events.resources -> '$' AS TEXT) IN ('null', '{}', '[]', '""')
    THEN CAST(events.resources -> '$' AS TEXT)
  END AS resources,
  CASE
    WHEN NOT CAST(events.request_parameters -> '$' AS TEXT) IN ('null', '{}', '[]', '""')
    THEN CAST(events.request_parameters -> '$' AS TEXT)
  END AS request_parameters,
  CASE
    WHEN NOT CAST(events.response_elements -> '$' AS TEXT) IN ('null', '{}', '[]', '""')
    THEN CAST(events.response_elements -> '$' AS TEXT)
  END AS response_elements
FROM events
WHERE
  events.in_window
  AND events.session_id IN (
    SELECT
      events.session_id
    FROM events
    WHERE
      events.in_window AND events.access_key_id IN (
        SELECT
          wanted_access_key.value
        FROM wanted_access_key
      )
  )
ORDER BY
  events.event_time,
  events.event_id
