WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
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
    event_time >= DATE_ADD('SECOND', -129600, parameters.window_from) AND event_time < parameters.window_to
), events /* each event once, with its session (docs/rules.md §1) */ AS (
  SELECT
    counted.*,
    CASE
      WHEN NOT counted.principal_id IS NULL AND NOT counted.session_created_at IS NULL
      THEN counted.principal_id || '@' || DATE_FORMAT(counted.session_created_at, '%Y-%m-%dT%TZ')
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
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window
    FROM delivered
    CROSS JOIN parameters
    WHERE
      delivered.event_name IN (
        'AssumeRole',
        'AssumeRoleWithSAML',
        'AssumeRoleWithWebIdentity',
        'AssumeRoot',
        'GetSessionToken',
        'GetFederationToken',
        'GetSigninToken',
        'GetCredentialsForIdentity',
        'CreateSession',
        'CreateAccessKey',
        'ConsoleLogin',
        'SwitchRole',
        'RenewRole',
        'UserAuthentication',
        'CreateOAuth2Token'
      )
      OR NOT delivered.access_key_id IS NULL
      OR NOT delivered.created_at IS NULL
  ) AS counted
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.roleArn'), '') AS role_arn,
    NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.roleSessionName'), '') AS role_session_name,
    NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.targetPrincipal'), '') AS target_principal,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_EXTRACT_SCALAR(events.response_elements, '$.credentialSet[0].credentials.expiration'), '')
      WHEN NOT events.event_name IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN NULLIF(JSON_EXTRACT_SCALAR(events.response_elements, '$.credentials.expiration'), '')
    END AS expiration,
    COALESCE(
      events.error_code IS NULL
      AND events.error_message IS NULL
      AND COALESCE(
        NULLIF(
          JSON_EXTRACT_SCALAR(ELEMENT_AT(TRY_CAST(JSON_EXTRACT(events.response_elements, '$') AS MAP(VARCHAR, JSON)), events.event_name), '$'),
          ''
        ),
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
      ),
      FALSE
    ) AS is_vending
  FROM events
), vending /* whom they issued it to */ AS (
  SELECT
    vending_calls.*,
    CASE
      WHEN vending_calls.event_source = 'iam.amazonaws.com'
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.accessKey.accessKeyId'), '')
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.credentialSet[0].credentials.accessKeyId'), '')
      WHEN NOT vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.credentials.accessKeyId'), '')
    END AS issued_access_key_id,
    CASE
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.assumedRoleUser.assumedRoleId'), '')
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.federatedUser.federatedUserId'), '')
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^([0-9]{12})$', 1), ''),
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):', 1), '')
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.assumedRoleId'), '')
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
        NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.assumedRoleUser.arn'), ''),
        'arn:' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '^arn:([^:]+):', 1), '') || ':sts::' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '^arn:[^:]*:[^:]*:[^:]*:([^:]*):', 1), '') || ':assumed-role/' || NULLIF(REGEXP_EXTRACT(vending_calls.role_arn, '([^/]+)$', 1), '') || '/' || vending_calls.role_session_name
      )
      WHEN vending_calls.event_name = 'GetFederationToken'
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.federatedUser.arn'), '')
      WHEN vending_calls.event_name = 'AssumeRoot'
      THEN COALESCE(
        NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^(arn:.*)$', 1), ''),
        'arn:aws:iam::' || NULLIF(REGEXP_EXTRACT(vending_calls.target_principal, '^([0-9]{12})$', 1), '') || ':root'
      )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.arn'), '')
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
    ELEMENT_AT(
      TRANSFORM(
        ARRAY[vending_calls.expiration],
        e -> COALESCE(
          CASE
            WHEN REGEXP_LIKE(e, '^[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4},{0,1} [0-9]{1,2}:[0-9]{2}:[0-9]{2}[\s\x{202F}][AP]M\z')
            AND NOT REGEXP_LIKE(e, '[0-9]{4},{0,1} 0+:')
            THEN TRY(
              DATE_PARSE(
                REGEXP_REPLACE(e, '^(...) ([0-9]+), ([0-9]+),{0,1} ([0-9]+):([0-9]+):([0-9]+).([AP]M)\z', '$1 $2 $3 $4:$5:$6 $7'),
                '%b %e %Y %l:%i:%s %p'
              )
            )
          END,
          ELEMENT_AT(
            TRANSFORM(
              ARRAY[e],
              t -> CASE
                WHEN t LIKE '____-__-__T__:__:__Z'
                THEN TRY_CAST(SUBSTR(t, 1, 10) || ' ' || SUBSTR(t, 12, 8) AS TIMESTAMP)
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
          )
        )
      ),
      1
    ) AS expires_at,
    vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication') AS opens_console,
    NULLIF(JSON_EXTRACT_SCALAR(vending_calls.request_parameters, '$.sourceIdentity'), '') AS issued_source_identity
  FROM vending_calls
), copies /* one call seen from two accounts is one issuance: the copy whose caller has an access key tells more (docs/rules.md §2.4) */ AS (
  SELECT
    vending.*,
    ROW_NUMBER() OVER (
      PARTITION BY vending.shared_event_id, vending.event_name, vending.issued_access_key_id, CASE WHEN NOT vending.is_issuing THEN COALESCE(vending.event_id, '') END
      ORDER BY CASE WHEN vending.access_key_id IS NULL THEN 1 ELSE 0 END, CASE WHEN vending.identity_type = 'AWSAccount' THEN 1 ELSE 0 END, vending.event_time, vending.event_id
    ) AS account_copy_number
  FROM (
    SELECT
      vending.*,
      vending.is_vending
      AND CASE
        WHEN vending.opens_console
        THEN NOT vending.principal_id IS NULL
        WHEN vending.event_name = 'GetSigninToken' AND vending.issued_access_key_id = vending.access_key_id
        THEN FALSE
        ELSE NOT vending.issued_access_key_id IS NULL
      END AS is_issuing
    FROM vending
  ) AS vending
), issuances AS (
  SELECT
    COALESCE(
      copies.event_id,
      'no event id:' || COALESCE(DATE_FORMAT(copies.event_time, '%Y-%m-%dT%TZ'), '') || ':' || copies.event_name || ':' || COALESCE(copies.access_key_id, '') || ':' || COALESCE(copies.issued_access_key_id, '') || ':' || COALESCE(copies.principal_id, '')
    ) AS issuance_id,
    COALESCE(NULLIF(REGEXP_EXTRACT(copies.issued_arn, '^arn:[^:]*:[^:]*:[^:]*:([0-9]+):', 1), ''), copies.account_id) AS issued_account_id,
    CASE
      WHEN NOT copies.issued_principal_id IS NULL AND NOT copies.issued_created_at IS NULL
      THEN copies.issued_principal_id || '@' || DATE_FORMAT(copies.issued_created_at, '%Y-%m-%dT%TZ')
      ELSE copies.issued_access_key_id
    END AS issued_session_id,
    CASE WHEN NOT (
      copies.is_sign_in AND copies.access_key_id IS NULL
    ) THEN copies.session_id END AS caller_session_id,
    copies.is_issuing AND (
      copies.account_copy_number = 1 OR copies.shared_event_id IS NULL
    ) AS is_issuance,
    copies.*
  FROM copies
), marked /* what each event is to the walk */ AS (
  SELECT
    told.*,
    told.is_call /* the calls of a long-term key near which a service went on (docs/rules.md §3.6), one a second */
    AND told.call_number = 1
    AND COUNT(CASE WHEN told.is_forwarded THEN 1 END) OVER (PARTITION BY told.identity_arn ORDER BY told.near RANGE BETWEEN 600 PRECEDING AND 600 FOLLOWING) > 0 AS is_evidence
  FROM (
    SELECT
      noted.*,
      CASE WHEN noted.is_call THEN noted.second ELSE noted.created END AS near,
      ROW_NUMBER() OVER (
        PARTITION BY noted.access_key_id, noted.identity_arn, noted.second, CASE WHEN NOT noted.is_call THEN noted.id END
        ORDER BY noted.is_call DESC, noted.event_id, noted.event_source, noted.event_name
      ) AS call_number
    FROM (
      SELECT
        issuances.*,
        COALESCE(
          'event ' || issuances.event_id,
          issuances.issuance_id || ' ' || CAST(ROW_NUMBER() OVER (PARTITION BY issuances.issuance_id ORDER BY issuances.event_time) AS VARCHAR)
        ) AS id, /* an event without an id is told by its place among its like */
        DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), issuances.event_time) AS second,
        DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), issuances.session_created_at) AS created,
        DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), issuances.expires_at) AS expires,
        DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), issuances.issued_created_at) AS issued_created,
        issuances.in_window AND issuances.access_key_id = parameters.access_key AS is_asked,
        issuances.in_window AND issuances.issued_access_key_id = parameters.access_key AS issues_asked,
        COALESCE(
          issuances.access_key_id NOT LIKE 'ASIA%'
          AND issuances.session_created_at IS NULL
          AND issuances.invoked_by IS NULL
          AND NOT issuances.identity_arn IS NULL
          AND NOT issuances.event_time IS NULL,
          FALSE
        ) AS is_call,
        NOT issuances.access_key_id IS NULL AND NOT issuances.session_created_at IS NULL AND NOT issuances.invoked_by IS NULL AS is_forwarded
      FROM issuances
      CROSS JOIN parameters
    ) AS noted
  ) AS told
), sessions AS (
  SELECT
    marked.access_key_id,
    marked.principal_id,
    marked.created,
    marked.session_id,
    COUNT(CASE WHEN marked.is_asked THEN 1 END) AS asked_calls,
    COUNT(CASE WHEN marked.is_asked AND marked.invoked_by IS NULL THEN 1 END) AS own_calls,
    MIN(CASE WHEN marked.is_asked THEN marked.identity_type END) AS identity_type,
    MIN(CASE WHEN marked.is_asked THEN marked.identity_arn END) AS identity_arn,
    MIN(CASE WHEN marked.is_asked THEN marked.account_id END) AS account_id,
    MIN(CASE WHEN marked.is_asked THEN marked.invoked_by END) AS invoked_by,
    MAX(
      CASE
        WHEN marked.is_asked AND NOT marked.mfa_authenticated IS NULL
        THEN CASE WHEN marked.mfa_authenticated THEN 1 ELSE 0 END
      END
    ) AS mfa_authenticated,
    MIN(CASE WHEN marked.is_asked THEN marked.source_identity END) AS source_identity,
    MIN(CASE WHEN marked.is_asked THEN marked.on_behalf_of END) AS on_behalf_of,
    FALSE AS used_then,
    MIN(CASE WHEN marked.is_asked THEN marked.second END) AS used_second,
    CAST(ROW(
      marked.access_key_id,
      marked.principal_id,
      marked.created,
      marked.session_id,
      MIN(marked.identity_type),
      MIN(marked.identity_arn),
      MIN(marked.account_id),
      COUNT(*) - COUNT(marked.invoked_by),
      COUNT(marked.invoked_by),
      MIN(marked.invoked_by),
      MIN(marked.second)
    ) AS ROW(
      access_key_id VARCHAR,
      principal_id VARCHAR,
      created BIGINT,
      session_id VARCHAR,
      identity_type VARCHAR,
      identity_arn VARCHAR,
      account_id VARCHAR,
      own_calls BIGINT,
      forwarded_calls BIGINT,
      invoked_by VARCHAR,
      used_second BIGINT
    )) AS session,
    ARRAY_AGG(
      CAST(ROW(
        marked.id,
        marked.issued_access_key_id,
        marked.issued_principal_id,
        marked.issued_session_id,
        marked.second,
        marked.expires,
        marked.event_name = 'CreateAccessKey',
        marked.opens_console,
        marked.issues_asked,
        CAST(ROW(
          marked.session_id,
          marked.access_key_id,
          marked.principal_id,
          marked.identity_type,
          marked.identity_arn,
          marked.account_id,
          marked.created,
          marked.event_name,
          marked.event_id,
          marked.second,
          marked.aws_region,
          marked.source_ip,
          marked.user_agent,
          marked.expires,
          marked.mfa_authenticated,
          COALESCE(marked.source_identity, marked.issued_source_identity),
          marked.on_behalf_of,
          marked.invoked_by,
          CASE
            WHEN NOT marked.caller_session_id IS NULL
            THEN '|' || COALESCE(marked.access_key_id, '') || '|' || COALESCE(marked.principal_id, '') || '|' || COALESCE(CAST(marked.created AS VARCHAR), '') || '|'
          END,
          CASE
            WHEN marked.identity_type = 'AWSAccount'
            THEN 'external-account'
            WHEN marked.access_key_id IS NULL
            AND marked.identity_type = 'AWSService'
            OR NOT marked.invoked_by IS NULL
            AND (
              marked.identity_type IS NULL OR marked.access_key_id IS NULL
            )
            THEN 'service'
            WHEN marked.identity_type = 'IdentityCenterUser'
            THEN 'identity-center'
            WHEN marked.identity_type = 'SAMLUser' AND marked.issued_arn LIKE '%:assumed-role/AWSReservedSSO!_%' ESCAPE '!'
            THEN 'identity-center'
            WHEN marked.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')
            THEN 'federated'
            WHEN marked.access_key_id IS NULL AND marked.opens_console
            THEN 'console-sign-in'
            WHEN NOT marked.access_key_id IS NULL AND marked.session_created_at IS NULL AND marked.access_key_id NOT LIKE 'ASIA%'
            THEN CASE WHEN marked.identity_type = 'Root' THEN 'root' ELSE 'long-term-key' END
            ELSE 'not-in-logs'
          END
        ) AS ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        )),
        CAST(ROW(
          marked.issued_session_id,
          marked.issued_access_key_id,
          marked.issued_principal_id,
          marked.issued_type,
          marked.issued_arn,
          marked.issued_account_id,
          marked.issued_created,
          marked.event_name,
          marked.event_id,
          marked.second,
          marked.aws_region,
          marked.source_ip,
          marked.user_agent,
          marked.expires,
          NULL,
          marked.issued_source_identity,
          NULL,
          marked.invoked_by,
          '|' || COALESCE(marked.issued_access_key_id, '') || '|' || COALESCE(marked.issued_principal_id, '') || '|' || COALESCE(CAST(marked.issued_created AS VARCHAR), '') || '|',
          NULL
        ) AS ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        ))
      ) AS ROW(
        id VARCHAR,
        access_key_id VARCHAR,
        principal_id VARCHAR,
        session_id VARCHAR,
        second BIGINT,
        expires BIGINT,
        is_created_key BOOLEAN,
        opens_console BOOLEAN,
        is_asked BOOLEAN,
        caller ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        ),
        product ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        )
      ))
    ) FILTER(WHERE
      marked.is_issuance) AS issuances,
    ARRAY_AGG(
      CAST(ROW(
        'call ' || marked.id,
        CAST(ROW(
          marked.session_id,
          marked.access_key_id,
          marked.principal_id,
          marked.identity_type,
          marked.identity_arn,
          marked.account_id,
          NULL,
          marked.event_name,
          marked.event_id,
          marked.second,
          marked.aws_region,
          marked.source_ip,
          marked.user_agent,
          NULL,
          marked.mfa_authenticated,
          marked.source_identity,
          marked.on_behalf_of,
          NULL,
          '|' || COALESCE(marked.access_key_id, '') || '|' || COALESCE(marked.principal_id, '') || '|' || COALESCE(CAST(marked.created AS VARCHAR), '') || '|',
          CASE
            WHEN marked.identity_type = 'AWSAccount'
            THEN 'external-account'
            WHEN marked.identity_type = 'IdentityCenterUser'
            THEN 'identity-center'
            WHEN marked.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')
            THEN 'federated'
            WHEN NOT marked.access_key_id IS NULL AND marked.session_created_at IS NULL AND marked.access_key_id NOT LIKE 'ASIA%'
            THEN CASE WHEN marked.identity_type = 'Root' THEN 'root' ELSE 'long-term-key' END
            ELSE 'not-in-logs'
          END
        ) AS ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        ))
      ) AS ROW(
        id VARCHAR,
        node ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        )
      ))
    ) FILTER(WHERE
      marked.is_evidence) AS calls
  FROM marked
  GROUP BY
    marked.access_key_id,
    marked.principal_id,
    marked.created,
    marked.session_id
), asked /* the sessions that used what is asked about (docs/rules.md §4): all keys of one principal and creation together */ AS (
  SELECT
    sessions.principal_id,
    sessions.created,
    sessions.session_id,
    SUBSTR(
      MIN(
        CASE
          WHEN sessions.asked_calls > 0 AND NOT sessions.access_key_id IS NULL
          THEN CASE WHEN sessions.own_calls < sessions.asked_calls THEN '1' ELSE '0' END || COALESCE(
            DATE_FORMAT(DATE_ADD('SECOND', CAST(sessions.used_second AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)), '%Y-%m-%dT%TZ'),
            '~~~~~~~~~~~~~~~~~~~~'
          ) || sessions.access_key_id
        END
      ),
      22
    ) AS access_key_id, /* a console session uses many keys: the walk starts from one, its own before a service's, then the first used, then the smaller */
    SUM(sessions.asked_calls) AS asked_calls,
    MIN(sessions.identity_type) AS identity_type,
    MIN(sessions.identity_arn) AS identity_arn,
    MIN(sessions.account_id) AS account_id,
    MAX(sessions.mfa_authenticated) = 1 AS mfa_authenticated,
    MIN(sessions.source_identity) AS source_identity,
    MIN(sessions.on_behalf_of) AS on_behalf_of,
    CASE WHEN SUM(sessions.own_calls) = 0 THEN MIN(sessions.invoked_by) END AS invoked_by, /* only where a service made every call */
    COALESCE(BOOL_OR(sessions.used_then), FALSE) AS used_then,
    MIN(sessions.used_second) AS used_second,
    ARRAY_AGG(sessions.session) FILTER(WHERE
      NOT sessions.access_key_id IS NULL) AS sessions,
    FLATTEN(ARRAY_AGG(sessions.issuances) FILTER(WHERE
      NOT sessions.issuances IS NULL)) AS issuances,
    FLATTEN(ARRAY_AGG(sessions.calls) FILTER(WHERE
      NOT sessions.calls IS NULL)) AS calls
  FROM sessions
  GROUP BY
    sessions.principal_id,
    sessions.created,
    sessions.session_id
), gathered AS (
  SELECT
    COALESCE(
      FLATTEN(ARRAY_AGG(asked.issuances) FILTER(WHERE
        NOT asked.issuances IS NULL)),
      CAST(ARRAY[] AS ARRAY(
        ROW(
          id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          session_id VARCHAR,
          second BIGINT,
          expires BIGINT,
          is_created_key BOOLEAN,
          opens_console BOOLEAN,
          is_asked BOOLEAN,
          caller ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          ),
          product ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        )
      ))
    ) AS issuances,
    COALESCE(
      FLATTEN(ARRAY_AGG(asked.calls) FILTER(WHERE
        NOT asked.calls IS NULL)),
      CAST(ARRAY[] AS ARRAY(
        ROW(
          id VARCHAR,
          node ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        )
      ))
    ) AS calls,
    COALESCE(
      FLATTEN(ARRAY_AGG(asked.sessions) FILTER(WHERE
        NOT asked.sessions IS NULL)),
      CAST(ARRAY[] AS ARRAY(
        ROW(
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          session_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          own_calls BIGINT,
          forwarded_calls BIGINT,
          invoked_by VARCHAR,
          used_second BIGINT
        )
      ))
    ) AS sessions,
    COALESCE(
      ARRAY_AGG(
        CAST(ROW(
          'start ' || '|' || COALESCE(asked.access_key_id, '') || '|' || COALESCE(asked.principal_id, '') || '|' || COALESCE(CAST(asked.created AS VARCHAR), '') || '|',
          TRUE,
          asked.used_then,
          asked.used_second,
          CAST(ROW(
            asked.session_id,
            asked.access_key_id,
            asked.principal_id,
            asked.identity_type,
            asked.identity_arn,
            asked.account_id,
            asked.created,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            asked.mfa_authenticated,
            asked.source_identity,
            asked.on_behalf_of,
            asked.invoked_by,
            '|' || COALESCE(asked.access_key_id, '') || '|' || COALESCE(asked.principal_id, '') || '|' || COALESCE(CAST(asked.created AS VARCHAR), '') || '|',
            CASE
              WHEN asked.identity_type = 'AWSAccount'
              THEN 'external-account'
              WHEN asked.access_key_id IS NULL
              AND (
                asked.identity_type = 'AWSService' OR NOT asked.invoked_by IS NULL
              )
              OR asked.identity_type IS NULL
              AND NOT asked.invoked_by IS NULL
              THEN 'service'
              WHEN asked.identity_type = 'IdentityCenterUser'
              THEN 'identity-center'
              WHEN asked.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')
              THEN 'federated'
              WHEN NOT asked.access_key_id IS NULL AND asked.created IS NULL AND asked.access_key_id NOT LIKE 'ASIA%'
              THEN CASE WHEN asked.identity_type = 'Root' THEN 'root' ELSE 'long-term-key' END
              ELSE 'not-in-logs'
            END
          ) AS ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          ))
        ) AS ROW(
          id VARCHAR,
          is_used BOOLEAN,
          used_then BOOLEAN,
          used_second BIGINT,
          node ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        ))
      ) FILTER(WHERE
        asked.asked_calls > 0),
      CAST(ARRAY[] AS ARRAY(
        ROW(
          id VARCHAR,
          is_used BOOLEAN,
          used_then BOOLEAN,
          used_second BIGINT,
          node ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        )
      ))
    ) AS used
  FROM asked
), candidates /* beside them, the sessions that what is asked about was issued to */ AS (
  SELECT
    gathered.*,
    TRANSFORM(
      FILTER(gathered.issuances, i -> i.is_asked),
      i -> CAST(ROW(
        'issued ' || i.id,
        FALSE,
        FALSE,
        i.second,
        CAST(ROW(
          i.product.session_id,
          i.product.access_key_id,
          i.product.principal_id,
          i.product.identity_type,
          i.product.identity_arn,
          i.product.account_id,
          i.product.created,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          i.product.source_identity,
          NULL,
          NULL,
          i.product.session_key,
          CASE
            WHEN i.product.identity_type = 'AWSAccount'
            THEN 'external-account'
            WHEN i.product.identity_type = 'IdentityCenterUser'
            THEN 'identity-center'
            WHEN i.product.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')
            THEN 'federated'
            WHEN NOT i.product.access_key_id IS NULL AND i.product.created IS NULL AND i.product.access_key_id NOT LIKE 'ASIA%'
            THEN CASE WHEN i.product.identity_type = 'Root' THEN 'root' ELSE 'long-term-key' END
            ELSE 'not-in-logs'
          END
        ) AS ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        ))
      ) AS ROW(
        id VARCHAR,
        is_used BOOLEAN,
        used_then BOOLEAN,
        used_second BIGINT,
        node ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        )
      ))
    ) AS issued
  FROM gathered
), indexed /* whose issuer is looked for, and where it is looked up */ AS (
  SELECT
    candidates.*,
    CONCAT(
      TRANSFORM(
        FILTER(candidates.issuances, i -> NOT i.caller.session_key IS NULL),
        i -> CAST(ROW(i.id, i.caller.access_key_id, i.caller.principal_id, i.caller.created, i.caller.identity_arn, i.caller.invoked_by, i.second) AS ROW(
          id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_arn VARCHAR,
          invoked_by VARCHAR,
          used_second BIGINT
        ))
      ),
      TRANSFORM(
        CONCAT(candidates.used, candidates.issued),
        c -> CAST(ROW(c.id, c.node.access_key_id, c.node.principal_id, c.node.created, c.node.identity_arn, c.node.invoked_by, c.used_second) AS ROW(
          id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_arn VARCHAR,
          invoked_by VARCHAR,
          used_second BIGINT
        ))
      ),
      TRANSFORM(
        FILTER(candidates.sessions, s -> NOT s.created IS NULL AND s.own_calls = 0),
        s -> CAST(ROW(
          'session ' || '|' || COALESCE(s.access_key_id, '') || '|' || COALESCE(s.principal_id, '') || '|' || COALESCE(CAST(s.created AS VARCHAR), '') || '|',
          s.access_key_id,
          s.principal_id,
          s.created,
          s.identity_arn,
          s.invoked_by,
          s.used_second
        ) AS ROW(
          id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_arn VARCHAR,
          invoked_by VARCHAR,
          used_second BIGINT
        ))
      ),
      TRANSFORM(
        candidates.calls,
        c -> CAST(ROW(c.id, c.node.access_key_id, c.node.principal_id, NULL, c.node.identity_arn, NULL, c.node.second) AS ROW(
          id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_arn VARCHAR,
          invoked_by VARCHAR,
          used_second BIGINT
        ))
      )
    ) AS uses,
    keys.by_key,
    issued_sessions.by_session,
    evidence.by_arn
  FROM candidates
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      FILTER(candidates.issuances, i -> NOT i.access_key_id IS NULL),
      i -> CAST(ROW(
        i.access_key_id,
        CAST(ROW(
          i.id,
          i.principal_id,
          i.second,
          i.expires,
          i.is_created_key,
          i.opens_console,
          i.caller.access_key_id,
          i.caller.created,
          NOT i.caller.session_key IS NULL
        ) AS ROW(
          id VARCHAR,
          principal_id VARCHAR,
          second BIGINT,
          expires BIGINT,
          is_created_key BOOLEAN,
          opens_console BOOLEAN,
          caller_key VARCHAR,
          caller_created BIGINT,
          has_caller BOOLEAN
        ))
      ) AS ROW(
        name VARCHAR,
        value ROW(
          id VARCHAR,
          principal_id VARCHAR,
          second BIGINT,
          expires BIGINT,
          is_created_key BOOLEAN,
          opens_console BOOLEAN,
          caller_key VARCHAR,
          caller_created BIGINT,
          has_caller BOOLEAN
        )
      ))
    )
  )]) AS keys(by_key)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      FILTER(candidates.issuances, i -> NOT i.principal_id IS NULL AND NOT i.second IS NULL),
      i -> CAST(ROW(
        CAST(i.second AS VARCHAR) || '@' || i.principal_id,
        CAST(ROW(
          i.id,
          i.principal_id,
          i.second,
          i.expires,
          i.is_created_key,
          i.opens_console,
          i.caller.access_key_id,
          i.caller.created,
          NOT i.caller.session_key IS NULL
        ) AS ROW(
          id VARCHAR,
          principal_id VARCHAR,
          second BIGINT,
          expires BIGINT,
          is_created_key BOOLEAN,
          opens_console BOOLEAN,
          caller_key VARCHAR,
          caller_created BIGINT,
          has_caller BOOLEAN
        ))
      ) AS ROW(
        name VARCHAR,
        value ROW(
          id VARCHAR,
          principal_id VARCHAR,
          second BIGINT,
          expires BIGINT,
          is_created_key BOOLEAN,
          opens_console BOOLEAN,
          caller_key VARCHAR,
          caller_created BIGINT,
          has_caller BOOLEAN
        )
      ))
    )
  )]) AS issued_sessions(by_session)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      candidates.calls,
      c -> CAST(ROW(c.node.identity_arn, CAST(ROW(c.id, c.node.second, 6) AS ROW(id VARCHAR, second BIGINT, rule INTEGER))) AS ROW(name VARCHAR, value ROW(id VARCHAR, second BIGINT, rule INTEGER)))
    )
  )]) AS evidence(by_arn)
), matched /* rules 1 to 5 of docs/rules.md §3: every issuance that may have issued what a use used */ AS (
  SELECT
    indexed.*,
    TRANSFORM(
      indexed.uses,
      u -> CAST(ROW(
        u,
        CONCAT(
          TRANSFORM(
            FILTER(
              COALESCE(
                ELEMENT_AT(indexed.by_key, u.access_key_id),
                CAST(ARRAY[] AS ARRAY(
                  ROW(
                    id VARCHAR,
                    principal_id VARCHAR,
                    second BIGINT,
                    expires BIGINT,
                    is_created_key BOOLEAN,
                    opens_console BOOLEAN,
                    caller_key VARCHAR,
                    caller_created BIGINT,
                    has_caller BOOLEAN
                  )
                ))
              ),
              i -> CASE
                WHEN i.is_created_key
                THEN u.created IS NULL AND COALESCE(i.second <= u.used_second + 2, TRUE)
                ELSE (
                  u.principal_id IS NULL OR i.principal_id IS NULL OR u.principal_id = i.principal_id
                )
                AND (
                  COALESCE(ABS(i.second - u.created) <= 2, FALSE)
                  OR (
                    NOT u.created IS NULL OR u.access_key_id LIKE 'ASIA%'
                  )
                  AND COALESCE(i.second <= u.used_second + 2, TRUE)
                  AND COALESCE(u.used_second <= COALESCE(i.expires, i.second + 129600), TRUE)
                )
              END
            ),
            i -> CAST(ROW(i.id, i.second, CASE WHEN i.is_created_key THEN 5 WHEN ABS(i.second - u.created) <= 2 THEN 1 ELSE 2 END) AS ROW(id VARCHAR, second BIGINT, rule INTEGER))
          ),
          TRANSFORM(
            FILTER(
              COALESCE(
                ELEMENT_AT(indexed.by_session, CAST(u.created AS VARCHAR) || '@' || u.principal_id),
                CAST(ARRAY[] AS ARRAY(
                  ROW(
                    id VARCHAR,
                    principal_id VARCHAR,
                    second BIGINT,
                    expires BIGINT,
                    is_created_key BOOLEAN,
                    opens_console BOOLEAN,
                    caller_key VARCHAR,
                    caller_created BIGINT,
                    has_caller BOOLEAN
                  )
                ))
              ),
              i /* a federated sign-in is signed with a key of the very session that it opens: it is not that key's issuer */ -> NOT i.opens_console
              OR NOT i.has_caller
              OR COALESCE(i.caller_key, '') <> COALESCE(u.access_key_id, '')
              OR COALESCE(i.caller_created, -1) <> u.created
            ),
            i -> CAST(ROW(i.id, i.second, CASE WHEN i.opens_console THEN 4 ELSE 3 END) AS ROW(id VARCHAR, second BIGINT, rule INTEGER))
          )
        )
      ) AS ROW(
        use ROW(
          id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_arn VARCHAR,
          invoked_by VARCHAR,
          used_second BIGINT
        ),
        matches ARRAY(ROW(id VARCHAR, second BIGINT, rule INTEGER))
      ))
    ) AS tries
  FROM indexed
), decided /* the first rule that finds something decides; of issuances that only fit by their time of life, and of created keys, the latest */ AS (
  SELECT
    matched.*,
    TRANSFORM(
      matched.tries,
      t -> CAST(ROW(
        t.use,
        ELEMENT_AT(
          TRANSFORM(
            ARRAY[FILTER(t.matches, m -> m.rule = ARRAY_MIN(TRANSFORM(t.matches, x -> x.rule)))],
            first -> FILTER(
              first,
              m -> NOT m.rule IN (2, 5)
              OR COALESCE(m.second, -100000000000) = ARRAY_MAX(TRANSFORM(first, x -> COALESCE(x.second, -100000000000)))
            )
          ),
          1
        )
      ) AS ROW(
        use ROW(
          id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_arn VARCHAR,
          invoked_by VARCHAR,
          used_second BIGINT
        ),
        found ARRAY(ROW(id VARCHAR, second BIGINT, rule INTEGER))
      ))
    ) AS decisions
  FROM matched
), stepped /* rule 6 where no other finds anything; and which of the candidates are starts */ AS (
  SELECT
    decided.*,
    CONCAT(
      decided.used,
      ELEMENT_AT(
        TRANSFORM(
          ARRAY[FILTER(
            decided.issued,
            c -> NOT ANY_MATCH(decided.used, s -> s.node.session_key = c.node.session_key)
            AND NOT ANY_MATCH(decided.decisions, d -> d.use.id LIKE 'start %' AND ANY_MATCH(d.found, m -> 'issued ' || m.id = c.id))
          )],
          unused /* several unused issuances of one session are one start */ -> FILTER(
            unused,
            c -> NOT ANY_MATCH(
              unused,
              x -> x.node.session_key = c.node.session_key
              AND x.id <> c.id
              AND (
                COALESCE(x.used_second, 100000000000) < COALESCE(c.used_second, 100000000000)
                OR COALESCE(x.used_second, 100000000000) = COALESCE(c.used_second, 100000000000)
                AND x.id < c.id
              )
            )
          )
        ),
        1
      )
    ) AS standing,
    steps.by_use
  FROM decided
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      decided.decisions,
      d -> CAST(ROW(
        d.use.id,
        CASE
          WHEN CARDINALITY(d.found) > 0
          THEN TRANSFORM(
            d.found,
            m -> CAST(ROW(
              m.id,
              CASE m.rule WHEN 3 THEN 'issued-session' WHEN 4 THEN 'sign-in' WHEN 5 THEN 'created-key' ELSE 'issued-key' END,
              CASE WHEN m.rule = 2 THEN 'inferred' WHEN CARDINALITY(d.found) > 1 THEN 'ambiguous' ELSE 'exact' END
            ) AS ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))
          )
          WHEN NOT d.use.access_key_id IS NULL AND NOT d.use.invoked_by IS NULL AND NOT d.use.created IS NULL
          THEN ELEMENT_AT(
            TRANSFORM(
              ARRAY[FILTER(
                COALESCE(ELEMENT_AT(decided.by_arn, d.use.identity_arn), CAST(ARRAY[] AS ARRAY(ROW(id VARCHAR, second BIGINT, rule INTEGER)))),
                c -> ABS(c.second - d.use.created) <= 600
              )],
              (near /* the nearest, the earlier before the later: 2 * distance, and 1 more for a later one */) -> TRANSFORM(
                FILTER(
                  near,
                  c -> 2 * ABS(c.second - d.use.created) + CASE WHEN c.second > d.use.created THEN 1 ELSE 0 END = ARRAY_MIN(TRANSFORM(near, x -> 2 * ABS(x.second - d.use.created) + CASE WHEN x.second > d.use.created THEN 1 ELSE 0 END))
                ),
                c -> CAST(ROW(c.id, 'forwarded', 'inferred') AS ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))
              )
            ),
            1
          )
          ELSE CAST(ARRAY[] AS ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR)))
        END
      ) AS ROW(name VARCHAR, value ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))))
    )
  )]) AS steps(by_use)
), begun AS (
  SELECT
    stepped.*,
    stepped.standing AS starts
  FROM stepped
), looked_up AS (
  SELECT
    begun.*,
    FILTER(
      begun.sessions,
      s -> NOT s.created IS NULL
      AND s.own_calls = 0
      AND ANY_MATCH(
        FLATTEN(
          COALESCE(
            ELEMENT_AT(
              begun.by_use,
              'session ' || '|' || COALESCE(s.access_key_id, '') || '|' || COALESCE(s.principal_id, '') || '|' || COALESCE(CAST(s.created AS VARCHAR), '') || '|'
            ),
            CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))))
          )
        ),
        t -> t.link = 'forwarded'
      )
    ) AS services,
    callers.by_caller,
    caller_sessions.by_caller_session,
    key_uses.by_used_session,
    used_keys.by_used_key,
    known_calls.by_call
  FROM begun
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      FILTER(begun.issuances, i -> NOT i.caller.session_key IS NULL),
      i -> CAST(ROW(i.caller.session_key, i.id) AS ROW(name VARCHAR, value VARCHAR))
    )
  )]) AS callers(by_caller)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      FILTER(begun.issuances, i -> NOT i.caller.session_key IS NULL AND NOT i.caller.session_id IS NULL),
      i -> CAST(ROW(i.caller.session_id, CAST(ROW(i.id, i.caller.principal_id) AS ROW(id VARCHAR, confidence VARCHAR))) AS ROW(name VARCHAR, value ROW(id VARCHAR, confidence VARCHAR)))
    )
  )]) AS caller_sessions(by_caller_session)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      FILTER(begun.sessions, s -> NOT s.session_id IS NULL),
      s -> CAST(ROW(
        s.session_id,
        CAST(ROW(s.access_key_id, s.own_calls, s.used_second) AS ROW(access_key_id VARCHAR, own_calls BIGINT, used_second BIGINT))
      ) AS ROW(name VARCHAR, value ROW(access_key_id VARCHAR, own_calls BIGINT, used_second BIGINT)))
    )
  )]) AS key_uses(by_used_session)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(TRANSFORM(begun.sessions, s -> CAST(ROW(s.access_key_id, TRUE) AS ROW(name VARCHAR, value BOOLEAN))))]) AS used_keys(by_used_key)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      begun.calls,
      c -> CAST(ROW(c.id, c.node) AS ROW(
        name VARCHAR,
        value ROW(
          session_id VARCHAR,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          created BIGINT,
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          invoked_by VARCHAR,
          session_key VARCHAR,
          origin VARCHAR
        )
      ))
    )
  )]) AS known_calls(by_call)
), produced /* what came of each issuance and of each service; the console and Identity Center use another key than the one that was issued */ AS (
  SELECT
    looked_up.*,
    CONCAT(
      TRANSFORM(
        looked_up.issuances,
        i -> ELEMENT_AT(
          TRANSFORM(
            ARRAY[CASE
              WHEN NOT i.is_created_key AND NOT i.opens_console AND ELEMENT_AT(looked_up.by_used_key, i.product.access_key_id) IS NULL
              THEN SUBSTR(
                ARRAY_MIN(
                  TRANSFORM(
                    FILTER(
                      COALESCE(
                        ELEMENT_AT(looked_up.by_used_session, i.product.session_id),
                        CAST(ARRAY[] AS ARRAY(ROW(access_key_id VARCHAR, own_calls BIGINT, used_second BIGINT)))
                      ),
                      u -> u.own_calls > 0 AND ELEMENT_AT(looked_up.by_key, u.access_key_id) IS NULL
                    ),
                    u -> COALESCE(
                      DATE_FORMAT(DATE_ADD('SECOND', CAST(u.used_second AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)), '%Y-%m-%dT%TZ'),
                      '~~~~~~~~~~~~~~~~~~~~'
                    ) || u.access_key_id
                  )
                ),
                21
              )
            END],
            k -> CAST(ROW(
              'product ' || i.id,
              CASE
                WHEN i.is_created_key
                THEN 'created-key'
                WHEN i.opens_console
                THEN 'sign-in'
                WHEN NOT k IS NULL
                THEN 'issued-session'
                ELSE 'issued-key'
              END,
              CAST(ROW(
                i.product.session_id,
                COALESCE(k, i.product.access_key_id),
                i.product.principal_id,
                i.product.identity_type,
                i.product.identity_arn,
                i.product.account_id,
                i.product.created,
                i.product.event_name,
                i.product.event_id,
                i.product.second,
                i.product.aws_region,
                i.product.source_ip,
                i.product.user_agent,
                i.product.expires,
                NULL,
                i.product.source_identity,
                NULL,
                i.product.invoked_by,
                i.product.session_key,
                NULL
              ) AS ROW(
                session_id VARCHAR,
                access_key_id VARCHAR,
                principal_id VARCHAR,
                identity_type VARCHAR,
                identity_arn VARCHAR,
                account_id VARCHAR,
                created BIGINT,
                event_name VARCHAR,
                event_id VARCHAR,
                second BIGINT,
                aws_region VARCHAR,
                source_ip VARCHAR,
                user_agent VARCHAR,
                expires BIGINT,
                mfa_authenticated BOOLEAN,
                source_identity VARCHAR,
                on_behalf_of VARCHAR,
                invoked_by VARCHAR,
                session_key VARCHAR,
                origin VARCHAR
              ))
            ) AS ROW(
              id VARCHAR,
              link VARCHAR,
              node ROW(
                session_id VARCHAR,
                access_key_id VARCHAR,
                principal_id VARCHAR,
                identity_type VARCHAR,
                identity_arn VARCHAR,
                account_id VARCHAR,
                created BIGINT,
                event_name VARCHAR,
                event_id VARCHAR,
                second BIGINT,
                aws_region VARCHAR,
                source_ip VARCHAR,
                user_agent VARCHAR,
                expires BIGINT,
                mfa_authenticated BOOLEAN,
                source_identity VARCHAR,
                on_behalf_of VARCHAR,
                invoked_by VARCHAR,
                session_key VARCHAR,
                origin VARCHAR
              )
            ))
          ),
          1
        )
      ),
      TRANSFORM(
        looked_up.services,
        s -> ELEMENT_AT(
          TRANSFORM(
            SLICE(
              ARRAY_SORT(
                TRANSFORM(
                  FILTER(
                    FLATTEN(
                      COALESCE(
                        ELEMENT_AT(
                          looked_up.by_use,
                          'session ' || '|' || COALESCE(s.access_key_id, '') || '|' || COALESCE(s.principal_id, '') || '|' || COALESCE(CAST(s.created AS VARCHAR), '') || '|'
                        ),
                        CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))))
                      )
                    ),
                    t -> t.link = 'forwarded'
                  ),
                  t -> ELEMENT_AT(ELEMENT_AT(looked_up.by_call, t.node_id), 1)
                ),
                (a, b) -> CASE WHEN COALESCE(a.event_id, '~') || a.access_key_id < COALESCE(b.event_id, '~') || b.access_key_id THEN -1 ELSE 1 END
              ),
              1,
              1
            ) /* of several keys' calls in one second: the smallest event id */,
            c -> CAST(ROW(
              'product ' || 'session ' || '|' || COALESCE(s.access_key_id, '') || '|' || COALESCE(s.principal_id, '') || '|' || COALESCE(CAST(s.created AS VARCHAR), '') || '|',
              'forwarded',
              CAST(ROW(
                s.session_id,
                s.access_key_id,
                s.principal_id,
                s.identity_type,
                s.identity_arn,
                s.account_id,
                s.created,
                c.event_name,
                c.event_id,
                c.second,
                c.aws_region,
                c.source_ip,
                c.user_agent,
                NULL,
                NULL,
                NULL,
                NULL,
                NULL,
                NULL,
                NULL
              ) AS ROW(
                session_id VARCHAR,
                access_key_id VARCHAR,
                principal_id VARCHAR,
                identity_type VARCHAR,
                identity_arn VARCHAR,
                account_id VARCHAR,
                created BIGINT,
                event_name VARCHAR,
                event_id VARCHAR,
                second BIGINT,
                aws_region VARCHAR,
                source_ip VARCHAR,
                user_agent VARCHAR,
                expires BIGINT,
                mfa_authenticated BOOLEAN,
                source_identity VARCHAR,
                on_behalf_of VARCHAR,
                invoked_by VARCHAR,
                session_key VARCHAR,
                origin VARCHAR
              ))
            ) AS ROW(
              id VARCHAR,
              link VARCHAR,
              node ROW(
                session_id VARCHAR,
                access_key_id VARCHAR,
                principal_id VARCHAR,
                identity_type VARCHAR,
                identity_arn VARCHAR,
                account_id VARCHAR,
                created BIGINT,
                event_name VARCHAR,
                event_id VARCHAR,
                second BIGINT,
                aws_region VARCHAR,
                source_ip VARCHAR,
                user_agent VARCHAR,
                expires BIGINT,
                mfa_authenticated BOOLEAN,
                source_identity VARCHAR,
                on_behalf_of VARCHAR,
                invoked_by VARCHAR,
                session_key VARCHAR,
                origin VARCHAR
              )
            ))
          ),
          1
        )
      )
    ) AS products
  FROM looked_up
), paired /* which product led to which */ AS (
  SELECT
    produced.*,
    children.by_parent,
    for_keys.by_long_term_key,
    known_products.by_product
  FROM produced
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    CONCAT(
      FLATTEN(
        TRANSFORM(
          FILTER(produced.issuances, i -> NOT i.caller.session_key IS NULL),
          i -> TRANSFORM(
            FILTER(
              FLATTEN(
                COALESCE(ELEMENT_AT(produced.by_use, i.id), CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR)))))
              ),
              s -> s.link <> 'forwarded'
            ),
            s -> CAST(ROW(s.node_id, CAST(ROW(i.id, s.confidence) AS ROW(id VARCHAR, confidence VARCHAR))) AS ROW(name VARCHAR, value ROW(id VARCHAR, confidence VARCHAR)))
          )
        )
      ),
      FLATTEN(
        TRANSFORM(
          produced.services,
          f -> FLATTEN(
            TRANSFORM(
              FILTER(
                FLATTEN(
                  COALESCE(
                    ELEMENT_AT(
                      produced.by_use,
                      'session ' || '|' || COALESCE(f.access_key_id, '') || '|' || COALESCE(f.principal_id, '') || '|' || COALESCE(CAST(f.created AS VARCHAR), '') || '|'
                    ),
                    CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))))
                  )
                ),
                s -> s.link = 'forwarded'
              ),
              s -> TRANSFORM(
                FLATTEN(
                  COALESCE(
                    ELEMENT_AT(produced.by_use, s.node_id),
                    CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))))
                  )
                ),
                c -> CAST(ROW(
                  c.node_id,
                  CAST(ROW(
                    'session ' || '|' || COALESCE(f.access_key_id, '') || '|' || COALESCE(f.principal_id, '') || '|' || COALESCE(CAST(f.created AS VARCHAR), '') || '|',
                    'inferred'
                  ) AS ROW(id VARCHAR, confidence VARCHAR))
                ) AS ROW(name VARCHAR, value ROW(id VARCHAR, confidence VARCHAR)))
              )
            )
          )
        )
      ),
      FLATTEN(
        TRANSFORM(
          produced.services,
          f -> TRANSFORM(
            COALESCE(
              ELEMENT_AT(
                produced.by_caller,
                '|' || COALESCE(f.access_key_id, '') || '|' || COALESCE(f.principal_id, '') || '|' || COALESCE(CAST(f.created AS VARCHAR), '') || '|'
              ),
              CAST(ARRAY[] AS ARRAY(VARCHAR))
            ),
            i -> CAST(ROW(
              'session ' || '|' || COALESCE(f.access_key_id, '') || '|' || COALESCE(f.principal_id, '') || '|' || COALESCE(CAST(f.created AS VARCHAR), '') || '|',
              CAST(ROW(i, 'exact') AS ROW(id VARCHAR, confidence VARCHAR))
            ) AS ROW(name VARCHAR, value ROW(id VARCHAR, confidence VARCHAR)))
          )
        )
      )
    )
  )]) AS children(by_parent)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    FLATTEN(
      TRANSFORM(
        produced.services,
        f -> TRANSFORM(
          FILTER(
            FLATTEN(
              COALESCE(
                ELEMENT_AT(
                  produced.by_use,
                  'session ' || '|' || COALESCE(f.access_key_id, '') || '|' || COALESCE(f.principal_id, '') || '|' || COALESCE(CAST(f.created AS VARCHAR), '') || '|'
                ),
                CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))))
              )
            ),
            s -> s.link = 'forwarded'
          ),
          s -> CAST(ROW(
            ELEMENT_AT(ELEMENT_AT(produced.by_call, s.node_id), 1).session_key,
            CAST(ROW(
              'session ' || '|' || COALESCE(f.access_key_id, '') || '|' || COALESCE(f.principal_id, '') || '|' || COALESCE(CAST(f.created AS VARCHAR), '') || '|',
              'inferred'
            ) AS ROW(id VARCHAR, confidence VARCHAR))
          ) AS ROW(name VARCHAR, value ROW(id VARCHAR, confidence VARCHAR)))
        )
      )
    )
  )]) AS for_keys(by_long_term_key)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      produced.products,
      p -> CAST(ROW(p.id, p) AS ROW(
        name VARCHAR,
        value ROW(
          id VARCHAR,
          link VARCHAR,
          node ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        )
      ))
    )
  )]) AS known_products(by_product)
), first_found /* the first step forwards: what the starts' own calls, and services for them, brought about */ AS (
  SELECT
    paired.*,
    FLATTEN(
      TRANSFORM(
        paired.starts,
        s -> FILTER(
          CONCAT(
            TRANSFORM(
              FILTER(
                COALESCE(ELEMENT_AT(paired.by_caller_session, s.node.session_id), CAST(ARRAY[] AS ARRAY(ROW(id VARCHAR, confidence VARCHAR)))),
                c -> c.confidence IS NULL OR s.node.principal_id IS NULL OR c.confidence = s.node.principal_id
              ),
              c -> CAST(ROW(s.id, s.node.session_id, 1, c.id, s.id, 'exact', '0') AS ROW(
                start_id VARCHAR,
                start_session_id VARCHAR,
                depth INTEGER,
                child_id VARCHAR,
                parent_id VARCHAR,
                confidence VARCHAR,
                precedence VARCHAR
              ))
            ),
            FLATTEN(
              TRANSFORM(
                FILTER(
                  FLATTEN(
                    COALESCE(ELEMENT_AT(paired.by_use, s.id), CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR)))))
                  ),
                  t -> t.link <> 'forwarded'
                ),
                t -> TRANSFORM(
                  FILTER(
                    COALESCE(ELEMENT_AT(paired.by_parent, t.node_id), CAST(ARRAY[] AS ARRAY(ROW(id VARCHAR, confidence VARCHAR)))),
                    c -> c.id NOT LIKE 'session %'
                  ),
                  c -> CAST(ROW(s.id, s.node.session_id, 1, c.id, s.id, c.confidence, '1') AS ROW(
                    start_id VARCHAR,
                    start_session_id VARCHAR,
                    depth INTEGER,
                    child_id VARCHAR,
                    parent_id VARCHAR,
                    confidence VARCHAR,
                    precedence VARCHAR
                  ))
                )
              )
            ),
            CASE
              WHEN s.node.created IS NULL
              THEN TRANSFORM(
                COALESCE(ELEMENT_AT(paired.by_long_term_key, s.node.session_key), CAST(ARRAY[] AS ARRAY(ROW(id VARCHAR, confidence VARCHAR)))),
                c -> CAST(ROW(s.id, s.node.session_id, 1, c.id, s.id, 'inferred', '2') AS ROW(
                  start_id VARCHAR,
                  start_session_id VARCHAR,
                  depth INTEGER,
                  child_id VARCHAR,
                  parent_id VARCHAR,
                  confidence VARCHAR,
                  precedence VARCHAR
                ))
              )
              ELSE CAST(ARRAY[] AS ARRAY(
                ROW(
                  start_id VARCHAR,
                  start_session_id VARCHAR,
                  depth INTEGER,
                  child_id VARCHAR,
                  parent_id VARCHAR,
                  confidence VARCHAR,
                  precedence VARCHAR
                )
              ))
            END
          ),
          w -> COALESCE(ELEMENT_AT(ELEMENT_AT(paired.by_product, 'product ' || w.child_id), 1).node.session_id, '') <> COALESCE(s.node.session_id, '')
        )
      )
    ) AS first_finds
  FROM paired
), found AS (
  SELECT
    first_found.*,
    REDUCE(
      FILTER(SEQUENCE(2, 100), d -> d <= 16),
      TRANSFORM_VALUES(
        MULTIMAP_FROM_ENTRIES(
          TRANSFORM(
            first_found.first_finds,
            w -> CAST(ROW(w.start_id || ' ' || w.child_id, w) AS ROW(
              name VARCHAR,
              value ROW(
                start_id VARCHAR,
                start_session_id VARCHAR,
                depth INTEGER,
                child_id VARCHAR,
                parent_id VARCHAR,
                confidence VARCHAR,
                precedence VARCHAR
              )
            ))
          )
        ),
        (place, found) -> ELEMENT_AT(
          ARRAY_SORT(found, (a, b) -> CASE WHEN a.precedence < b.precedence THEN -1 WHEN a.precedence > b.precedence THEN 1 ELSE 0 END),
          1
        )
      ),
      (finds, depth) -> MAP_CONCAT(
        finds,
        TRANSFORM_VALUES(
          MULTIMAP_FROM_ENTRIES(
            TRANSFORM(
              FLATTEN(
                TRANSFORM(
                  FILTER(MAP_VALUES(finds), f -> f.depth = depth - 1),
                  f -> TRANSFORM(
                    FILTER(
                      COALESCE(ELEMENT_AT(first_found.by_parent, f.child_id), CAST(ARRAY[] AS ARRAY(ROW(id VARCHAR, confidence VARCHAR)))),
                      c -> ELEMENT_AT(finds, f.start_id || ' ' || c.id) IS NULL
                      AND COALESCE(ELEMENT_AT(ELEMENT_AT(first_found.by_product, 'product ' || c.id), 1).node.session_id, '') <> COALESCE(f.start_session_id, '')
                    ),
                    c -> CAST(ROW(
                      f.start_id,
                      f.start_session_id,
                      CAST(depth AS INTEGER),
                      c.id,
                      f.child_id,
                      c.confidence,
                      COALESCE(
                        DATE_FORMAT(
                          DATE_ADD(
                            'SECOND',
                            CAST(ELEMENT_AT(ELEMENT_AT(first_found.by_product, 'product ' || f.child_id), 1).node.second AS BIGINT),
                            CAST('1970-01-01 00:00:00' AS TIMESTAMP)
                          ),
                          '%Y-%m-%dT%TZ'
                        ),
                        '~'
                      ) || COALESCE(ELEMENT_AT(ELEMENT_AT(first_found.by_product, 'product ' || f.child_id), 1).node.event_id, '~')
                    ) AS ROW(
                      start_id VARCHAR,
                      start_session_id VARCHAR,
                      depth INTEGER,
                      child_id VARCHAR,
                      parent_id VARCHAR,
                      confidence VARCHAR,
                      precedence VARCHAR
                    ))
                  )
                )
              ),
              w -> CAST(ROW(w.start_id || ' ' || w.child_id, w) AS ROW(
                name VARCHAR,
                value ROW(
                  start_id VARCHAR,
                  start_session_id VARCHAR,
                  depth INTEGER,
                  child_id VARCHAR,
                  parent_id VARCHAR,
                  confidence VARCHAR,
                  precedence VARCHAR
                )
              ))
            )
          ),
          (place, found) -> ELEMENT_AT(
            ARRAY_SORT(found, (a, b) -> CASE WHEN a.precedence < b.precedence THEN -1 WHEN a.precedence > b.precedence THEN 1 ELSE 0 END),
            1
          )
        )
      ),
      finds -> FILTER(MAP_VALUES(finds), f -> 16 > 0)
    ) AS finds /* by start and product, so that a place met before is not gone to again */
  FROM first_found
), descended AS (
  SELECT
    found.*,
    TRANSFORM(
      found.finds,
      f -> CAST(ROW(
        f.start_id,
        'derived',
        f.depth,
        'product ' || f.child_id,
        CASE WHEN f.depth = 1 THEN f.start_id ELSE 'product ' || f.parent_id END,
        ELEMENT_AT(ELEMENT_AT(found.by_product, 'product ' || f.child_id), 1).link,
        f.confidence,
        FALSE,
        CASE
          WHEN f.depth = 16
          AND ANY_MATCH(
            COALESCE(ELEMENT_AT(found.by_parent, f.child_id), CAST(ARRAY[] AS ARRAY(ROW(id VARCHAR, confidence VARCHAR)))),
            c -> ELEMENT_AT(places.met, f.start_id || ' ' || c.id) IS NULL
            AND COALESCE(ELEMENT_AT(ELEMENT_AT(found.by_product, 'product ' || c.id), 1).node.session_id, '') <> COALESCE(f.start_session_id, '')
          )
          THEN 'depth-limit'
        END
      ) AS ROW(
        start_id VARCHAR,
        direction VARCHAR,
        depth INTEGER,
        node_id VARCHAR,
        nearer_id VARCHAR,
        link VARCHAR,
        confidence VARCHAR,
        ends BOOLEAN,
        note VARCHAR
      ))
    ) AS descent
  FROM found
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(TRANSFORM(found.finds, f -> CAST(ROW(f.start_id || ' ' || f.child_id, TRUE) AS ROW(name VARCHAR, value BOOLEAN))))]) AS places(met)
), nodes /* backwards, from each start to its origin; the path holds the sessions already met */ AS (
  SELECT
    descended.*,
    known.by_id
  FROM descended
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    CONCAT(
      TRANSFORM(
        descended.starts,
        s -> CAST(ROW(s.id, s.node) AS ROW(
          name VARCHAR,
          value ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        ))
      ),
      TRANSFORM(
        descended.products,
        p -> CAST(ROW(p.id, p.node) AS ROW(
          name VARCHAR,
          value ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        ))
      ),
      TRANSFORM(
        descended.issuances,
        i -> CAST(ROW(i.id, i.caller) AS ROW(
          name VARCHAR,
          value ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        ))
      ),
      TRANSFORM(
        descended.calls,
        c -> CAST(ROW(c.id, c.node) AS ROW(
          name VARCHAR,
          value ROW(
            session_id VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            created BIGINT,
            event_name VARCHAR,
            event_id VARCHAR,
            second BIGINT,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            expires BIGINT,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            invoked_by VARCHAR,
            session_key VARCHAR,
            origin VARCHAR
          )
        ))
      )
    )
  )]) AS known(by_id)
), walked AS (
  SELECT
    nodes.*,
    REDUCE(
      SLICE(SEQUENCE(1, 100), 1, 16),
      TRANSFORM(
        nodes.starts,
        s -> CAST(ROW(s.id, 0, s.id, NULL, NULL, NULL, s.node.session_key, FALSE) AS ROW(
          start_id VARCHAR,
          depth INTEGER,
          node_id VARCHAR,
          nearer_id VARCHAR,
          link VARCHAR,
          confidence VARCHAR,
          path VARCHAR,
          has_returned BOOLEAN
        ))
      ),
      (places, depth) -> CONCAT(
        places,
        FLATTEN(
          TRANSFORM(
            FILTER(places, p -> p.depth = depth - 1 AND NOT p.has_returned),
            p -> TRANSFORM(
              FLATTEN(
                COALESCE(ELEMENT_AT(nodes.by_use, p.node_id), CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR)))))
              ),
              s -> CAST(ROW(
                p.start_id,
                CAST(depth AS INTEGER),
                s.node_id,
                p.node_id,
                s.link,
                s.confidence,
                p.path || COALESCE(ELEMENT_AT(ELEMENT_AT(nodes.by_id, s.node_id), 1).session_key, ''),
                COALESCE(STRPOS(p.path, ELEMENT_AT(ELEMENT_AT(nodes.by_id, s.node_id), 1).session_key) > 0, FALSE)
              ) AS ROW(
                start_id VARCHAR,
                depth INTEGER,
                node_id VARCHAR,
                nearer_id VARCHAR,
                link VARCHAR,
                confidence VARCHAR,
                path VARCHAR,
                has_returned BOOLEAN
              ))
            )
          )
        )
      ),
      places -> places
    ) AS places
  FROM nodes
), shown AS (
  SELECT
    walked.by_id,
    CONCAT(
      walked.descent,
      TRANSFORM(
        walked.places,
        p -> CAST(ROW(
          p.start_id,
          CASE WHEN p.depth = 0 THEN 'start' ELSE 'origin' END,
          p.depth,
          p.node_id,
          p.nearer_id,
          p.link,
          p.confidence,
          NOT p.has_returned
          AND CARDINALITY(
            FLATTEN(
              COALESCE(
                ELEMENT_AT(walked.by_use, p.node_id),
                CAST(ARRAY[] AS ARRAY(ARRAY(ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR))))
              )
            )
          ) = 0,
          CASE WHEN p.has_returned THEN 'cycle' WHEN p.depth = 16 THEN 'depth-limit' END
        ) AS ROW(
          start_id VARCHAR,
          direction VARCHAR,
          depth INTEGER,
          node_id VARCHAR,
          nearer_id VARCHAR,
          link VARCHAR,
          confidence VARCHAR,
          ends BOOLEAN,
          note VARCHAR
        ))
      )
    ) AS rows_shown
  FROM walked
), answer AS (
  SELECT DISTINCT
    starts.session_id AS start_session_id,
    rows_of.direction,
    rows_of.depth,
    hops.session_id,
    hops.access_key_id,
    hops.principal_id,
    hops.identity_type,
    hops.identity_arn,
    hops.account_id,
    DATE_ADD('SECOND', CAST(hops.created AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)) AS session_created_at,
    rows_of.link,
    rows_of.confidence,
    hops.event_name,
    hops.event_id,
    DATE_ADD('SECOND', CAST(hops.second AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)) AS event_time,
    hops.aws_region,
    hops.source_ip,
    hops.user_agent,
    DATE_ADD('SECOND', CAST(hops.expires AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)) AS expires_at,
    hops.mfa_authenticated,
    hops.source_identity,
    hops.on_behalf_of,
    CASE WHEN rows_of.ends THEN hops.origin ELSE rows_of.note END AS origin,
    CASE WHEN rows_of.depth > 0 THEN COALESCE(nearer.session_id, starts.session_id) END AS linked_session_id,
    CASE WHEN rows_of.depth > 0 THEN nearer.access_key_id END AS linked_access_key_id,
    CASE WHEN rows_of.depth > 0 THEN hops.invoked_by END AS invoked_by
  FROM shown
  CROSS JOIN UNNEST(shown.rows_shown) AS rows_of(start_id, direction, depth, node_id, nearer_id, link, confidence, ends, note)
  CROSS JOIN UNNEST(ARRAY[ELEMENT_AT(ELEMENT_AT(shown.by_id, rows_of.node_id), 1)]) AS hops(session_id, access_key_id, principal_id, identity_type, identity_arn, account_id, created, event_name, event_id, second, aws_region, source_ip, user_agent, expires, mfa_authenticated, source_identity, on_behalf_of, invoked_by, session_key, origin)
  CROSS JOIN UNNEST(ARRAY[ELEMENT_AT(ELEMENT_AT(shown.by_id, rows_of.start_id), 1)]) AS starts(session_id, access_key_id, principal_id, identity_type, identity_arn, account_id, created, event_name, event_id, second, aws_region, source_ip, user_agent, expires, mfa_authenticated, source_identity, on_behalf_of, invoked_by, session_key, origin)
  CROSS JOIN UNNEST(ARRAY[ELEMENT_AT(ELEMENT_AT(shown.by_id, COALESCE(rows_of.nearer_id, rows_of.start_id)), 1)]) AS nearer(session_id, access_key_id, principal_id, identity_type, identity_arn, account_id, created, event_name, event_id, second, aws_region, source_ip, user_agent, expires, mfa_authenticated, source_identity, on_behalf_of, invoked_by, session_key, origin)
)
SELECT
  answer.start_session_id,
  answer.direction,
  answer.depth,
  answer.session_id,
  answer.access_key_id,
  answer.principal_id,
  answer.identity_type,
  answer.identity_arn,
  answer.account_id,
  answer.session_created_at,
  answer.link,
  answer.confidence,
  answer.event_name,
  answer.event_id,
  answer.event_time,
  answer.aws_region,
  answer.source_ip,
  answer.user_agent,
  answer.expires_at,
  answer.mfa_authenticated,
  answer.source_identity,
  answer.on_behalf_of,
  answer.origin,
  answer.linked_session_id,
  answer.linked_access_key_id,
  answer.invoked_by
FROM answer
ORDER BY
  answer.start_session_id,
  CASE answer.direction WHEN 'start' THEN 0 WHEN 'origin' THEN 1 ELSE 2 END,
  answer.depth,
  answer.event_time,
  answer.event_id,
  answer.session_id,
  answer.access_key_id,
  answer.linked_session_id,
  answer.linked_access_key_id,
  answer.principal_id,
  answer.session_created_at,
  answer.origin
