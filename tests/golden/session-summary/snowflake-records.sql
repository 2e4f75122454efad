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
), delivered /* the log, read through the layout records */ AS (
  SELECT
    record.event_id,
    CASE
      WHEN REGEXP_LIKE(record.event_time_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
      THEN DATEADD(
        MINUTE,
        IFF(REGEXP_SUBSTR(record.event_time_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
          60 * COALESCE(CAST(REGEXP_SUBSTR(record.event_time_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(record.event_time_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
        ),
        TRY_TO_TIMESTAMP_NTZ(
          REGEXP_REPLACE(record.event_time_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
          'yyyy-mm-DD hh24:mi:ss'
        )
      )
    END AS event_time,
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
    CASE
      WHEN REGEXP_LIKE(record.created_at_text, '^\\d{4}-?\\d{2}-?\\d{2}[T ]\\d{2}:?\\d{2}:?\\d{2}([.,]\\d+)?(Z|[+-]\\d{2}(:?\\d{2})?)?$')
      THEN DATEADD(
        MINUTE,
        IFF(REGEXP_SUBSTR(record.created_at_text, '[T ].*([+-])', 1, 1, 'e', 1) = '-', 1, -1) * (
          60 * COALESCE(CAST(REGEXP_SUBSTR(record.created_at_text, '[T ].*[+-](\\d{2})', 1, 1, 'e', 1) AS INT), 0) + COALESCE(CAST(REGEXP_SUBSTR(record.created_at_text, '[T ].*[+-]\\d{2}:?(\\d{2})$', 1, 1, 'e', 1) AS INT), 0)
        ),
        TRY_TO_TIMESTAMP_NTZ(
          REGEXP_REPLACE(record.created_at_text, '^(\\d{4})-?(\\d{2})-?(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2}).*$', '\\1-\\2-\\3 \\4:\\5:\\6'),
          'yyyy-mm-DD hh24:mi:ss'
        )
      )
    END AS created_at,
    record.request_parameters,
    record.response_elements,
    record.resources
  FROM (
    SELECT
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventID')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventID'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventID') AS VARCHAR), '')
      END AS event_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventTime')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventTime'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventTime') AS VARCHAR), '')
      END AS event_time_text,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventSource')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventSource'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventSource') AS VARCHAR), '')
      END AS event_source,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'eventName')) AND NOT IS_ARRAY(GET_PATH(item.value, 'eventName'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'eventName') AS VARCHAR), '')
      END AS event_name,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'awsRegion')) AND NOT IS_ARRAY(GET_PATH(item.value, 'awsRegion'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'awsRegion') AS VARCHAR), '')
      END AS aws_region,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'sourceIPAddress')) AND NOT IS_ARRAY(GET_PATH(item.value, 'sourceIPAddress'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'sourceIPAddress') AS VARCHAR), '')
      END AS source_ip,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userAgent')) AND NOT IS_ARRAY(GET_PATH(item.value, 'userAgent'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userAgent') AS VARCHAR), '')
      END AS user_agent,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'errorCode')) AND NOT IS_ARRAY(GET_PATH(item.value, 'errorCode'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'errorCode') AS VARCHAR), '')
      END AS error_code,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'errorMessage')) AND NOT IS_ARRAY(GET_PATH(item.value, 'errorMessage'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'errorMessage') AS VARCHAR), '')
      END AS error_message,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'recipientAccountId')) AND NOT IS_ARRAY(GET_PATH(item.value, 'recipientAccountId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'recipientAccountId') AS VARCHAR), '')
      END AS recipient_account_id,
      LOWER(
        CASE
          WHEN NOT IS_OBJECT(GET_PATH(item.value, 'readOnly')) AND NOT IS_ARRAY(GET_PATH(item.value, 'readOnly'))
          THEN NULLIF(CAST(GET_PATH(item.value, 'readOnly') AS VARCHAR), '')
        END
      ) AS read_only_text,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.type')) AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.type'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.type') AS VARCHAR), '')
      END AS identity_type,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.principalId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.principalId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.principalId') AS VARCHAR), '')
      END AS principal_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.arn')) AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.arn'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.arn') AS VARCHAR), '')
      END AS identity_arn,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.accountId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.accountId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.accountId') AS VARCHAR), '')
      END AS account_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.accessKeyId'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.accessKeyId'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.accessKeyId') AS VARCHAR), '')
      END AS access_key_id,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.invokedBy'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.invokedBy'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.invokedBy') AS VARCHAR), '')
      END AS invoked_by,
      CASE
        WHEN NOT IS_OBJECT(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate'))
        AND NOT IS_ARRAY(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate'))
        THEN NULLIF(CAST(GET_PATH(item.value, 'userIdentity.sessionContext.attributes.creationDate') AS VARCHAR), '')
      END AS created_at_text,
      CASE
        WHEN IS_OBJECT(GET_PATH(item.value, 'requestParameters')) OR IS_ARRAY(GET_PATH(item.value, 'requestParameters'))
        THEN GET_PATH(item.value, 'requestParameters')
      END AS request_parameters,
      CASE
        WHEN IS_OBJECT(GET_PATH(item.value, 'responseElements')) OR IS_ARRAY(GET_PATH(item.value, 'responseElements'))
        THEN GET_PATH(item.value, 'responseElements')
      END AS response_elements,
      CASE
        WHEN IS_OBJECT(GET_PATH(item.value, 'resources')) OR IS_ARRAY(GET_PATH(item.value, 'resources'))
        THEN GET_PATH(item.value, 'resources')
      END AS resources
    FROM cloudtrail_files AS file, LATERAL FLATTEN(input => GET_PATH(file.v, 'Records')) AS item(SEQ, KEY, PATH, INDEX, VALUE, THIS)
    WHERE
      IS_OBJECT(item.value)
  ) AS record
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
        REGEXP_INSTR(
          named.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ) > 0,
        FALSE
      )
    ) AS is_read,
    COALESCE(
      named.read_only,
      COALESCE(
        REGEXP_INSTR(
          named.event_name,
          '^(Get|List|Describe|Head|Lookup|BatchGet|Search|Query|Scan|Select|View|Check|Simulate|Validate|Estimate|Test|Preview|Download|Filter|Decode)'
        ) > 0,
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
            REGEXP_INSTR(named.event_name, '^GetFunction') > 0
          )
        )
        OR (
          named.event_source = 'redshift.amazonaws.com' AND (
            REGEXP_INSTR(named.event_name, '^GetClusterCredentials') > 0
          )
        )
        OR (
          named.event_source = 'cognito-identity.amazonaws.com' AND (
            REGEXP_INSTR(named.event_name, '^GetOpenIdToken') > 0
          )
        )
      ),
      FALSE
    ) AS is_sensitive,
    NOT named.error_code IS NULL
    OR NOT named.error_message IS NULL
    OR CASE
      WHEN NOT named.response_elements IS NULL
      THEN COALESCE(
        CASE
          WHEN NOT IS_OBJECT(GET(named.response_elements, named.event_name))
          AND NOT IS_ARRAY(GET(named.response_elements, named.event_name))
          THEN NULLIF(CAST(GET(named.response_elements, named.event_name) AS VARCHAR), '')
        END,
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
          REGEXP_INSTR(LOWER(named.error_code), '(access.{0,1}denied|unauthorized|not.{0,1}authorized|authorizationerror|forbidden)') > 0
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
          REGEXP_INSTR(LOWER(named.error_code), '(throttl|requestlimitexceeded|toomanyrequests|slowdown)') > 0
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
      WHEN judged.is_denied AND CHARINDEX(' on resource: ', judged.error_message) > 0
      THEN SUBSTRING(judged.error_message, CHARINDEX(' on resource: ', judged.error_message) + 14)
    END AS denial_tail,
    CASE WHEN judged.has_failed THEN '0' ELSE '1' END || COALESCE(TO_CHAR(judged.event_time, 'YYYY-MM-DD') || 'T' || TO_CHAR(judged.event_time, 'HH24:MI:SS') || 'Z', '') || COALESCE('!' || judged.event_id, ' ') AS sample_rank
  FROM judged
), targeted /* what each call may show as a sample */ AS (
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
      THEN CASE
        WHEN NOT ranked.request_parameters IS NULL
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
    COALESCE(BOOLAND_AGG(events.is_read), FALSE) AS read_only,
    COALESCE(BOOLOR_AGG(events.is_sensitive), FALSE) AS sensitive,
    COUNT(*) AS calls,
    SUM(CASE WHEN events.has_failed THEN 0 ELSE 1 END) AS succeeded,
    SUM(CASE WHEN events.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN events.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN events.is_throttle THEN 1 ELSE 0 END) AS throttled,
    COUNT(events.invoked_by) AS forwarded,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT events.aws_region) WITHIN GROUP (ORDER BY
      events.aws_region), 0, 20) AS regions,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT events.source_ip) WITHIN GROUP (ORDER BY
      events.source_ip), 0, 20) AS source_ips,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT events.access_key_id) WITHIN GROUP (ORDER BY
      events.access_key_id), 0, 20) AS access_keys,
    MAX_BY(events.resources_text, IFF(events.resources_text IS NULL, NULL, events.sample_rank)) AS sample_resources,
    MAX_BY(events.denied_target, IFF(events.denied_target IS NULL, NULL, events.sample_rank)) AS denied_resource,
    ARRAY_SLICE(ARRAY_AGG(DISTINCT events.error_code) WITHIN GROUP (ORDER BY
      events.error_code), 0, 20) AS error_codes,
    MAX_BY(events.request_parameters_text, IFF(events.request_parameters_text IS NULL, NULL, events.sample_rank)) AS sample_request_parameters,
    MAX_BY(events.filter_text, IFF(events.filter_text IS NULL, NULL, events.sample_rank)) AS sample_filters,
    MAX_BY(events.event_id, IFF(events.event_id IS NULL, NULL, events.sample_rank)) AS sample_event_id
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
