WITH parameters /* the values asked about */ AS (
  SELECT
    TO_TIMESTAMP_NTZ(
      REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}$', '\\1 \\2'), '^([0-9-]{10})$', '\\1 00:00:00'),
      'yyyy-mm-DD hh24:mi:ss'
    ) AS window_from,
    TO_TIMESTAMP_NTZ(
      REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}$', '\\1 \\2'), '^([0-9-]{10})$', '\\1 00:00:00'),
      'yyyy-mm-DD hh24:mi:ss'
    ) AS window_to
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
    recipient_account_id,
    identity_type,
    principal_id,
    identity_arn,
    account_id,
    access_key_id,
    created_at
  FROM chain_events
  CROSS JOIN parameters
  WHERE
    event_time >= parameters.window_from AND event_time < parameters.window_to
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
      delivered.event_source = 'signin.amazonaws.com' AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole') AS is_sign_in,
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
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      named.*,
      ROW_NUMBER() OVER (
        PARTITION BY named.event_id
        ORDER BY named.event_time, named.recipient_account_id, named.event_source, named.event_name, named.identity_type, named.principal_id, named.identity_arn, named.access_key_id, named.created_at, named.aws_region, named.error_code, named.source_ip, named.user_agent
      ) AS copy_number
    FROM named
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), uses /* each key with the credentials that it stood for. A sign-in shows the session that it opens beside the key of another, so it is left out. */ AS (
  SELECT
    events.access_key_id,
    events.session_id,
    events.principal_id,
    events.created_at AS session_created_at,
    MIN(events.identity_type) AS identity_type,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.account_id) AS account_id,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    COUNT(*) AS calls,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT events.source_ip) WITHIN GROUP (ORDER BY
      events.source_ip), 0, 20) AS source_ips,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT events.user_agent) WITHIN GROUP (ORDER BY
      events.user_agent), 0, 20) AS user_agents
  FROM events
  WHERE
    events.in_window AND NOT events.access_key_id IS NULL AND NOT COALESCE(events.is_sign_in, FALSE)
  GROUP BY
    events.access_key_id,
    events.session_id,
    events.principal_id,
    events.created_at
), compared /* unknown principals and creations differ from nothing: MIN and MAX leave them out */ AS (
  SELECT
    uses.*,
    MIN(uses.principal_id) OVER (PARTITION BY uses.access_key_id) AS first_principal,
    MAX(uses.principal_id) OVER (PARTITION BY uses.access_key_id) AS last_principal,
    MIN(uses.session_created_at) OVER (PARTITION BY uses.access_key_id) AS first_creation,
    MAX(uses.session_created_at) OVER (PARTITION BY uses.access_key_id) AS last_creation
  FROM uses
)
SELECT
  compared.access_key_id,
  compared.session_id,
  compared.principal_id,
  compared.identity_arn,
  compared.session_created_at,
  compared.first_seen,
  compared.last_seen,
  compared.calls,
  compared.identity_type,
  compared.account_id,
  compared.source_ips,
  compared.user_agents
FROM compared
WHERE
  compared.first_principal <> compared.last_principal OR compared.first_creation <> compared.last_creation
ORDER BY
  compared.access_key_id,
  compared.first_seen,
  compared.session_id,
  compared.principal_id,
  compared.session_created_at
