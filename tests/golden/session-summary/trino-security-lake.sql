WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
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
    NULLIF(api.response.error, '') AS error_code,
    NULLIF(api.response.message, '') AS error_message,
    CASE LOWER(ELEMENT_AT(unmapped, 'readOnly')) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
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
    JSON_FORMAT(
      CAST(TRANSFORM(
        resources,
        r -> MAP_FILTER(MAP(ARRAY['accountId', 'ARN', 'type'], ARRAY[r.owner.account.uid, r.uid, r.type]), (name, value) -> NOT value IS NULL)
      ) AS JSON)
    ) AS resources /* the members as CloudTrail names them */
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
), judged /* the events that are asked about, and what kind of call each is (docs/rules.md §1) */ AS (
  SELECT
    named.*,
    COALESCE(
      named.read_only,
      COALESCE(
        REGEXP_LIKE(
          named.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ),
        FALSE
      )
    ) AS is_read,
    COALESCE(
      named.read_only,
      COALESCE(
        REGEXP_LIKE(
          named.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ),
        FALSE
      )
    )
    AND COALESCE(
      (
        (named.event_source, named.event_name) IN (
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
          named.event_source = 'lambda.amazonaws.com' AND (
            REGEXP_LIKE(named.event_name, '^GetFunction')
          )
        )
        OR (
          named.event_source = 'redshift.amazonaws.com' AND (
            REGEXP_LIKE(named.event_name, '^GetClusterCredentials')
          )
        )
        OR (
          named.event_source = 'cognito-identity.amazonaws.com' AND (
            REGEXP_LIKE(named.event_name, '^GetOpenIdToken')
          )
        )
      ),
      FALSE
    ) AS is_sensitive,
    NOT named.error_code IS NULL
    OR NOT named.error_message IS NULL
    OR CASE
      WHEN STRPOS(named.response_elements, 'Failure') > 0
      THEN COALESCE(
        NULLIF(
          JSON_EXTRACT_SCALAR(ELEMENT_AT(TRY_CAST(JSON_EXTRACT(named.response_elements, '$') AS MAP(VARCHAR, JSON)), named.event_name), '$'),
          ''
        ),
        ''
      ) = 'Failure'
      ELSE FALSE
    END AS has_failed,
    COALESCE(
      (
        named.error_code IN (
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
          REGEXP_LIKE(LOWER(named.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)')
        )
      ),
      FALSE
    ) AS is_denied,
    COALESCE(
      (
        named.error_code IN (
          'ThrottlingException',
          'Throttling',
          'Client.RequestLimitExceeded',
          'TooManyRequestsException',
          'ProvisionedThroughputExceededException',
          'SlowDown'
        )
        OR (
          REGEXP_LIKE(LOWER(named.error_code), '(throttl|requestlimitexceeded|toomanyrequests|slowdown)')
        )
      ),
      FALSE
    ) AS is_throttle
  FROM named
  WHERE
    named.in_window
    AND named.session_id IN (
      SELECT
        named.session_id
      FROM named
      WHERE
        named.in_window AND named.access_key_id IN (
          SELECT
            wanted_access_key.value
          FROM wanted_access_key
        )
    )
    AND NOT named.session_id IS NULL
), ranked /* what a denial names as its target (docs/rules.md §7), and the order in which events are chosen as samples */ AS (
  SELECT
    judged.*,
    CASE
      WHEN judged.is_denied AND STRPOS(judged.error_message, ' on resource: ') > 0
      THEN SUBSTR(judged.error_message, STRPOS(judged.error_message, ' on resource: ') + 14)
    END AS denial_tail,
    CASE WHEN judged.has_failed THEN '0' ELSE '1' END || COALESCE(DATE_FORMAT(judged.event_time, '%Y-%m-%dT%TZ'), '') || COALESCE('!' || judged.event_id, ' ') AS sample_rank
  FROM judged
), targeted /* what each call may show as a sample */ AS (
  SELECT
    ranked.*,
    NULLIF(
      NULLIF(
        TRIM(
          CASE
            WHEN STRPOS(ranked.denial_tail, ' because ') > 0 OR STRPOS(ranked.denial_tail, ' with an explicit deny') > 0
            THEN SPLIT_PART(SPLIT_PART(ranked.denial_tail, ' because ', 1), ' with an explicit deny', 1)
            WHEN STRPOS(ranked.denial_tail, '. ') > 0
            THEN SPLIT_PART(ranked.denial_tail, '. ', 1)
            WHEN ranked.denial_tail LIKE '%.'
            THEN SUBSTR(ranked.denial_tail, 1, LENGTH(ranked.denial_tail) - 1)
            ELSE ranked.denial_tail
          END
        ),
        ''
      ),
      '*'
    ) AS denied_target,
    ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.resources, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1) AS resources_text,
    CASE
      WHEN NOT ranked.is_read OR ranked.is_sensitive
      THEN ELEMENT_AT(FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.request_parameters, '$'))], t -> NOT t IN ('null', '{}', '[]', '""')), 1)
    END AS request_parameters_text,
    CASE
      WHEN ranked.is_read
      THEN CASE
        WHEN STRPOS(ranked.request_parameters, 'ilter') > 0
        THEN COALESCE(
          ELEMENT_AT(
            FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.request_parameters, '$.filterSet.items'))], t -> NOT t IN ('null', '{}', '[]', '""')),
            1
          ),
          ELEMENT_AT(
            FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.request_parameters, '$.filters'))], t -> NOT t IN ('null', '{}', '[]', '""')),
            1
          ),
          ELEMENT_AT(
            FILTER(
              ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.request_parameters, '$.parameterFilters'))],
              t -> NOT t IN ('null', '{}', '[]', '""')
            ),
            1
          ),
          ELEMENT_AT(
            FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.request_parameters, '$.filter'))], t -> NOT t IN ('null', '{}', '[]', '""')),
            1
          ),
          ELEMENT_AT(
            FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.request_parameters, '$.Filter'))], t -> NOT t IN ('null', '{}', '[]', '""')),
            1
          ),
          ELEMENT_AT(
            FILTER(ARRAY[JSON_FORMAT(JSON_EXTRACT(ranked.request_parameters, '$.Filters'))], t -> NOT t IN ('null', '{}', '[]', '""')),
            1
          ),
          ELEMENT_AT(
            FILTER(
              ARRAY[JSON_FORMAT(
                ELEMENT_AT(
                  TRY_CAST(ELEMENT_AT(TRY_CAST(JSON_EXTRACT(ranked.request_parameters, '$') AS MAP(VARCHAR, JSON)), (
                    ranked.event_name || 'Request'
                  )) AS MAP(VARCHAR, JSON)),
                  'Filter'
                )
              )],
              t -> NOT t IN ('null', '{}', '[]', '""')
            ),
            1
          )
        )
      END
    END AS filter_text
  FROM ranked
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      targeted.*,
      ROW_NUMBER() OVER (PARTITION BY targeted.event_id) AS copy_number
    FROM targeted
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), api_calls AS (
  SELECT
    events.session_id,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.identity_type) AS identity_type,
    MIN(events.account_id) AS account_id,
    events.event_source,
    events.event_name,
    COALESCE(BOOL_AND(events.is_read), FALSE) AS read_only,
    COALESCE(BOOL_OR(events.is_sensitive), FALSE) AS sensitive,
    COUNT(*) AS calls,
    SUM(CASE WHEN events.has_failed THEN 0 ELSE 1 END) AS succeeded,
    SUM(CASE WHEN events.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN events.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN events.is_throttle THEN 1 ELSE 0 END) AS throttled,
    COUNT(events.invoked_by) AS forwarded,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT events.aws_region) FILTER(WHERE
        NOT events.aws_region IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS regions,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT events.source_ip) FILTER(WHERE
        NOT events.source_ip IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS source_ips,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT events.access_key_id) FILTER(WHERE
        NOT events.access_key_id IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS access_keys,
    MAX_BY(events.resources_text, events.sample_rank) FILTER(WHERE
      NOT events.resources_text IS NULL) AS sample_resources,
    MAX_BY(events.denied_target, events.sample_rank) FILTER(WHERE
      NOT events.denied_target IS NULL) AS denied_resource,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT events.error_code) FILTER(WHERE
        NOT events.error_code IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS error_codes,
    MAX_BY(events.request_parameters_text, events.sample_rank) FILTER(WHERE
      NOT events.request_parameters_text IS NULL) AS sample_request_parameters,
    MAX_BY(events.filter_text, events.sample_rank) FILTER(WHERE
      NOT events.filter_text IS NULL) AS sample_filters,
    MAX_BY(events.event_id, events.sample_rank) FILTER(WHERE
      NOT events.event_id IS NULL) AS sample_event_id
  FROM events
  GROUP BY
    events.session_id,
    events.event_source,
    events.event_name
)
SELECT
  api_calls.session_id,
  MIN(api_calls.identity_arn) OVER (PARTITION BY api_calls.session_id) AS identity_arn,
  MIN(api_calls.identity_type) OVER (PARTITION BY api_calls.session_id) AS identity_type,
  MIN(api_calls.account_id) OVER (PARTITION BY api_calls.session_id) AS account_id,
  api_calls.event_source,
  api_calls.event_name,
  api_calls.read_only,
  api_calls.sensitive,
  api_calls.calls,
  api_calls.succeeded,
  api_calls.failed,
  api_calls.denied,
  api_calls.throttled,
  api_calls.forwarded,
  api_calls.first_seen,
  api_calls.last_seen,
  api_calls.regions,
  api_calls.source_ips,
  api_calls.access_keys,
  api_calls.sample_resources,
  api_calls.denied_resource,
  api_calls.error_codes,
  api_calls.sample_request_parameters,
  api_calls.sample_filters,
  api_calls.sample_event_id
FROM api_calls
ORDER BY
  api_calls.session_id,
  api_calls.event_source,
  api_calls.event_name
