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
), delivered /* the log, read through the layout store */ AS (
  SELECT
    event_id,
    event_time,
    event_source,
    event_name,
    aws_region,
    source_ip,
    user_agent,
    error_code,
    error_message,
    recipient_account_id,
    shared_event_id,
    identity_type,
    principal_id,
    identity_arn,
    account_id,
    access_key_id,
    invoked_by,
    created_at,
    mfa_authenticated,
    source_identity,
    on_behalf_of,
    request_parameters,
    response_elements
  FROM chain_events
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
    CASE
      WHEN NOT IS_OBJECT(GET_PATH(events.request_parameters, 'roleArn'))
      AND NOT IS_ARRAY(GET_PATH(events.request_parameters, 'roleArn'))
      THEN NULLIF(CAST(GET_PATH(events.request_parameters, 'roleArn') AS VARCHAR), '')
    END AS role_arn,
    CASE
      WHEN NOT IS_OBJECT(GET_PATH(events.request_parameters, 'roleSessionName'))
      AND NOT IS_ARRAY(GET_PATH(events.request_parameters, 'roleSessionName'))
      THEN NULLIF(CAST(GET_PATH(events.request_parameters, 'roleSessionName') AS VARCHAR), '')
    END AS role_session_name,
    CASE
      WHEN NOT IS_OBJECT(GET_PATH(events.request_parameters, 'targetPrincipal'))
      AND NOT IS_ARRAY(GET_PATH(events.request_parameters, 'targetPrincipal'))
      THEN NULLIF(CAST(GET_PATH(events.request_parameters, 'targetPrincipal') AS VARCHAR), '')
    END AS target_principal,
    CASE
      WHEN NOT IS_OBJECT(GET_PATH(events.request_parameters, 'sourceIdentity'))
      AND NOT IS_ARRAY(GET_PATH(events.request_parameters, 'sourceIdentity'))
      THEN NULLIF(CAST(GET_PATH(events.request_parameters, 'sourceIdentity') AS VARCHAR), '')
    END AS issued_source_identity,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(events.response_elements, 'credentialSet[0].credentials.expiration'))
        AND NOT IS_ARRAY(GET_PATH(events.response_elements, 'credentialSet[0].credentials.expiration'))
        THEN NULLIF(CAST(GET_PATH(events.response_elements, 'credentialSet[0].credentials.expiration') AS VARCHAR), '')
      END
      WHEN NOT events.event_name IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(events.response_elements, 'credentials.expiration'))
        AND NOT IS_ARRAY(GET_PATH(events.response_elements, 'credentials.expiration'))
        THEN NULLIF(CAST(GET_PATH(events.response_elements, 'credentials.expiration') AS VARCHAR), '')
      END
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
      WHEN NOT events.response_elements IS NULL
      THEN COALESCE(
        CASE
          WHEN NOT IS_OBJECT(GET(events.response_elements, events.event_name))
          AND NOT IS_ARRAY(GET(events.response_elements, events.event_name))
          THEN NULLIF(CAST(GET(events.response_elements, events.event_name) AS VARCHAR), '')
        END,
        ''
      ) = 'Failure'
      ELSE FALSE
    END
), vending /* whom they issued it to */ AS (
  SELECT
    vending_calls.*,
    CASE
      WHEN vending_calls.event_source = 'iam.amazonaws.com'
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'accessKey.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'accessKey.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'accessKey.accessKeyId') AS VARCHAR), '')
      END
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'credentialSet[0].credentials.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'credentialSet[0].credentials.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'credentialSet[0].credentials.accessKeyId') AS VARCHAR), '')
      END
      WHEN NOT vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'credentials.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'credentials.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'credentials.accessKeyId') AS VARCHAR), '')
      END
    END AS issued_access_key_id,
    CASE
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'assumedRoleUser.assumedRoleId'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'assumedRoleUser.assumedRoleId'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'assumedRoleUser.assumedRoleId') AS VARCHAR), '')
      END
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'federatedUser.federatedUserId'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'federatedUser.federatedUserId'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'federatedUser.federatedUserId') AS VARCHAR), '')
      END
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_SUBSTR(vending_calls.target_principal, '^([0-9]{12})$', 1, 1, 'e', 1), ''),
        NULLIF(REGEXP_SUBSTR(vending_calls.target_principal, '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):', 1, 1, 'e', 1), '')
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'credentialSet[0].assumedRoleUser.assumedRoleId'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'credentialSet[0].assumedRoleUser.assumedRoleId'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'credentialSet[0].assumedRoleUser.assumedRoleId') AS VARCHAR), '')
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
          WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'assumedRoleUser.arn'))
          AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'assumedRoleUser.arn'))
          THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'assumedRoleUser.arn') AS VARCHAR), '')
        END,
        'arn:' || NULLIF(REGEXP_SUBSTR(vending_calls.role_arn, '^arn:([^:]+):', 1, 1, 'e', 1), '') || ':sts::' || NULLIF(REGEXP_SUBSTR(vending_calls.role_arn, '^arn:[^:]*:[^:]*:[^:]*:([^:]*):', 1, 1, 'e', 1), '') || ':assumed-role/' || NULLIF(REGEXP_SUBSTR(vending_calls.role_arn, '([^/]+)$', 1, 1, 'e', 1), '') || '/' || vending_calls.role_session_name
      )
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'federatedUser.arn'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'federatedUser.arn'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'federatedUser.arn') AS VARCHAR), '')
      END
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_SUBSTR(vending_calls.target_principal, '^(arn:.*)$', 1, 1, 'e', 1), ''),
        'arn:aws:iam::' || NULLIF(REGEXP_SUBSTR(vending_calls.target_principal, '^([0-9]{12})$', 1, 1, 'e', 1), '') || ':root'
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(vending_calls.response_elements, 'credentialSet[0].assumedRoleUser.arn'))
        AND NOT IS_ARRAY(GET_PATH(vending_calls.response_elements, 'credentialSet[0].assumedRoleUser.arn'))
        THEN NULLIF(CAST(GET_PATH(vending_calls.response_elements, 'credentialSet[0].assumedRoleUser.arn') AS VARCHAR), '')
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
      WHEN NOT vending_calls.expiration IS NULL
      THEN CASE
        WHEN REGEXP_LIKE(
          vending_calls.expiration,
          '^[A-Z][a-z]{2} \\d{1,2}, \\d{4},? (0?[1-9]|1[0-2]):\\d{2}:\\d{2}[\\s' || CHR(  8239) || '][AP]M$'
        )
        THEN TRY_TO_TIMESTAMP_NTZ(
          REGEXP_REPLACE(
            REGEXP_REPLACE(
              vending_calls.expiration,
              '^(...) (\\d+), (\\d{4}),? (\\d+):(\\d{2}):(\\d{2})[^AP]([AP]M)$',
              '\\1 0\\2, \\3 0\\4:\\5:\\6 \\7'
            ),
            ' 0(\\d{2})',
            ' \\1'
          ),
          'mon DD, yyyy hh12:mi:ss pm'
        )
        ELSE CASE
          WHEN REGEXP_LIKE(vending_calls.expiration, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
          THEN DATEADD(
            MINUTE,
            IFF(REGEXP_SUBSTR(vending_calls.expiration, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
              60 * COALESCE(CAST(REGEXP_SUBSTR(vending_calls.expiration, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(vending_calls.expiration, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
            ),
            TRY_TO_TIMESTAMP_NTZ(
              REGEXP_REPLACE(vending_calls.expiration, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
              'yyyy-mm-DD hh24:mi:ss'
            )
          )
        END
      END
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
    COALESCE(NULLIF(REGEXP_SUBSTR(copies.issued_arn, '^arn:[^:]*:[^:]*:[^:]*:([0-9]+):', 1, 1, 'e', 1), ''), copies.account_id) AS issued_account_id,
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
