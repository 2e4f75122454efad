WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout store */ AS (
  SELECT
    event_id,
    event_time,
    event_source,
    event_name,
    aws_region,
    source_ip,
    error_code,
    error_message,
    read_only,
    identity_type,
    principal_id,
    identity_arn,
    account_id,
    access_key_id,
    invoked_by,
    created_at,
    request_parameters,
    response_elements,
    resources
  FROM chain_events
  CROSS JOIN parameters
  WHERE
    event_time >= parameters.window_from AND event_time < parameters.window_to
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
), events /* each event once, of those that are asked about */ AS (
  SELECT
    named.*
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
), judged AS (
  SELECT
    events.session_id,
    events.identity_arn,
    events.identity_type,
    events.account_id,
    events.event_source,
    events.event_name,
    events.event_id,
    events.event_time,
    events.aws_region,
    events.source_ip,
    events.access_key_id,
    events.invoked_by,
    events.error_code,
    events.error_message,
    events.resources,
    events.request_parameters,
    COALESCE(
      events.read_only,
      COALESCE(
        REGEXP_LIKE(
          events.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ),
        FALSE
      )
    ) AS is_read,
    COALESCE(
      events.read_only,
      COALESCE(
        REGEXP_LIKE(
          events.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ),
        FALSE
      )
    )
    AND COALESCE(
      (
        (
          events.event_source = 'sts.amazonaws.com'
          AND events.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'GetSessionToken', 'GetFederationToken')
        )
        OR (
          events.event_source = 'sso.amazonaws.com' AND events.event_name IN ('GetRoleCredentials')
        )
        OR (
          events.event_source = 'signin.amazonaws.com' AND events.event_name IN ('GetSigninToken')
        )
        OR (
          events.event_source = 'secretsmanager.amazonaws.com' AND events.event_name IN ('GetSecretValue', 'BatchGetSecretValue')
        )
        OR (
          events.event_source = 'ssm.amazonaws.com'
          AND events.event_name IN ('GetParameter', 'GetParameters', 'GetParametersByPath', 'GetParameterHistory')
        )
        OR (
          events.event_source = 'kms.amazonaws.com' AND events.event_name IN ('Decrypt')
        )
        OR (
          events.event_source = 'ec2.amazonaws.com'
          AND events.event_name IN (
            'GetPasswordData',
            'DescribeInstanceAttribute',
            'GetConsoleOutput',
            'GetConsoleScreenshot',
            'GetLaunchTemplateData',
            'DescribeSnapshotAttribute'
          )
        )
        OR (
          events.event_source = 'ecr.amazonaws.com'
          AND events.event_name IN ('GetAuthorizationToken', 'BatchGetImage', 'GetDownloadUrlForLayer')
        )
        OR (
          events.event_source = 'ecr-public.amazonaws.com' AND events.event_name IN ('GetAuthorizationToken')
        )
        OR (
          events.event_source = 'codeartifact.amazonaws.com' AND events.event_name IN ('GetAuthorizationToken')
        )
        OR (
          events.event_source = 'lambda.amazonaws.com' AND (
            REGEXP_LIKE(events.event_name, '^GetFunction')
          )
        )
        OR (
          events.event_source = 'iam.amazonaws.com'
          AND events.event_name IN ('GetAccountAuthorizationDetails', 'ListAccessKeys', 'GetCredentialReport', 'SimulatePrincipalPolicy')
        )
        OR (
          events.event_source = 's3.amazonaws.com' AND events.event_name IN ('GetObject', 'ListBuckets', 'GetBucketPolicy')
        )
        OR (
          events.event_source = 'dynamodb.amazonaws.com' AND events.event_name IN ('GetItem', 'BatchGetItem', 'Query', 'Scan')
        )
        OR (
          events.event_source = 'rds.amazonaws.com' AND events.event_name IN ('DownloadDBLogFilePortion')
        )
        OR (
          events.event_source = 'redshift.amazonaws.com' AND (
            REGEXP_LIKE(events.event_name, '^GetClusterCredentials')
          )
        )
        OR (
          events.event_source = 'eks-auth.amazonaws.com' AND events.event_name IN ('AssumeRoleForPodIdentity')
        )
        OR (
          events.event_source = 'cognito-identity.amazonaws.com'
          AND (
            events.event_name IN ('GetCredentialsForIdentity') OR (
              REGEXP_LIKE(events.event_name, '^GetOpenIdToken')
            )
          )
        )
        OR (
          events.event_source = 'athena.amazonaws.com' AND events.event_name IN ('GetQueryResults')
        )
        OR (
          events.event_source = 'logs.amazonaws.com' AND events.event_name IN ('GetLogEvents', 'GetLogRecord', 'GetQueryResults')
        )
        OR (
          events.event_source = 'cloudtrail.amazonaws.com' AND events.event_name IN ('LookupEvents')
        )
        OR (
          events.event_source = 'organizations.amazonaws.com' AND events.event_name IN ('ListAccounts', 'DescribeOrganization')
        )
      ),
      FALSE
    ) AS is_sensitive,
    NOT events.error_code IS NULL
    OR NOT events.error_message IS NULL
    OR COALESCE(
      NULLIF(
        JSON_EXTRACT_SCALAR(ELEMENT_AT(TRY_CAST(JSON_EXTRACT(events.response_elements, '$') AS MAP(VARCHAR, JSON)), events.event_name), '$'),
        ''
      ),
      ''
    ) = 'Failure' AS has_failed,
    COALESCE(
      (
        events.error_code IN (
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
          REGEXP_LIKE(LOWER(events.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)')
        )
      ),
      FALSE
    ) AS is_denied,
    COALESCE(
      (
        events.error_code IN (
          'ThrottlingException',
          'Throttling',
          'Client.RequestLimitExceeded',
          'TooManyRequestsException',
          'ProvisionedThroughputExceededException',
          'SlowDown'
        )
        OR (
          REGEXP_LIKE(LOWER(events.error_code), '(throttl|requestlimitexceeded|toomanyrequests|slowdown)')
        )
      ),
      FALSE
    ) AS is_throttle
  FROM events
), ranked /* what a denial names as its target (docs/rules.md §7), and the order in which events are chosen as samples */ AS (
  SELECT
    judged.*,
    CASE
      WHEN judged.is_denied AND STRPOS(judged.error_message, ' on resource: ') > 0
      THEN SUBSTR(judged.error_message, STRPOS(judged.error_message, ' on resource: ') + 14)
    END AS denial_tail,
    CASE WHEN judged.has_failed THEN '0' ELSE '1' END || COALESCE(DATE_FORMAT(judged.event_time, '%Y-%m-%dT%TZ'), '') || COALESCE('!' || judged.event_id, ' ') AS sample_rank
  FROM judged
), targeted AS (
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
    END AS filter_text
  FROM ranked
), api_calls AS (
  SELECT
    targeted.session_id,
    MIN(targeted.identity_arn) AS identity_arn,
    MIN(targeted.identity_type) AS identity_type,
    MIN(targeted.account_id) AS account_id,
    targeted.event_source,
    targeted.event_name,
    COALESCE(BOOL_AND(targeted.is_read), FALSE) AS read_only,
    COALESCE(BOOL_OR(targeted.is_sensitive), FALSE) AS sensitive,
    COUNT(*) AS calls,
    SUM(CASE WHEN targeted.has_failed THEN 0 ELSE 1 END) AS succeeded,
    SUM(CASE WHEN targeted.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN targeted.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN targeted.is_throttle THEN 1 ELSE 0 END) AS throttled,
    COUNT(targeted.invoked_by) AS forwarded,
    MIN(targeted.event_time) AS first_seen,
    MAX(targeted.event_time) AS last_seen,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT targeted.aws_region) FILTER(WHERE
        NOT targeted.aws_region IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS regions,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT targeted.source_ip) FILTER(WHERE
        NOT targeted.source_ip IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS source_ips,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT targeted.access_key_id) FILTER(WHERE
        NOT targeted.access_key_id IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS access_keys,
    MAX_BY(targeted.resources_text, targeted.sample_rank) FILTER(WHERE
      NOT targeted.resources_text IS NULL) AS sample_resources,
    MAX_BY(targeted.denied_target, targeted.sample_rank) FILTER(WHERE
      NOT targeted.denied_target IS NULL) AS denied_resource,
    COALESCE(
      SLICE(ARRAY_SORT(ARRAY_AGG(DISTINCT targeted.error_code) FILTER(WHERE
        NOT targeted.error_code IS NULL)), 1, 20),
      CAST(ARRAY[] AS ARRAY(VARCHAR))
    ) AS error_codes,
    MAX_BY(targeted.request_parameters_text, targeted.sample_rank) FILTER(WHERE
      NOT targeted.request_parameters_text IS NULL) AS sample_request_parameters,
    MAX_BY(targeted.filter_text, targeted.sample_rank) FILTER(WHERE
      NOT targeted.filter_text IS NULL) AS sample_filters,
    MAX_BY(targeted.event_id, targeted.sample_rank) FILTER(WHERE
      NOT targeted.event_id IS NULL) AS sample_event_id
  FROM targeted
  GROUP BY
    targeted.session_id,
    targeted.event_source,
    targeted.event_name
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
