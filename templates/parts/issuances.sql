-- the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2)
vending AS (
  SELECT
    events.*,
    CASE
      WHEN events.event_source = 'iam.amazonaws.com' THEN json_text(events.response_elements, '$.accessKey.accessKeyId')
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
        THEN json_text(events.response_elements, '$.credentialSet[0].credentials.accessKeyId')
      WHEN events.event_name NOT IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
        THEN json_text(events.response_elements, '$.credentials.accessKeyId')
    END AS issued_access_key_id,
    CASE
      WHEN events.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
        THEN json_text(events.response_elements, '$.assumedRoleUser.assumedRoleId')
      WHEN events.event_name = 'GetFederationToken' THEN json_text(events.response_elements, '$.federatedUser.federatedUserId')
      WHEN events.event_name = 'AssumeRoot'
        THEN COALESCE(
          first_match(json_text(events.request_parameters, '$.targetPrincipal'), '^([0-9]{12})$'),
          first_match(json_text(events.request_parameters, '$.targetPrincipal'), '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):')
        )
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
        THEN json_text(events.response_elements, '$.credentialSet[0].assumedRoleUser.assumedRoleId')
      WHEN events.event_name IN (
        'GetSessionToken', 'GetSigninToken', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication', 'CreateOAuth2Token'
      )
        THEN events.principal_id
    END AS issued_principal_id,
    CASE
      WHEN events.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
        THEN COALESCE(
          json_text(events.response_elements, '$.assumedRoleUser.arn'),
          'arn:' || first_match(json_text(events.request_parameters, '$.roleArn'), '^arn:([^:]+):')
            || ':sts::' || first_match(json_text(events.request_parameters, '$.roleArn'), '^arn:[^:]*:[^:]*:[^:]*:([^:]*):')
            || ':assumed-role/' || first_match(json_text(events.request_parameters, '$.roleArn'), '([^/]+)$')
            || '/' || json_text(events.request_parameters, '$.roleSessionName')
        )
      WHEN events.event_name = 'GetFederationToken' THEN json_text(events.response_elements, '$.federatedUser.arn')
      WHEN events.event_name = 'AssumeRoot'
        THEN COALESCE(
          first_match(json_text(events.request_parameters, '$.targetPrincipal'), '^(arn:.*)$'),
          'arn:aws:iam::' || first_match(json_text(events.request_parameters, '$.targetPrincipal'), '^([0-9]{12})$') || ':root'
        )
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
        THEN json_text(events.response_elements, '$.credentialSet[0].assumedRoleUser.arn')
      WHEN events.event_name IN (
        'GetSessionToken', 'GetSigninToken', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication', 'CreateOAuth2Token'
      )
        THEN events.identity_arn
    END AS issued_arn,
    CASE
      WHEN events.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'GetCredentialsForIdentity')
        OR events.event_source = 'rolesanywhere.amazonaws.com' THEN 'AssumedRole'
      WHEN events.event_name = 'AssumeRoot' THEN 'Root'
      WHEN events.event_name = 'GetFederationToken' THEN 'FederatedUser'
      WHEN events.event_name = 'CreateAccessKey' THEN 'IAMUser'
      ELSE events.identity_type
    END AS issued_type,
    CASE WHEN events.event_name <> 'CreateAccessKey' THEN events.event_time END AS issued_created_at,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
        THEN expiry_time(json_text(events.response_elements, '$.credentialSet[0].credentials.expiration'))
      WHEN events.event_name NOT IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
        THEN expiry_time(json_text(events.response_elements, '$.credentials.expiration'))
    END AS expires_at,
    events.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication') AS opens_console,
    json_text(events.request_parameters, '$.sourceIdentity') AS issued_source_identity
  FROM events
  WHERE events.error_code IS NULL
    AND events.error_message IS NULL
    AND COALESCE(json_member_text(events.response_elements, events.event_name), '') <> 'Failure'
    AND (
      events.event_source = 'sts.amazonaws.com' AND events.event_name IN (
        'AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetSessionToken', 'GetFederationToken'
      )
      OR events.event_source = 'signin.amazonaws.com' AND events.event_name IN (
        'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication', 'GetSigninToken'
      )
      OR events.event_source = 'cognito-identity.amazonaws.com' AND events.event_name = 'GetCredentialsForIdentity'
      OR events.event_source IN ('rolesanywhere.amazonaws.com', 's3express.amazonaws.com') AND events.event_name = 'CreateSession'
      OR events.event_source = 'iam.amazonaws.com' AND events.event_name = 'CreateAccessKey'
      OR events.event_name = 'CreateOAuth2Token'
    )
),
-- one call seen from two accounts is one issuance: the copy whose caller has an access key tells more (docs/rules.md §2.4)
copies AS (
  SELECT
    vending.*,
    ROW_NUMBER() OVER (
      PARTITION BY vending.shared_event_id, vending.event_name, vending.issued_access_key_id
      ORDER BY
        CASE WHEN vending.access_key_id IS NULL THEN 1 ELSE 0 END,
        CASE WHEN vending.identity_type = 'AWSAccount' THEN 1 ELSE 0 END,
        vending.event_time NULLS LAST,
        vending.event_id NULLS LAST
    ) AS account_copy_number
  FROM vending
  WHERE CASE
    WHEN vending.opens_console THEN vending.principal_id IS NOT NULL
    WHEN vending.event_name = 'GetSigninToken' AND vending.issued_access_key_id = vending.access_key_id THEN FALSE
    ELSE vending.issued_access_key_id IS NOT NULL
  END
),
issuances AS (
  SELECT
    COALESCE(
      copies.event_id,
      'no event id:' || COALESCE(time_text(copies.event_time), '') || ':' || copies.event_name || ':' || COALESCE(copies.access_key_id, '')
        || ':' || COALESCE(copies.issued_access_key_id, '') || ':' || COALESCE(copies.principal_id, '')
    ) AS issuance_id,
    COALESCE(first_match(copies.issued_arn, '^arn:[^:]*:[^:]*:[^:]*:([0-9]+):'), copies.account_id) AS issued_account_id,
    CASE
      WHEN copies.issued_principal_id IS NOT NULL AND copies.issued_created_at IS NOT NULL
      THEN copies.issued_principal_id || '@' || time_text(copies.issued_created_at)
      ELSE copies.issued_access_key_id
    END AS issued_session_id,
    CASE WHEN NOT (copies.is_sign_in AND copies.access_key_id IS NULL) THEN copies.session_id END AS caller_session_id,
    copies.*
  FROM copies
  WHERE copies.account_copy_number = 1 OR copies.shared_event_id IS NULL
)
