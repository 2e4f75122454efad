WITH parameters /* the values asked about */ AS (
  SELECT
    CAST($access_key AS TEXT) AS access_key,
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout tailpipe */ AS (
  /* Tailpipe drops fields that it does not know: sourceIdentity, onBehalfOf and vpcEndpointAccountId are not there */
  SELECT
    NULLIF(event_id, '') AS event_id,
    DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) AS event_time,
    NULLIF(event_source, '') AS event_source,
    NULLIF(event_name, '') AS event_name,
    NULLIF(aws_region, '') AS aws_region,
    NULLIF(source_ip_address, '') AS source_ip,
    NULLIF(user_agent, '') AS user_agent,
    NULLIF(error_code, '') AS error_code,
    NULLIF(error_message, '') AS error_message,
    CASE LOWER(CAST(read_only AS TEXT)) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
    NULLIF(recipient_account_id, '') AS recipient_account_id,
    NULLIF(user_identity.type, '') AS identity_type,
    NULLIF(user_identity.principal_id, '') AS principal_id,
    NULLIF(user_identity.arn, '') AS identity_arn,
    NULLIF(user_identity.account_id, '') AS account_id,
    NULLIF(user_identity.access_key_id, '') AS access_key_id,
    NULLIF(user_identity.invoked_by, '') AS invoked_by,
    LIST_TRANSFORM(
      [CAST(user_identity.session_context.attributes.creation_date AS TEXT)],
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
    )[1] AS created_at,
    CASE WHEN JSON_TYPE(request_parameters) IN ('OBJECT', 'ARRAY') THEN request_parameters END AS request_parameters,
    CASE WHEN JSON_TYPE(response_elements) IN ('OBJECT', 'ARRAY') THEN response_elements END AS response_elements,
    CASE WHEN JSON_TYPE(resources) IN ('OBJECT', 'ARRAY') THEN resources END AS resources
  FROM aws_cloudtrail_log
  CROSS JOIN parameters
  WHERE
    DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) >= parameters.window_from
    AND DATE_TRUNC('SECOND', CAST(event_time AS TIMESTAMP)) < parameters.window_to
), named /* each event with its session (docs/rules.md §1) */ AS MATERIALIZED (
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
), events /* each event once, of those that are asked about */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      named.*,
      ROW_NUMBER() OVER (
        PARTITION BY named.event_id
        ORDER BY named.event_time, named.recipient_account_id, named.event_source, named.event_name, named.identity_type, named.principal_id, named.identity_arn, named.access_key_id, named.created_at, named.aws_region, named.error_code, named.source_ip, named.user_agent
      ) AS copy_number
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
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
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
        REGEXP_MATCHES(
          events.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ),
        FALSE
      )
    ) AS is_read,
    COALESCE(
      events.read_only,
      COALESCE(
        REGEXP_MATCHES(
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
            REGEXP_MATCHES(events.event_name, '^GetFunction')
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
            REGEXP_MATCHES(events.event_name, '^GetClusterCredentials')
          )
        )
        OR (
          events.event_source = 'eks-auth.amazonaws.com' AND events.event_name IN ('AssumeRoleForPodIdentity')
        )
        OR (
          events.event_source = 'cognito-identity.amazonaws.com'
          AND (
            events.event_name IN ('GetCredentialsForIdentity') OR (
              REGEXP_MATCHES(events.event_name, '^GetOpenIdToken')
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
      NULLIF(JSON_VALUE(events.response_elements, '/' || REPLACE(REPLACE(events.event_name, '~', '~0'), '/', '~1')) ->> '$', ''),
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
          REGEXP_MATCHES(LOWER(events.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)')
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
          REGEXP_MATCHES(LOWER(events.error_code), '(throttl|requestlimitexceeded|toomanyrequests|slowdown)')
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
      THEN SUBSTRING(judged.error_message, STRPOS(judged.error_message, ' on resource: ') + 14)
    END AS denial_tail,
    CASE WHEN judged.has_failed THEN '0' ELSE '1' END || COALESCE(STRFTIME(judged.event_time, '%Y-%m-%dT%H:%M:%SZ'), '') || COALESCE('!' || judged.event_id, ' ') AS sample_rank
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
            THEN SUBSTRING(ranked.denial_tail, 1, LENGTH(ranked.denial_tail) - 1)
            ELSE ranked.denial_tail
          END
        ),
        ''
      ),
      '*'
    ) AS denied_target,
    LIST_FILTER([CAST(ranked.resources -> '$' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1] AS resources_text,
    CASE
      WHEN NOT ranked.is_read OR ranked.is_sensitive
      THEN LIST_FILTER([CAST(ranked.request_parameters -> '$' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1]
    END AS request_parameters_text,
    CASE
      WHEN ranked.is_read
      THEN COALESCE(
        LIST_FILTER([CAST(ranked.request_parameters -> '$.filterSet.items' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1],
        LIST_FILTER([CAST(ranked.request_parameters -> '$.filters' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1],
        LIST_FILTER([CAST(ranked.request_parameters -> '$.parameterFilters' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1],
        LIST_FILTER([CAST(ranked.request_parameters -> '$.filter' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1],
        LIST_FILTER([CAST(ranked.request_parameters -> '$.Filter' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1],
        LIST_FILTER([CAST(ranked.request_parameters -> '$.Filters' AS TEXT)], LAMBDA t : NOT t IN ('null', '{}', '[]', '""'))[1],
        LIST_FILTER(
          [
            CAST(ranked.request_parameters -> (
              '/' || REPLACE(REPLACE(ranked.event_name || 'Request', '~', '~0'), '/', '~1') || '/' || 'Filter'
            ) AS TEXT)
          ],
          LAMBDA t : NOT t IN ('null', '{}', '[]', '""')
        )[1]
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
    COALESCE(BOOL_AND(CAST(targeted.is_read AS BOOLEAN)), FALSE) AS read_only,
    COALESCE(BOOL_OR(CAST(targeted.is_sensitive AS BOOLEAN)), FALSE) AS sensitive,
    COUNT(*) AS calls,
    SUM(CASE WHEN targeted.has_failed THEN 0 ELSE 1 END) AS succeeded,
    SUM(CASE WHEN targeted.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN targeted.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN targeted.is_throttle THEN 1 ELSE 0 END) AS throttled,
    COUNT(targeted.invoked_by) AS forwarded,
    MIN(targeted.event_time) AS first_seen,
    MAX(targeted.event_time) AS last_seen,
    COALESCE(
      LIST_SORT(ARRAY_AGG(DISTINCT targeted.aws_region) FILTER(WHERE
        NOT targeted.aws_region IS NULL))[1:20],
      CAST([] AS TEXT[])
    ) AS regions,
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT targeted.source_ip) FILTER(WHERE
      NOT targeted.source_ip IS NULL))[1:20], CAST([] AS TEXT[])) AS source_ips,
    COALESCE(
      LIST_SORT(ARRAY_AGG(DISTINCT targeted.access_key_id) FILTER(WHERE
        NOT targeted.access_key_id IS NULL))[1:20],
      CAST([] AS TEXT[])
    ) AS access_keys,
    ARG_MAX(targeted.resources_text, targeted.sample_rank) FILTER(WHERE
      NOT targeted.resources_text IS NULL) AS sample_resources,
    ARG_MAX(targeted.denied_target, targeted.sample_rank) FILTER(WHERE
      NOT targeted.denied_target IS NULL) AS denied_resource,
    COALESCE(
      LIST_SORT(ARRAY_AGG(DISTINCT targeted.error_code) FILTER(WHERE
        NOT targeted.error_code IS NULL))[1:20],
      CAST([] AS TEXT[])
    ) AS error_codes,
    ARG_MAX(targeted.request_parameters_text, targeted.sample_rank) FILTER(WHERE
      NOT targeted.request_parameters_text IS NULL) AS sample_request_parameters,
    ARG_MAX(targeted.filter_text, targeted.sample_rank) FILTER(WHERE
      NOT targeted.filter_text IS NULL) AS sample_filters,
    ARG_MAX(targeted.event_id, targeted.sample_rank) FILTER(WHERE
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
