WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(? AS VARCHAR) AS access_key,
    TO_TIMESTAMP_NTZ(
      REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}$', '\\1 \\2'), '^([0-9-]{10})$', '\\1 00:00:00'),
      'yyyy-mm-DD hh24:mi:ss'
    ) AS window_from,
    TO_TIMESTAMP_NTZ(
      REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}$', '\\1 \\2'), '^([0-9-]{10})$', '\\1 00:00:00'),
      'yyyy-mm-DD hh24:mi:ss'
    ) AS window_to
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
    user_agent,
    error_code,
    error_message,
    read_only,
    recipient_account_id,
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
      THEN timed.principal_id || '@' || (
        TO_CHAR(timed.session_created_at, 'YYYY-MM-DD') || 'T' || TO_CHAR(timed.session_created_at, 'HH24:MI:SS') || 'Z'
      )
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
        REGEXP_INSTR(
          events.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ) > 0,
        FALSE
      )
    ) AS is_read,
    COALESCE(
      events.read_only,
      COALESCE(
        REGEXP_INSTR(
          events.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ) > 0,
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
            REGEXP_INSTR(events.event_name, '^GetFunction') > 0
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
            REGEXP_INSTR(events.event_name, '^GetClusterCredentials') > 0
          )
        )
        OR (
          events.event_source = 'eks-auth.amazonaws.com' AND events.event_name IN ('AssumeRoleForPodIdentity')
        )
        OR (
          events.event_source = 'cognito-identity.amazonaws.com'
          AND (
            events.event_name IN ('GetCredentialsForIdentity') OR (
              REGEXP_INSTR(events.event_name, '^GetOpenIdToken') > 0
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
      CASE
        WHEN NOT IS_OBJECT(GET(events.response_elements, events.event_name))
        AND NOT IS_ARRAY(GET(events.response_elements, events.event_name))
        THEN NULLIF(CAST(GET(events.response_elements, events.event_name) AS VARCHAR), '')
      END,
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
          REGEXP_INSTR(LOWER(events.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)') > 0
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
          REGEXP_INSTR(LOWER(events.error_code), '(throttl|requestlimitexceeded|toomanyrequests|slowdown)') > 0
        )
      ),
      FALSE
    ) AS is_throttle
  FROM events
), ranked /* what a denial names as its target (docs/rules.md §7), and the order in which events are chosen as samples */ AS (
  SELECT
    judged.*,
    CASE
      WHEN judged.is_denied AND CHARINDEX(' on resource: ', judged.error_message) > 0
      THEN SUBSTRING(judged.error_message, CHARINDEX(' on resource: ', judged.error_message) + 14)
    END AS denial_tail,
    CASE WHEN judged.has_failed THEN '0' ELSE '1' END || COALESCE(TO_CHAR(judged.event_time, 'YYYY-MM-DD') || 'T' || TO_CHAR(judged.event_time, 'HH24:MI:SS') || 'Z', '') || COALESCE('!' || judged.event_id, ' ') AS sample_rank
  FROM judged
), targeted AS (
  SELECT
    ranked.*,
    NULLIF(
      NULLIF(
        TRIM(
          CASE
            WHEN CHARINDEX(' because ', ranked.denial_tail) > 0 OR CHARINDEX(' with an explicit deny', ranked.denial_tail) > 0
            THEN SPLIT_PART(SPLIT_PART(ranked.denial_tail, ' because ', 1), ' with an explicit deny', 1)
            WHEN CHARINDEX('. ', ranked.denial_tail) > 0
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
    NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(ranked.resources), 'null'), '{}'), '[]'), '""') AS resources_text,
    CASE
      WHEN NOT ranked.is_read OR ranked.is_sensitive
      THEN NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(ranked.request_parameters), 'null'), '{}'), '[]'), '""')
    END AS request_parameters_text,
    CASE
      WHEN ranked.is_read
      THEN COALESCE(
        NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET_PATH(ranked.request_parameters, 'filterSet.items')), 'null'), '{}'), '[]'), '""'),
        NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET_PATH(ranked.request_parameters, 'filters')), 'null'), '{}'), '[]'), '""'),
        NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET_PATH(ranked.request_parameters, 'parameterFilters')), 'null'), '{}'), '[]'), '""'),
        NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET_PATH(ranked.request_parameters, 'filter')), 'null'), '{}'), '[]'), '""'),
        NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET_PATH(ranked.request_parameters, 'Filter')), 'null'), '{}'), '[]'), '""'),
        NULLIF(NULLIF(NULLIF(NULLIF(TO_JSON(GET_PATH(ranked.request_parameters, 'Filters')), 'null'), '{}'), '[]'), '""'),
        NULLIF(
          NULLIF(NULLIF(NULLIF(TO_JSON(GET(GET(ranked.request_parameters, ranked.event_name || 'Request'), 'Filter')), 'null'), '{}'), '[]'),
          '""'
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
    COALESCE(BOOLAND_AGG(targeted.is_read), FALSE) AS read_only,
    COALESCE(BOOLOR_AGG(targeted.is_sensitive), FALSE) AS sensitive,
    COUNT(*) AS calls,
    SUM(CASE WHEN targeted.has_failed THEN 0 ELSE 1 END) AS succeeded,
    SUM(CASE WHEN targeted.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN targeted.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN targeted.is_throttle THEN 1 ELSE 0 END) AS throttled,
    COUNT(targeted.invoked_by) AS forwarded,
    MIN(targeted.event_time) AS first_seen,
    MAX(targeted.event_time) AS last_seen,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT targeted.aws_region) WITHIN GROUP (ORDER BY
      targeted.aws_region), 0, 20) AS regions,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT targeted.source_ip) WITHIN GROUP (ORDER BY
      targeted.source_ip), 0, 20) AS source_ips,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT targeted.access_key_id) WITHIN GROUP (ORDER BY
      targeted.access_key_id), 0, 20) AS access_keys,
    MAX_BY(targeted.resources_text, IFF(targeted.resources_text IS NULL, NULL, targeted.sample_rank)) AS sample_resources,
    MAX_BY(targeted.denied_target, IFF(targeted.denied_target IS NULL, NULL, targeted.sample_rank)) AS denied_resource,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT targeted.error_code) WITHIN GROUP (ORDER BY
      targeted.error_code), 0, 20) AS error_codes,
    MAX_BY(targeted.request_parameters_text, IFF(targeted.request_parameters_text IS NULL, NULL, targeted.sample_rank)) AS sample_request_parameters,
    MAX_BY(targeted.filter_text, IFF(targeted.filter_text IS NULL, NULL, targeted.sample_rank)) AS sample_filters,
    MAX_BY(targeted.event_id, IFF(targeted.event_id IS NULL, NULL, targeted.sample_rank)) AS sample_event_id
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
