WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
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
    record.error_message,
    record.recipient_account_id,
    record.from_console,
    record.identity_type,
    record.principal_id,
    record.identity_arn,
    record.account_id,
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
    END AS created_at,
    record.request_parameters,
    record.response_elements,
    record.additional_event_data
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
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'errorMessage')) AND NOT IS_ARRAY(GET_PATH(item.value, 'errorMessage'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'errorMessage') AS VARCHAR), '')
      END AS error_message,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'recipientAccountId')) AND NOT IS_ARRAY(GET_PATH(item.value, 'recipientAccountId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'recipientAccountId') AS VARCHAR), '')
      END AS recipient_account_id,
      COALESCE(
        LOWER(
          CASE
            WHEN NOT IS_OBJECT(GET_PATH(item.value, 'sessionCredentialFromConsole'))
            AND NOT IS_ARRAY(GET_PATH(item.value, 'sessionCredentialFromConsole'))
            THEN NULLIF(CAST(GET_PATH(item.value, 'sessionCredentialFromConsole') AS VARCHAR), '')
          END
        ) = 'true',
        FALSE
      ) AS from_console,
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
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.invokedBy'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.invokedBy'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.invokedBy') AS VARCHAR), '')
      END AS invoked_by,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate') AS VARCHAR), '')
      END AS created_at_text,
      CASE
        WHEN IS_OBJECT(GET_PATH(item.value, 'requestParameters')) OR IS_ARRAY(GET_PATH(item.value, 'requestParameters'))
        THEN GET_PATH(item.value, 'requestParameters')
      END AS request_parameters,
      CASE
        WHEN IS_OBJECT(GET_PATH(item.value, 'responseElements')) OR IS_ARRAY(GET_PATH(item.value, 'responseElements'))
        THEN GET_PATH(item.value, 'responseElements')
      END AS response_elements,
      CASE
        WHEN IS_OBJECT(GET_PATH(item.value, 'additionalEventData')) OR IS_ARRAY(GET_PATH(item.value, 'additionalEventData'))
        THEN GET_PATH(item.value, 'additionalEventData')
      END AS additional_event_data
    FROM cloudtrail_files AS file, LATERAL FLATTEN(input => GET_PATH(file.v, 'Records')) AS item(SEQ, KEY, PATH, INDEX, VALUE, THIS)
    WHERE
      IS_OBJECT(item.value)
  ) AS record
  CROSS JOIN parameters
  WHERE
    event_time >= DATEADD(SECOND, -129600, parameters.window_from) AND event_time < parameters.window_to
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
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    CASE
      WHEN events.is_vending
      THEN CASE
        WHEN NOT IS_OBJECT(GET_PATH(events.request_parameters, 'targetPrincipal'))
        AND NOT IS_ARRAY(GET_PATH(events.request_parameters, 'targetPrincipal'))
        THEN NULLIF(CAST(GET_PATH(events.request_parameters, 'targetPrincipal') AS VARCHAR), '')
      END
    END AS target_principal
  FROM (
    SELECT
      events.*,
      COALESCE(
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
        END,
        FALSE
      ) AS is_vending
    FROM named AS events
  ) AS events
), vending /* whom they issued it to */ AS (
  SELECT
    vending_calls.*,
    CASE
      WHEN NOT vending_calls.is_vending
      THEN NULL
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
      WHEN NOT vending_calls.is_vending
      THEN NULL
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
    CASE WHEN vending_calls.event_name <> 'CreateAccessKey' THEN vending_calls.event_time END AS issued_created_at,
    vending_calls.is_vending
    AND vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication') AS opens_console
  FROM vending_calls
), issuing /* which calls are issuances */ AS (
  SELECT
    vending.*,
    vending.is_vending
    AND CASE
      WHEN vending.opens_console
      THEN NOT vending.principal_id IS NULL
      WHEN vending.event_name = 'GetSigninToken' AND vending.issued_access_key_id = vending.access_key_id
      THEN FALSE
      ELSE NOT vending.issued_access_key_id IS NULL
    END AS is_issuing,
    CASE
      WHEN NOT vending.issued_principal_id IS NULL AND NOT vending.issued_created_at IS NULL
      THEN vending.issued_principal_id || '@' || (
        TO_CHAR(vending.issued_created_at, 'YYYY-MM-DD') || 'T' || TO_CHAR(vending.issued_created_at, 'HH24:MI:SS') || 'Z'
      )
      ELSE vending.issued_access_key_id
    END AS issued_session_id
  FROM vending
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      issuing.*,
      ROW_NUMBER() OVER (
        PARTITION BY issuing.event_id
        ORDER BY issuing.event_time, issuing.recipient_account_id, issuing.event_source, issuing.event_name, issuing.identity_type, issuing.principal_id, issuing.identity_arn, issuing.access_key_id, issuing.created_at, issuing.aws_region, issuing.error_code, issuing.source_ip, issuing.user_agent
      ) AS copy_number
    FROM issuing
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), told /* what each event tells here: a key was used, a session was opened, or a key was given out. An issuance is both a use of its caller's key */ /* and the birth of another, so it stands twice; the log itself is read once. */ AS (
  SELECT
    roles.role,
    CASE roles.role WHEN 'use' THEN events.access_key_id WHEN 'vended' THEN events.issued_access_key_id END AS access_key_id,
    CASE WHEN roles.role = 'use' THEN events.principal_id ELSE events.issued_principal_id END AS principal_id,
    CASE WHEN roles.role = 'use' THEN events.session_created_at ELSE events.event_time END AS moment,
    CASE roles.role WHEN 'use' THEN events.session_id WHEN 'login' THEN events.issued_session_id END AS session_id,
    CASE WHEN roles.role = 'login' THEN events.event_id END AS login_event_id, /* of a use these are not shown */
    CASE WHEN roles.role = 'login' THEN events.event_name END AS event_name,
    CASE WHEN roles.role = 'login' THEN events.source_ip END AS source_ip,
    CASE WHEN roles.role = 'login' THEN events.user_agent END AS user_agent,
    CASE
      WHEN roles.role = 'login'
      THEN LOWER(
        CASE
          WHEN NOT IS_OBJECT(GET_PATH(events.additional_event_data, 'MFAUsed'))
          AND NOT IS_ARRAY(GET_PATH(events.additional_event_data, 'MFAUsed'))
          THEN NULLIF(CAST(GET_PATH(events.additional_event_data, 'MFAUsed') AS VARCHAR), '')
        END
      )
    END AS mfa_text,
    events.event_time,
    events.aws_region,
    events.identity_type,
    events.identity_arn,
    events.account_id,
    events.invoked_by,
    events.from_console
  FROM events
  CROSS JOIN (
    SELECT
      'use' AS role
    UNION ALL
    SELECT
      'login' AS role
    UNION ALL
    SELECT
      'vended' AS role
  ) AS roles
  WHERE
    CASE roles.role
      WHEN 'use'
      THEN events.in_window
      AND NOT COALESCE(events.is_sign_in, FALSE)
      AND NOT events.principal_id IS NULL
      AND NOT events.created_at IS NULL
      WHEN 'login'
      THEN events.is_issuing AND events.is_sign_in AND NOT events.issued_session_id IS NULL
      ELSE events.is_issuing AND NOT events.is_sign_in AND NOT events.issued_access_key_id IS NULL
    END
), key_uses AS (
  SELECT
    told.role,
    told.access_key_id,
    told.principal_id,
    told.moment,
    told.session_id,
    told.login_event_id,
    MIN(told.event_name) AS event_name,
    MIN(told.aws_region) AS aws_region,
    MIN(told.source_ip) AS source_ip,
    MIN(told.user_agent) AS user_agent,
    MIN(told.mfa_text) AS mfa_text,
    MIN(told.identity_type) AS identity_type,
    MIN(told.identity_arn) AS identity_arn,
    MIN(told.account_id) AS account_id,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT told.aws_region) WITHIN GROUP (ORDER BY
      told.aws_region), 0, 20) AS regions,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    COUNT(*) AS calls,
    COUNT(told.invoked_by) AS forwarded_calls,
    COALESCE(BOOLOR_AGG(told.from_console), FALSE) AS from_console_flag
  FROM told
  GROUP BY
    told.role,
    told.access_key_id,
    told.principal_id,
    told.moment,
    told.session_id,
    told.login_event_id
), related /* a key that another call gave out, within 2 s and to a fitting principal, belongs to that call and not to the console (docs/rules.md §5) */ AS (
  SELECT
    key_uses.*,
    CASE
      WHEN key_uses.role = 'use'
      THEN COUNT(CASE WHEN key_uses.role = 'vended' THEN 1 END) OVER (
        PARTITION BY key_uses.access_key_id, key_uses.principal_id
        ORDER BY DATEDIFF(SECOND, TO_TIMESTAMP_NTZ('1970-01-01 00:00:00', 'yyyy-mm-DD hh24:mi:ss'), key_uses.moment)
        RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING
      ) + COUNT(CASE WHEN key_uses.role = 'vended' AND key_uses.principal_id IS NULL THEN 1 END) OVER (
        PARTITION BY key_uses.access_key_id
        ORDER BY DATEDIFF(SECOND, TO_TIMESTAMP_NTZ('1970-01-01 00:00:00', 'yyyy-mm-DD hh24:mi:ss'), key_uses.moment)
        RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING
      )
    END AS issuers,
    ROW_NUMBER() OVER (PARTITION BY key_uses.session_id, key_uses.role ORDER BY key_uses.first_seen, key_uses.login_event_id) AS sign_in_number
  FROM key_uses
), kept AS (
  SELECT
    related.*
  FROM related
  WHERE
    CASE related.role
      WHEN 'use'
      THEN related.issuers = 0 OR related.from_console_flag
      WHEN 'login'
      THEN related.sign_in_number = 1
      ELSE FALSE
    END
), answer /* every key of a session beside its sign-in */ AS (
  SELECT
    kept.session_id,
    MIN(CASE WHEN NOT kept.access_key_id IS NULL THEN kept.identity_type END) OVER (PARTITION BY kept.session_id) AS identity_type,
    MIN(CASE WHEN NOT kept.access_key_id IS NULL THEN kept.identity_arn END) OVER (PARTITION BY kept.session_id) AS identity_arn,
    kept.principal_id,
    MIN(CASE WHEN NOT kept.access_key_id IS NULL THEN kept.account_id END) OVER (PARTITION BY kept.session_id) AS account_id,
    kept.moment AS session_created_at,
    MAX(CASE WHEN kept.role = 'login' THEN kept.login_event_id END) OVER (PARTITION BY kept.session_id) AS login_event_id,
    MAX(CASE WHEN kept.role = 'login' THEN kept.event_name END) OVER (PARTITION BY kept.session_id) AS login_event_name,
    MAX(CASE WHEN kept.role = 'login' THEN kept.first_seen END) OVER (PARTITION BY kept.session_id) AS login_time,
    MAX(CASE WHEN kept.role = 'login' THEN kept.aws_region END) OVER (PARTITION BY kept.session_id) AS login_region,
    MAX(CASE WHEN kept.role = 'login' THEN kept.source_ip END) OVER (PARTITION BY kept.session_id) AS login_source_ip,
    MAX(CASE WHEN kept.role = 'login' THEN kept.user_agent END) OVER (PARTITION BY kept.session_id) AS login_user_agent,
    MAX(CASE WHEN kept.role = 'login' THEN kept.mfa_text END) OVER (PARTITION BY kept.session_id) AS mfa_text,
    kept.access_key_id,
    kept.regions,
    kept.first_seen,
    kept.last_seen,
    kept.calls,
    kept.forwarded_calls,
    kept.from_console_flag,
    MAX(CASE WHEN kept.access_key_id = parameters.access_key THEN 1 ELSE 0 END) OVER (PARTITION BY kept.session_id) AS has_key,
    MAX(CASE WHEN kept.role = 'login' OR kept.from_console_flag THEN 1 ELSE 0 END) OVER (PARTITION BY kept.session_id) AS is_console
  FROM kept
  CROSS JOIN parameters
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
  CASE answer.mfa_text WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS mfa_used,
  answer.access_key_id,
  answer.regions,
  answer.first_seen,
  answer.last_seen,
  answer.calls,
  answer.forwarded_calls,
  answer.from_console_flag
FROM answer
WHERE
  NOT answer.access_key_id IS NULL AND answer.is_console = 1 AND answer.has_key = 1
ORDER BY
  answer.session_created_at,
  answer.session_id,
  answer.first_seen,
  answer.access_key_id
