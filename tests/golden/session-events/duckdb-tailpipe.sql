WITH parameters /* the values asked about */ AS (
  SELECT
    CAST($access_key AS TEXT) AS access_key,
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout tailpipe */ AS (
  /* Tailpipe drops fields that it does not know: sourceIdentity, onBehalfOf and vpcEndpointAccountId are not there */
  SELECT
    NULLIF(event_id, '') AS event_id,
    DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) AS event_time,
    NULLIF(event_source, '') AS event_source,
    NULLIF(event_name, '') AS event_name,
    NULLIF(aws_region, '') AS aws_region,
    NULLIF(source_ip_address, '') AS source_ip,
    NULLIF(user_agent, '') AS user_agent,
    NULLIF(error_code, '') AS error_code,
    NULLIF(error_message, '') AS error_message,
    CASE LOWER(CAST(read_only AS TEXT)) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
    NULLIF(recipient_account_id, '') AS recipient_account_id,
    NULLIF(user_identity.type, '') AS identity_type,
    NULLIF(user_identity.principal_id, '') AS principal_id,
    NULLIF(user_identity.arn, '') AS identity_arn,
    NULLIF(user_identity.access_key_id, '') AS access_key_id,
    LIST_TRANSFORM(
      [CAST(user_identity.session_context.attributes.creation_date AS TEXT)],
      LAMBDA t : CASE
        WHEN REGEXP_FULL_MATCH(t, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
        THEN TRY_STRPTIME(t, '%Y-%m-%dT%H:%M:%SZ')
        WHEN REGEXP_FULL_MATCH(t, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
        THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(t, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
          CASE
            WHEN REGEXP_MATCHES(t, '[T ].*[+-]\d{2}(:?\d{2})?$')
            THEN TRY_CAST(REGEXP_EXTRACT(t, '([+-])\d{2}(:?\d{2})?$', 1) || '1' AS INT) * (
              60 * TRY_CAST(REGEXP_EXTRACT(t, '[+-](\d{2})(:?\d{2})?$', 1) AS INT) + COALESCE(TRY_CAST(REGEXP_EXTRACT(t, '[+-]\d{2}:?(\d{2})$', 1) AS INT), 0)
            )
            ELSE 0
          END
        )
      END
    )[1] AS created_at,
    CASE WHEN JSON_TYPE(request_parameters) IN ('OBJECT', 'ARRAY') THEN request_parameters END AS request_parameters,
    CASE WHEN JSON_TYPE(response_elements) IN ('OBJECT', 'ARRAY') THEN response_elements END AS response_elements,
    CASE WHEN JSON_TYPE(resources) IN ('OBJECT', 'ARRAY') THEN resources END AS resources
  FROM aws_cloudtrail_log
  CROSS JOIN parameters
  WHERE
    DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) >= parameters.window_from
    AND DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) < parameters.window_to
), named /* each event with its session (docs/rules.md §1) */ AS MATERIALIZED (
  SELECT
    timed.*,
    CASE
      WHEN NOT timed.principal_id IS NULL AND NOT timed.session_created_at IS NULL
      THEN timed.principal_id || '@' || STRFTIME(timed.session_created_at, '%Y-%m-%dT%H:%M:%SZ')
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
      REGEXP_MATCHES(
        events.event_name,
        '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
      ),
      FALSE
    )
  ) AS read_only,
  events.error_code,
  events.error_message,
  LIST_FILTER([CAST(events.resources -> '$' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1] AS resources,
  LIST_FILTER([CAST(events.request_parameters -> '$' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1] AS request_parameters,
  LIST_FILTER([CAST(events.response_elements -> '$' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1] AS response_elements
FROM events
ORDER BY
  events.event_time,
  events.event_id
