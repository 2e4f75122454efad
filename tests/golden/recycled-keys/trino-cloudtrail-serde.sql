WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), delivered /* the log, read through the layout cloudtrail-serde */ AS (
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
    NULLIF(sourceipaddress, '') AS source_ip,
    NULLIF(useragent, '') AS user_agent,
    NULLIF(useridentity.type, '') AS identity_type,
    NULLIF(useridentity.principalid, '') AS principal_id,
    NULLIF(useridentity.arn, '') AS identity_arn,
    NULLIF(useridentity.accountid, '') AS account_id,
    NULLIF(useridentity.accesskeyid, '') AS access_key_id,
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
    "year" || "month" || "day" >= (
      SUBSTR(CAST(parameters.window_from AS VARCHAR), 1, 4) || '' || SUBSTR(CAST(parameters.window_from AS VARCHAR), 6, 2) || '' || SUBSTR(CAST(parameters.window_from AS VARCHAR), 9, 2)
    )
    AND "year" || "month" || "day" <= (
      SUBSTR(CAST(DATE_ADD('SECOND', 86400, parameters.window_to) AS VARCHAR), 1, 4) || '' || SUBSTR(CAST(DATE_ADD('SECOND', 86400, parameters.window_to) AS VARCHAR), 6, 2) || '' || SUBSTR(CAST(DATE_ADD('SECOND', 86400, parameters.window_to) AS VARCHAR), 9, 2)
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
