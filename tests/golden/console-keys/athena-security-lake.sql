WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), delivered /* the log, read through the layout security-lake */ AS (
  /* which CloudTrail field each OCSF field holds: https://github.com/ocsf/examples, mappings/markdown/AWS/v1.1.0/CloudTrail; */
  /* what cannot be told from it: docs/security-lake.md */
  SELECT
    NULLIF(metadata.uid, '') AS event_id,
    CAST(DATE_TRUNC('SECOND', time_dt) AS TIMESTAMP) AS event_time,
    NULLIF(api.service.name, '') AS event_source,
    NULLIF(api.operation, '') AS event_name,
    NULLIF(cloud.region, '') AS aws_region,
    COALESCE(NULLIF(src_endpoint.ip, ''), NULLIF(src_endpoint.domain, '')) AS source_ip,
    NULLIF(http_request.user_agent, '') AS user_agent,
    NULLIF(api.response.error, '') AS error_code,
    NULLIF(api.response.message, '') AS error_message,
    COALESCE(LOWER(ELEMENT_AT(unmapped, 'sessionCredentialFromConsole')) = 'true', FALSE) AS from_console,
    NULLIF(actor.user.type, '') AS identity_type,
    CASE
      WHEN COALESCE(NULLIF(actor.idp.uid, ''), ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.identityStoreArn')) IS NULL
      OR NOT ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.userId') IS NULL
      THEN NULLIF(actor.user.uid_alt, '')
      WHEN actor.user.type = 'AssumedRole'
      THEN NULLIF(ELEMENT_AT(unmapped, 'userIdentity.sessionContext.sessionIssuer.principalId'), '') || ':' || NULLIF(REGEXP_EXTRACT(actor.user.uid, '/([^/]+)$', 1), '')
    END AS principal_id, /* Since July 2025 uid_alt is the user id of onBehalfOf where there is one, and the identity store stands in idp.uid (of account */ /* changes in unmapped, there without the user id, which older rows have beside it). The principal of a role session is then put */ /* together from its role and the name in its arn. */
    NULLIF(actor.user.uid, '') AS identity_arn,
    NULLIF(actor.user.account.uid, '') AS account_id,
    CASE WHEN REGEXP_LIKE(actor.user.credential_uid, '^[^a-z]+$') THEN actor.user.credential_uid END AS access_key_id, /* the credential id of a bearer token may stand here, which has small letters */
    NULLIF(actor.invoked_by, '') AS invoked_by,
    CAST(DATE_TRUNC('SECOND', actor.session.created_time_dt) AS TIMESTAMP) AS created_at,
    CASE WHEN SUBSTR(LTRIM(api.request.data), 1, 1) IN ('{', '[') THEN api.request.data END AS request_parameters,
    CASE WHEN SUBSTR(LTRIM(api.response.data), 1, 1) IN ('{', '[') THEN api.response.data END AS response_elements,
    CASE
      WHEN is_mfa
      THEN '{"MFAUsed":"Yes"}'
      WHEN NOT is_mfa
      THEN '{"MFAUsed":"No"}'
      WHEN NOT ELEMENT_AT(unmapped, 'additionalEventData.MFAUsed') IS NULL
      THEN JSON_FORMAT(CAST(MAP(ARRAY['MFAUsed'], ARRAY[ELEMENT_AT(unmapped, 'additionalEventData.MFAUsed')]) AS JSON))
    END AS additional_event_data /* of the flattened document the one member that a query asks for; of a sign-in it is the column is_mfa */
  FROM amazon_security_lake_table_cloud_trail_mgmt_2_0
  CROSS JOIN parameters
  WHERE
    time_dt >= DATE_ADD('SECOND', -129600, parameters.window_from) AND time_dt < parameters.window_to
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
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    CASE WHEN events.is_vending THEN NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.targetPrincipal'), '') END AS target_principal
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
          WHEN STRPOS(events.response_elements, 'Failure') > 0
          THEN COALESCE(
            NULLIF(
              JSON_EXTRACT_SCALAR(ELEMENT_AT(TRY_CAST(JSON_EXTRACT(events.response_elements, '$') AS MAP(VARCHAR, JSON)), events.event_name), '$'),
              ''
            ),
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
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.accessKey.accessKeyId'), '')
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.credentialSet[0].credentials.accessKeyId'), '')
      WHEN NOT vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN NULLIF(JSON_EXTRACT_SCALAR(vending_calls.response_elements, '$.credentials.accessKeyId'), '')
    END AS issued_access_key_id,
    CASE
      WHEN NOT vending_calls.is_vending
      THEN NULL
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
      THEN vending.issued_principal_id || '@' || DATE_FORMAT(vending.issued_created_at, '%Y-%m-%dT%TZ')
      ELSE vending.issued_access_key_id
    END AS issued_session_id
  FROM vending
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      issuing.*,
      ROW_NUMBER() OVER (PARTITION BY issuing.event_id) AS copy_number
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
    CASE WHEN roles.role = 'login' THEN LOWER(NULLIF(JSON_EXTRACT_SCALAR(events.additional_event_data, '$.MFAUsed'), '')) END AS mfa_text,
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
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT told.aws_region) FILTER(WHERE
        NOT told.aws_region IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS regions,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    COUNT(*) AS calls,
    COUNT(told.invoked_by) AS forwarded_calls,
    COALESCE(BOOL_OR(told.from_console), FALSE) AS from_console_flag
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
        ORDER BY DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), key_uses.moment)
        RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING
      ) + COUNT(CASE WHEN key_uses.role = 'vended' AND key_uses.principal_id IS NULL THEN 1 END) OVER (
        PARTITION BY key_uses.access_key_id
        ORDER BY DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), key_uses.moment)
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
