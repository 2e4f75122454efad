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
    record.identity_type,
    record.principal_id,
    record.identity_arn,
    record.account_id,
    record.access_key_id,
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
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.accountId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.accountId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.accountId') AS VARCHAR), '')
      END AS account_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.accessKeyId') AS VARCHAR), '')
      END AS access_key_id,
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
