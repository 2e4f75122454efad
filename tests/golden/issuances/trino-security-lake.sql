WITH parameters /* the values asked about */ AS (
  SELECT
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
    NULLIF(ELEMENT_AT(unmapped, 'recipientAccountId'), '') AS recipient_account_id,
    NULLIF(ELEMENT_AT(unmapped, 'sharedEventID'), '') AS shared_event_id,
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
    actor.session.is_mfa AS mfa_authenticated,
    NULLIF(ELEMENT_AT(unmapped, 'userIdentity.sessionContext.sourceIdentity'), '') AS source_identity,
    CASE
      WHEN NOT ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.userId') IS NULL
      THEN NULLIF(ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.userId'), '')
      WHEN NOT COALESCE(NULLIF(actor.idp.uid, ''), ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.identityStoreArn')) IS NULL
      THEN NULLIF(actor.user.uid_alt, '')
    END AS on_behalf_of,
    CASE WHEN SUBSTR(LTRIM(api.request.data), 1, 1) IN ('{', '[') THEN api.request.data END AS request_parameters,
    CASE WHEN SUBSTR(LTRIM(api.response.data), 1, 1) IN ('{', '[') THEN api.response.data END AS response_elements
  FROM amazon_security_lake_table_cloud_trail_mgmt_2_0
  CROSS JOIN parameters
  WHERE
    time_dt >= parameters.window_from AND time_dt < parameters.window_to
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
      ROW_NUMBER() OVER (PARTITION BY named.event_id) AS copy_number
    FROM named
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.roleArn'), '') AS role_arn,
    NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.roleSessionName'), '') AS role_session_name,
    NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.targetPrincipal'), '') AS target_principal,
    NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.sourceIdentity'), '') AS issued_source_identity,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
      THEN NULLIF(JSON_EXTRACT_SCALAR(events.response_elements, '$.credentialSet[0].credentials.expiration'), '')
      WHEN NOT events.event_name IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN NULLIF(JSON_EXTRACT_SCALAR(events.response_elements, '$.credentials.expiration'), '')
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
      WHEN STRPOS(events.response_elements, 'Failure') > 0
      THEN COALESCE(
        NULLIF(
          JSON_EXTRACT_SCALAR(ELEMENT_AT(TRY_CAST(JSON_EXTRACT(events.response_elements, '$') AS MAP(VARCHAR, JSON)), events.event_name), '$'),
          ''
        ),
        ''
      ) = 'Failure'
      ELSE FALSE
    END
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
      WHEN NOT vending_calls.expiration IS NULL
      THEN ELEMENT_AT(
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
            )
          )
        ),
        1
      )
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
