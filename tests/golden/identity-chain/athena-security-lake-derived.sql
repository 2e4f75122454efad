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
    WHERE
      NOT delivered.access_key_id IS NULL
      OR NOT delivered.created_at IS NULL
      OR delivered.event_name IN (
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
  ) AS timed
), vending_calls /* the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2) */ AS (
  SELECT
    events.*,
    CASE WHEN events.is_vending THEN NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.roleArn'), '') END AS role_arn,
    CASE WHEN events.is_vending THEN NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.roleSessionName'), '') END AS role_session_name,
    CASE WHEN events.is_vending THEN NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.targetPrincipal'), '') END AS target_principal,
    CASE WHEN events.is_vending THEN NULLIF(JSON_EXTRACT_SCALAR(events.request_parameters, '$.sourceIdentity'), '') END AS issued_source_identity,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
      THEN CASE
        WHEN events.is_vending
        THEN NULLIF(JSON_EXTRACT_SCALAR(events.response_elements, '$.credentialSet[0].credentials.expiration'), '')
      END
      WHEN NOT events.event_name IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
      THEN CASE WHEN events.is_vending THEN NULLIF(JSON_EXTRACT_SCALAR(events.response_elements, '$.credentials.expiration'), '') END
    END AS expiration
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
    CASE
      WHEN NOT vending_calls.is_vending
      THEN NULL
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
      WHEN NOT vending_calls.is_vending
      THEN NULL
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
    COALESCE(NULLIF(REGEXP_EXTRACT(vending.issued_arn, '^arn:[^:]*:[^:]*:[^:]*:([0-9]+):', 1), ''), vending.account_id) AS issued_account_id
  FROM vending
), noted AS (
  SELECT
    issuing.*,
    DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), issuing.event_time) AS second,
    DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), issuing.session_created_at) AS created,
    DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), issuing.issued_created_at) AS issued_created,
    issuing.in_window AND issuing.access_key_id = parameters.access_key AS is_asked,
    issuing.access_key_id NOT LIKE 'ASIA%'
    AND issuing.session_created_at IS NULL
    AND issuing.invoked_by IS NULL
    AND NOT issuing.identity_arn IS NULL
    AND NOT issuing.event_time IS NULL AS is_call,
    NOT issuing.access_key_id IS NULL AND NOT issuing.session_created_at IS NULL AND NOT issuing.invoked_by IS NULL AS is_forwarded
  FROM issuing
  CROSS JOIN parameters
), marked /* what each event tells the walk, once for each kind of thing that it tells of */ AS (
  SELECT
    kinds.kind,
    noted.*,
    CASE WHEN kinds.kind = 'issuance' THEN noted.issued_access_key_id WHEN kinds.kind <> 'service' THEN noted.access_key_id END AS kind_key,
    CASE
      WHEN kinds.kind = 'issuance'
      THEN noted.event_name
      WHEN kinds.kind IN ('call', 'service')
      THEN noted.identity_arn
      ELSE noted.principal_id
    END AS holder,
    CASE WHEN kinds.kind = 'call' THEN noted.second WHEN kinds.kind <> 'issuance' THEN noted.created END AS moment,
    CASE WHEN kinds.kind = 'issuance' THEN COALESCE('shared ' || noted.shared_event_id, noted.event_id) END AS call_id, /* all copies of one call that two accounts' logs have, or of one event */
    CASE
      WHEN kinds.kind = 'issuance'
      THEN JSON_FORMAT(
        CAST(ARRAY[noted.event_name, noted.event_id, CAST(noted.second AS VARCHAR), noted.aws_region, noted.source_ip, noted.user_agent, CAST(DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), noted.expires_at) AS VARCHAR), noted.access_key_id, noted.principal_id, CAST(noted.created AS VARCHAR), noted.identity_type, noted.identity_arn, noted.account_id, noted.invoked_by, CAST(noted.mfa_authenticated AS VARCHAR), noted.source_identity, noted.on_behalf_of, CASE
          WHEN NOT noted.access_key_id IS NULL OR NOT noted.is_sign_in AND NOT noted.principal_id IS NULL AND NOT noted.created IS NULL
          THEN '|' || COALESCE(noted.access_key_id, '') || '|' || COALESCE(noted.principal_id, '') || '|' || COALESCE(CAST(noted.created AS VARCHAR), '') || '|'
        END /* a sign-in without a key has no caller's session */, noted.issued_access_key_id, noted.issued_principal_id, CAST(noted.issued_created AS VARCHAR), noted.issued_type, noted.issued_arn, noted.issued_account_id, noted.issued_source_identity, CAST(noted.in_window AND COALESCE(noted.issued_access_key_id = parameters.access_key, FALSE) AS VARCHAR), NULL] AS JSON)
      )
    END AS issuance, /* as one text: a row of so many fields costs at every step, and few of them are looked at */
    CASE
      WHEN kinds.kind = 'call'
      THEN JSON_FORMAT(
        CAST(ARRAY[noted.event_id, noted.event_source, noted.event_name, noted.aws_region, noted.source_ip, noted.user_agent, noted.access_key_id, noted.principal_id, noted.identity_type, noted.identity_arn, noted.account_id, CAST(noted.mfa_authenticated AS VARCHAR), noted.source_identity, noted.on_behalf_of, CAST(noted.second AS VARCHAR)] AS JSON)
      )
    END AS call
  FROM noted
  CROSS JOIN (
    /* a session that used what is asked about */
    SELECT
      'start' AS kind
    /* a key as one session used it; of a long-term key that it was used is enough, and its calls say so */
    UNION ALL
    SELECT
      'key' AS kind
    UNION ALL
    SELECT
      'issuance' AS kind
    /* a long-term key's call, one a second, which a service may have gone on from (docs/rules.md §3.6); and the services that went on */
    UNION ALL
    SELECT
      'call' AS kind
    UNION ALL
    SELECT
      'service' AS kind
  ) AS kinds
  CROSS JOIN parameters
  WHERE
    CASE kinds.kind
      WHEN 'start'
      THEN noted.is_asked
      WHEN 'key'
      THEN NOT noted.access_key_id IS NULL AND NOT noted.is_call
      WHEN 'issuance'
      THEN noted.is_issuing
      WHEN 'call'
      THEN noted.is_call
      ELSE noted.is_forwarded
    END
), told AS (
  SELECT
    marked.kind,
    marked.kind_key AS access_key_id,
    marked.holder,
    marked.moment,
    marked.call_id,
    MIN(marked.call) AS call,
    MIN_BY(
      marked.issuance,
      CASE
        WHEN marked.kind = 'issuance'
        THEN CASE WHEN marked.access_key_id IS NULL THEN '1' ELSE '0' END || CASE WHEN marked.identity_type = 'AWSAccount' THEN '1' ELSE '0' END || COALESCE(DATE_FORMAT(marked.event_time, '%Y-%m-%dT%TZ'), '~') || ' ' || COALESCE(marked.event_id, '~') || ' ' || COALESCE(marked.aws_region, '~')
      END
    ) AS issuance, /* of the copies of a call the one whose caller has an access key tells more (docs/rules.md §2.4) */
    ARRAY_AGG(marked.issuance) /* issuances that nothing tells apart from their copies all count */ FILTER(WHERE
      marked.kind = 'issuance' AND marked.call_id IS NULL) AS unnamed,
    MIN(marked.identity_type) AS identity_type,
    MIN(marked.identity_arn) AS identity_arn,
    MIN(marked.account_id) AS account_id,
    MIN(marked.invoked_by) AS invoked_by,
    MAX(CASE WHEN marked.mfa_authenticated THEN 1 WHEN NOT marked.mfa_authenticated THEN 0 END) AS mfa_authenticated,
    MIN(marked.source_identity) AS source_identity,
    MIN(marked.on_behalf_of) AS on_behalf_of,
    MIN(marked.second) AS second,
    COUNT(*) - COUNT(marked.invoked_by) AS own_calls,
    COUNT(marked.invoked_by) AS forwarded_calls,
    FALSE AS used_then
  FROM marked
  GROUP BY
    marked.kind,
    marked.kind_key,
    marked.holder,
    marked.moment,
    marked.call_id
), packed /* what was told of each, as few columns; in `place` calls and services stand in the order of time, at the same second the call before the service */ AS (
  SELECT
    told.kind,
    COALESCE(told.unnamed, ARRAY[told.issuance]) AS issuances,
    told.call,
    CASE WHEN told.kind = 'call' THEN told.access_key_id END AS calling_key,
    CASE
      WHEN told.kind = 'key'
      THEN CAST(ROW(told.access_key_id, told.holder, told.moment, told.second, told.own_calls, told.forwarded_calls) AS ROW(access_key_id VARCHAR, principal_id VARCHAR, created BIGINT, second BIGINT, own_calls BIGINT, forwarded_calls BIGINT))
    END AS key_use,
    CASE
      WHEN told.kind = 'start' OR told.kind = 'key' AND told.own_calls = 0 AND NOT told.moment IS NULL
      THEN JSON_FORMAT(
        CAST(ARRAY[NULL, NULL, CAST(told.second AS VARCHAR), NULL, NULL, NULL, NULL, told.access_key_id, told.holder, CAST(told.moment AS VARCHAR), told.identity_type, told.identity_arn, told.account_id, CASE WHEN told.own_calls = 0 THEN told.invoked_by END /* only where a service made every call */, CAST(told.mfa_authenticated = 1 AS VARCHAR), told.source_identity, told.on_behalf_of, '|' || COALESCE(told.access_key_id, '') || '|' || COALESCE(told.holder, '') || '|' || COALESCE(CAST(told.moment AS VARCHAR), '') || '|', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, CAST(told.used_then AS VARCHAR)] AS JSON)
      )
    END AS session,
    CASE
      WHEN told.kind IN ('call', 'service')
      THEN told.holder
      WHEN told.kind = 'key' AND told.own_calls = 0
      THEN told.identity_arn
      ELSE COALESCE(told.access_key_id, told.call_id)
    END AS holder,
    CASE told.kind WHEN 'call' THEN 2 * told.moment WHEN 'service' THEN 2 * told.moment + 1 END AS place
  FROM told
), placed /* what stands next to each call: only the last before a service's session began, and the first after, can be the nearest */ AS (
  SELECT
    packed.*,
    LAG(packed.place) OVER (PARTITION BY packed.holder ORDER BY packed.place) AS previous,
    LAG(packed.place, 2) OVER (PARTITION BY packed.holder ORDER BY packed.place) AS previous_but_one,
    LEAD(packed.place) OVER (PARTITION BY packed.holder ORDER BY packed.place) AS next,
    LEAD(packed.place, 2) OVER (PARTITION BY packed.holder ORDER BY packed.place) AS next_but_one,
    COUNT(packed.call) OVER (PARTITION BY packed.holder ORDER BY packed.place ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS calls
  FROM packed
), gathered AS (
  SELECT
    COALESCE(
      TRANSFORM(
        FLATTEN(ARRAY_AGG(placed.issuances) FILTER(WHERE
          placed.kind = 'issuance')),
        t -> CAST(JSON_PARSE(t) AS ROW(
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          invoked_by VARCHAR,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          session_key VARCHAR,
          issued_key VARCHAR,
          issued_principal VARCHAR,
          issued_created BIGINT,
          issued_type VARCHAR,
          issued_arn VARCHAR,
          issued_account VARCHAR,
          issued_source_identity VARCHAR,
          is_asked BOOLEAN,
          used_then BOOLEAN
        ))
      ),
      ARRAY[]
    ) AS issued,
    COALESCE(
      TRANSFORM(
        TRANSFORM(
          ARRAY_AGG(placed.call) FILTER(WHERE
            NOT placed.call IS NULL
            AND (
              CASE
                WHEN placed.next <> placed.place
                THEN placed.next % 2 = 1 AND ABS(placed.next - placed.place) <= 1201
                WHEN placed.next_but_one <> placed.place
                THEN placed.next_but_one % 2 = 1 AND ABS(placed.next_but_one - placed.place) <= 1201
                ELSE NOT placed.next_but_one IS NULL
              END
              OR CASE
                WHEN placed.previous <> placed.place
                THEN placed.previous % 2 = 1 AND ABS(placed.previous - placed.place) <= 1201
                WHEN placed.previous_but_one <> placed.place
                THEN placed.previous_but_one % 2 = 1 AND ABS(placed.previous_but_one - placed.place) <= 1201
                ELSE NOT placed.previous_but_one IS NULL
              END
            )),
          t -> CAST(JSON_PARSE(t) AS ROW(
            event_id VARCHAR,
            event_source VARCHAR,
            event_name VARCHAR,
            aws_region VARCHAR,
            source_ip VARCHAR,
            user_agent VARCHAR,
            access_key_id VARCHAR,
            principal_id VARCHAR,
            identity_type VARCHAR,
            identity_arn VARCHAR,
            account_id VARCHAR,
            mfa_authenticated BOOLEAN,
            source_identity VARCHAR,
            on_behalf_of VARCHAR,
            second BIGINT
          ))
        ),
        c -> CAST(ROW(
          c.event_name,
          c.event_id,
          c.second,
          c.aws_region,
          c.source_ip,
          c.user_agent,
          NULL,
          c.access_key_id,
          c.principal_id,
          NULL,
          c.identity_type,
          c.identity_arn,
          c.account_id,
          NULL,
          c.mfa_authenticated,
          c.source_identity,
          c.on_behalf_of,
          '|' || COALESCE(c.access_key_id, '') || '|' || COALESCE(c.principal_id, '') || '||',
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL,
          NULL
        ) AS ROW(
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          invoked_by VARCHAR,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          session_key VARCHAR,
          issued_key VARCHAR,
          issued_principal VARCHAR,
          issued_created BIGINT,
          issued_type VARCHAR,
          issued_arn VARCHAR,
          issued_account VARCHAR,
          issued_source_identity VARCHAR,
          is_asked BOOLEAN,
          used_then BOOLEAN
        ))
      ),
      ARRAY[]
    ) AS calls,
    COALESCE(ARRAY_AGG(placed.key_use) FILTER(WHERE
      placed.kind = 'key'), ARRAY[]) AS keys,
    HISTOGRAM(placed.calling_key) AS calling_keys,
    COALESCE(
      TRANSFORM(
        ARRAY_AGG(placed.session) FILTER(WHERE
          placed.kind = 'key' AND NOT placed.session IS NULL AND placed.calls > 0),
        t -> CAST(JSON_PARSE(t) AS ROW(
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          invoked_by VARCHAR,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          session_key VARCHAR,
          issued_key VARCHAR,
          issued_principal VARCHAR,
          issued_created BIGINT,
          issued_type VARCHAR,
          issued_arn VARCHAR,
          issued_account VARCHAR,
          issued_source_identity VARCHAR,
          is_asked BOOLEAN,
          used_then BOOLEAN
        ))
      ),
      ARRAY[]
    ) AS services,
    COALESCE(
      TRANSFORM(
        ARRAY_AGG(placed.session) FILTER(WHERE
          placed.kind = 'start'),
        t -> CAST(JSON_PARSE(t) AS ROW(
          event_name VARCHAR,
          event_id VARCHAR,
          second BIGINT,
          aws_region VARCHAR,
          source_ip VARCHAR,
          user_agent VARCHAR,
          expires BIGINT,
          access_key_id VARCHAR,
          principal_id VARCHAR,
          created BIGINT,
          identity_type VARCHAR,
          identity_arn VARCHAR,
          account_id VARCHAR,
          invoked_by VARCHAR,
          mfa_authenticated BOOLEAN,
          source_identity VARCHAR,
          on_behalf_of VARCHAR,
          session_key VARCHAR,
          issued_key VARCHAR,
          issued_principal VARCHAR,
          issued_created BIGINT,
          issued_type VARCHAR,
          issued_arn VARCHAR,
          issued_account VARCHAR,
          issued_source_identity VARCHAR,
          is_asked BOOLEAN,
          used_then BOOLEAN
        ))
      ),
      ARRAY[]
    ) AS used
  FROM placed
), candidates /* beside the sessions that used what is asked about, those that it was issued to: they may have been used by nobody */ AS (
  SELECT
    gathered.*,
    gathered.used AS sessions,
    TRANSFORM(
      FILTER(gathered.issued, e -> e.is_asked),
      e -> CAST(ROW(
        NULL,
        NULL,
        e.second,
        NULL,
        NULL,
        NULL,
        NULL,
        e.issued_key,
        e.issued_principal,
        e.issued_created,
        e.issued_type,
        e.issued_arn,
        e.issued_account,
        NULL,
        NULL,
        e.issued_source_identity,
        NULL,
        '|' || COALESCE(e.issued_key, '') || '|' || COALESCE(e.issued_principal, '') || '|' || COALESCE(CAST(e.issued_created AS VARCHAR), '') || '|',
        NULL,
        NULL,
        NULL,
        NULL,
        NULL,
        NULL,
        NULL,
        NULL,
        FALSE
      ) AS ROW(
        event_name VARCHAR,
        event_id VARCHAR,
        second BIGINT,
        aws_region VARCHAR,
        source_ip VARCHAR,
        user_agent VARCHAR,
        expires BIGINT,
        access_key_id VARCHAR,
        principal_id VARCHAR,
        created BIGINT,
        identity_type VARCHAR,
        identity_arn VARCHAR,
        account_id VARCHAR,
        invoked_by VARCHAR,
        mfa_authenticated BOOLEAN,
        source_identity VARCHAR,
        on_behalf_of VARCHAR,
        session_key VARCHAR,
        issued_key VARCHAR,
        issued_principal VARCHAR,
        issued_created BIGINT,
        issued_type VARCHAR,
        issued_arn VARCHAR,
        issued_account VARCHAR,
        issued_source_identity VARCHAR,
        is_asked BOOLEAN,
        used_then BOOLEAN
      ))
    ) AS unused
  FROM gathered
  /* more would end the query for want of memory, which says nothing of the way out */
  WHERE
    CASE
      WHEN CARDINALITY(gathered.issued) + CARDINALITY(gathered.calls) + CARDINALITY(gathered.keys) > 500000
      THEN CAST('sqlgen: ' || CAST(CARDINALITY(gathered.issued) + CARDINALITY(gathered.calls) + CARDINALITY(gathered.keys) AS VARCHAR) || ' issuances and uses of keys are in this window, and a walk holds 500000: take a narrower window (credentials live no longer than 36 hours)' AS BOOLEAN)
      ELSE TRUE
    END
), served /* of the services those whose holder has a long-term key that the walk can come to */ AS (
  SELECT
    candidates.issued,
    candidates.calls,
    candidates.sessions,
    candidates.unused,
    candidates.keys,
    candidates.calling_keys,
    FILTER(candidates.services, s -> NOT ELEMENT_AT(holders.arns, s.identity_arn) IS NULL) AS services
  FROM candidates
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    CONCAT(
      TRANSFORM(
        FILTER(candidates.issued, e -> e.event_name = 'CreateAccessKey' AND NOT e.issued_key IS NULL),
        e -> ROW(e.issued_key, TRUE)
      ),
      TRANSFORM(FILTER(candidates.sessions, s -> s.created IS NULL AND NOT s.access_key_id IS NULL), s -> ROW(s.access_key_id, TRUE))
    )
  )]) AS long_term(keys)
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(FILTER(candidates.calls, c -> NOT ELEMENT_AT(long_term.keys, c.access_key_id) IS NULL), c -> ROW(c.identity_arn, TRUE))
  )]) AS holders(arns)
), numbered /* a node's number is its place: issuances, calls, sessions that used what is asked about, sessions that it was issued to, services */ AS (
  SELECT
    CONCAT(candidates.issued, candidates.calls, candidates.sessions, candidates.unused, candidates.services) AS nodes,
    CARDINALITY(candidates.issued) AS issuances,
    CARDINALITY(candidates.issued) + CARDINALITY(candidates.calls) AS events,
    CARDINALITY(candidates.sessions) AS used,
    CARDINALITY(candidates.sessions) + CARDINALITY(candidates.unused) AS starts,
    CARDINALITY(candidates.services) AS services,
    candidates.keys,
    candidates.calling_keys,
    indexes.by_issued_key,
    indexes.by_issued_session,
    indexes.by_arn_and_time,
    FILTER(
      SLICE(
        FLATTEN(
          TRANSFORM(SEQUENCE(0, (
            CARDINALITY(candidates.issued)
          ) / 10000), k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000))
        ),
        1,
        CARDINALITY(candidates.issued)
      ),
      n -> ELEMENT_AT(candidates.issued, n).is_asked
    ) AS asked
  FROM served AS candidates
  CROSS JOIN UNNEST(ARRAY[ROW(
    MULTIMAP_FROM_ENTRIES(
      ZIP_WITH(
        candidates.issued,
        SLICE(
          FLATTEN(
            TRANSFORM(SEQUENCE(0, (
              CARDINALITY(candidates.issued)
            ) / 10000), k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000))
          ),
          1,
          CARDINALITY(candidates.issued)
        ),
        (e, n) -> ROW(COALESCE(e.issued_key, ''), n)
      )
    ),
    MULTIMAP_FROM_ENTRIES(
      ZIP_WITH(
        candidates.issued,
        SLICE(
          FLATTEN(
            TRANSFORM(SEQUENCE(0, (
              CARDINALITY(candidates.issued)
            ) / 10000), k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000))
          ),
          1,
          CARDINALITY(candidates.issued)
        ),
        (e, n) -> ROW(COALESCE(COALESCE(CAST(e.issued_created AS VARCHAR) || '@' || e.issued_principal, e.issued_key), ''), n)
      )
    ),
    MULTIMAP_FROM_ENTRIES(
      ZIP_WITH(
        candidates.calls,
        SLICE(
          FLATTEN(
            TRANSFORM(
              SEQUENCE(0, (
                CARDINALITY(candidates.calls)
              ) / 10000),
              k -> SEQUENCE(CARDINALITY(candidates.issued) + k * 10000 + 1, CARDINALITY(candidates.issued) + k * 10000 + 10000)
            )
          ),
          1,
          CARDINALITY(candidates.calls)
        ),
        (e, n) -> ROW(COALESCE(e.identity_arn || ' ' || CAST(e.second / 600 AS VARCHAR), ''), n)
      )
    )
  )]) AS indexes(by_issued_key, by_issued_session, by_arn_and_time)
), walked /* backwards, from each session towards its origin; the path holds the sessions already met */ AS (
  SELECT
    numbered.*,
    walks.places
  FROM numbered
  CROSS JOIN UNNEST(ARRAY[REDUCE(
    SEQUENCE(0, 0),
    CAST(ARRAY[] AS ARRAY(
      ROW(
        start BIGINT,
        depth INTEGER,
        node BIGINT,
        nearer BIGINT,
        rule BIGINT,
        confidence VARCHAR,
        path VARCHAR,
        has_returned BOOLEAN,
        step ROW(rank BIGINT, nodes ARRAY(BIGINT))
      )
    )),
    (places, depth) -> CONCAT(
      places,
      TRANSFORM(
        CASE
          WHEN depth = 0
          THEN TRANSFORM(
            SLICE(
              FLATTEN(
                TRANSFORM(
                  SEQUENCE(0, (
                    numbered.starts + numbered.services
                  ) / 10000),
                  k -> SEQUENCE(numbered.events + k * 10000 + 1, numbered.events + k * 10000 + 10000)
                )
              ),
              1,
              numbered.starts + numbered.services
            ),
            n -> CAST(ROW(n, 0, n, NULL, NULL, NULL, '') AS ROW(start BIGINT, depth INTEGER, node BIGINT, nearer BIGINT, rule BIGINT, confidence VARCHAR, path VARCHAR))
          )
          ELSE FLATTEN(
            TRANSFORM(
              FILTER(places, p -> p.depth = depth - 1 AND NOT p.has_returned AND p.start <= numbered.events + numbered.starts),
              p -> TRANSFORM(
                p.step.nodes,
                n -> CAST(ROW(
                  p.start,
                  depth,
                  n,
                  p.node,
                  p.step.rank / 1000000000000,
                  CASE
                    WHEN p.step.rank / 1000000000000 IN (2, 6)
                    THEN 'inferred'
                    WHEN CARDINALITY(p.step.nodes) > 1
                    THEN 'ambiguous'
                    ELSE 'exact'
                  END,
                  p.path
                ) AS ROW(start BIGINT, depth INTEGER, node BIGINT, nearer BIGINT, rule BIGINT, confidence VARCHAR, path VARCHAR))
              )
            )
          )
        END,
        a -> CAST(ROW(
          a.start,
          a.depth,
          a.node,
          a.nearer,
          a.rule,
          a.confidence,
          a.path || COALESCE(ELEMENT_AT(numbered.nodes, a.node).session_key, ''),
          COALESCE(STRPOS(a.path, ELEMENT_AT(numbered.nodes, a.node).session_key) > 0, FALSE),
          REDUCE(
            TRANSFORM(
              ARRAY_DISTINCT(
                CONCAT(
                  COALESCE(ELEMENT_AT(numbered.by_issued_key, ELEMENT_AT(numbered.nodes, a.node).access_key_id), ARRAY[]),
                  COALESCE(
                    ELEMENT_AT(
                      numbered.by_issued_session,
                      CASE
                        WHEN NOT ELEMENT_AT(numbered.nodes, a.node).session_key IS NULL
                        THEN CAST(ELEMENT_AT(numbered.nodes, a.node).created AS VARCHAR) || '@' || ELEMENT_AT(numbered.nodes, a.node).principal_id
                      END
                    ),
                    ARRAY[]
                  ),
                  COALESCE(
                    ELEMENT_AT(
                      numbered.by_arn_and_time,
                      CASE
                        WHEN NOT ELEMENT_AT(numbered.nodes, a.node).access_key_id IS NULL
                        AND NOT ELEMENT_AT(numbered.nodes, a.node).invoked_by IS NULL
                        THEN ELEMENT_AT(numbered.nodes, a.node).identity_arn || ' ' || CAST(ELEMENT_AT(numbered.nodes, a.node).created / 600 - 1 AS VARCHAR)
                      END
                    ),
                    ARRAY[]
                  ),
                  COALESCE(
                    ELEMENT_AT(
                      numbered.by_arn_and_time,
                      CASE
                        WHEN NOT ELEMENT_AT(numbered.nodes, a.node).access_key_id IS NULL
                        AND NOT ELEMENT_AT(numbered.nodes, a.node).invoked_by IS NULL
                        THEN ELEMENT_AT(numbered.nodes, a.node).identity_arn || ' ' || CAST(ELEMENT_AT(numbered.nodes, a.node).created / 600 + 0 AS VARCHAR)
                      END
                    ),
                    ARRAY[]
                  ),
                  COALESCE(
                    ELEMENT_AT(
                      numbered.by_arn_and_time,
                      CASE
                        WHEN NOT ELEMENT_AT(numbered.nodes, a.node).access_key_id IS NULL
                        AND NOT ELEMENT_AT(numbered.nodes, a.node).invoked_by IS NULL
                        THEN ELEMENT_AT(numbered.nodes, a.node).identity_arn || ' ' || CAST(ELEMENT_AT(numbered.nodes, a.node).created / 600 + 1 AS VARCHAR)
                      END
                    ),
                    ARRAY[]
                  )
                )
              ),
              n -> CAST(ROW(
                CASE
                  WHEN n > numbered.issuances
                  THEN CASE
                    WHEN ABS(ELEMENT_AT(numbered.nodes, n).second - ELEMENT_AT(numbered.nodes, a.node).created) <= 600
                    THEN 6000000000000 + 2 * ABS(ELEMENT_AT(numbered.nodes, n).second - ELEMENT_AT(numbered.nodes, a.node).created) + CASE WHEN ELEMENT_AT(numbered.nodes, n).second > ELEMENT_AT(numbered.nodes, a.node).created THEN 1 ELSE 0 END
                  END
                  WHEN ELEMENT_AT(numbered.nodes, n).event_name = 'CreateAccessKey'
                  THEN CASE
                    WHEN ELEMENT_AT(numbered.nodes, a.node).created IS NULL
                    AND COALESCE(ELEMENT_AT(numbered.nodes, n).second <= ELEMENT_AT(numbered.nodes, a.node).second + 2, TRUE)
                    THEN 5000000000000 + 300000000000 - COALESCE(ELEMENT_AT(numbered.nodes, n).second, -100000000000)
                  END
                  WHEN ELEMENT_AT(numbered.nodes, a.node).principal_id <> ELEMENT_AT(numbered.nodes, n).issued_principal
                  THEN NULL
                  WHEN ELEMENT_AT(numbered.nodes, n).issued_key = ELEMENT_AT(numbered.nodes, a.node).access_key_id
                  AND ABS(ELEMENT_AT(numbered.nodes, n).second - ELEMENT_AT(numbered.nodes, a.node).created) <= 2
                  THEN 1000000000000
                  WHEN ELEMENT_AT(numbered.nodes, n).issued_key = ELEMENT_AT(numbered.nodes, a.node).access_key_id
                  AND (
                    NOT ELEMENT_AT(numbered.nodes, a.node).created IS NULL OR ELEMENT_AT(numbered.nodes, a.node).access_key_id LIKE 'ASIA%'
                  )
                  AND COALESCE(ELEMENT_AT(numbered.nodes, n).second <= ELEMENT_AT(numbered.nodes, a.node).second + 2, TRUE)
                  AND COALESCE(
                    ELEMENT_AT(numbered.nodes, a.node).second <= COALESCE(ELEMENT_AT(numbered.nodes, n).expires, ELEMENT_AT(numbered.nodes, n).second + 129600),
                    TRUE
                  )
                  THEN 2000000000000 + 300000000000 - COALESCE(ELEMENT_AT(numbered.nodes, n).second, -100000000000)
                  WHEN ELEMENT_AT(numbered.nodes, n).issued_created = ELEMENT_AT(numbered.nodes, a.node).created
                  AND ELEMENT_AT(numbered.nodes, n).issued_principal = ELEMENT_AT(numbered.nodes, a.node).principal_id
                  THEN CASE
                    WHEN NOT ELEMENT_AT(numbered.nodes, n).issued_key IS NULL
                    THEN 3000000000000
                    WHEN ELEMENT_AT(numbered.nodes, n).session_key IS NULL
                    OR COALESCE(ELEMENT_AT(numbered.nodes, n).access_key_id, '') <> COALESCE(ELEMENT_AT(numbered.nodes, a.node).access_key_id, '')
                    OR COALESCE(ELEMENT_AT(numbered.nodes, n).created, -1) <> ELEMENT_AT(numbered.nodes, a.node).created
                    THEN 4000000000000
                  END
                END,
                ARRAY[n]
              ) AS ROW(rank BIGINT, nodes ARRAY(BIGINT)))
            ),
            CAST(ROW(9000000000000, ARRAY[]) AS ROW(rank BIGINT, nodes ARRAY(BIGINT))),
            (least, s) -> CASE
              WHEN s.rank < least.rank
              THEN s
              WHEN s.rank = least.rank
              THEN CAST(ROW(s.rank, least.nodes || s.nodes) AS ROW(rank BIGINT, nodes ARRAY(BIGINT)))
              ELSE least
            END,
            least -> least
          )
        ) AS ROW(
          start BIGINT,
          depth INTEGER,
          node BIGINT,
          nearer BIGINT,
          rule BIGINT,
          confidence VARCHAR,
          path VARCHAR,
          has_returned BOOLEAN,
          step ROW(rank BIGINT, nodes ARRAY(BIGINT))
        ))
      )
    ),
    places -> places
  )]) AS walks(places)
), standing /* starts are the sessions that used it, and those that nobody used and no use steps to: of several issuances of one such the first */ AS (
  SELECT
    walked.*,
    CONCAT(
      SLICE(
        FLATTEN(
          TRANSFORM(SEQUENCE(0, (
            walked.used
          ) / 10000), k -> SEQUENCE(walked.events + k * 10000 + 1, walked.events + k * 10000 + 10000))
        ),
        1,
        walked.used
      ),
      TRANSFORM(firsts.firsts, k -> walked.events + walked.used + k)
    ) AS standing
  FROM walked
  CROSS JOIN UNNEST(ARRAY[FILTER(
    SLICE(
      FLATTEN(TRANSFORM(SEQUENCE(0, (
        CARDINALITY(walked.asked)
      ) / 10000), k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000))),
      1,
      CARDINALITY(walked.asked)
    ),
    k -> NOT ANY_MATCH(
      SLICE(walked.places, 1, walked.used),
      p -> ELEMENT_AT(walked.nodes, p.node).session_key = ELEMENT_AT(walked.nodes, walked.events + walked.used + k).session_key
      OR CONTAINS(p.step.nodes, ELEMENT_AT(walked.asked, k))
    )
  )]) AS loose(loose)
  CROSS JOIN UNNEST(ARRAY[FILTER(
    loose.loose,
    k -> NOT ANY_MATCH(
      loose.loose,
      x -> ELEMENT_AT(walked.nodes, walked.events + walked.used + x).session_key = ELEMENT_AT(walked.nodes, walked.events + walked.used + k).session_key
      AND (
        COALESCE(ELEMENT_AT(walked.nodes, walked.events + walked.used + x).second, 100000000000) < COALESCE(ELEMENT_AT(walked.nodes, walked.events + walked.used + k).second, 100000000000)
        OR COALESCE(ELEMENT_AT(walked.nodes, walked.events + walked.used + x).second, 100000000000) = COALESCE(ELEMENT_AT(walked.nodes, walked.events + walked.used + k).second, 100000000000)
        AND x < k
      )
    )
  )]) AS firsts(firsts)
), begun AS (
  SELECT
    standing.*,
    standing.standing AS chosen
  FROM standing
), related /* where children are looked up: by the key and the session of the caller, the services by the long-term key that they went on from */ AS (
  SELECT
    begun.*,
    indexes.by_caller_key,
    indexes.by_caller_session,
    indexes.by_served_key
  FROM begun
  CROSS JOIN UNNEST(ARRAY[ROW(
    MULTIMAP_FROM_ENTRIES(
      ZIP_WITH(
        SLICE(begun.nodes, 1, begun.issuances),
        SLICE(
          FLATTEN(
            TRANSFORM(
              SEQUENCE(0, (
                CARDINALITY(SLICE(begun.nodes, 1, begun.issuances))
              ) / 10000),
              k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000)
            )
          ),
          1,
          CARDINALITY(SLICE(begun.nodes, 1, begun.issuances))
        ),
        (e, n) -> ROW(COALESCE(CASE WHEN NOT e.session_key IS NULL THEN e.access_key_id END, ''), n)
      )
    ),
    MULTIMAP_FROM_ENTRIES(
      ZIP_WITH(
        SLICE(begun.nodes, 1, begun.issuances),
        SLICE(
          FLATTEN(
            TRANSFORM(
              SEQUENCE(0, (
                CARDINALITY(SLICE(begun.nodes, 1, begun.issuances))
              ) / 10000),
              k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000)
            )
          ),
          1,
          CARDINALITY(SLICE(begun.nodes, 1, begun.issuances))
        ),
        (e, n) -> ROW(
          COALESCE(
            CASE WHEN NOT e.session_key IS NULL THEN COALESCE(CAST(e.created AS VARCHAR) || '@' || e.principal_id, e.access_key_id) END,
            ''
          ),
          n
        )
      )
    ),
    MULTIMAP_FROM_ENTRIES(
      FLATTEN(
        TRANSFORM(
          FILTER(SLICE(begun.places, begun.starts + 1, begun.services), p -> p.step.rank / 1000000000000 = 6),
          p -> TRANSFORM(p.step.nodes, n -> ROW(ELEMENT_AT(begun.nodes, n).access_key_id, CAST(ROW(p.node, n) AS ROW(child BIGINT, via BIGINT))))
        )
      )
    )
  )]) AS indexes(by_caller_key, by_caller_session, by_served_key)
), found /* each product once for a start, at its smallest depth; one step further than asked, to tell where the depth is the limit: there, all ways count */ AS (
  SELECT
    related.*,
    walks.finds
  FROM related
  CROSS JOIN UNNEST(ARRAY[REDUCE(
    SEQUENCE(1, 16 + 1),
    CAST(MAP() AS MAP(
      VARCHAR,
      ROW(
        start BIGINT,
        depth INTEGER,
        child BIGINT,
        parent BIGINT,
        node BIGINT,
        via BIGINT,
        precedence VARCHAR,
        step ROW(rank BIGINT, nodes ARRAY(BIGINT))
      )
    )),
    (finds, depth) -> MAP_CONCAT(
      finds,
      TRANSFORM_VALUES(
        MULTIMAP_FROM_ENTRIES(
          TRANSFORM(
            FILTER(
              TRANSFORM(
                FLATTEN(
                  TRANSFORM(
                    CASE
                      WHEN depth = 1
                      THEN FLATTEN(
                        TRANSFORM(
                          related.chosen,
                          k -> CONCAT(
                            ARRAY[CAST(ROW(k, k, k, '0') AS ROW(start BIGINT, parent BIGINT, node BIGINT, precedence VARCHAR))],
                            TRANSFORM(
                              FILTER(ELEMENT_AT(related.places, k - related.events).step.nodes, n -> n <= related.issuances),
                              n -> CAST(ROW(k, k, n, '1') AS ROW(start BIGINT, parent BIGINT, node BIGINT, precedence VARCHAR))
                            )
                          )
                        )
                      )
                      ELSE TRANSFORM(
                        FILTER(MAP_VALUES(finds), w -> w.depth = depth - 1),
                        w -> CAST(ROW(
                          w.start,
                          w.child,
                          w.child,
                          CASE
                            WHEN w.child <= related.issuances
                            THEN COALESCE(
                              DATE_FORMAT(
                                DATE_ADD('SECOND', CAST(ELEMENT_AT(related.nodes, w.child).second AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)),
                                '%Y-%m-%dT%TZ'
                              ),
                              '~'
                            ) || COALESCE(ELEMENT_AT(related.nodes, w.child).event_id, '~')
                            ELSE '~'
                          END
                        ) AS ROW(start BIGINT, parent BIGINT, node BIGINT, precedence VARCHAR))
                      )
                    END,
                    f -> TRANSFORM(
                      CASE
                        WHEN f.node <= related.issuances
                        THEN CONCAT(
                          TRANSFORM(
                            ARRAY_DISTINCT(
                              CONCAT(
                                COALESCE(ELEMENT_AT(related.by_caller_key, ELEMENT_AT(related.nodes, f.node).issued_key), ARRAY[]),
                                COALESCE(
                                  ELEMENT_AT(
                                    related.by_caller_session,
                                    COALESCE(
                                      CAST(ELEMENT_AT(related.nodes, f.node).issued_created AS VARCHAR) || '@' || ELEMENT_AT(related.nodes, f.node).issued_principal,
                                      ELEMENT_AT(related.nodes, f.node).issued_key
                                    )
                                  ),
                                  ARRAY[]
                                )
                              )
                            ),
                            n -> CAST(ROW(n, n) AS ROW(child BIGINT, via BIGINT))
                          ),
                          COALESCE(
                            ELEMENT_AT(
                              related.by_served_key,
                              CASE
                                WHEN f.parent = f.node AND ELEMENT_AT(related.nodes, f.node).event_name = 'CreateAccessKey'
                                THEN ELEMENT_AT(related.nodes, f.node).issued_key
                              END
                            ),
                            ARRAY[]
                          )
                        )
                        ELSE CONCAT(
                          TRANSFORM(
                            FILTER(
                              COALESCE(
                                ELEMENT_AT(
                                  related.by_caller_session,
                                  COALESCE(
                                    CAST(ELEMENT_AT(related.nodes, f.node).created AS VARCHAR) || '@' || ELEMENT_AT(related.nodes, f.node).principal_id,
                                    ELEMENT_AT(related.nodes, f.node).access_key_id
                                  )
                                ),
                                ARRAY[]
                              ),
                              n -> CASE
                                WHEN f.node > related.events + related.starts
                                THEN ELEMENT_AT(related.nodes, n).session_key = ELEMENT_AT(related.nodes, f.node).session_key
                                ELSE COALESCE(ELEMENT_AT(related.nodes, n).principal_id = ELEMENT_AT(related.nodes, f.node).principal_id, TRUE)
                              END
                            ),
                            n -> CAST(ROW(n, NULL) AS ROW(child BIGINT, via BIGINT))
                          ),
                          TRANSFORM(
                            FILTER(
                              COALESCE(
                                ELEMENT_AT(
                                  related.by_served_key,
                                  CASE WHEN ELEMENT_AT(related.nodes, f.node).created IS NULL THEN ELEMENT_AT(related.nodes, f.node).access_key_id END
                                ),
                                ARRAY[]
                              ),
                              v -> COALESCE(ELEMENT_AT(related.nodes, v.via).principal_id, '') = COALESCE(ELEMENT_AT(related.nodes, f.node).principal_id, '')
                            ),
                            v -> CAST(ROW(v.child, NULL) AS ROW(child BIGINT, via BIGINT))
                          )
                        )
                      END,
                      v -> CAST(ROW(f.start, depth, v.child, f.parent, f.node, v.via, f.precedence, NULL) AS ROW(
                        start BIGINT,
                        depth INTEGER,
                        child BIGINT,
                        parent BIGINT,
                        node BIGINT,
                        via BIGINT,
                        precedence VARCHAR,
                        step ROW(rank BIGINT, nodes ARRAY(BIGINT))
                      ))
                    )
                  )
                ),
                w -> CAST(ROW(
                  w.start,
                  w.depth,
                  w.child,
                  w.parent,
                  w.node,
                  w.via,
                  w.precedence,
                  REDUCE(
                    TRANSFORM(
                      ARRAY_DISTINCT(
                        CONCAT(
                          COALESCE(ELEMENT_AT(related.by_issued_key, ELEMENT_AT(related.nodes, w.via).access_key_id), ARRAY[]),
                          COALESCE(
                            ELEMENT_AT(
                              related.by_issued_session,
                              CASE
                                WHEN NOT ELEMENT_AT(related.nodes, w.via).session_key IS NULL
                                THEN CAST(ELEMENT_AT(related.nodes, w.via).created AS VARCHAR) || '@' || ELEMENT_AT(related.nodes, w.via).principal_id
                              END
                            ),
                            ARRAY[]
                          ),
                          COALESCE(
                            ELEMENT_AT(
                              related.by_arn_and_time,
                              CASE
                                WHEN NOT ELEMENT_AT(related.nodes, w.via).access_key_id IS NULL AND NOT ELEMENT_AT(related.nodes, w.via).invoked_by IS NULL
                                THEN ELEMENT_AT(related.nodes, w.via).identity_arn || ' ' || CAST(ELEMENT_AT(related.nodes, w.via).created / 600 - 1 AS VARCHAR)
                              END
                            ),
                            ARRAY[]
                          ),
                          COALESCE(
                            ELEMENT_AT(
                              related.by_arn_and_time,
                              CASE
                                WHEN NOT ELEMENT_AT(related.nodes, w.via).access_key_id IS NULL AND NOT ELEMENT_AT(related.nodes, w.via).invoked_by IS NULL
                                THEN ELEMENT_AT(related.nodes, w.via).identity_arn || ' ' || CAST(ELEMENT_AT(related.nodes, w.via).created / 600 + 0 AS VARCHAR)
                              END
                            ),
                            ARRAY[]
                          ),
                          COALESCE(
                            ELEMENT_AT(
                              related.by_arn_and_time,
                              CASE
                                WHEN NOT ELEMENT_AT(related.nodes, w.via).access_key_id IS NULL AND NOT ELEMENT_AT(related.nodes, w.via).invoked_by IS NULL
                                THEN ELEMENT_AT(related.nodes, w.via).identity_arn || ' ' || CAST(ELEMENT_AT(related.nodes, w.via).created / 600 + 1 AS VARCHAR)
                              END
                            ),
                            ARRAY[]
                          )
                        )
                      ),
                      n -> CAST(ROW(
                        CASE
                          WHEN n > related.issuances
                          THEN CASE
                            WHEN ABS(ELEMENT_AT(related.nodes, n).second - ELEMENT_AT(related.nodes, w.via).created) <= 600
                            THEN 6000000000000 + 2 * ABS(ELEMENT_AT(related.nodes, n).second - ELEMENT_AT(related.nodes, w.via).created) + CASE WHEN ELEMENT_AT(related.nodes, n).second > ELEMENT_AT(related.nodes, w.via).created THEN 1 ELSE 0 END
                          END
                          WHEN ELEMENT_AT(related.nodes, n).event_name = 'CreateAccessKey'
                          THEN CASE
                            WHEN ELEMENT_AT(related.nodes, w.via).created IS NULL
                            AND COALESCE(ELEMENT_AT(related.nodes, n).second <= ELEMENT_AT(related.nodes, w.via).second + 2, TRUE)
                            THEN 5000000000000 + 300000000000 - COALESCE(ELEMENT_AT(related.nodes, n).second, -100000000000)
                          END
                          WHEN ELEMENT_AT(related.nodes, w.via).principal_id <> ELEMENT_AT(related.nodes, n).issued_principal
                          THEN NULL
                          WHEN ELEMENT_AT(related.nodes, n).issued_key = ELEMENT_AT(related.nodes, w.via).access_key_id
                          AND ABS(ELEMENT_AT(related.nodes, n).second - ELEMENT_AT(related.nodes, w.via).created) <= 2
                          THEN 1000000000000
                          WHEN ELEMENT_AT(related.nodes, n).issued_key = ELEMENT_AT(related.nodes, w.via).access_key_id
                          AND (
                            NOT ELEMENT_AT(related.nodes, w.via).created IS NULL OR ELEMENT_AT(related.nodes, w.via).access_key_id LIKE 'ASIA%'
                          )
                          AND COALESCE(ELEMENT_AT(related.nodes, n).second <= ELEMENT_AT(related.nodes, w.via).second + 2, TRUE)
                          AND COALESCE(
                            ELEMENT_AT(related.nodes, w.via).second <= COALESCE(ELEMENT_AT(related.nodes, n).expires, ELEMENT_AT(related.nodes, n).second + 129600),
                            TRUE
                          )
                          THEN 2000000000000 + 300000000000 - COALESCE(ELEMENT_AT(related.nodes, n).second, -100000000000)
                          WHEN ELEMENT_AT(related.nodes, n).issued_created = ELEMENT_AT(related.nodes, w.via).created
                          AND ELEMENT_AT(related.nodes, n).issued_principal = ELEMENT_AT(related.nodes, w.via).principal_id
                          THEN CASE
                            WHEN NOT ELEMENT_AT(related.nodes, n).issued_key IS NULL
                            THEN 3000000000000
                            WHEN ELEMENT_AT(related.nodes, n).session_key IS NULL
                            OR COALESCE(ELEMENT_AT(related.nodes, n).access_key_id, '') <> COALESCE(ELEMENT_AT(related.nodes, w.via).access_key_id, '')
                            OR COALESCE(ELEMENT_AT(related.nodes, n).created, -1) <> ELEMENT_AT(related.nodes, w.via).created
                            THEN 4000000000000
                          END
                        END,
                        ARRAY[n]
                      ) AS ROW(rank BIGINT, nodes ARRAY(BIGINT)))
                    ),
                    CAST(ROW(9000000000000, ARRAY[]) AS ROW(rank BIGINT, nodes ARRAY(BIGINT))),
                    (least, s) -> CASE
                      WHEN s.rank < least.rank
                      THEN s
                      WHEN s.rank = least.rank
                      THEN CAST(ROW(s.rank, least.nodes || s.nodes) AS ROW(rank BIGINT, nodes ARRAY(BIGINT)))
                      ELSE least
                    END,
                    least -> least
                  )
                ) AS ROW(
                  start BIGINT,
                  depth INTEGER,
                  child BIGINT,
                  parent BIGINT,
                  node BIGINT,
                  via BIGINT,
                  precedence VARCHAR,
                  step ROW(rank BIGINT, nodes ARRAY(BIGINT))
                ))
              ),
              w -> (
                w.via IS NULL OR CONTAINS(w.step.nodes, w.node)
              )
              AND ELEMENT_AT(finds, CAST(w.start AS VARCHAR) || ' ' || CAST(w.child AS VARCHAR)) IS NULL
              AND /* what comes back to the start's own session is left out */ COALESCE(
                COALESCE(
                  CAST(ELEMENT_AT(related.nodes, w.start).created AS VARCHAR) || '@' || ELEMENT_AT(related.nodes, w.start).principal_id,
                  ELEMENT_AT(related.nodes, w.start).access_key_id
                ),
                ''
              ) <> COALESCE(
                CASE
                  WHEN w.child <= related.issuances
                  THEN COALESCE(
                    CAST(ELEMENT_AT(related.nodes, w.child).issued_created AS VARCHAR) || '@' || ELEMENT_AT(related.nodes, w.child).issued_principal,
                    ELEMENT_AT(related.nodes, w.child).issued_key
                  )
                  ELSE COALESCE(
                    CAST(ELEMENT_AT(related.nodes, w.child).created AS VARCHAR) || '@' || ELEMENT_AT(related.nodes, w.child).principal_id,
                    ELEMENT_AT(related.nodes, w.child).access_key_id
                  )
                END,
                ''
              )
            ),
            w -> ROW(
              CAST(w.start AS VARCHAR) || ' ' || CAST(w.child AS VARCHAR) || CASE WHEN depth > 16 THEN ' ' || CAST(w.parent AS VARCHAR) ELSE '' END,
              w
            )
          )
        ),
        (place, ways) -> ELEMENT_AT(
          ARRAY_SORT(ways, (a, b) -> CASE WHEN a.precedence < b.precedence THEN -1 WHEN a.precedence > b.precedence THEN 1 ELSE 0 END),
          1
        )
      )
    ),
    finds -> MAP_VALUES(finds)
  )]) AS walks(finds)
), used_keys /* what is known of the keys that were found and of their sessions: who used them; and where the depth was the limit */ AS (
  SELECT
    found.*,
    uses.uses,
    indexes.by_used_session,
    indexes.by_used_key,
    indexes.by_limit
  FROM found
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    FLATTEN(
      TRANSFORM(
        FILTER(found.finds, w -> w.child <= found.issuances AND NOT ELEMENT_AT(found.nodes, w.child).issued_key IS NULL),
        w -> ARRAY[ROW(ELEMENT_AT(found.nodes, w.child).issued_key, TRUE), ROW(
          COALESCE(
            CAST(ELEMENT_AT(found.nodes, w.child).issued_created AS VARCHAR) || '@' || ELEMENT_AT(found.nodes, w.child).issued_principal,
            ELEMENT_AT(found.nodes, w.child).issued_key
          ),
          TRUE
        )]
      )
    )
  )]) AS issued(names)
  CROSS JOIN UNNEST(ARRAY[FILTER(
    found.keys,
    e -> NOT ELEMENT_AT(issued.names, e.access_key_id) IS NULL
    OR NOT ELEMENT_AT(issued.names, COALESCE(CAST(e.created AS VARCHAR) || '@' || e.principal_id, e.access_key_id)) IS NULL
  )]) AS uses(uses)
  CROSS JOIN UNNEST(ARRAY[ROW(
    MULTIMAP_FROM_ENTRIES(
      ZIP_WITH(
        uses.uses,
        SLICE(
          FLATTEN(TRANSFORM(SEQUENCE(0, (
            CARDINALITY(uses.uses)
          ) / 10000), k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000))),
          1,
          CARDINALITY(uses.uses)
        ),
        (e, n) -> ROW(COALESCE(COALESCE(CAST(e.created AS VARCHAR) || '@' || e.principal_id, e.access_key_id), ''), n)
      )
    ),
    MULTIMAP_FROM_ENTRIES(
      ZIP_WITH(
        uses.uses,
        SLICE(
          FLATTEN(TRANSFORM(SEQUENCE(0, (
            CARDINALITY(uses.uses)
          ) / 10000), k -> SEQUENCE(0 + k * 10000 + 1, 0 + k * 10000 + 10000))),
          1,
          CARDINALITY(uses.uses)
        ),
        (e, n) -> ROW(COALESCE(e.access_key_id, ''), n)
      )
    ),
    MULTIMAP_FROM_ENTRIES(
      TRANSFORM(FILTER(found.finds, w -> w.depth > 16), w -> ROW(CAST(w.start AS VARCHAR) || ' ' || CAST(w.parent AS VARCHAR), TRUE))
    )
  )]) AS indexes(by_used_session, by_used_key, by_limit)
), descended /* the console and Identity Center use another key than the one that was issued: where nobody used that one, the first used of the session's own */ AS (
  SELECT
    used_keys.*,
    TRANSFORM(
      FILTER(used_keys.finds, w -> w.depth <= 16),
      w -> CAST(ROW(
        w.start,
        'derived',
        w.depth,
        w.child,
        w.parent,
        NULL,
        CASE
          WHEN w.child > used_keys.issuances
          THEN 'inferred'
          WHEN w.via IS NULL
          THEN 'exact'
          ELSE CASE
            WHEN w.step.rank / 1000000000000 IN (2, 6)
            THEN 'inferred'
            WHEN CARDINALITY(w.step.nodes) > 1
            THEN 'ambiguous'
            ELSE 'exact'
          END
        END,
        CASE
          WHEN NOT ELEMENT_AT(used_keys.by_limit, CAST(w.start AS VARCHAR) || ' ' || CAST(w.child AS VARCHAR)) IS NULL
          THEN 'depth-limit'
        END
      ) AS ROW(
        start BIGINT,
        direction VARCHAR,
        depth INTEGER,
        node BIGINT,
        nearer BIGINT,
        rule BIGINT,
        confidence VARCHAR,
        note VARCHAR
      ))
    ) AS descent,
    console.console_keys
  FROM used_keys
  CROSS JOIN UNNEST(ARRAY[MULTIMAP_FROM_ENTRIES(
    TRANSFORM(
      FILTER(
        used_keys.finds,
        w -> w.child <= used_keys.issuances
        AND ELEMENT_AT(used_keys.nodes, w.child).event_name <> 'CreateAccessKey'
        AND NOT ELEMENT_AT(used_keys.nodes, w.child).issued_key IS NULL
        AND ELEMENT_AT(used_keys.by_used_key, ELEMENT_AT(used_keys.nodes, w.child).issued_key) IS NULL
        AND ELEMENT_AT(used_keys.calling_keys, ELEMENT_AT(used_keys.nodes, w.child).issued_key) IS NULL
      ),
      w -> ROW(
        w.child,
        SUBSTR(
          ARRAY_MIN(
            TRANSFORM(
              FILTER(
                COALESCE(
                  ELEMENT_AT(
                    used_keys.by_used_session,
                    COALESCE(
                      CAST(ELEMENT_AT(used_keys.nodes, w.child).issued_created AS VARCHAR) || '@' || ELEMENT_AT(used_keys.nodes, w.child).issued_principal,
                      ELEMENT_AT(used_keys.nodes, w.child).issued_key
                    )
                  ),
                  ARRAY[]
                ),
                k -> ELEMENT_AT(used_keys.uses, k).own_calls > 0
                AND ELEMENT_AT(used_keys.by_issued_key, ELEMENT_AT(used_keys.uses, k).access_key_id) IS NULL
              ),
              k -> COALESCE(
                DATE_FORMAT(
                  DATE_ADD('SECOND', CAST(ELEMENT_AT(used_keys.uses, k).second AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)),
                  '%Y-%m-%dT%TZ'
                ),
                '~~~~~~~~~~~~~~~~~~~~'
              ) || ELEMENT_AT(used_keys.uses, k).access_key_id
            )
          ),
          21
        )
      )
    )
  )]) AS console(console_keys)
), shown AS (
  SELECT
    rows_of.*
  FROM descended
  CROSS JOIN UNNEST(TRANSFORM(
    CONCAT(
      descended.descent,
      TRANSFORM(
        FILTER(descended.places, p -> CONTAINS(descended.chosen, p.start)),
        p -> CAST(ROW(p.start, CASE WHEN p.depth = 0 THEN 'start' ELSE 'origin' END, p.depth, p.node, p.nearer, p.rule, p.confidence, NULL) AS ROW(
          start BIGINT,
          direction VARCHAR,
          depth INTEGER,
          node BIGINT,
          nearer BIGINT,
          rule BIGINT,
          confidence VARCHAR,
          note VARCHAR
        ))
      )
    ),
    r -> ROW(
      r.direction,
      r.depth,
      r.rule,
      r.confidence,
      r.note,
      r.node <= descended.issuances,
      ELEMENT_AT(descended.nodes, r.start).access_key_id,
      ELEMENT_AT(descended.nodes, r.start).principal_id,
      ELEMENT_AT(descended.nodes, r.start).created,
      CASE
        WHEN r.direction = 'derived' AND r.nearer <= descended.issuances
        THEN COALESCE(ELEMENT_AT(ELEMENT_AT(descended.console_keys, r.nearer), 1), ELEMENT_AT(descended.nodes, r.nearer).issued_key)
        ELSE ELEMENT_AT(descended.nodes, r.nearer).access_key_id
      END,
      CASE
        WHEN r.direction = 'derived' AND r.nearer <= descended.issuances
        THEN ELEMENT_AT(descended.nodes, r.nearer).issued_principal
        ELSE ELEMENT_AT(descended.nodes, r.nearer).principal_id
      END,
      CASE
        WHEN r.direction = 'derived' AND r.nearer <= descended.issuances
        THEN ELEMENT_AT(descended.nodes, r.nearer).issued_created
        ELSE ELEMENT_AT(descended.nodes, r.nearer).created
      END,
      CASE
        WHEN r.direction = 'derived' AND r.node > descended.issuances
        THEN ELEMENT_AT(
          ARRAY_SORT(
            TRANSFORM(ELEMENT_AT(descended.places, r.node - descended.events).step.nodes, n -> ELEMENT_AT(descended.nodes, n)),
            (a, b) -> CASE WHEN COALESCE(a.event_id, '~') || a.access_key_id < COALESCE(b.event_id, '~') || b.access_key_id THEN -1 ELSE 1 END
          ),
          1
        )
        ELSE ELEMENT_AT(descended.nodes, r.node)
      END /* what a service went on from: of calls of several keys in one second the one with the smallest id */,
      CASE WHEN r.direction = 'derived' THEN ELEMENT_AT(ELEMENT_AT(descended.console_keys, r.node), 1) END,
      ELEMENT_AT(descended.nodes, r.node)
    )
  )) AS rows_of(direction, depth, rule, confidence, note, is_issuance, start_key, start_principal, start_created, nearer_key, nearer_principal, nearer_created, event, console_key, node)
), hops AS (
  SELECT
    shown.*,
    CASE
      WHEN shown.direction = 'derived' AND shown.is_issuance
      THEN COALESCE(shown.console_key, node.issued_key)
      ELSE node.access_key_id
    END AS access_key_id,
    CASE WHEN shown.direction = 'derived' AND shown.is_issuance THEN node.issued_principal ELSE node.principal_id END AS principal_id,
    CASE WHEN shown.direction = 'derived' AND shown.is_issuance THEN node.issued_created ELSE node.created END AS created,
    CASE WHEN shown.direction = 'derived' AND shown.is_issuance THEN node.issued_type ELSE node.identity_type END AS identity_type,
    CASE WHEN shown.direction = 'derived' AND shown.is_issuance THEN node.issued_arn ELSE node.identity_arn END AS identity_arn,
    CASE WHEN shown.direction = 'derived' AND shown.is_issuance THEN node.issued_account ELSE node.account_id END AS account_id,
    CASE WHEN shown.direction <> 'derived' THEN node.mfa_authenticated END AS mfa_authenticated,
    CASE WHEN shown.direction <> 'derived' THEN node.on_behalf_of END AS on_behalf_of,
    CASE WHEN shown.direction <> 'derived' THEN node.source_identity END AS source_identity,
    CASE WHEN shown.is_issuance THEN node.issued_source_identity END AS issued_source_identity,
    CASE WHEN shown.is_issuance THEN node.expires END AS expires,
    shown.is_issuance AND node.issued_key IS NULL AS is_sign_in,
    node.issued_arn,
    node.invoked_by AS used_by,
    event.event_name,
    event.event_id,
    event.second,
    event.aws_region,
    event.source_ip,
    event.user_agent,
    event.invoked_by
  FROM shown
  CROSS JOIN UNNEST(ARRAY[shown.node]) AS node(event_name, event_id, second, aws_region, source_ip, user_agent, expires, access_key_id, principal_id, created, identity_type, identity_arn, account_id, invoked_by, mfa_authenticated, source_identity, on_behalf_of, session_key, issued_key, issued_principal, issued_created, issued_type, issued_arn, issued_account, issued_source_identity, is_asked, used_then)
  CROSS JOIN UNNEST(ARRAY[shown.event]) AS event(event_name, event_id, second, aws_region, source_ip, user_agent, expires, access_key_id, principal_id, created, identity_type, identity_arn, account_id, invoked_by, mfa_authenticated, source_identity, on_behalf_of, session_key, issued_key, issued_principal, issued_created, issued_type, issued_arn, issued_account, issued_source_identity, is_asked, used_then)
), answer AS (
  SELECT DISTINCT
    COALESCE(
      hops.start_principal || '@' || DATE_FORMAT(DATE_ADD('SECOND', CAST(hops.start_created AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)), '%Y-%m-%dT%TZ'),
      hops.start_key
    ) AS start_session_id,
    hops.direction,
    hops.depth,
    COALESCE(
      hops.principal_id || '@' || DATE_FORMAT(DATE_ADD('SECOND', CAST(hops.created AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)), '%Y-%m-%dT%TZ'),
      hops.access_key_id
    ) AS session_id,
    hops.access_key_id,
    hops.principal_id,
    hops.identity_type,
    hops.identity_arn,
    hops.account_id,
    DATE_ADD('SECOND', CAST(hops.created AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)) AS session_created_at,
    CASE
      WHEN hops.direction = 'derived'
      THEN CASE
        WHEN NOT hops.is_issuance
        THEN 'forwarded'
        WHEN hops.event_name = 'CreateAccessKey'
        THEN 'created-key'
        WHEN hops.is_sign_in
        THEN 'sign-in'
        WHEN NOT hops.console_key IS NULL
        THEN 'issued-session'
        ELSE 'issued-key'
      END
      WHEN hops.rule IN (1, 2)
      THEN 'issued-key'
      WHEN hops.rule = 3
      THEN 'issued-session'
      WHEN hops.rule = 4
      THEN 'sign-in'
      WHEN hops.rule = 5
      THEN 'created-key'
      WHEN hops.rule = 6
      THEN 'forwarded'
    END AS link,
    hops.confidence,
    hops.event_name,
    hops.event_id,
    CASE WHEN hops.depth > 0 THEN DATE_ADD('SECOND', CAST(hops.second AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)) END AS event_time,
    hops.aws_region,
    hops.source_ip,
    hops.user_agent,
    DATE_ADD('SECOND', CAST(hops.expires AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)) AS expires_at,
    hops.mfa_authenticated,
    COALESCE(hops.source_identity, hops.issued_source_identity) AS source_identity,
    hops.on_behalf_of,
    CASE
      WHEN hops.note = 'end'
      THEN CASE
        WHEN hops.identity_type = 'AWSAccount'
        THEN 'external-account'
        WHEN hops.access_key_id IS NULL
        AND hops.identity_type = 'AWSService'
        OR NOT hops.used_by IS NULL
        AND (
          hops.identity_type IS NULL OR hops.access_key_id IS NULL
        )
        THEN 'service'
        WHEN hops.identity_type = 'IdentityCenterUser'
        THEN 'identity-center'
        WHEN hops.identity_type = 'SAMLUser' AND hops.issued_arn LIKE '%:assumed-role/AWSReservedSSO!_%' ESCAPE '!'
        THEN 'identity-center'
        WHEN hops.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')
        THEN 'federated'
        WHEN hops.access_key_id IS NULL AND hops.is_sign_in
        THEN 'console-sign-in'
        WHEN NOT hops.access_key_id IS NULL AND hops.created IS NULL AND hops.access_key_id NOT LIKE 'ASIA%'
        THEN CASE WHEN hops.identity_type = 'Root' THEN 'root' ELSE 'long-term-key' END
        ELSE 'not-in-logs'
      END
      ELSE hops.note
    END AS origin,
    CASE
      WHEN hops.depth > 0
      THEN COALESCE(
        hops.nearer_principal || '@' || DATE_FORMAT(DATE_ADD('SECOND', CAST(hops.nearer_created AS BIGINT), CAST('1970-01-01 00:00:00' AS TIMESTAMP)), '%Y-%m-%dT%TZ'),
        hops.nearer_key
      )
    END AS linked_session_id,
    CASE WHEN hops.depth > 0 THEN hops.nearer_key END AS linked_access_key_id,
    CASE WHEN hops.depth > 0 THEN hops.invoked_by END AS invoked_by
  FROM hops
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
