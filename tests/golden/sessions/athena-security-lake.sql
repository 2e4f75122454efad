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
    CASE LOWER(ELEMENT_AT(unmapped, 'readOnly')) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
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
    actor.session.is_mfa AS mfa_authenticated,
    NULLIF(ELEMENT_AT(unmapped, 'userIdentity.sessionContext.sourceIdentity'), '') AS source_identity,
    CASE
      WHEN NOT ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.userId') IS NULL
      THEN NULLIF(ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.userId'), '')
      WHEN NOT COALESCE(NULLIF(actor.idp.uid, ''), ELEMENT_AT(unmapped, 'userIdentity.onBehalfOf.identityStoreArn')) IS NULL
      THEN NULLIF(actor.user.uid_alt, '')
    END AS on_behalf_of,
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
), judged /* what kind of call each is (docs/rules.md §1) */ AS (
  SELECT
    issuing.*,
    COALESCE(
      issuing.mfa_authenticated,
      CASE
        WHEN issuing.is_vending AND issuing.is_sign_in
        THEN CASE LOWER(NULLIF(JSON_EXTRACT_SCALAR(issuing.additional_event_data, '$.MFAUsed'), ''))
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
      WHEN STRPOS(issuing.response_elements, 'Failure') > 0
      THEN COALESCE(
        NULLIF(
          JSON_EXTRACT_SCALAR(ELEMENT_AT(TRY_CAST(JSON_EXTRACT(issuing.response_elements, '$') AS MAP(VARCHAR, JSON)), issuing.event_name), '$'),
          ''
        ),
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
          REGEXP_LIKE(LOWER(issuing.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)')
        )
      ),
      FALSE
    ) AS is_denied,
    COALESCE(
      issuing.read_only,
      COALESCE(
        REGEXP_LIKE(
          issuing.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ),
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
            REGEXP_LIKE(issuing.event_name, '^GetFunction')
          )
        )
        OR (
          issuing.event_source = 'redshift.amazonaws.com' AND (
            REGEXP_LIKE(issuing.event_name, '^GetClusterCredentials')
          )
        )
        OR (
          issuing.event_source = 'cognito-identity.amazonaws.com' AND (
            REGEXP_LIKE(issuing.event_name, '^GetOpenIdToken')
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
      ROW_NUMBER() OVER (PARTITION BY judged.event_id) AS copy_number
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
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT told.access_key_id) FILTER(WHERE
        NOT told.access_key_id IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS access_keys,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    COUNT(*) AS calls,
    SUM(CASE WHEN told.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN told.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN told.is_read THEN 0 ELSE 1 END) AS writes,
    SUM(CASE WHEN told.is_read AND told.is_sensitive THEN 1 ELSE 0 END) AS sensitive,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT told.aws_region) FILTER(WHERE
        NOT told.aws_region IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS regions,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT told.source_ip) FILTER(WHERE
        NOT told.source_ip IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS source_ips,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT told.user_agent) FILTER(WHERE
        NOT told.user_agent IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS user_agents,
    CASE WHEN COALESCE(BOOL_OR(told.has_mfa), FALSE) THEN TRUE WHEN COUNT(told.has_mfa) > 0 THEN FALSE END AS mfa_authenticated,
    MIN(told.source_identity) AS source_identity,
    MIN(told.on_behalf_of) AS on_behalf_of,
    COUNT(told.invoked_by) AS forwarded,
    COUNT(told.access_key_id) AS signed_calls,
    SUM(CASE WHEN told.invoked_by <> 'signin.amazonaws.com' THEN 1 ELSE 0 END) AS served_calls,
    COALESCE(BOOL_OR(told.from_console), FALSE) AS from_console,
    COALESCE(BOOL_OR(told.is_sign_in OR told.role = 'use' AND told.invoked_by = 'signin.amazonaws.com'), FALSE) AS signs_in,
    COALESCE(BOOL_OR(told.identity_type = 'AWSService'), FALSE) AS by_service,
    COALESCE(BOOL_OR(told.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')), FALSE) AS by_outsider
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
