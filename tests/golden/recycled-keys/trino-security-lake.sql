WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), delivered /* the log, read through the layout security-lake */ AS (
  /* which CloudTrail field each OCSF field holds: https://github.com/ocsf/examples, mappings/markdown/AWS/v1.1.0/CloudTrail; */
  /* what cannot be told from it: docs/security-lake.md */
  SELECT
    NULLIF(metadata.uid, '') AS event_id,
    CAST(DATE_TRUNC('SECOND', time_dt) AS TIMESTAMP) AS event_time,
    NULLIF(api.service.name, '') AS event_source,
    NULLIF(api.operation, '') AS event_name,
    COALESCE(NULLIF(src_endpoint.ip, ''), NULLIF(src_endpoint.domain, '')) AS source_ip,
    NULLIF(http_request.user_agent, '') AS user_agent,
    NULLIF(actor.user.type, '') AS identity_type,
    CASE
      WHEN COALESCE(NULLIF(actor.idp.uid, ''), ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.identityStoreArn')) IS NULL
      OR NOT ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.userId') IS NULL
      THEN NULLIF(actor.user.uid_alt, '')
      WHEN actor.user.type = 'AssumedRole'
      THEN NULLIF(ELEMENT_AT(unmapped, 'userIdentity.sessionContext.sessionIssuer.principalId'), '') || ':' || NULLIF(REGEXP_EXTRACT(actor.user.uid, '/([^/]+)$', 1), '')
    END AS principal_id, /* Since July 2025 uid_alt is the user id of onBehalfOf where there is one, and the identity store stands in idp.uid (of account */ /* changes in unmapped, there without the user id, which older rows have beside it). The principal of a role session is then put */ /* together from its role and the name in its arn. */
    NULLIF(actor.user.uid, '') AS identity_arn,
    NULLIF(actor.user.account.uid, '') AS account_id,
    CASE WHEN REGEXP_LIKE(actor.user.credential_uid, '^[^a-z]+$') THEN actor.user.credential_uid END AS access_key_id, /* the credential id of a bearer token may stand here, which has small letters */
    CAST(DATE_TRUNC('SECOND', actor.session.created_time_dt) AS TIMESTAMP) AS created_at
  FROM amazon_security_lake_table_cloud_trail_mgmt_2_0
  CROSS JOIN parameters
  WHERE
    time_dt >= parameters.window_from AND time_dt < parameters.window_to
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
      ROW_NUMBER() OVER (PARTITION BY named.event_id) AS copy_number
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
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT events.source_ip) FILTER(WHERE
        NOT events.source_ip IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS source_ips,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT events.user_agent) FILTER(WHERE
        NOT events.user_agent IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS user_agents
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
