WITH parameters /* the values asked about */ AS (
  SELECT
    CAST($access_key AS TEXT) AS access_key,
    CAST($window_from AS TIMESTAMP) AS window_from,
    CAST($window_to AS TIMESTAMP) AS window_to
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
    record.error_message,
    record.recipient_account_id,
    record.shared_event_id,
    record.from_console,
    record.identity_type,
    record.principal_id,
    record.identity_arn,
    record.account_id,
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
    )[1] AS created_at,
    record.request_parameters,
    record.response_elements,
    record.additional_event_data
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
      NULLIF(JSON_VALUE(errorMessage, '$') ->> '$', '') AS error_message,
      NULLIF(JSON_VALUE(recipientAccountId, '$') ->> '$', '') AS recipient_account_id,
      NULLIF(JSON_VALUE(sharedEventID, '$') ->> '$', '') AS shared_event_id,
      COALESCE(LOWER(NULLIF(JSON_VALUE(sessionCredentialFromConsole, '$') ->> '$', '')) = 'true', FALSE) AS from_console,
      NULLIF(JSON_VALUE(userIdentity, '$.type') ->> '$', '') AS identity_type,
      NULLIF(JSON_VALUE(userIdentity, '$.principalId') ->> '$', '') AS principal_id,
      NULLIF(JSON_VALUE(userIdentity, '$.arn') ->> '$', '') AS identity_arn,
      NULLIF(JSON_VALUE(userIdentity, '$.accountId') ->> '$', '') AS account_id,
      NULLIF(JSON_VALUE(userIdentity, '$.accessKeyId') ->> '$', '') AS access_key_id,
      NULLIF(JSON_VALUE(userIdentity, '$.invokedBy') ->> '$', '') AS invoked_by,
      NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.attributes.creationDate') ->> '$', '') AS created_at_text,
      CASE WHEN JSON_TYPE(requestParameters) IN ('OBJECT', 'ARRAY') THEN requestParameters END AS request_parameters,
      CASE WHEN JSON_TYPE(responseElements) IN ('OBJECT', 'ARRAY') THEN responseElements END AS response_elements,
      CASE WHEN JSON_TYPE(additionalEventData) IN ('OBJECT', 'ARRAY') THEN additionalEventData END AS additional_event_data
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
    )[1] >= (
      parameters.window_from + TO_SECONDS(-129600)
    )
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
), events /* each event once, with its session (docs/rules.md §1) */ AS MATERIALIZED (
  SELECT
    counted.*,
    CASE
      WHEN NOT counted.principal_id IS NULL AND NOT counted.session_created_at IS NULL
      THEN counted.principal_id || '@' || STRFTIME(counted.session_created_at, '%Y-%m-%dT%H:%M:%SZ')
      ELSE counted.access_key_id
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
      ROW_NUMBER() OVER (
        PARTITION BY delivered.event_id
        ORDER BY delivered.event_time, delivered.recipient_account_id, delivered.event_source, delivered.event_name, delivered.identity_type, delivered.principal_id, delivered.identity_arn, delivered.access_key_id, delivered.created_at, delivered.aws_region, delivered.error_code, delivered.source_ip, delivered.user_agent
      ) AS copy_number,
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window
    FROM delivered
    CROSS JOIN parameters
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    NULLIF(JSON_VALUE(events.request_parameters, '$.roleArn') ->> '$', '') AS role_arn,
    NULLIF(JSON_VALUE(events.request_parameters, '$.roleSessionName') ->> '$', '') AS role_session_name,
    NULLIF(JSON_VALUE(events.request_parameters, '$.targetPrincipal') ->> '$', '') AS target_principal,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_VALUE(events.response_elements, '$.credentialSet[0].credentials.expiration') ->> '$', '')
      WHEN NOT events.event_name IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN NULLIF(JSON_VALUE(events.response_elements, '$.credentials.expiration') ->> '$', '')
    END AS expiration
  FROM events
  WHERE
    events.error_code IS NULL
    AND events.error_message IS NULL
    AND COALESCE(
      NULLIF(JSON_VALUE(events.response_elements, '/' || REPLACE(REPLACE(events.event_name, '~', '~0'), '/', '~1')) ->> '$', ''),
      ''
    ) <> 'Failure'
    AND (
      events.event_source = 'sts.amazonaws.com'
      AND events.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetSessionToken', 'GetFederationToken')
      OR events.event_source = 'signin.amazonaws.com'
      AND events.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication', 'GetSigninToken')
      OR events.event_source = 'cognito-identity.amazonaws.com'
      AND events.event_name = 'GetCredentialsForIdentity'
      OR events.event_source IN ('rolesanywhere.amazonaws.com', 's3express.amazonaws.com')
      AND events.event_name = 'CreateSession'
      OR events.event_source = 'iam.amazonaws.com'
      AND events.event_name = 'CreateAccessKey'
      OR events.event_name = 'CreateOAuth2Token'
    )
), vending /* whom they issued it to */ AS (
  SELECT
    vending_calls.*,
    CASE
      WHEN vending_calls.event_source = 'iam.amazonaws.com'
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.accessKey.accessKeyId') ->> '$', '')
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.credentialSet[0].credentials.accessKeyId') ->> '$', '')
      WHEN NOT vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.credentials.accessKeyId') ->> '$', '')
    END AS issued_access_key_id,
    CASE
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.assumedRoleUser.assumedRoleId') ->> '$', '')
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.federatedUser.federatedUserId') ->> '$', '')
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^([0-9]{12})$', 1), ''),
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):', 1), '')
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.assumedRoleId') ->> '$', '')
      WHEN vending_calls.event_name IN (
        'GetSessionToken',
        'GetSigninToken',
        'ConsoleLogin',
        'SwitchRole',
        'RenewRole',
        'UserAuthentication',
        'CreateOAuth2Token'
      )
      THEN vending_calls.principal_id
    END AS issued_principal_id,
    CASE
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
      THEN COALESCE(
        NULLIF(JSON_VALUE(vending_calls.response_elements, '$.assumedRoleUser.arn') ->> '$', ''),
        'arn:' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '^arn:([^:]+):', 1), '') || ':sts::' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '^arn:[^:]*:[^:]*:[^:]*:([^:]*):', 1), '') || ':assumed-role/' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '([^/]+)$', 1), '') || '/' || vending_calls.role_session_name
      )
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.federatedUser.arn') ->> '$', '')
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^(arn:.*)$', 1), ''),
        'arn:aws:iam::' || NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^([0-9]{12})$', 1), '') || ':root'
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_VALUE(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.arn') ->> '$', '')
      WHEN vending_calls.event_name IN (
        'GetSessionToken',
        'GetSigninToken',
        'ConsoleLogin',
        'SwitchRole',
        'RenewRole',
        'UserAuthentication',
        'CreateOAuth2Token'
      )
      THEN vending_calls.identity_arn
    END AS issued_arn,
    CASE
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'GetCredentialsForIdentity')
      OR vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN 'AssumedRole'
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN 'Root'
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN 'FederatedUser'
      WHEN vending_calls.event_name = 'CreateAccessKey'
      THEN 'IAMUser'
      ELSE vending_calls.identity_type
    END AS issued_type,
    CASE WHEN vending_calls.event_name <> 'CreateAccessKey' THEN vending_calls.event_time END AS issued_created_at,
    LIST_TRANSFORM(
      [vending_calls.expiration],
      LAMBDA e : COALESCE(
        CASE
          WHEN REGEXP_FULL_MATCH(e, '[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d{2}:\d{2}[\s\x{202F}][AP]M')
          AND NOT REGEXP_MATCHES(e, '\d{4},? 0+:')
          THEN TRY_STRPTIME(REGEXP_REPLACE(REGEXP_REPLACE(e, '(\d{4}),', '\1'), '[\s\x{202F}]([AP]M)$', ' \1'), '%b %d, %Y %I:%M:%S %p')
        END,
        LIST_TRANSFORM(
          [e],
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
        )[1]
      )
    )[1] AS expires_at,
    vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication') AS opens_console,
    NULLIF(JSON_VALUE(vending_calls.request_parameters, '$.sourceIdentity') ->> '$', '') AS issued_source_identity
  FROM vending_calls
), copies /* one call seen from two accounts is one issuance: the copy whose caller has an access key tells more (docs/rules.md §2.4) */ AS (
  SELECT
    vending.*,
    ROW_NUMBER() OVER (
      PARTITION BY vending.shared_event_id, vending.event_name, vending.issued_access_key_id
      ORDER BY CASE WHEN vending.access_key_id IS NULL THEN 1 ELSE 0 END, CASE WHEN vending.identity_type = 'AWSAccount' THEN 1 ELSE 0 END, vending.event_time, vending.event_id
    ) AS account_copy_number
  FROM vending
  WHERE
    CASE
      WHEN vending.opens_console
      THEN NOT vending.principal_id IS NULL
      WHEN vending.event_name = 'GetSigninToken' AND vending.issued_access_key_id = vending.access_key_id
      THEN FALSE
      ELSE NOT vending.issued_access_key_id IS NULL
    END
), issuances AS MATERIALIZED (
  SELECT
    COALESCE(
      copies.event_id,
      'no event id:' || COALESCE(STRFTIME(copies.event_time, '%Y-%m-%dT%H:%M:%SZ'), '') || ':' || copies.event_name || ':' || COALESCE(copies.access_key_id, '') || ':' || COALESCE(copies.issued_access_key_id, '') || ':' || COALESCE(copies.principal_id, '')
    ) AS issuance_id,
    COALESCE(NULLIF(REGEXP_EXTRACT(copies.issued_arn, '^arn:[^:]*:[^:]*:[^:]*:([0-9]+):', 1), ''), copies.account_id) AS issued_account_id,
    CASE
      WHEN NOT copies.issued_principal_id IS NULL AND NOT copies.issued_created_at IS NULL
      THEN copies.issued_principal_id || '@' || STRFTIME(copies.issued_created_at, '%Y-%m-%dT%H:%M:%SZ')
      ELSE copies.issued_access_key_id
    END AS issued_session_id,
    CASE WHEN NOT (
      copies.is_sign_in AND copies.access_key_id IS NULL
    ) THEN copies.session_id END AS caller_session_id,
    copies.*
  FROM copies
  WHERE
    copies.account_copy_number = 1 OR copies.shared_event_id IS NULL
), logins /* the sign-in that opened each session */ AS (
  SELECT
    ranked.*
  FROM (
    SELECT
      issuances.*,
      ROW_NUMBER() OVER (PARTITION BY issuances.issued_session_id ORDER BY issuances.event_time, issuances.event_id) AS sign_in_number
    FROM issuances
    WHERE
      issuances.is_sign_in AND NOT issuances.issued_session_id IS NULL
  ) AS ranked
  WHERE
    ranked.sign_in_number = 1
), key_uses AS MATERIALIZED (
  SELECT
    events.session_id,
    events.principal_id,
    events.session_created_at,
    events.access_key_id,
    MIN(events.identity_type) AS identity_type,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.account_id) AS account_id,
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT events.aws_region) FILTER(WHERE
      NOT events.aws_region IS NULL))[1:20], CAST([] AS TEXT[])) AS regions,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    COUNT(*) AS calls,
    COUNT(events.invoked_by) AS forwarded_calls,
    COALESCE(BOOL_OR(CAST(events.from_console AS BOOLEAN)), FALSE) AS from_console_flag
  FROM events
  WHERE
    events.in_window
    AND NOT events.is_sign_in
    AND NOT events.access_key_id IS NULL
    AND NOT events.principal_id IS NULL
    AND NOT events.created_at IS NULL
  GROUP BY
    events.session_id,
    events.principal_id,
    events.session_created_at,
    events.access_key_id
), vended_keys /* a key that another call gave out belongs to that call, not to the console */ AS (
  SELECT DISTINCT
    key_uses.session_id,
    key_uses.access_key_id
  FROM key_uses
  JOIN issuances
    ON issuances.issued_access_key_id = key_uses.access_key_id
  WHERE
    NOT issuances.is_sign_in
    AND (
      issuances.issued_principal_id IS NULL OR issuances.issued_principal_id = key_uses.principal_id
    )
    AND ABS(DATE_DIFF('SECOND', issuances.event_time, key_uses.session_created_at)) <= 2
), answer AS (
  SELECT
    key_uses.session_id,
    MIN(key_uses.identity_type) OVER (PARTITION BY key_uses.session_id) AS identity_type,
    MIN(key_uses.identity_arn) OVER (PARTITION BY key_uses.session_id) AS identity_arn,
    key_uses.principal_id,
    MIN(key_uses.account_id) OVER (PARTITION BY key_uses.session_id) AS account_id,
    key_uses.session_created_at,
    logins.event_id AS login_event_id,
    logins.event_name AS login_event_name,
    logins.event_time AS login_time,
    logins.aws_region AS login_region,
    logins.source_ip AS login_source_ip,
    logins.user_agent AS login_user_agent,
    CASE LOWER(NULLIF(JSON_VALUE(logins.additional_event_data, '$.MFAUsed') ->> '$', ''))
      WHEN 'yes'
      THEN TRUE
      WHEN 'no'
      THEN FALSE
    END AS mfa_used,
    key_uses.access_key_id,
    key_uses.regions,
    key_uses.first_seen,
    key_uses.last_seen,
    key_uses.calls,
    key_uses.forwarded_calls,
    key_uses.from_console_flag,
    MAX(CASE WHEN key_uses.access_key_id = parameters.access_key THEN 1 ELSE 0 END) OVER (PARTITION BY key_uses.session_id) AS has_key,
    NOT logins.issued_session_id IS NULL AS has_login,
    MAX(CASE WHEN key_uses.from_console_flag THEN 1 ELSE 0 END) OVER (PARTITION BY key_uses.session_id) AS has_flag
  FROM key_uses
  CROSS JOIN parameters
  LEFT JOIN logins
    ON logins.issued_session_id = key_uses.session_id
  LEFT JOIN vended_keys
    ON vended_keys.session_id = key_uses.session_id AND vended_keys.access_key_id = key_uses.access_key_id
  WHERE
    vended_keys.access_key_id IS NULL OR key_uses.from_console_flag
)
SELECT
  answer.session_id,
  answer.identity_type,
  answer.identity_arn,
  answer.principal_id,
  answer.account_id,
  answer.session_created_at,
  answer.login_event_id,
  answer.login_event_name,
  answer.login_time,
  answer.login_region,
  answer.login_source_ip,
  answer.login_user_agent,
  answer.mfa_used,
  answer.access_key_id,
  answer.regions,
  answer.first_seen,
  answer.last_seen,
  answer.calls,
  answer.forwarded_calls,
  answer.from_console_flag
FROM answer
WHERE
  (
    answer.has_login OR answer.has_flag = 1
  ) AND answer.has_key = 1
ORDER BY
  answer.session_created_at,
  answer.session_id,
  answer.first_seen,
  answer.access_key_id
