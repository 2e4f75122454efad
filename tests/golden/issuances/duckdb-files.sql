WITH parameters /* the values asked about */ AS (
  SELECT
    CAST($window_from AS TIMESTAMP) AS window_from,
    CAST($window_to AS TIMESTAMP) AS window_to
), delivered /* the log, read through the layout files */ AS (
  SELECT
    record.event_id,
    CASE
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.event_time_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.event_time_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.event_time_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
      )
    END AS event_time,
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
    CASE
      WHEN REGEXP_FULL_MATCH(record.created_at_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.created_at_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.created_at_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.created_at_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.created_at_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.created_at_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.created_at_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.created_at_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
      )
    END AS created_at,
    CASE record.mfa_authenticated_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS mfa_authenticated,
    record.source_identity,
    record.on_behalf_of,
    record.request_parameters,
    record.response_elements
  FROM (
    SELECT
      CASE WHEN NOT JSON_TYPE(eventID, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventID ->> '$', '') END AS event_id,
      CASE WHEN NOT JSON_TYPE(eventTime, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventTime ->> '$', '') END AS event_time_text,
      CASE WHEN NOT JSON_TYPE(eventSource, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventSource ->> '$', '') END AS event_source,
      CASE WHEN NOT JSON_TYPE(eventName, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(eventName ->> '$', '') END AS event_name,
      CASE WHEN NOT JSON_TYPE(awsRegion, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(awsRegion ->> '$', '') END AS aws_region,
      CASE WHEN NOT JSON_TYPE(sourceIPAddress, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(sourceIPAddress ->> '$', '') END AS source_ip,
      CASE WHEN NOT JSON_TYPE(userAgent, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(userAgent ->> '$', '') END AS user_agent,
      CASE WHEN NOT JSON_TYPE(errorCode, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(errorCode ->> '$', '') END AS error_code,
      CASE WHEN NOT JSON_TYPE(errorMessage, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(errorMessage ->> '$', '') END AS error_message,
      CASE WHEN NOT JSON_TYPE(recipientAccountId, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(recipientAccountId ->> '$', '') END AS recipient_account_id,
      CASE WHEN NOT JSON_TYPE(sharedEventID, '$') IN ('OBJECT', 'ARRAY') THEN NULLIF(sharedEventID ->> '$', '') END AS shared_event_id,
      CASE WHEN NOT JSON_TYPE(userIdentity, '$.type') IN ('OBJECT', 'ARRAY') THEN NULLIF(userIdentity ->> '$.type', '') END AS identity_type,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.principalId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.principalId', '')
      END AS principal_id,
      CASE WHEN NOT JSON_TYPE(userIdentity, '$.arn') IN ('OBJECT', 'ARRAY') THEN NULLIF(userIdentity ->> '$.arn', '') END AS identity_arn,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.accountId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.accountId', '')
      END AS account_id,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.accessKeyId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.accessKeyId', '')
      END AS access_key_id,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.invokedBy') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.invokedBy', '')
      END AS invoked_by,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.sessionContext.attributes.creationDate') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.sessionContext.attributes.creationDate', '')
      END AS created_at_text,
      LOWER(
        CASE
          WHEN NOT JSON_TYPE(userIdentity, '$.sessionContext.attributes.mfaAuthenticated') IN ('OBJECT', 'ARRAY')
          THEN NULLIF(userIdentity ->> '$.sessionContext.attributes.mfaAuthenticated', '')
        END
      ) AS mfa_authenticated_text,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.sessionContext.sourceIdentity') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.sessionContext.sourceIdentity', '')
      END AS source_identity,
      CASE
        WHEN NOT JSON_TYPE(userIdentity, '$.onBehalfOf.userId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(userIdentity ->> '$.onBehalfOf.userId', '')
      END AS on_behalf_of,
      CASE WHEN JSON_TYPE(requestParameters) IN ('OBJECT', 'ARRAY') THEN requestParameters END AS request_parameters,
      CASE WHEN JSON_TYPE(responseElements) IN ('OBJECT', 'ARRAY') THEN responseElements END AS response_elements
    FROM delivery_records
  ) AS record
  CROSS JOIN parameters
  WHERE
    CASE
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.event_time_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.event_time_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.event_time_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
      )
    END >= parameters.window_from
    AND CASE
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
      THEN TRY_STRPTIME(record.event_time_text, '%Y-%m-%dT%H:%M:%SZ')
      WHEN REGEXP_FULL_MATCH(record.event_time_text, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
      THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(record.event_time_text, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
        COALESCE(TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
          WHEN REGEXP_MATCHES(record.event_time_text, '[T ].*[+-]\d{2}(:?\d{2})?$')
          THEN 60 * TRY_CAST(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(record.event_time_text, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
          ELSE 0
        END
      )
    END < parameters.window_to
), events /* each event once, with its session (docs/rules.md §1) */ AS (
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
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window,
      ROW_NUMBER() OVER (
        PARTITION BY delivered.event_id
        ORDER BY delivered.event_time, delivered.recipient_account_id, delivered.event_source, delivered.event_name, delivered.identity_type, delivered.principal_id, delivered.identity_arn, delivered.access_key_id, delivered.created_at, delivered.aws_region, delivered.error_code, delivered.source_ip, delivered.user_agent
      ) AS copy_number
    FROM delivered
    CROSS JOIN parameters
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    CASE
      WHEN NOT JSON_TYPE(events.request_parameters, '$.roleArn') IN ('OBJECT', 'ARRAY')
      THEN NULLIF(events.request_parameters ->> '$.roleArn', '')
    END AS role_arn,
    CASE
      WHEN NOT JSON_TYPE(events.request_parameters, '$.roleSessionName') IN ('OBJECT', 'ARRAY')
      THEN NULLIF(events.request_parameters ->> '$.roleSessionName', '')
    END AS role_session_name,
    CASE
      WHEN NOT JSON_TYPE(events.request_parameters, '$.targetPrincipal') IN ('OBJECT', 'ARRAY')
      THEN NULLIF(events.request_parameters ->> '$.targetPrincipal', '')
    END AS target_principal,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT JSON_TYPE(events.response_elements, '$.credentialSet[0].credentials.expiration') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(events.response_elements ->> '$.credentialSet[0].credentials.expiration', '')
      END
      WHEN NOT events.event_name IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN CASE
        WHEN NOT JSON_TYPE(events.response_elements, '$.credentials.expiration') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(events.response_elements ->> '$.credentials.expiration', '')
      END
    END AS expiration
  FROM events
  WHERE
    events.error_code IS NULL
    AND events.error_message IS NULL
    AND COALESCE(
      CASE
        WHEN NOT JSON_TYPE(events.response_elements, '/' || REPLACE(REPLACE(events.event_name, '~', '~0'), '/', '~1')) IN ('OBJECT', 'ARRAY')
        THEN NULLIF(events.response_elements ->> (
          '/' || REPLACE(REPLACE(events.event_name, '~', '~0'), '/', '~1')
        ), '')
      END,
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
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.accessKey.accessKeyId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.accessKey.accessKeyId', '')
      END
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.credentialSet[0].credentials.accessKeyId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.credentialSet[0].credentials.accessKeyId', '')
      END
      WHEN NOT vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.credentials.accessKeyId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.credentials.accessKeyId', '')
      END
    END AS issued_access_key_id,
    CASE
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.assumedRoleUser.assumedRoleId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.assumedRoleUser.assumedRoleId', '')
      END
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.federatedUser.federatedUserId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.federatedUser.federatedUserId', '')
      END
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^([0-9]{12})$', 1), ''),
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):', 1), '')
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.assumedRoleId') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.credentialSet[0].assumedRoleUser.assumedRoleId', '')
      END
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
        CASE
          WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.assumedRoleUser.arn') IN ('OBJECT', 'ARRAY')
          THEN NULLIF(vending_calls.response_elements ->> '$.assumedRoleUser.arn', '')
        END,
        'arn:' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '^arn:([^:]+):', 1), '') || ':sts::' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '^arn:[^:]*:[^:]*:[^:]*:([^:]*):', 1), '') || ':assumed-role/' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '([^/]+)$', 1), '') || '/' || vending_calls.role_session_name
      )
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.federatedUser.arn') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.federatedUser.arn', '')
      END
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^(arn:.*)$', 1), ''),
        'arn:aws:iam::' || NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^([0-9]{12})$', 1), '') || ':root'
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT JSON_TYPE(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.arn') IN ('OBJECT', 'ARRAY')
        THEN NULLIF(vending_calls.response_elements ->> '$.credentialSet[0].assumedRoleUser.arn', '')
      END
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
    COALESCE(
      CASE
        WHEN REGEXP_FULL_MATCH(vending_calls.expiration, '[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d{2}:\d{2}[\s\x{202F}][AP]M')
        AND NOT REGEXP_MATCHES(vending_calls.expiration, '\d{4},? 0+:')
        THEN TRY_STRPTIME(
          REGEXP_REPLACE(REGEXP_REPLACE(vending_calls.expiration, '(\d{4}),', '\1'), '[\s\x{202F}]([AP]M)$', ' \1'),
          '%b %d, %Y %I:%M:%S %p'
        )
      END,
      CASE
        WHEN REGEXP_FULL_MATCH(vending_calls.expiration, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
        THEN TRY_STRPTIME(vending_calls.expiration, '%Y-%m-%dT%H:%M:%SZ')
        WHEN REGEXP_FULL_MATCH(vending_calls.expiration, '\d{4}-?\d{2}-?\d{2}[T ]\d{2}:?\d{2}:?\d{2}([.,]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?')
        THEN TRY_STRPTIME(SUBSTRING(REGEXP_REPLACE(vending_calls.expiration, '[-:T ]', '', 'g'), 1, 14), '%Y%m%d%H%M%S') - TO_MINUTES(
          COALESCE(TRY_CAST(REGEXP_EXTRACT(vending_calls.expiration, '([+-])(\d{2}):?(\d{2})?$', 1) || '1' AS INT), 0) * CASE
            WHEN REGEXP_MATCHES(vending_calls.expiration, '[T ].*[+-]\d{2}(:?\d{2})?$')
            THEN 60 * TRY_CAST(REGEXP_EXTRACT(vending_calls.expiration, '[+-](\d{2})(:?(\d{2}))?$', 1) AS INT) + COALESCE(TRY_CAST(NULLIF(REGEXP_EXTRACT(vending_calls.expiration, '[+-](\d{2})(:?(\d{2}))?$', 3), '') AS INT), 0)
            ELSE 0
          END
        )
      END
    ) AS expires_at,
    vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication') AS opens_console,
    CASE
      WHEN NOT JSON_TYPE(vending_calls.request_parameters, '$.sourceIdentity') IN ('OBJECT', 'ARRAY')
      THEN NULLIF(vending_calls.request_parameters ->> '$.sourceIdentity', '')
    END AS issued_source_identity
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
