WITH parameters /* the values asked about */ AS (
  SELECT
    CAST($access_key AS TEXT) AS access_key,
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout store */ AS (
  SELECT
    event_time,
    event_source,
    event_name,
    aws_region,
    source_ip,
    user_agent,
    error_code,
    recipient_account_id,
    vpc_endpoint_id,
    vpc_endpoint_account_id,
    principal_id,
    identity_arn,
    access_key_id,
    invoked_by,
    created_at
  FROM event_store
  CROSS JOIN parameters
  WHERE
    event_time >= parameters.window_from AND event_time < parameters.window_to
), events /* each event with its session (docs/rules.md §1) */ AS (
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
              REGEXP_MATCHES(LOWER(told.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)')
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
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT told.access_key_id) FILTER(WHERE
      NOT told.access_key_id IS NULL))[1:20], CAST([] AS TEXT[])) AS access_keys,
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT told.aws_region) FILTER(WHERE
      NOT told.aws_region IS NULL))[1:20], CAST([] AS TEXT[])) AS regions,
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
    LIST_TRANSFORM(
      LIST_TRANSFORM(
        [LOWER(gathered.source_ip)],
        LAMBDA t : CASE
          WHEN REGEXP_FULL_MATCH(t, '([0-9a-f:]*:)?((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)')
          THEN CASE WHEN CONTAINS(t, ':') THEN REGEXP_EXTRACT(t, '^(.*:)', 1) ELSE '::ffff:' END || ARRAY_TO_STRING(
            LIST_TRANSFORM(
              STR_SPLIT(REGEXP_EXTRACT(t, '([0-9.]+)$', 1), '.'),
              LAMBDA octet, place : PRINTF('%02x', CAST(octet AS INT)) || CASE WHEN place = 2 THEN ':' ELSE '' END
            ),
            ''
          )
          ELSE t
        END
      ),
      LAMBDA t : LIST_TRANSFORM(
        [
          LIST_TRANSFORM(
            [SPLIT_PART(t, '::', 1), SPLIT_PART(t, '::', 2)],
            LAMBDA half : ARRAY_TO_STRING(LIST_TRANSFORM(LIST_FILTER(STR_SPLIT(half, ':'), LAMBDA g : g <> ''), LAMBDA g : LPAD(g, 4, '0')), '')
          )
        ],
        LAMBDA halves : CASE
          WHEN REGEXP_FULL_MATCH(t, '([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}')
          OR REGEXP_FULL_MATCH(t, '([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?::([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?')
          AND LENGTH(halves[1]) + LENGTH(halves[2]) <= 28
          THEN halves[1] || REPEAT('0', 32 - LENGTH(halves[1]) - LENGTH(halves[2])) || halves[2]
        END
      )[1]
    )[1] AS address
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
