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
), delivered /* the log, read through the layout event */ AS (
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
    CASE record.read_only_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
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
    CASE record.mfa_authenticated_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS mfa_authenticated,
    record.source_identity,
    record.on_behalf_of,
    record.request_parameters,
    record.response_elements,
    record.additional_event_data
  FROM (
    SELECT
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventID')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventID'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventID') AS VARCHAR), '')
      END AS event_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventTime')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventTime'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventTime') AS VARCHAR), '')
      END AS event_time_text,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventSource')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventSource'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventSource') AS VARCHAR), '')
      END AS event_source,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'eventName')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'eventName'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'eventName') AS VARCHAR), '')
      END AS event_name,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'awsRegion')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'awsRegion'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'awsRegion') AS VARCHAR), '')
      END AS aws_region,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'sourceIPAddress')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'sourceIPAddress'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'sourceIPAddress') AS VARCHAR), '')
      END AS source_ip,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userAgent')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userAgent'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userAgent') AS VARCHAR), '')
      END AS user_agent,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'errorCode')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'errorCode'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'errorCode') AS VARCHAR), '')
      END AS error_code,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'errorMessage')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'errorMessage'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'errorMessage') AS VARCHAR), '')
      END AS error_message,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'recipientAccountId')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'recipientAccountId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'recipientAccountId') AS VARCHAR), '')
      END AS recipient_account_id,
      LOWER(
        CASE
          WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'readOnly')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'readOnly'))
          THEN NULLIF(CAST(GET_PATH(log.raw, 'readOnly') AS VARCHAR), '')
        END
      ) AS read_only_text,
      COALESCE(
        LOWER(
          CASE
            WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'sessionCredentialFromConsole'))
            AND NOT IS_ARRAY(GET_PATH(log.raw, 'sessionCredentialFromConsole'))
            THEN NULLIF(CAST(GET_PATH(log.raw, 'sessionCredentialFromConsole') AS VARCHAR), '')
          END
        ) = 'true',
        FALSE
      ) AS from_console,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.type')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.type'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.type') AS VARCHAR), '')
      END AS identity_type,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.principalId'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.principalId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.principalId') AS VARCHAR), '')
      END AS principal_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.arn')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.arn'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.arn') AS VARCHAR), '')
      END AS identity_arn,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.accountId')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.accountId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.accountId') AS VARCHAR), '')
      END AS account_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.accessKeyId') AS VARCHAR), '')
      END AS access_key_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.invokedBy')) AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.invokedBy'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.invokedBy') AS VARCHAR), '')
      END AS invoked_by,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.creationDate'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.creationDate'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.creationDate') AS VARCHAR), '')
      END AS created_at_text,
      LOWER(
        CASE
          WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.mfaAuthenticated'))
          AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.mfaAuthenticated'))
          THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.sessionContext.attributes.mfaAuthenticated') AS VARCHAR), '')
        END
      ) AS mfa_authenticated_text,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.sessionContext.sourceIdentity'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.sessionContext.sourceIdentity'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.sessionContext.sourceIdentity') AS VARCHAR), '')
      END AS source_identity,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(log.raw, 'userIdentity.onBehalfOf.userId'))
        AND NOT IS_ARRAY(GET_PATH(log.raw, 'userIdentity.onBehalfOf.userId'))
        THEN NULLIF(CAST(GET_PATH(log.raw, 'userIdentity.onBehalfOf.userId') AS VARCHAR), '')
      END AS on_behalf_of,
      CASE
        WHEN IS_OBJECT(GET_PATH(log.raw, 'requestParameters')) OR IS_ARRAY(GET_PATH(log.raw, 'requestParameters'))
        THEN GET_PATH(log.raw, 'requestParameters')
      END AS request_parameters,
      CASE
        WHEN IS_OBJECT(GET_PATH(log.raw, 'responseElements')) OR IS_ARRAY(GET_PATH(log.raw, 'responseElements'))
        THEN GET_PATH(log.raw, 'responseElements')
      END AS response_elements,
      CASE
        WHEN IS_OBJECT(GET_PATH(log.raw, 'additionalEventData')) OR IS_ARRAY(GET_PATH(log.raw, 'additionalEventData'))
        THEN GET_PATH(log.raw, 'additionalEventData')
      END AS additional_event_data
    FROM cloudtrail_events AS log
    CROSS JOIN parameters
    WHERE
      IS_OBJECT(log.raw)
      AND CASE
        WHEN REGEXP_LIKE(event_time_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
        THEN DATEADD(
          MINUTE,
          IFF(REGEXP_SUBSTR(event_time_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
            60 * COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
          ),
          TRY_TO_TIMESTAMP_NTZ(
            REGEXP_REPLACE(event_time_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
            'yyyy-mm-DD hh24:mi:ss'
          )
        )
      END >= DATEADD(SECOND, -129600, parameters.window_from)
      AND CASE
        WHEN REGEXP_LIKE(event_time_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
        THEN DATEADD(
          MINUTE,
          IFF(REGEXP_SUBSTR(event_time_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
            60 * COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(event_time_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
          ),
          TRY_TO_TIMESTAMP_NTZ(
            REGEXP_REPLACE(event_time_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
            'yyyy-mm-DD hh24:mi:ss'
          )
        )
      END < parameters.window_to
  ) AS record
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
), judged /* what kind of call each is (docs/rules.md §1) */ AS (
  SELECT
    issuing.*,
    COALESCE(
      issuing.mfa_authenticated,
      CASE
        WHEN issuing.is_vending AND issuing.is_sign_in
        THEN CASE LOWER(
            CASE
              WHEN NOT IS_OBJECT(GET_PATH(issuing.additional_event_data, 'MFAUsed'))
              AND NOT IS_ARRAY(GET_PATH(issuing.additional_event_data, 'MFAUsed'))
              THEN NULLIF(CAST(GET_PATH(issuing.additional_event_data, 'MFAUsed') AS VARCHAR), '')
            END
          )
          WHEN 'yes'
          THEN TRUE
          WHEN 'no'
          THEN FALSE
        END
      END
    ) AS has_mfa,
    NOT issuing.error_code IS NULL
    OR NOT issuing.error_message IS NULL
    OR CASE
      WHEN NOT issuing.response_elements IS NULL
      THEN COALESCE(
        CASE
          WHEN NOT IS_OBJECT(GET(issuing.response_elements, issuing.event_name))
          AND NOT IS_ARRAY(GET(issuing.response_elements, issuing.event_name))
          THEN NULLIF(CAST(GET(issuing.response_elements, issuing.event_name) AS VARCHAR), '')
        END,
        ''
      ) = 'Failure'
      ELSE FALSE
    END AS has_failed,
    COALESCE(
      (
        issuing.error_code IN (
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
          REGEXP_INSTR(LOWER(issuing.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)') > 0
        )
      ),
      FALSE
    ) AS is_denied,
    COALESCE(
      issuing.read_only,
      COALESCE(
        REGEXP_INSTR(
          issuing.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ) > 0,
        FALSE
      )
    ) AS is_read,
    COALESCE(
      (
        (issuing.event_source, issuing.event_name) IN (
          ('sts.amazonaws.com', 'AssumeRole'),
          ('sts.amazonaws.com', 'AssumeRoleWithSAML'),
          ('sts.amazonaws.com', 'AssumeRoleWithWebIdentity'),
          ('sts.amazonaws.com', 'GetSessionToken'),
          ('sts.amazonaws.com', 'GetFederationToken'),
          ('sso.amazonaws.com', 'GetRoleCredentials'),
          ('signin.amazonaws.com', 'GetSigninToken'),
          ('secretsmanager.amazonaws.com', 'GetSecretValue'),
          ('secretsmanager.amazonaws.com', 'BatchGetSecretValue'),
          ('ssm.amazonaws.com', 'GetParameter'),
          ('ssm.amazonaws.com', 'GetParameters'),
          ('ssm.amazonaws.com', 'GetParametersByPath'),
          ('ssm.amazonaws.com', 'GetParameterHistory'),
          ('kms.amazonaws.com', 'Decrypt'),
          ('ec2.amazonaws.com', 'GetPasswordData'),
          ('ec2.amazonaws.com', 'DescribeInstanceAttribute'),
          ('ec2.amazonaws.com', 'GetConsoleOutput'),
          ('ec2.amazonaws.com', 'GetConsoleScreenshot'),
          ('ec2.amazonaws.com', 'GetLaunchTemplateData'),
          ('ec2.amazonaws.com', 'DescribeSnapshotAttribute'),
          ('ecr.amazonaws.com', 'GetAuthorizationToken'),
          ('ecr-public.amazonaws.com', 'GetAuthorizationToken'),
          ('codeartifact.amazonaws.com', 'GetAuthorizationToken'),
          ('ecr.amazonaws.com', 'BatchGetImage'),
          ('ecr.amazonaws.com', 'GetDownloadUrlForLayer'),
          ('iam.amazonaws.com', 'GetAccountAuthorizationDetails'),
          ('iam.amazonaws.com', 'ListAccessKeys'),
          ('iam.amazonaws.com', 'GetCredentialReport'),
          ('iam.amazonaws.com', 'SimulatePrincipalPolicy'),
          ('s3.amazonaws.com', 'GetObject'),
          ('s3.amazonaws.com', 'ListBuckets'),
          ('s3.amazonaws.com', 'GetBucketPolicy'),
          ('dynamodb.amazonaws.com', 'GetItem'),
          ('dynamodb.amazonaws.com', 'BatchGetItem'),
          ('dynamodb.amazonaws.com', 'Query'),
          ('dynamodb.amazonaws.com', 'Scan'),
          ('rds.amazonaws.com', 'DownloadDBLogFilePortion'),
          ('eks-auth.amazonaws.com', 'AssumeRoleForPodIdentity'),
          ('cognito-identity.amazonaws.com', 'GetCredentialsForIdentity'),
          ('athena.amazonaws.com', 'GetQueryResults'),
          ('logs.amazonaws.com', 'GetLogEvents'),
          ('logs.amazonaws.com', 'GetLogRecord'),
          ('logs.amazonaws.com', 'GetQueryResults'),
          ('cloudtrail.amazonaws.com', 'LookupEvents'),
          ('organizations.amazonaws.com', 'ListAccounts'),
          ('organizations.amazonaws.com', 'DescribeOrganization')
        )
        OR (
          issuing.event_source = 'lambda.amazonaws.com' AND (
            REGEXP_INSTR(issuing.event_name, '^GetFunction') > 0
          )
        )
        OR (
          issuing.event_source = 'redshift.amazonaws.com' AND (
            REGEXP_INSTR(issuing.event_name, '^GetClusterCredentials') > 0
          )
        )
        OR (
          issuing.event_source = 'cognito-identity.amazonaws.com' AND (
            REGEXP_INSTR(issuing.event_name, '^GetOpenIdToken') > 0
          )
        )
      ),
      FALSE
    ) AS is_sensitive
  FROM issuing
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      judged.*,
      ROW_NUMBER() OVER (
        PARTITION BY judged.event_id
        ORDER BY judged.event_time, judged.recipient_account_id, judged.event_source, judged.event_name, judged.identity_type, judged.principal_id, judged.identity_arn, judged.access_key_id, judged.created_at, judged.aws_region, judged.error_code, judged.source_ip, judged.user_agent
      ) AS copy_number
    FROM judged
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), told /* what each event tells here: a session was used, or one was opened. An issuance tells both, so it stands twice; the log itself is read once. */ AS (
  SELECT
    roles.role,
    CASE roles.role WHEN 'use' THEN events.session_id ELSE events.issued_session_id END AS session_id,
    events.identity_type,
    events.identity_arn,
    events.principal_id,
    events.account_id,
    events.session_created_at,
    events.access_key_id,
    events.event_time,
    events.aws_region,
    events.source_ip,
    events.user_agent,
    events.invoked_by,
    events.from_console,
    events.is_sign_in,
    events.source_identity,
    events.on_behalf_of,
    events.has_mfa,
    events.has_failed,
    events.is_denied,
    events.is_read,
    events.is_sensitive
  FROM events
  CROSS JOIN (
    SELECT
      'use' AS role
    UNION ALL
    SELECT
      'opened' AS role
  ) AS roles
  WHERE
    CASE roles.role
      WHEN 'use'
      THEN events.in_window AND NOT events.session_id IS NULL
      ELSE events.is_issuing AND NOT events.issued_session_id IS NULL
    END
), gathered /* the calls of each session, and what opened it */ AS (
  SELECT
    told.role,
    told.session_id,
    MIN(told.identity_type) AS identity_type,
    MIN(told.identity_arn) AS identity_arn,
    MIN(told.principal_id) AS principal_id,
    MIN(told.account_id) AS account_id,
    MIN(told.session_created_at) AS session_created_at,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT told.access_key_id) WITHIN GROUP (ORDER BY
      told.access_key_id), 0, 20) AS access_keys,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    COUNT(*) AS calls,
    SUM(CASE WHEN told.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN told.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN told.is_read THEN 0 ELSE 1 END) AS writes,
    SUM(CASE WHEN told.is_read AND told.is_sensitive THEN 1 ELSE 0 END) AS sensitive,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT told.aws_region) WITHIN GROUP (ORDER BY
      told.aws_region), 0, 20) AS regions,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT told.source_ip) WITHIN GROUP (ORDER BY
      told.source_ip), 0, 20) AS source_ips,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT told.user_agent) WITHIN GROUP (ORDER BY
      told.user_agent), 0, 20) AS user_agents,
    CASE WHEN COALESCE(BOOLOR_AGG(told.has_mfa), FALSE) THEN TRUE WHEN COUNT(told.has_mfa) > 0 THEN FALSE END AS mfa_authenticated,
    MIN(told.source_identity) AS source_identity,
    MIN(told.on_behalf_of) AS on_behalf_of,
    COUNT(told.invoked_by) AS forwarded,
    COUNT(told.access_key_id) AS signed_calls,
    SUM(CASE WHEN told.invoked_by <> 'signin.amazonaws.com' THEN 1 ELSE 0 END) AS served_calls,
    COALESCE(BOOLOR_AGG(told.from_console), FALSE) AS from_console,
    COALESCE(BOOLOR_AGG(told.is_sign_in OR told.role = 'use' AND told.invoked_by = 'signin.amazonaws.com'), FALSE) AS signs_in,
    COALESCE(BOOLOR_AGG(told.identity_type = 'AWSService'), FALSE) AS by_service,
    COALESCE(BOOLOR_AGG(told.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')), FALSE) AS by_outsider
  FROM told
  GROUP BY
    told.role,
    told.session_id
), known AS (
  SELECT
    gathered.*,
    MAX(CASE WHEN gathered.role = 'opened' THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS is_opened,
    MAX(CASE WHEN gathered.role = 'opened' AND gathered.by_service THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS opened_by_service,
    MAX(CASE WHEN gathered.role = 'opened' AND gathered.by_outsider THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS opened_by_outsider,
    MAX(CASE WHEN gathered.signs_in THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS signed_in
  FROM gathered
)
SELECT
  known.session_id,
  CASE
    WHEN known.served_calls = known.calls
    AND NOT known.from_console
    AND known.identity_type = 'AssumedRole'
    AND (
      known.opened_by_service = 1
      OR known.identity_arn LIKE '%:assumed-role/AWSServiceRoleFor%'
      OR known.signed_calls = 0
      AND known.is_opened = 0
    )
    THEN 'service'
    WHEN known.served_calls = known.calls
    AND NOT known.from_console
    AND NOT known.session_created_at IS NULL
    AND known.is_opened = 0
    THEN 'forwarded'
    WHEN known.identity_type = 'Root'
    THEN 'root'
    WHEN known.from_console OR known.signed_in = 1
    THEN 'console'
    WHEN known.identity_type = 'IdentityCenterUser'
    OR NOT known.on_behalf_of IS NULL
    OR known.identity_arn LIKE '%:assumed-role/AWSReservedSSO!_%' ESCAPE '!'
    THEN 'identity-center'
    WHEN known.identity_type IN ('FederatedUser', 'SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')
    OR known.opened_by_outsider = 1
    THEN 'federated'
    WHEN known.identity_type = 'IAMUser' OR known.identity_type IS NULL AND known.session_created_at IS NULL
    THEN 'long-term-key'
    ELSE 'role'
  END AS kind, /* the first that holds (docs/rules.md §8) */
  known.identity_type,
  known.identity_arn,
  known.principal_id,
  known.account_id,
  known.session_created_at,
  known.access_keys,
  known.first_seen,
  known.last_seen,
  known.calls,
  known.failed,
  known.denied,
  known.writes,
  known.regions,
  known.source_ips,
  known.user_agents,
  known.mfa_authenticated,
  known.sensitive,
  known.forwarded,
  known.source_identity,
  known.on_behalf_of
FROM known
WHERE
  known.role = 'use'
ORDER BY
  known.first_seen,
  known.session_id
