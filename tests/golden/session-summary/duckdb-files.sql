WITH parameters /* the values asked about */ AS (
  SELECT
    CAST($access_key AS TEXT) AS access_key,
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
), wanted_access_key AS (
  SELECT
    parameters.access_key AS value
  FROM parameters
), delivered /* the log, read through the layout files */ AS (
  SELECT
    record.event_id,
    LIST_TRANSFORM(
      [record.event_time_text],
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
    )[1] AS event_time,
    record.event_source,
    record.event_name,
    record.aws_region,
    record.source_ip,
    record.user_agent,
    record.error_code,
    record.error_message,
    record.recipient_account_id,
    CASE record.read_only_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
    record.identity_type,
    record.principal_id,
    record.identity_arn,
    record.account_id,
    record.access_key_id,
    record.invoked_by,
    LIST_TRANSFORM(
      [record.created_at_text],
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
    record.request_parameters,
    record.response_elements,
    record.resources
  FROM (
    SELECT
      NULLIF(JSON_VALUE(eventID, '$') ->> '$', '') AS event_id,
      NULLIF(JSON_VALUE(eventTime, '$') ->> '$', '') AS event_time_text,
      NULLIF(JSON_VALUE(eventSource, '$') ->> '$', '') AS event_source,
      NULLIF(JSON_VALUE(eventName, '$') ->> '$', '') AS event_name,
      NULLIF(JSON_VALUE(awsRegion, '$') ->> '$', '') AS aws_region,
      NULLIF(JSON_VALUE(sourceIPAddress, '$') ->> '$', '') AS source_ip,
      NULLIF(JSON_VALUE(userAgent, '$') ->> '$', '') AS user_agent,
      NULLIF(JSON_VALUE(errorCode, '$') ->> '$', '') AS error_code,
      NULLIF(JSON_VALUE(errorMessage, '$') ->> '$', '') AS error_message,
      NULLIF(JSON_VALUE(recipientAccountId, '$') ->> '$', '') AS recipient_account_id,
      LOWER(NULLIF(JSON_VALUE(readOnly, '$') ->> '$', '')) AS read_only_text,
      NULLIF(JSON_VALUE(userIdentity, '$.type') ->> '$', '') AS identity_type,
      NULLIF(JSON_VALUE(userIdentity, '$.principalId') ->> '$', '') AS principal_id,
      NULLIF(JSON_VALUE(userIdentity, '$.arn') ->> '$', '') AS identity_arn,
      NULLIF(JSON_VALUE(userIdentity, '$.accountId') ->> '$', '') AS account_id,
      NULLIF(JSON_VALUE(userIdentity, '$.accessKeyId') ->> '$', '') AS access_key_id,
      NULLIF(JSON_VALUE(userIdentity, '$.invokedBy') ->> '$', '') AS invoked_by,
      NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.attributes.creationDate') ->> '$', '') AS created_at_text,
      CASE WHEN JSON_TYPE(requestParameters) IN ('OBJECT', 'ARRAY') THEN requestParameters END AS request_parameters,
      CASE WHEN JSON_TYPE(responseElements) IN ('OBJECT', 'ARRAY') THEN responseElements END AS response_elements,
      CASE WHEN JSON_TYPE(resources) IN ('OBJECT', 'ARRAY') THEN resources END AS resources
    FROM delivery_records
  ) AS record
  CROSS JOIN parameters
  WHERE
    LIST_TRANSFORM(
      [record.event_time_text],
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
    )[1] >= parameters.window_from
    AND LIST_TRANSFORM(
      [record.event_time_text],
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
    )[1] < parameters.window_to
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
        REGEXP_MATCHES(
          named.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ),
        FALSE
      )
    ) AS is_read,
    COALESCE(
      named.read_only,
      COALESCE(
        REGEXP_MATCHES(
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
            REGEXP_MATCHES(named.event_name, '^GetFunction')
          )
        )
        OR (
          named.event_source = 'redshift.amazonaws.com' AND (
            REGEXP_MATCHES(named.event_name, '^GetClusterCredentials')
          )
        )
        OR (
          named.event_source = 'cognito-identity.amazonaws.com' AND (
            REGEXP_MATCHES(named.event_name, '^GetOpenIdToken')
          )
        )
      ),
      FALSE
    ) AS is_sensitive,
    NOT named.error_code IS NULL
    OR NOT named.error_message IS NULL
    OR CASE
      WHEN STRPOS(CAST(named.response_elements AS TEXT), 'Failure') > 0
      THEN COALESCE(
        NULLIF(JSON_VALUE(named.response_elements, '/' || REPLACE(REPLACE(named.event_name, '~', '~0'), '/', '~1')) ->> '$', ''),
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
          REGEXP_MATCHES(LOWER(named.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)')
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
          REGEXP_MATCHES(LOWER(named.error_code), '(throttl|requestlimitexceeded|toomanyrequests|slowdown)')
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
      THEN SUBSTRING(judged.error_message, STRPOS(judged.error_message, ' on resource: ') + 14)
    END AS denial_tail,
    CASE WHEN judged.has_failed THEN '0' ELSE '1' END || COALESCE(STRFTIME(judged.event_time, '%Y-%m-%dT%H:%M:%SZ'), '') || COALESCE('!' || judged.event_id, ' ') AS sample_rank
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
      THEN CASE
        WHEN STRPOS(CAST(ranked.request_parameters AS TEXT), 'ilter') > 0
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
      END
    END AS filter_text
  FROM ranked
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      targeted.*,
      ROW_NUMBER() OVER (
        PARTITION BY targeted.event_id
        ORDER BY targeted.event_time, targeted.recipient_account_id, targeted.event_source, targeted.event_name, targeted.identity_type, targeted.principal_id, targeted.identity_arn, targeted.access_key_id, targeted.created_at, targeted.aws_region, targeted.error_code, targeted.source_ip, targeted.user_agent
      ) AS copy_number
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
    COALESCE(BOOL_AND(CAST(events.is_read AS BOOLEAN)), FALSE) AS read_only,
    COALESCE(BOOL_OR(CAST(events.is_sensitive AS BOOLEAN)), FALSE) AS sensitive,
    COUNT(*) AS calls,
    SUM(CASE WHEN events.has_failed THEN 0 ELSE 1 END) AS succeeded,
    SUM(CASE WHEN events.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN events.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN events.is_throttle THEN 1 ELSE 0 END) AS throttled,
    COUNT(events.invoked_by) AS forwarded,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT events.aws_region) FILTER(WHERE
      NOT events.aws_region IS NULL))[1:20], CAST([] AS TEXT[])) AS regions,
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT events.source_ip) FILTER(WHERE
      NOT events.source_ip IS NULL))[1:20], CAST([] AS TEXT[])) AS source_ips,
    COALESCE(
      LIST_SORT(ARRAY_AGG(DISTINCT events.access_key_id) FILTER(WHERE
        NOT events.access_key_id IS NULL))[1:20],
      CAST([] AS TEXT[])
    ) AS access_keys,
    ARG_MAX(events.resources_text, events.sample_rank) FILTER(WHERE
      NOT events.resources_text IS NULL) AS sample_resources,
    ARG_MAX(events.denied_target, events.sample_rank) FILTER(WHERE
      NOT events.denied_target IS NULL) AS denied_resource,
    COALESCE(LIST_SORT(ARRAY_AGG(DISTINCT events.error_code) FILTER(WHERE
      NOT events.error_code IS NULL))[1:20], CAST([] AS TEXT[])) AS error_codes,
    ARG_MAX(events.request_parameters_text, events.sample_rank) FILTER(WHERE
      NOT events.request_parameters_text IS NULL) AS sample_request_parameters,
    ARG_MAX(events.filter_text, events.sample_rank) FILTER(WHERE
      NOT events.filter_text IS NULL) AS sample_filters,
    ARG_MAX(events.event_id, events.sample_rank) FILTER(WHERE
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
