WITH parameters /* the values asked about */ AS (
  SELECT
    CAST('arn:aws:iam::*:user/eliav' AS TEXT) AS arn,
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
), wanted_access_key AS (
  SELECT
    CAST('ASIAIOSFODNN7EXAMPLE' AS TEXT) AS value
), wanted_session_id AS (
  SELECT
    CAST('AIDAIOSFODNN7EXAMPLE@2021-08-27T19:00:00Z' AS TEXT) AS value
), wanted_own_account AS (
  SELECT
    CAST('111111111111' AS TEXT) AS value
), wanted_own_endpoint AS (
  SELECT
    CAST('vpce-1a2b3c4d' AS TEXT) AS value
), wanted_own_range AS (
  SELECT
    CAST('00000000000000000000ffffc6336400' AS TEXT) AS first_address,
    CAST('00000000000000000000ffffc63364ff' AS TEXT) AS last_address
  UNION ALL
  SELECT
    CAST('20010db8000000000000000000000000' AS TEXT) AS first_address,
    CAST('20010db8ffffffffffffffffffffffff' AS TEXT) AS last_address
), delivered /* the log, read through the layout files */ AS (
  SELECT
    record.event_id,
    LIST_TRANSFORM(
      [record.event_time_text],
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
    )[1] AS event_time,
    record.event_source,
    record.event_name,
    record.aws_region,
    record.source_ip,
    record.user_agent,
    record.error_code,
    record.recipient_account_id,
    record.vpc_endpoint_id,
    record.vpc_endpoint_account_id,
    record.identity_type,
    record.principal_id,
    record.identity_arn,
    record.access_key_id,
    record.invoked_by,
    LIST_TRANSFORM(
      [record.created_at_text],
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
  FROM (
    SELECT
      NULLIF(JSON_VALUE(eventID, '$') ->> '$', '') AS event_id,
      NULLIF(JSON_VALUE(eventTime, '$') ->> '$', '') AS event_time_text,
      NULLIF(JSON_VALUE(eventSource, '$') ->> '$', '') AS event_source,
      NULLIF(JSON_VALUE(eventName, '$') ->> '$', '') AS event_name,
      NULLIF(JSON_VALUE(awsRegion, '$') ->> '$', '') AS aws_region,
      NULLIF(JSON_VALUE(sourceIPAddress, '$') ->> '$', '') AS source_ip,
      NULLIF(JSON_VALUE(userAgent, '$') ->> '$', '') AS user_agent,
      NULLIF(JSON_VALUE(errorCode, '$') ->> '$', '') AS error_code,
      NULLIF(JSON_VALUE(recipientAccountId, '$') ->> '$', '') AS recipient_account_id,
      NULLIF(JSON_VALUE(vpcEndpointId, '$') ->> '$', '') AS vpc_endpoint_id,
      NULLIF(JSON_VALUE(vpcEndpointAccountId, '$') ->> '$', '') AS vpc_endpoint_account_id,
      NULLIF(JSON_VALUE(userIdentity, '$.type') ->> '$', '') AS identity_type,
      NULLIF(JSON_VALUE(userIdentity, '$.principalId') ->> '$', '') AS principal_id,
      NULLIF(JSON_VALUE(userIdentity, '$.arn') ->> '$', '') AS identity_arn,
      NULLIF(JSON_VALUE(userIdentity, '$.accessKeyId') ->> '$', '') AS access_key_id,
      NULLIF(JSON_VALUE(userIdentity, '$.invokedBy') ->> '$', '') AS invoked_by,
      NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.attributes.creationDate') ->> '$', '') AS created_at_text
    FROM delivery_records
  ) AS record
  CROSS JOIN parameters
  WHERE
    LIST_TRANSFORM(
      [record.event_time_text],
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
    )[1] >= parameters.window_from
    AND LIST_TRANSFORM(
      [record.event_time_text],
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
    )[1] < parameters.window_to
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
), gathered AS (
  SELECT
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
    COUNT(wanted_access_key.value) AS asked_calls,
    COALESCE(
      BOOL_OR(
        CAST(told.identity_arn LIKE REPLACE(REPLACE(REPLACE(REPLACE(parameters.arn, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%') ESCAPE '!' AS BOOLEAN)
      ),
      FALSE
    ) AS is_of_arn
  FROM events AS told
  CROSS JOIN parameters
  LEFT JOIN wanted_access_key
    ON wanted_access_key.value = told.access_key_id
  WHERE
    told.in_window AND NOT told.session_id IS NULL
  GROUP BY
    told.session_id,
    told.source_ip,
    told.vpc_endpoint_id,
    told.user_agent
), placed /* each place beside what is known of its whole session and of its endpoint's owner */ AS (
  SELECT
    gathered.*,
    MIN(gathered.identity_arn) OVER (PARTITION BY gathered.session_id) AS session_arn,
    MAX(gathered.asked_calls) OVER (PARTITION BY gathered.session_id) AS session_asked_calls,
    MAX(CASE WHEN gathered.is_of_arn THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS session_is_of_arn,
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
    WHEN NOT wanted_own_endpoint.value IS NULL
    THEN 'own-endpoint'
    WHEN NOT wanted_own_account.value IS NULL
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
    OR NOT wanted_own_range.first_address IS NULL
    THEN 'private'
    WHEN NOT placed.address IS NULL
    THEN 'public'
  END AS trust, /* the first that holds (docs/rules.md §10) */
  placed.calls,
  placed.first_seen,
  placed.last_seen,
  CASE WHEN NOT placed.address IS NULL THEN NOT wanted_own_range.first_address IS NULL END AS in_own_range,
  placed.denied,
  placed.forwarded,
  placed.access_keys,
  placed.regions
FROM placed
LEFT JOIN wanted_own_endpoint
  ON wanted_own_endpoint.value = placed.vpc_endpoint_id
LEFT JOIN wanted_own_account
  ON wanted_own_account.value = placed.vpc_endpoint_account_id
LEFT JOIN wanted_own_range
  ON placed.address BETWEEN wanted_own_range.first_address AND wanted_own_range.last_address
WHERE
  NOT placed.session_id IS NULL
  AND placed.session_asked_calls > 0
  AND placed.session_id IN (
    SELECT
      wanted_session_id.value
    FROM wanted_session_id
  )
  AND placed.session_is_of_arn = 1
ORDER BY
  placed.session_id,
  placed.first_seen,
  placed.source_ip,
  placed.vpc_endpoint_id,
  placed.user_agent
