WITH parameters /* the values asked about */ AS (
  SELECT
    CAST('arn:aws:iam::*:user/eliav' AS VARCHAR) AS arn,
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
    CAST('ASIAIOSFODNN7EXAMPLE' AS VARCHAR) AS value
), wanted_session_id AS (
  SELECT
    CAST('AIDAIOSFODNN7EXAMPLE@2021-08-27T19:00:00Z' AS VARCHAR) AS value
), wanted_own_account AS (
  SELECT
    CAST('111111111111' AS VARCHAR) AS value
), wanted_own_endpoint AS (
  SELECT
    CAST('vpce-1a2b3c4d' AS VARCHAR) AS value
), wanted_own_range AS (
  SELECT
    CAST('00000000000000000000ffffc6336400' AS VARCHAR) AS first_address,
    CAST('00000000000000000000ffffc63364ff' AS VARCHAR) AS last_address
  UNION ALL
  SELECT
    CAST('20010db8000000000000000000000000' AS VARCHAR) AS first_address,
    CAST('20010db8ffffffffffffffffffffffff' AS VARCHAR) AS last_address
), delivered /* the log, read through the layout records */ AS (
  SELECT
    record.event_id,
    CASE
      WHEN REGEXP_LIKE(record.event_time_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
      THEN DATEADD(
        MINUTE,
        IFF(REGEXP_SUBSTR(record.event_time_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
          60 * COALESCE(CAST(REGEXP_SUBSTR(record.event_time_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(record.event_time_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
        ),
        TRY_TO_TIMESTAMP_NTZ(
          REGEXP_REPLACE(record.event_time_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
          'yyyy-mm-DD hh24:mi:ss'
        )
      )
    END AS event_time,
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
    CASE
      WHEN REGEXP_LIKE(record.created_at_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
      THEN DATEADD(
        MINUTE,
        IFF(REGEXP_SUBSTR(record.created_at_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
          60 * COALESCE(CAST(REGEXP_SUBSTR(record.created_at_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(record.created_at_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
        ),
        TRY_TO_TIMESTAMP_NTZ(
          REGEXP_REPLACE(record.created_at_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
          'yyyy-mm-DD hh24:mi:ss'
        )
      )
    END AS created_at
  FROM (
    SELECT
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventID')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventID'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventID') AS VARCHAR), '')
      END AS event_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventTime')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventTime'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventTime') AS VARCHAR), '')
      END AS event_time_text,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventSource')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventSource'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventSource') AS VARCHAR), '')
      END AS event_source,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventName')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventName'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventName') AS VARCHAR), '')
      END AS event_name,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'awsRegion')) AND NOT IS_ARRAY(GET_PATH(item.value, 'awsRegion'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'awsRegion') AS VARCHAR), '')
      END AS aws_region,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'sourceIPAddress')) AND NOT IS_ARRAY(GET_PATH(item.value, 'sourceIPAddress'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'sourceIPAddress') AS VARCHAR), '')
      END AS source_ip,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userAgent')) AND NOT IS_ARRAY(GET_PATH(item.value, 'userAgent'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userAgent') AS VARCHAR), '')
      END AS user_agent,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'errorCode')) AND NOT IS_ARRAY(GET_PATH(item.value, 'errorCode'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'errorCode') AS VARCHAR), '')
      END AS error_code,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'recipientAccountId')) AND NOT IS_ARRAY(GET_PATH(item.value, 'recipientAccountId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'recipientAccountId') AS VARCHAR), '')
      END AS recipient_account_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'vpcEndpointId')) AND NOT IS_ARRAY(GET_PATH(item.value, 'vpcEndpointId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'vpcEndpointId') AS VARCHAR), '')
      END AS vpc_endpoint_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'vpcEndpointAccountId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'vpcEndpointAccountId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'vpcEndpointAccountId') AS VARCHAR), '')
      END AS vpc_endpoint_account_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.type')) AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.type'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.type') AS VARCHAR), '')
      END AS identity_type,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.principalId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.principalId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.principalId') AS VARCHAR), '')
      END AS principal_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.arn')) AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.arn'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.arn') AS VARCHAR), '')
      END AS identity_arn,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.accessKeyId') AS VARCHAR), '')
      END AS access_key_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.invokedBy'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.invokedBy'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.invokedBy') AS VARCHAR), '')
      END AS invoked_by,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate') AS VARCHAR), '')
      END AS created_at_text
    FROM cloudtrail_files AS file, LATERAL FLATTEN(input => GET_PATH(file.v, 'Records')) AS item(SEQ, KEY, PATH, INDEX, VALUE, THIS)
    WHERE
      IS_OBJECT(item.value)
  ) AS record
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
              REGEXP_INSTR(LOWER(told.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)') > 0
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
    ARRAY_SLICE(ARRAY_AGG(DISTINCT told.access_key_id) WITHIN GROUP (ORDER BY
      told.access_key_id), 0, 20) AS access_keys,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT told.aws_region) WITHIN GROUP (ORDER BY
      told.aws_region), 0, 20) AS regions,
    COUNT(wanted_access_key.value) AS asked_calls,
    COALESCE(
      BOOLOR_AGG(
        told.identity_arn LIKE REPLACE(REPLACE(REPLACE(REPLACE(parameters.arn, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%') ESCAPE '!'
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
    CASE
      WHEN REGEXP_LIKE(gathered.source_ip, '^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$')
      THEN '00000000000000000000ffff' || SUBSTRING('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 1) AS INT) / 16) AS INT), 1) || SUBSTRING('0123456789abcdef', 1 + TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 1) AS INT) % 16, 1) || SUBSTRING('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 2) AS INT) / 16) AS INT), 1) || SUBSTRING('0123456789abcdef', 1 + TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 2) AS INT) % 16, 1) || SUBSTRING('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 3) AS INT) / 16) AS INT), 1) || SUBSTRING('0123456789abcdef', 1 + TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 3) AS INT) % 16, 1) || SUBSTRING('0123456789abcdef', CAST(1 + FLOOR(TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 4) AS INT) / 16) AS INT), 1) || SUBSTRING('0123456789abcdef', 1 + TRY_CAST(SPLIT_PART(gathered.source_ip, '.', 4) AS INT) % 16, 1)
      WHEN REGEXP_LIKE(gathered.source_ip, '^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$')
      THEN LOWER(CAST(GET(PARSE_IP(gathered.source_ip, 'INET', 1), 'hex_ipv6') AS VARCHAR))
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
