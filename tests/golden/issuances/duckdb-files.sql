WITH parameters /* the values asked about */ AS (
  SELECT
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
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
    CASE record.mfa_authenticated_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS mfa_authenticated,
    record.source_identity,
    record.on_behalf_of,
    record.request_parameters,
    record.response_elements
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
      NULLIF(JSON_VALUE(userIdentity, '$.type') ->> '$', '') AS identity_type,
      NULLIF(JSON_VALUE(userIdentity, '$.principalId') ->> '$', '') AS principal_id,
      NULLIF(JSON_VALUE(userIdentity, '$.arn') ->> '$', '') AS identity_arn,
      NULLIF(JSON_VALUE(userIdentity, '$.accountId') ->> '$', '') AS account_id,
      NULLIF(JSON_VALUE(userIdentity, '$.accessKeyId') ->> '$', '') AS access_key_id,
      NULLIF(JSON_VALUE(userIdentity, '$.invokedBy') ->> '$', '') AS invoked_by,
      NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.attributes.creationDate') ->> '$', '') AS created_at_text,
      LOWER(NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.attributes.mfaAuthenticated') ->> '$', '')) AS mfa_authenticated_text,
      NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.sourceIdentity') ->> '$', '') AS source_identity,
      NULLIF(JSON_VALUE(userIdentity, '$.onBehalfOf.userId') ->> '$', '') AS on_behalf_of,
      CASE WHEN JSON_TYPE(requestParameters) IN ('OBJECT', 'ARRAY') THEN requestParameters END AS request_parameters,
      CASE WHEN JSON_TYPE(responseElements) IN ('OBJECT', 'ARRAY') THEN responseElements END AS response_elements
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
      delivered.event_source = 'signin.amazonaws.com' AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole') AS is_sign_in,
      CASE
        WHEN NOT delivered.created_at IS NULL
        THEN delivered.created_at
        WHEN delivered.event_source = 'signin.amazonaws.com' AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole')
        THEN delivered.event_time
      END AS session_created_at
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
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    NULLIF(JSON_VALUE(events.request_parameters, '$.roleArn') ->> '$', '') AS role_arn,
    NULLIF(JSON_VALUE(events.request_parameters, '$.roleSessionName') ->> '$', '') AS role_session_name,
    NULLIF(JSON_VALUE(events.request_parameters, '$.targetPrincipal') ->> '$', '') AS target_principal,
    NULLIF(JSON_VALUE(events.request_parameters, '$.sourceIdentity') ->> '$', '') AS issued_source_identity,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_VALUE(events.response_elements, '$.credentialSet[0].credentials.expiration') ->> '$', '')
      WHEN NOT events.event_name IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN NULLIF(JSON_VALUE(events.response_elements, '$.credentials.expiration') ->> '$', '')
    END AS expiration
  FROM events
  WHERE
    (
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
    AND events.error_code IS NULL
    AND events.error_message IS NULL
    AND NOT CASE
      WHEN STRPOS(CAST(events.response_elements AS TEXT), 'Failure') > 0
      THEN COALESCE(
        NULLIF(JSON_VALUE(events.response_elements, '/' || REPLACE(REPLACE(events.event_name, '~', '~0'), '/', '~1')) ->> '$', ''),
        ''
      ) = 'Failure'
      ELSE FALSE
    END
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
      WHEN NOT vending_calls.expiration IS NULL
      THEN LIST_TRANSFORM(
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
      )[1]
    END AS expires_at,
    vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication') AS opens_console
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
), issuances AS (
  SELECT
    COALESCE(NULLIF(REGEXP_EXTRACT(copies.issued_arn, '^arn:[^:]*:[^:]*:[^:]*:([0-9]+):', 1), ''), copies.account_id) AS issued_account_id,
    CASE WHEN NOT (
      copies.is_sign_in AND copies.access_key_id IS NULL
    ) THEN copies.session_id END AS caller_session_id,
    copies.*
  FROM copies
  WHERE
    copies.account_copy_number = 1 OR copies.shared_event_id IS NULL
)
SELECT
  issuances.event_id,
  issuances.event_time,
  issuances.event_name,
  issuances.aws_region,
  COALESCE(issuances.recipient_account_id, issuances.account_id) AS account_id,
  issuances.shared_event_id,
  issuances.caller_session_id,
  issuances.access_key_id AS caller_access_key_id,
  issuances.principal_id AS caller_principal_id,
  issuances.identity_type AS caller_type,
  issuances.identity_arn AS caller_arn,
  issuances.account_id AS caller_account_id,
  issuances.session_created_at AS caller_created_at,
  issuances.invoked_by,
  issuances.issued_access_key_id,
  issuances.issued_principal_id,
  issuances.issued_arn,
  issuances.issued_account_id,
  issuances.expires_at,
  issuances.source_ip,
  issuances.user_agent,
  issuances.mfa_authenticated,
  COALESCE(issuances.source_identity, issuances.issued_source_identity) AS source_identity,
  issuances.on_behalf_of
FROM issuances
ORDER BY
  issuances.event_time,
  issuances.event_id
