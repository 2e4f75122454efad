WITH RECURSIVE parameters /* the values asked about */ AS (
  SELECT
    CAST($access_key AS TEXT) AS access_key,
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
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
  FROM event_store
  CROSS JOIN parameters
  WHERE
    event_time >= (
      parameters.window_from + TO_SECONDS(-129600)
    ) AND event_time < parameters.window_to
), events AS MATERIALIZED (
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
      END AS session_created_at,
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window
    FROM delivered
    CROSS JOIN parameters
  ) AS timed
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
), asked /* the sessions that used what is asked about, in the window (docs/rules.md §4) */ AS (
  SELECT
    events.*
  FROM events
  CROSS JOIN parameters
  WHERE
    events.in_window AND events.access_key_id = parameters.access_key
), used AS MATERIALIZED (
  SELECT
    asked.access_key_id,
    asked.principal_id,
    asked.session_created_at,
    asked.session_id,
    MIN(asked.identity_type) AS identity_type,
    MIN(asked.identity_arn) AS identity_arn,
    MIN(asked.account_id) AS account_id,
    CASE WHEN COUNT(asked.invoked_by) = COUNT(*) THEN MIN(asked.invoked_by) END AS invoked_by,
    CASE
      WHEN COALESCE(BOOL_OR(CAST(asked.mfa_authenticated AS BOOLEAN)), FALSE)
      THEN TRUE
      WHEN COUNT(asked.mfa_authenticated) > 0
      THEN FALSE
    END AS mfa_authenticated,
    MIN(asked.source_identity) AS source_identity,
    MIN(asked.on_behalf_of) AS on_behalf_of,
    MIN(asked.event_time) AS used_at
  FROM asked
  GROUP BY
    asked.access_key_id,
    asked.principal_id,
    asked.session_created_at,
    asked.session_id
), issued /* what was issued under that name in the window: it starts a walk too if nobody used it */ AS (
  SELECT
    issuances.issuance_id,
    issuances.issued_access_key_id AS access_key_id,
    issuances.issued_principal_id AS principal_id,
    issuances.issued_created_at AS session_created_at,
    issuances.issued_session_id AS session_id,
    MIN(issuances.issued_type) AS identity_type,
    MIN(issuances.issued_arn) AS identity_arn,
    MIN(issuances.issued_account_id) AS account_id,
    MIN(issuances.issued_source_identity) AS source_identity,
    MIN(issuances.event_time) AS used_at
  FROM issuances
  CROSS JOIN parameters
  WHERE
    issuances.in_window AND issuances.issued_access_key_id = parameters.access_key
  GROUP BY
    issuances.issuance_id,
    issuances.issued_access_key_id,
    issuances.issued_principal_id,
    issuances.issued_created_at,
    issuances.issued_session_id
), candidates AS MATERIALIZED (
  SELECT
    'start:' || COALESCE(used.access_key_id, '') || '|' || COALESCE(used.principal_id, '') || '|' || COALESCE(STRFTIME(used.session_created_at, '%Y-%m-%dT%H:%M:%SZ'), '') AS start_id,
    used.access_key_id,
    used.principal_id,
    used.session_created_at,
    used.session_id,
    used.identity_type,
    used.identity_arn,
    used.account_id,
    used.invoked_by,
    used.mfa_authenticated,
    used.source_identity,
    used.on_behalf_of,
    used.used_at,
    TRUE AS is_used
  FROM used
  UNION ALL
  SELECT
    'issued:' || issued.issuance_id,
    issued.access_key_id,
    issued.principal_id,
    issued.session_created_at,
    issued.session_id,
    issued.identity_type,
    issued.identity_arn,
    issued.account_id,
    CAST(NULL AS TEXT),
    CAST(NULL AS BOOLEAN),
    issued.source_identity,
    CAST(NULL AS TEXT),
    issued.used_at,
    FALSE
  FROM issued
), service_keys /* keys that only services used, for a session of their own: they may stand for a long-term key (docs/rules.md §3.6) */ AS MATERIALIZED (
  SELECT
    'service key:' || events.access_key_id || '|' || COALESCE(events.principal_id, '') || '|' || STRFTIME(events.session_created_at, '%Y-%m-%dT%H:%M:%SZ') AS service_key_id,
    events.access_key_id,
    events.principal_id,
    events.session_created_at,
    events.session_id,
    MIN(events.identity_type) AS identity_type,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.account_id) AS account_id,
    MIN(events.invoked_by) AS invoked_by,
    MIN(events.event_time) AS used_at
  FROM events
  WHERE
    NOT events.access_key_id IS NULL AND NOT events.session_created_at IS NULL
  GROUP BY
    events.access_key_id,
    events.principal_id,
    events.session_created_at,
    events.session_id
  HAVING
    COUNT(events.invoked_by) = COUNT(*)
), uses /* whose issuer is looked for: the callers of issuances and the starts, and keys that a service used */ AS MATERIALIZED (
  SELECT
    issuances.issuance_id AS use_id,
    issuances.access_key_id,
    issuances.principal_id,
    issuances.session_created_at,
    issuances.identity_arn,
    issuances.invoked_by,
    issuances.event_time AS used_at
  FROM issuances
  WHERE
    NOT issuances.caller_session_id IS NULL
  UNION ALL
  SELECT
    candidates.start_id,
    candidates.access_key_id,
    candidates.principal_id,
    candidates.session_created_at,
    candidates.identity_arn,
    candidates.invoked_by,
    candidates.used_at
  FROM candidates
  UNION ALL
  SELECT
    service_keys.service_key_id,
    service_keys.access_key_id,
    service_keys.principal_id,
    service_keys.session_created_at,
    service_keys.identity_arn,
    service_keys.invoked_by,
    service_keys.used_at
  FROM service_keys
), matches_by_rule /* rules 1 to 5 of docs/rules.md §3: every issuance that may have issued what a use used */ AS (
  SELECT
    uses.use_id,
    issuances.issuance_id,
    issuances.event_time,
    CASE
      WHEN issuances.event_name = 'CreateAccessKey'
      THEN 5
      WHEN ABS(DATE_DIFF('SECOND', issuances.event_time, uses.session_created_at)) <= 2
      THEN 1
      ELSE 2
    END AS rule
  FROM uses
  JOIN issuances
    ON issuances.issued_access_key_id = uses.access_key_id
  WHERE
    CASE
      WHEN issuances.event_name = 'CreateAccessKey'
      THEN uses.session_created_at IS NULL AND COALESCE(issuances.event_time <= (
        uses.used_at + TO_SECONDS(2)
      ), TRUE)
      ELSE (
        uses.principal_id IS NULL OR issuances.issued_principal_id IS NULL OR uses.principal_id = issuances.issued_principal_id
      )
      AND (
        COALESCE(ABS(DATE_DIFF('SECOND', issuances.event_time, uses.session_created_at)) <= 2, FALSE)
        OR (
          NOT uses.session_created_at IS NULL OR uses.access_key_id LIKE 'ASIA%'
        )
        AND COALESCE(issuances.event_time <= (
          uses.used_at + TO_SECONDS(2)
        ), TRUE)
        AND COALESCE(uses.used_at <= COALESCE(issuances.expires_at, (
          issuances.event_time + TO_SECONDS(129600)
        )), TRUE)
      )
    END
  UNION ALL
  SELECT
    uses.use_id,
    issuances.issuance_id,
    issuances.event_time,
    CASE WHEN issuances.opens_console THEN 4 ELSE 3 END AS rule
  FROM uses
  JOIN issuances
    ON issuances.issued_principal_id = uses.principal_id AND issuances.event_time = uses.session_created_at
  /* a federated sign-in is signed with a key of the very session that it opens: it is not that key's issuer */
  WHERE
    NOT issuances.opens_console
    OR issuances.caller_session_id IS NULL
    OR COALESCE(issuances.access_key_id, '') <> COALESCE(uses.access_key_id, '')
    OR issuances.session_created_at <> uses.session_created_at
), decided /* the first rule that finds something decides; of issuances that only fit by their time of life, and of created keys, the latest */ AS MATERIALIZED (
  SELECT
    ranked.use_id,
    ranked.issuance_id,
    ranked.rule
  FROM (
    SELECT
      matches_by_rule.*,
      MIN(matches_by_rule.rule) OVER (PARTITION BY matches_by_rule.use_id) AS first_rule,
      RANK() OVER (
        PARTITION BY matches_by_rule.use_id, matches_by_rule.rule
        ORDER BY CASE WHEN matches_by_rule.rule IN (2, 5) THEN matches_by_rule.event_time END DESC
      ) AS latest
    FROM matches_by_rule
  ) AS ranked
  WHERE
    ranked.rule = ranked.first_rule AND ranked.latest = 1
), long_term_calls /* rule 6: a key that nothing issued, used by a service for the holder of a long-term key: the long-term key's call nearest in time. */ /* A running maximum finds the call before and the call after; a join on a span of time would pair everything with everything. */ AS MATERIALIZED (
  SELECT
    events.*
  FROM events
  WHERE
    events.access_key_id NOT LIKE 'ASIA%'
    AND events.session_created_at IS NULL
    AND events.invoked_by IS NULL
    AND NOT events.identity_arn IS NULL
    AND NOT events.event_time IS NULL
), moments AS (
  SELECT
    uses.use_id,
    uses.identity_arn,
    uses.session_created_at AS moment,
    CAST(NULL AS TIMESTAMP) AS call_time
  FROM uses
  LEFT JOIN decided
    ON decided.use_id = uses.use_id
  WHERE
    decided.use_id IS NULL
    AND NOT uses.access_key_id IS NULL
    AND NOT uses.invoked_by IS NULL
    AND NOT uses.session_created_at IS NULL
  UNION ALL
  SELECT DISTINCT
    CAST(NULL AS TEXT),
    long_term_calls.identity_arn,
    long_term_calls.event_time,
    long_term_calls.event_time
  FROM long_term_calls
), nearest_calls AS (
  SELECT
    around.use_id,
    around.identity_arn,
    CASE
      WHEN around.call_after IS NULL
      OR DATE_DIFF('SECOND', around.call_before, around.moment) <= DATE_DIFF('SECOND', around.moment, around.call_after)
      THEN around.call_before
      ELSE around.call_after
    END AS call_time,
    around.moment
  FROM (
    SELECT
      moments.*,
      MAX(moments.call_time) OVER (PARTITION BY moments.identity_arn ORDER BY moments.moment RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS call_before,
      MIN(moments.call_time) OVER (PARTITION BY moments.identity_arn ORDER BY moments.moment DESC RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS call_after
    FROM moments
  ) AS around
  WHERE
    NOT around.use_id IS NULL
), forwarding AS MATERIALIZED (
  SELECT
    nearest.use_id,
    'call:' || nearest.use_id || ':' || nearest.access_key_id AS call_id,
    nearest.access_key_id,
    nearest.principal_id,
    nearest.identity_type,
    nearest.identity_arn,
    nearest.account_id,
    nearest.session_id,
    nearest.event_name,
    nearest.event_id,
    nearest.event_time,
    nearest.aws_region,
    nearest.source_ip,
    nearest.user_agent,
    nearest.mfa_authenticated,
    nearest.source_identity,
    nearest.on_behalf_of
  FROM (
    SELECT
      nearest_calls.use_id,
      long_term_calls.*,
      ROW_NUMBER() OVER (
        PARTITION BY nearest_calls.use_id, long_term_calls.access_key_id
        ORDER BY long_term_calls.event_id, long_term_calls.event_source, long_term_calls.event_name
      ) AS call_number
    FROM nearest_calls
    JOIN long_term_calls
      ON long_term_calls.identity_arn = nearest_calls.identity_arn AND long_term_calls.event_time = nearest_calls.call_time
    WHERE
      ABS(DATE_DIFF('SECOND', nearest_calls.moment, nearest_calls.call_time)) <= 600
  ) AS nearest
  WHERE
    nearest.call_number = 1
), creation_of_forwarding AS (
  SELECT
    ranked.call_id,
    ranked.issuance_id
  FROM (
    SELECT
      forwarding.call_id,
      issuances.issuance_id,
      RANK() OVER (PARTITION BY forwarding.call_id ORDER BY issuances.event_time DESC) AS latest
    FROM forwarding
    JOIN issuances
      ON issuances.issued_access_key_id = forwarding.access_key_id
    WHERE
      issuances.event_name = 'CreateAccessKey'
      AND COALESCE(issuances.event_time <= (
        forwarding.event_time + TO_SECONDS(2)
      ), TRUE)
  ) AS ranked
  WHERE
    ranked.latest = 1
), steps /* one step backwards from each use: to an issuance, or to the long-term key's call that a service went on from */ AS MATERIALIZED (
  SELECT
    decided.use_id,
    decided.issuance_id AS hop_id,
    CASE decided.rule WHEN 3 THEN 'issued-session' WHEN 4 THEN 'sign-in' WHEN 5 THEN 'created-key' ELSE 'issued-key' END AS link,
    CASE
      WHEN decided.rule = 2
      THEN 'inferred'
      WHEN COUNT(*) OVER (PARTITION BY decided.use_id) > 1
      THEN 'ambiguous'
      ELSE 'exact'
    END AS confidence
  FROM decided
  UNION ALL
  SELECT
    forwarding.use_id,
    forwarding.call_id,
    'forwarded',
    'inferred'
  FROM forwarding
  UNION ALL
  SELECT
    creation_of_forwarding.call_id,
    creation_of_forwarding.issuance_id,
    'created-key',
    CASE WHEN COUNT(*) OVER (PARTITION BY creation_of_forwarding.call_id) > 1 THEN 'ambiguous' ELSE 'exact' END
  FROM creation_of_forwarding
), taken /* an issuance that a use of ours steps to is no start of its own */ AS (
  SELECT DISTINCT
    decided.issuance_id
  FROM decided
  JOIN candidates
    ON candidates.start_id = decided.use_id
  WHERE
    candidates.is_used
), unused AS (
  SELECT
    'issued:' || issuances.issuance_id AS start_id
  FROM issuances
  LEFT JOIN taken
    ON taken.issuance_id = issuances.issuance_id
  WHERE
    taken.issuance_id IS NULL AND issuances.in_window
), standing_candidates /* several unused issuances of one session are one start */ AS (
  SELECT
    candidates.*,
    ROW_NUMBER() OVER (
      PARTITION BY candidates.is_used, candidates.access_key_id, candidates.principal_id, candidates.session_created_at
      ORDER BY candidates.used_at, candidates.start_id
    ) AS start_number
  FROM candidates
  LEFT JOIN unused
    ON unused.start_id = candidates.start_id
  WHERE
    candidates.is_used OR NOT unused.start_id IS NULL
), starts AS MATERIALIZED (
  SELECT
    candidates.*
  FROM standing_candidates AS candidates
  LEFT JOIN used
    ON NOT candidates.is_used
    AND COALESCE(used.access_key_id, '') = COALESCE(candidates.access_key_id, '')
    AND COALESCE(used.principal_id, '') = COALESCE(candidates.principal_id, '')
    AND COALESCE(STRFTIME(used.session_created_at, '%Y-%m-%dT%H:%M:%SZ'), '') = COALESCE(STRFTIME(candidates.session_created_at, '%Y-%m-%dT%H:%M:%SZ'), '')
  WHERE
    candidates.start_number = 1 AND (
      candidates.is_used OR used.session_id IS NULL
    )
), hops /* the hops that a walk can come to: callers of issuances, and long-term keys that a service went on from */ AS (
  SELECT
    issuances.issuance_id AS hop_id,
    issuances.caller_session_id,
    issuances.session_id,
    issuances.access_key_id,
    issuances.principal_id,
    issuances.identity_type,
    issuances.identity_arn,
    issuances.account_id,
    issuances.session_created_at,
    issuances.event_name,
    issuances.event_id,
    issuances.event_time,
    issuances.aws_region,
    issuances.source_ip,
    issuances.user_agent,
    issuances.expires_at,
    issuances.mfa_authenticated,
    COALESCE(issuances.source_identity, issuances.issued_source_identity) AS source_identity,
    issuances.on_behalf_of,
    issuances.invoked_by,
    issuances.is_sign_in,
    issuances.issued_arn,
    issuances.event_name AS issuing_event_name
  FROM issuances
  UNION ALL
  SELECT
    forwarding.call_id,
    forwarding.session_id,
    forwarding.session_id,
    forwarding.access_key_id,
    forwarding.principal_id,
    forwarding.identity_type,
    forwarding.identity_arn,
    forwarding.account_id,
    CAST(NULL AS TIMESTAMP),
    forwarding.event_name,
    forwarding.event_id,
    forwarding.event_time,
    forwarding.aws_region,
    forwarding.source_ip,
    forwarding.user_agent,
    CAST(NULL AS TIMESTAMP),
    forwarding.mfa_authenticated,
    forwarding.source_identity,
    forwarding.on_behalf_of,
    CAST(NULL AS TEXT),
    FALSE,
    CAST(NULL AS TEXT),
    CAST(NULL AS TEXT)
  FROM forwarding
), keyed_hops AS (
  SELECT
    hops.*
  FROM hops
), children /* forwards: what each issuance, and each key that a service used, led to */ AS MATERIALIZED (
  SELECT
    steps.hop_id AS parent_id,
    steps.use_id AS child_id,
    steps.confidence
  FROM steps
  JOIN issuances
    ON issuances.issuance_id = steps.use_id
  WHERE
    steps.link <> 'forwarded'
  UNION ALL
  SELECT
    created.hop_id,
    service_keys.service_key_id,
    'inferred'
  FROM steps
  JOIN service_keys
    ON service_keys.service_key_id = steps.use_id
  JOIN steps AS created
    ON created.use_id = steps.hop_id
  WHERE
    steps.link = 'forwarded'
  UNION ALL
  SELECT
    service_keys.service_key_id,
    issuances.issuance_id,
    'exact'
  FROM service_keys
  JOIN issuances
    ON issuances.access_key_id = service_keys.access_key_id
    AND issuances.session_created_at = service_keys.session_created_at
    AND COALESCE(issuances.principal_id, '') = COALESCE(service_keys.principal_id, '')
  JOIN steps
    ON steps.use_id = service_keys.service_key_id AND steps.link = 'forwarded'
), products /* where the walk forwards can come to, as sessions */ AS MATERIALIZED (
  SELECT
    issuances.issuance_id AS product_id,
    issuances.issued_session_id AS session_id,
    issuances.issued_access_key_id AS access_key_id,
    issuances.issued_principal_id AS principal_id,
    issuances.issued_type AS identity_type,
    issuances.issued_arn AS identity_arn,
    issuances.issued_account_id AS account_id,
    issuances.issued_created_at AS session_created_at,
    CASE
      WHEN issuances.event_name = 'CreateAccessKey'
      THEN 'created-key'
      WHEN issuances.opens_console
      THEN 'sign-in'
      ELSE 'issued-key'
    END AS link,
    issuances.event_name,
    issuances.event_id,
    issuances.event_time,
    issuances.aws_region,
    issuances.source_ip,
    issuances.user_agent,
    issuances.expires_at,
    issuances.issued_source_identity AS source_identity,
    issuances.invoked_by
  FROM issuances
  UNION ALL
  SELECT
    service_keys.service_key_id,
    service_keys.session_id,
    service_keys.access_key_id,
    service_keys.principal_id,
    service_keys.identity_type,
    service_keys.identity_arn,
    service_keys.account_id,
    service_keys.session_created_at,
    'forwarded',
    forwarding.event_name,
    forwarding.event_id,
    forwarding.event_time,
    forwarding.aws_region,
    forwarding.source_ip,
    forwarding.user_agent,
    CAST(NULL AS TIMESTAMP),
    CAST(NULL AS TEXT),
    CAST(NULL AS TEXT)
  FROM service_keys
  JOIN (
    SELECT
      forwarding.*,
      ROW_NUMBER() OVER (PARTITION BY forwarding.use_id ORDER BY forwarding.event_id, forwarding.access_key_id) AS call_number
    FROM forwarding
  ) AS forwarding
    ON forwarding.use_id = service_keys.service_key_id AND forwarding.call_number = 1
), first_children AS (
  SELECT
    starts.start_id,
    issuances.issuance_id AS child_id,
    'exact' AS confidence,
    0 AS preference
  FROM starts
  JOIN issuances
    ON issuances.caller_session_id = starts.session_id
  WHERE
    issuances.principal_id IS NULL OR starts.principal_id IS NULL OR issuances.principal_id = starts.principal_id
  UNION ALL
  SELECT
    starts.start_id,
    calls.use_id,
    calls.confidence,
    1
  FROM starts
  JOIN steps
    ON steps.use_id = starts.start_id AND steps.link <> 'forwarded'
  JOIN steps AS calls
    ON calls.hop_id = steps.hop_id
  JOIN issuances
    ON issuances.issuance_id = calls.use_id
  UNION ALL
  SELECT
    starts.start_id,
    steps.use_id,
    'inferred',
    2
  FROM starts
  JOIN forwarding
    ON forwarding.access_key_id = starts.access_key_id
  JOIN steps
    ON steps.hop_id = forwarding.call_id
  JOIN service_keys
    ON service_keys.service_key_id = steps.use_id
  WHERE
    starts.session_created_at IS NULL AND COALESCE(forwarding.principal_id, '') = COALESCE(starts.principal_id, '')
), descent(start_id, start_session_id, depth, product_id, parent_id, confidence, preference, path) AS (
  SELECT
    starts.start_id,
    starts.session_id,
    1,
    first_children.child_id,
    starts.start_id,
    first_children.confidence,
    first_children.preference,
    '|' || first_children.child_id || '|'
  FROM starts
  JOIN first_children
    ON first_children.start_id = starts.start_id
  JOIN products
    ON products.product_id = first_children.child_id
  WHERE
    16 > 0 AND COALESCE(products.session_id, '') <> COALESCE(starts.session_id, '')
  UNION ALL
  SELECT
    descent.start_id,
    descent.start_session_id,
    descent.depth + 1,
    children.child_id,
    descent.product_id,
    children.confidence,
    0,
    descent.path || children.child_id || '|'
  FROM descent
  JOIN children
    ON children.parent_id = descent.product_id
  JOIN products
    ON products.product_id = children.child_id
  WHERE
    descent.depth < 16
    AND STRPOS(descent.path, '|' || children.child_id || '|') = 0
    AND COALESCE(products.session_id, '') <> COALESCE(descent.start_session_id, '')
), derived /* each once, at its smallest depth */ AS MATERIALIZED (
  SELECT
    placed.*
  FROM (
    SELECT
      descent.*,
      ROW_NUMBER() OVER (
        PARTITION BY descent.start_id, descent.product_id
        ORDER BY descent.depth, descent.preference, parents.event_time, parents.event_id
      ) AS arrival
    FROM descent
    LEFT JOIN products AS parents
      ON parents.product_id = descent.parent_id
  ) AS placed
  WHERE
    placed.arrival = 1
), beyond /* children that only max_depth keeps out */ AS (
  SELECT DISTINCT
    derived.start_id,
    derived.product_id
  FROM derived
  JOIN children
    ON children.parent_id = derived.product_id
  JOIN products
    ON products.product_id = children.child_id
  LEFT JOIN derived AS reached
    ON reached.start_id = derived.start_id AND reached.product_id = children.child_id
  WHERE
    derived.depth = 16
    AND reached.product_id IS NULL
    AND COALESCE(products.session_id, '') <> COALESCE(derived.start_session_id, '')
), key_uses AS MATERIALIZED (
  SELECT
    events.session_id,
    events.access_key_id,
    MIN(events.event_time) AS first_used,
    COUNT(*) - COUNT(events.invoked_by) AS own_calls
  FROM events
  WHERE
    NOT events.access_key_id IS NULL
  GROUP BY
    events.session_id,
    events.access_key_id
), exchanged_keys /* the console and Identity Center use another key than the one that was issued (docs/rules.md §4) */ AS MATERIALIZED (
  SELECT
    exchanged.product_id,
    exchanged.access_key_id
  FROM (
    SELECT
      products.product_id,
      key_uses.access_key_id,
      ROW_NUMBER() OVER (PARTITION BY products.product_id ORDER BY key_uses.first_used, key_uses.access_key_id) AS preference
    FROM products
    JOIN key_uses
      ON key_uses.session_id = products.session_id
    LEFT JOIN (
      SELECT DISTINCT
        key_uses.access_key_id
      FROM key_uses
    ) AS used_keys
      ON used_keys.access_key_id = products.access_key_id
    LEFT JOIN (
      SELECT DISTINCT
        products.access_key_id
      FROM products
      WHERE
        products.link <> 'forwarded'
    ) AS issued_keys
      ON issued_keys.access_key_id = key_uses.access_key_id
    WHERE
      products.link = 'issued-key'
      AND used_keys.access_key_id IS NULL
      AND issued_keys.access_key_id IS NULL
      AND key_uses.own_calls > 0
  ) AS exchanged
  WHERE
    exchanged.preference = 1
), answer AS (
  SELECT
    starts.session_id AS start_session_id,
    'start' AS direction,
    0 AS depth,
    starts.session_id,
    starts.access_key_id,
    starts.principal_id,
    starts.identity_type,
    starts.identity_arn,
    starts.account_id,
    starts.session_created_at,
    CAST(NULL AS TEXT) AS link,
    CAST(NULL AS TEXT) AS confidence,
    CAST(NULL AS TEXT) AS event_name,
    CAST(NULL AS TEXT) AS event_id,
    CAST(NULL AS TIMESTAMP) AS event_time,
    CAST(NULL AS TEXT) AS aws_region,
    CAST(NULL AS TEXT) AS source_ip,
    CAST(NULL AS TEXT) AS user_agent,
    CAST(NULL AS TIMESTAMP) AS expires_at,
    starts.mfa_authenticated,
    starts.source_identity,
    starts.on_behalf_of,
    CAST(NULL AS TEXT) AS origin,
    CAST(NULL AS TEXT) AS linked_session_id,
    CAST(NULL AS TEXT) AS linked_access_key_id,
    CAST(NULL AS TEXT) AS invoked_by
  FROM starts
  UNION ALL
  SELECT
    starts.session_id,
    'derived',
    derived.depth,
    products.session_id,
    COALESCE(exchanged_keys.access_key_id, products.access_key_id),
    products.principal_id,
    products.identity_type,
    products.identity_arn,
    products.account_id,
    products.session_created_at,
    CASE WHEN NOT exchanged_keys.product_id IS NULL THEN 'issued-session' ELSE products.link END,
    derived.confidence,
    products.event_name,
    products.event_id,
    products.event_time,
    products.aws_region,
    products.source_ip,
    products.user_agent,
    products.expires_at,
    CAST(NULL AS BOOLEAN),
    products.source_identity,
    CAST(NULL AS TEXT),
    CASE WHEN NOT beyond.product_id IS NULL THEN 'depth-limit' END,
    COALESCE(parents.session_id, starts.session_id),
    CASE
      WHEN derived.depth = 1
      THEN starts.access_key_id
      ELSE COALESCE(parent_exchange.access_key_id, parents.access_key_id)
    END,
    products.invoked_by
  FROM derived
  JOIN starts
    ON starts.start_id = derived.start_id
  JOIN products
    ON products.product_id = derived.product_id
  LEFT JOIN products AS parents
    ON parents.product_id = derived.parent_id
  LEFT JOIN exchanged_keys
    ON exchanged_keys.product_id = derived.product_id
  LEFT JOIN exchanged_keys AS parent_exchange
    ON parent_exchange.product_id = derived.parent_id
  LEFT JOIN beyond
    ON beyond.start_id = derived.start_id AND beyond.product_id = derived.product_id
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
FROM (
  SELECT DISTINCT
    answer.*
  FROM answer
) AS answer
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
