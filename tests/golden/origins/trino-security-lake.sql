WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout security-lake */ AS (
  /* which CloudTrail field each OCSF field holds: https://github.com/ocsf/examples, mappings/markdown/AWS/v1.1.0/CloudTrail; */
  /* what cannot be told from it: docs/security-lake.md */
  SELECT
    NULLIF(metadata.uid, '') AS event_id,
    CAST(DATE_TRUNC('SECOND', time_dt) AS TIMESTAMP) AS event_time,
    NULLIF(api.service.name, '') AS event_source,
    NULLIF(api.operation, '') AS event_name,
    NULLIF(cloud.region, '') AS aws_region,
    COALESCE(NULLIF(src_endpoint.ip, ''), NULLIF(src_endpoint.domain, '')) AS source_ip,
    NULLIF(http_request.user_agent, '') AS user_agent,
    NULLIF(api.response.error, '') AS error_code,
    NULLIF(ELEMENT_AT(unmapped, 'recipientAccountId'), '') AS recipient_account_id,
    NULLIF(src_endpoint.uid, '') AS vpc_endpoint_id,
    NULLIF(ELEMENT_AT(unmapped, 'vpcEndpointAccountId'), '') AS vpc_endpoint_account_id,
    CASE
      WHEN COALESCE(NULLIF(actor.idp.uid, ''), ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.identityStoreArn')) IS NULL
      OR NOT ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.userId') IS NULL
      THEN NULLIF(actor.user.uid_alt, '')
      WHEN actor.user.type = 'AssumedRole'
      THEN NULLIF(ELEMENT_AT(unmapped, 'userIdentity.sessionContext.sessionIssuer.principalId'), '') || ':' || NULLIF(REGEXP_EXTRACT(actor.user.uid, '/([^/]+)$', 1), '')
    END AS principal_id, /* Since July 2025 uid_alt is the user id of onBehalfOf where there is one, and the identity store stands in idp.uid (of account */ /* changes in unmapped, there without the user id, which older rows have beside it). The principal of a role session is then put */ /* together from its role and the name in its arn. */
    NULLIF(actor.user.uid, '') AS identity_arn,
    CASE WHEN REGEXP_LIKE(actor.user.credential_uid, '^[^a-z]+$') THEN actor.user.credential_uid END AS access_key_id, /* the credential id of a bearer token may stand here, which has small letters */
    NULLIF(actor.invoked_by, '') AS invoked_by,
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
), told /* what each event tells here: a session called, and whose log it is in. So it stands twice; the log itself is read once. */ AS (
  SELECT
    roles.role,
    CASE WHEN roles.role = 'log' THEN events.recipient_account_id END AS log_account_id,
    CASE WHEN roles.role = 'call' THEN events.session_id END AS session_id,
    CASE WHEN roles.role = 'call' THEN events.source_ip END AS source_ip,
    CASE WHEN roles.role = 'call' THEN events.vpc_endpoint_id END AS vpc_endpoint_id,
    CASE WHEN roles.role = 'call' THEN events.user_agent END AS user_agent,
    CASE WHEN roles.role = 'call' THEN events.vpc_endpoint_account_id END AS vpc_endpoint_account_id,
    events.identity_arn,
    events.event_time,
    events.invoked_by,
    events.error_code,
    events.access_key_id,
    events.aws_region
  FROM events
  CROSS JOIN (
    SELECT
      'call' AS role
    UNION ALL
    SELECT
      'log' AS role
  ) AS roles
  WHERE
    events.in_window
    AND CASE roles.role WHEN 'call' THEN NOT events.session_id IS NULL ELSE NOT events.recipient_account_id IS NULL END
), gathered AS (
  SELECT
    told.role,
    COALESCE(told.log_account_id, MIN(told.vpc_endpoint_account_id)) AS owner_account_id,
    told.session_id,
    told.source_ip,
    told.vpc_endpoint_id,
    told.user_agent,
    MIN(told.identity_arn) AS identity_arn,
    MIN(told.vpc_endpoint_account_id) AS vpc_endpoint_account_id,
    COUNT(*) AS calls,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    SUM(
      CASE
        WHEN COALESCE(
          (
            told.error_code IN (
              'AccessDenied',
              'AccessDeniedException',
              'Client.UnauthorizedOperation',
              'UnauthorizedOperation',
              'UnauthorizedAccess',
              'AuthorizationError',
              'NotAuthorized',
              'NotAuthorizedException',
              'Forbidden',
              'ForbiddenException',
              'InvalidAccessException',
              'VpceAccessDenied',
              'Client.OperationNotPermitted'
            )
            OR (
              REGEXP_LIKE(LOWER(told.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)')
            )
          ),
          FALSE
        )
        THEN 1
        ELSE 0
      END
    ) AS denied,
    COUNT(told.invoked_by) AS forwarded,
    SUM(CASE WHEN told.invoked_by <> 'signin.amazonaws.com' THEN 1 ELSE 0 END) AS served_calls,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT told.access_key_id) FILTER(WHERE
        NOT told.access_key_id IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS access_keys,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT told.aws_region) FILTER(WHERE
        NOT told.aws_region IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS regions,
    COUNT(wanted_access_key.value) AS asked_calls
  FROM told
  LEFT JOIN wanted_access_key
    ON wanted_access_key.value = told.access_key_id
  GROUP BY
    told.role,
    told.log_account_id,
    told.session_id,
    told.source_ip,
    told.vpc_endpoint_id,
    told.user_agent
), placed /* each place beside what is known of its whole session and of its endpoint's owner */ AS (
  SELECT
    gathered.*,
    MIN(gathered.identity_arn) OVER (PARTITION BY gathered.session_id) AS session_arn,
    MAX(gathered.asked_calls) OVER (PARTITION BY gathered.session_id) AS session_asked_calls,
    MAX(CASE WHEN gathered.role = 'log' THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.owner_account_id) AS is_own_account,
    CASE
      WHEN REGEXP_LIKE(gathered.source_ip, '^[0-9A-Fa-f:.]+\z')
      THEN LOWER(TO_HEX(CAST(TRY_CAST(gathered.source_ip AS IPADDRESS) AS VARBINARY)))
    END AS address
  FROM gathered
)
SELECT
  placed.session_id,
  placed.source_ip,
  placed.vpc_endpoint_id,
  placed.user_agent,
  placed.session_arn AS identity_arn,
  placed.vpc_endpoint_account_id,
  CASE
    WHEN (
      placed.source_ip LIKE 'AWS Internal%'
      OR placed.source_ip LIKE '%.amazonaws.com'
      OR placed.source_ip LIKE '%.amazonaws.com.cn'
    )
    OR (
      placed.vpc_endpoint_id LIKE 'AWS Internal%'
      OR placed.vpc_endpoint_id LIKE '%.amazonaws.com'
      OR placed.vpc_endpoint_id LIKE '%.amazonaws.com.cn'
    )
    OR (
      placed.vpc_endpoint_account_id LIKE 'AWS Internal%'
      OR placed.vpc_endpoint_account_id LIKE '%.amazonaws.com'
      OR placed.vpc_endpoint_account_id LIKE '%.amazonaws.com.cn'
    )
    OR placed.served_calls = placed.calls
    THEN 'aws'
    WHEN NOT placed.vpc_endpoint_account_id IS NULL AND placed.is_own_account = 1
    THEN 'own-endpoint'
    WHEN NOT placed.vpc_endpoint_account_id IS NULL
    THEN 'foreign-endpoint'
    WHEN NOT placed.vpc_endpoint_id IS NULL
    THEN 'unknown-endpoint'
    WHEN placed.address BETWEEN '00000000000000000000000000000001' AND '00000000000000000000000000000001'
    OR placed.address BETWEEN '00000000000000000000ffff0a000000' AND '00000000000000000000ffff0affffff'
    OR placed.address BETWEEN '00000000000000000000ffff64400000' AND '00000000000000000000ffff647fffff'
    OR placed.address BETWEEN '00000000000000000000ffff7f000000' AND '00000000000000000000ffff7fffffff'
    OR placed.address BETWEEN '00000000000000000000ffffa9fe0000' AND '00000000000000000000ffffa9feffff'
    OR placed.address BETWEEN '00000000000000000000ffffac100000' AND '00000000000000000000ffffac1fffff'
    OR placed.address BETWEEN '00000000000000000000ffffc0a80000' AND '00000000000000000000ffffc0a8ffff'
    OR placed.address BETWEEN 'fc000000000000000000000000000000' AND 'fdffffffffffffffffffffffffffffff'
    OR placed.address BETWEEN 'fe800000000000000000000000000000' AND 'febfffffffffffffffffffffffffffff'
    THEN 'private'
    WHEN NOT placed.address IS NULL
    THEN 'public'
  END AS trust, /* the first that holds (docs/rules.md §10) */
  placed.calls,
  placed.first_seen,
  placed.last_seen,
  CAST(NULL AS BOOLEAN) AS in_own_range,
  placed.denied,
  placed.forwarded,
  placed.access_keys,
  placed.regions
FROM placed
WHERE
  NOT placed.session_id IS NULL AND placed.session_asked_calls > 0
ORDER BY
  placed.session_id,
  placed.first_seen,
  placed.source_ip,
  placed.vpc_endpoint_id,
  placed.user_agent
