WITH parameters /* the values asked about */ AS (
  SELECT
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
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
    NULLIF(recipient_account_id, '') AS recipient_account_id,
    NULLIF(user_identity.type, '') AS identity_type,
    NULLIF(user_identity.principal_id, '') AS principal_id,
    NULLIF(user_identity.arn, '') AS identity_arn,
    NULLIF(user_identity.account_id, '') AS account_id,
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
    )[1] AS created_at
  FROM aws_cloudtrail_log
  CROSS JOIN parameters
  WHERE
    DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) >= parameters.window_from
    AND DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) < parameters.window_to
), named /* each event with its session (docs/rules.md §1) */ AS (
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
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT events.source_ip) FILTER(WHERE
      NOT events.source_ip IS NULL))[1:20], CAST([] AS TEXT[])) AS source_ips,
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT events.user_agent) FILTER(WHERE
      NOT events.user_agent IS NULL))[1:20], CAST([] AS TEXT[])) AS user_agents
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
