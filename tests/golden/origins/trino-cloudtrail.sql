WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout cloudtrail */ AS (
  SELECT
    NULLIF(eventid, '') AS event_id,
    ELEMENT_AT(
      TRANSFORM(
        ARRAY[eventtime],
        t -> CASE
          WHEN t LIKE '____-__-__T__:__:__Z'
          THEN TRY(DATE_PARSE(t, '%Y-%m-%dT%TZ'))
          WHEN REGEXP_LIKE(
            t,
            '^[0-9]{4}-{0,1}[0-9]{2}-{0,1}[0-9]{2}[T ][0-9]{2}:{0,1}[0-9]{2}:{0,1}[0-9]{2}([.,][0-9]+){0,1}(Z|[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}){0,1}\z'
          )
          THEN DATE_ADD(
            'MINUTE',
            CASE
              WHEN REGEXP_LIKE(t, '[T ].*[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}\z')
              THEN CASE REGEXP_EXTRACT(t, '([+-])[0-9]{2}(:{0,1}[0-9]{2}){0,1}\z', 1) WHEN '-' THEN 1 ELSE -1 END * (
                60 * CAST(REGEXP_EXTRACT(t, '[+-]([0-9]{2})(:{0,1}[0-9]{2}){0,1}\z', 1) AS INTEGER) + COALESCE(CAST(REGEXP_EXTRACT(t, '[+-][0-9]{2}:{0,1}([0-9]{2})\z', 1) AS INTEGER), 0)
              )
              ELSE 0
            END,
            TRY_CAST(REGEXP_REPLACE(t, '^([0-9]{4})-{0,1}([0-9]{2})-{0,1}([0-9]{2})[T ]([0-9]{2}):{0,1}([0-9]{2}):{0,1}([0-9]{2}).*\z', '$1-$2-$3 $4:$5:$6') AS TIMESTAMP)
          )
        END
      ),
      1
    ) AS event_time,
    NULLIF(eventsource, '') AS event_source,
    NULLIF(eventname, '') AS event_name,
    NULLIF(awsregion, '') AS aws_region,
    NULLIF(sourceipaddress, '') AS source_ip,
    NULLIF(useragent, '') AS user_agent,
    NULLIF(errorcode, '') AS error_code,
    NULLIF(recipientaccountid, '') AS recipient_account_id,
    NULLIF(vpcendpointid, '') AS vpc_endpoint_id,
    NULLIF(vpcendpointaccountid, '') AS vpc_endpoint_account_id,
    NULLIF(useridentity.principalid, '') AS principal_id,
    NULLIF(useridentity.arn, '') AS identity_arn,
    NULLIF(useridentity.accesskeyid, '') AS access_key_id,
    NULLIF(useridentity.invokedby, '') AS invoked_by,
    ELEMENT_AT(
      TRANSFORM(
        ARRAY[useridentity.sessioncontext.attributes.creationdate],
        t -> CASE
          WHEN t LIKE '____-__-__T__:__:__Z'
          THEN TRY(DATE_PARSE(t, '%Y-%m-%dT%TZ'))
          WHEN REGEXP_LIKE(
            t,
            '^[0-9]{4}-{0,1}[0-9]{2}-{0,1}[0-9]{2}[T ][0-9]{2}:{0,1}[0-9]{2}:{0,1}[0-9]{2}([.,][0-9]+){0,1}(Z|[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}){0,1}\z'
          )
          THEN DATE_ADD(
            'MINUTE',
            CASE
              WHEN REGEXP_LIKE(t, '[T ].*[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}\z')
              THEN CASE REGEXP_EXTRACT(t, '([+-])[0-9]{2}(:{0,1}[0-9]{2}){0,1}\z', 1) WHEN '-' THEN 1 ELSE -1 END * (
                60 * CAST(REGEXP_EXTRACT(t, '[+-]([0-9]{2})(:{0,1}[0-9]{2}){0,1}\z', 1) AS INTEGER) + COALESCE(CAST(REGEXP_EXTRACT(t, '[+-][0-9]{2}:{0,1}([0-9]{2})\z', 1) AS INTEGER), 0)
              )
              ELSE 0
            END,
            TRY_CAST(REGEXP_REPLACE(t, '^([0-9]{4})-{0,1}([0-9]{2})-{0,1}([0-9]{2})[T ]([0-9]{2}):{0,1}([0-9]{2}):{0,1}([0-9]{2}).*\z', '$1-$2-$3 $4:$5:$6') AS TIMESTAMP)
          )
        END
      ),
      1
    ) AS created_at
  FROM cloudtrail_logs
  CROSS JOIN parameters
  WHERE
    "timestamp" >= (
      SUBSTR(CAST(parameters.window_from AS VARCHAR), 1, 4) || '/' || SUBSTR(CAST(parameters.window_from AS VARCHAR), 6, 2) || '/' || SUBSTR(CAST(parameters.window_from AS VARCHAR), 9, 2)
    )
    AND "timestamp" <= (
      SUBSTR(CAST(DATE_ADD('SECOND', 86400, parameters.window_to) AS VARCHAR), 1, 4) || '/' || SUBSTR(CAST(DATE_ADD('SECOND', 86400, parameters.window_to) AS VARCHAR), 6, 2) || '/' || SUBSTR(CAST(DATE_ADD('SECOND', 86400, parameters.window_to) AS VARCHAR), 9, 2)
    )
    AND ELEMENT_AT(
      TRANSFORM(
        ARRAY[eventtime],
        t -> CASE
          WHEN t LIKE '____-__-__T__:__:__Z'
          THEN TRY(DATE_PARSE(t, '%Y-%m-%dT%TZ'))
          WHEN REGEXP_LIKE(
            t,
            '^[0-9]{4}-{0,1}[0-9]{2}-{0,1}[0-9]{2}[T ][0-9]{2}:{0,1}[0-9]{2}:{0,1}[0-9]{2}([.,][0-9]+){0,1}(Z|[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}){0,1}\z'
          )
          THEN DATE_ADD(
            'MINUTE',
            CASE
              WHEN REGEXP_LIKE(t, '[T ].*[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}\z')
              THEN CASE REGEXP_EXTRACT(t, '([+-])[0-9]{2}(:{0,1}[0-9]{2}){0,1}\z', 1) WHEN '-' THEN 1 ELSE -1 END * (
                60 * CAST(REGEXP_EXTRACT(t, '[+-]([0-9]{2})(:{0,1}[0-9]{2}){0,1}\z', 1) AS INTEGER) + COALESCE(CAST(REGEXP_EXTRACT(t, '[+-][0-9]{2}:{0,1}([0-9]{2})\z', 1) AS INTEGER), 0)
              )
              ELSE 0
            END,
            TRY_CAST(REGEXP_REPLACE(t, '^([0-9]{4})-{0,1}([0-9]{2})-{0,1}([0-9]{2})[T ]([0-9]{2}):{0,1}([0-9]{2}):{0,1}([0-9]{2}).*\z', '$1-$2-$3 $4:$5:$6') AS TIMESTAMP)
          )
        END
      ),
      1
    ) >= parameters.window_from
    AND ELEMENT_AT(
      TRANSFORM(
        ARRAY[eventtime],
        t -> CASE
          WHEN t LIKE '____-__-__T__:__:__Z'
          THEN TRY(DATE_PARSE(t, '%Y-%m-%dT%TZ'))
          WHEN REGEXP_LIKE(
            t,
            '^[0-9]{4}-{0,1}[0-9]{2}-{0,1}[0-9]{2}[T ][0-9]{2}:{0,1}[0-9]{2}:{0,1}[0-9]{2}([.,][0-9]+){0,1}(Z|[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}){0,1}\z'
          )
          THEN DATE_ADD(
            'MINUTE',
            CASE
              WHEN REGEXP_LIKE(t, '[T ].*[+-][0-9]{2}(:{0,1}[0-9]{2}){0,1}\z')
              THEN CASE REGEXP_EXTRACT(t, '([+-])[0-9]{2}(:{0,1}[0-9]{2}){0,1}\z', 1) WHEN '-' THEN 1 ELSE -1 END * (
                60 * CAST(REGEXP_EXTRACT(t, '[+-]([0-9]{2})(:{0,1}[0-9]{2}){0,1}\z', 1) AS INTEGER) + COALESCE(CAST(REGEXP_EXTRACT(t, '[+-][0-9]{2}:{0,1}([0-9]{2})\z', 1) AS INTEGER), 0)
              )
              ELSE 0
            END,
            TRY_CAST(REGEXP_REPLACE(t, '^([0-9]{4})-{0,1}([0-9]{2})-{0,1}([0-9]{2})[T ]([0-9]{2}):{0,1}([0-9]{2}):{0,1}([0-9]{2}).*\z', '$1-$2-$3 $4:$5:$6') AS TIMESTAMP)
          )
        END
      ),
      1
    ) < parameters.window_to
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
