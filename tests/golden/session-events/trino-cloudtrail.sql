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
    NULLIF(errormessage, '') AS error_message,
    CASE LOWER(readonly) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
    NULLIF(useridentity.principalid, '') AS principal_id,
    NULLIF(useridentity.arn, '') AS identity_arn,
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
    ) AS created_at,
    CASE WHEN SUBSTR(LTRIM(requestparameters), 1, 1) IN ('{', '[') THEN requestparameters END AS request_parameters,
    CASE WHEN SUBSTR(LTRIM(responseelements), 1, 1) IN ('{', '[') THEN responseelements END AS response_elements,
    JSON_FORMAT(
      CAST(TRANSFORM(
        resources,
        r -> MAP_FILTER(MAP(ARRAY['accountId', 'ARN', 'type'], ARRAY[r.accountid, r.arn, r.type]), (name, value) -> NOT value IS NULL)
      ) AS JSON)
    ) AS resources /* the members as CloudTrail names them */
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
), asked /* those of the sessions that are asked about */ AS (
  SELECT
    named.*
  FROM named
  WHERE
    named.in_window
    AND named.session_id IN (
      SELECT
        named.session_id
      FROM named
      WHERE
        named.in_window AND named.access_key_id IN (
          SELECT
            wanted_access_key.value
          FROM wanted_access_key
        )
    )
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      asked.*,
      ROW_NUMBER() OVER (PARTITION BY asked.event_id) AS copy_number
    FROM asked
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
)
SELECT
  events.event_time,
  events.event_id,
  events.session_id,
  events.access_key_id,
  events.identity_arn,
  events.event_source,
  events.event_name,
  events.aws_region,
  events.source_ip,
  events.user_agent,
  COALESCE(
    events.read_only,
    COALESCE(
      REGEXP_LIKE(
        events.event_name,
        '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
      ),
      FALSE
    )
  ) AS read_only,
  events.error_code,
  events.error_message,
  ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(events.resources, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1) AS resources,
  ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(events.request_parameters, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1) AS request_parameters,
  ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(events.response_elements, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1) AS response_elements
FROM events
ORDER BY
  events.event_time,
  events.event_id
