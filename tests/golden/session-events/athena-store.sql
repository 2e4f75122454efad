WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
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
), named /* each event with its session (docs/rules.md §1) */ AS (
  SELECT
    timed.*,
    CASE
      WHEN NOT timed.principal_id IS NULL AND NOT timed.session_created_at IS NULL
      THEN timed.principal_id || '@' || DATE_FORMAT(timed.session_created_at, '%Y-%m-%dT%TZ')
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
      REGEXP_LIKE(
        events.event_name,
        '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
      ),
      FALSE
    )
  ) AS read_only,
  events.error_code,
  events.error_message,
  ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(events.resources, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1) AS resources,
  ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(events.request_parameters, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1) AS request_parameters,
  ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(events.response_elements, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1) AS response_elements
FROM asked AS events
ORDER BY
  events.event_time,
  events.event_id
