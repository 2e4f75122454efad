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
), delivered /* the log, read through the layout store */ AS (
  SELECT
    event_id,
    event_time,
    event_source,
    event_name,
    aws_region,
    source_ip,
    user_agent,
    error_code,
    error_message,
    read_only,
    recipient_account_id,
    identity_type,
    principal_id,
    identity_arn,
    access_key_id,
    created_at,
    request_parameters,
    response_elements,
    resources
  FROM chain_events
  CROSS JOIN parameters
  WHERE
    event_time >= parameters.window_from AND event_time < parameters.window_to
), events /* each event once, with its session (docs/rules.md §1) */ AS (
  SELECT
    counted.*,
    CASE
      WHEN NOT counted.principal_id IS NULL AND NOT counted.session_created_at IS NULL
      THEN counted.principal_id || '@' || (
        TO_CHAR(counted.session_created_at, 'YYYY-MM-DD') || 'T' || TO_CHAR(counted.session_created_at, 'HH24:MI:SS') || 'Z'
      )
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
      ROW_NUMBER() OVER (
        PARTITION BY delivered.event_id
        ORDER BY delivered.event_time, delivered.recipient_account_id, delivered.event_source, delivered.event_name, delivered.identity_type, delivered.principal_id, delivered.identity_arn, delivered.access_key_id, delivered.created_at, delivered.aws_region, delivered.error_code, delivered.source_ip, delivered.user_agent
      ) AS copy_number,
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window
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
