WITH parameters /* the values asked about */ AS (
  SELECT
    STRPTIME($window_from, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_from,
    STRPTIME($window_to, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d', '%Y-%m-%d %H:%M:%S.%f']) AS window_to
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
    record.event_type,
    record.event_category,
    record.aws_region,
    record.source_ip,
    record.user_agent,
    record.error_code,
    record.error_message,
    record.recipient_account_id,
    record.shared_event_id,
    record.vpc_endpoint_id,
    record.vpc_endpoint_account_id,
    CASE record.read_only_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
    record.from_console,
    record.identity_type,
    record.principal_id,
    record.identity_arn,
    record.account_id,
    record.access_key_id,
    record.user_name,
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
    CASE record.mfa_authenticated_text WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS mfa_authenticated,
    record.source_identity,
    record.on_behalf_of,
    record.request_parameters,
    record.response_elements,
    record.additional_event_data,
    record.service_event_details,
    record.resources
  FROM (
    SELECT
      NULLIF(JSON_VALUE(eventID, '$') ->> '$', '') AS event_id,
      NULLIF(JSON_VALUE(eventTime, '$') ->> '$', '') AS event_time_text,
      NULLIF(JSON_VALUE(eventSource, '$') ->> '$', '') AS event_source,
      NULLIF(JSON_VALUE(eventName, '$') ->> '$', '') AS event_name,
      NULLIF(JSON_VALUE(eventType, '$') ->> '$', '') AS event_type,
      NULLIF(JSON_VALUE(eventCategory, '$') ->> '$', '') AS event_category,
      NULLIF(JSON_VALUE(awsRegion, '$') ->> '$', '') AS aws_region,
      NULLIF(JSON_VALUE(sourceIPAddress, '$') ->> '$', '') AS source_ip,
      NULLIF(JSON_VALUE(userAgent, '$') ->> '$', '') AS user_agent,
      NULLIF(JSON_VALUE(errorCode, '$') ->> '$', '') AS error_code,
      NULLIF(JSON_VALUE(errorMessage, '$') ->> '$', '') AS error_message,
      NULLIF(JSON_VALUE(recipientAccountId, '$') ->> '$', '') AS recipient_account_id,
      NULLIF(JSON_VALUE(sharedEventID, '$') ->> '$', '') AS shared_event_id,
      NULLIF(JSON_VALUE(vpcEndpointId, '$') ->> '$', '') AS vpc_endpoint_id,
      NULLIF(JSON_VALUE(vpcEndpointAccountId, '$') ->> '$', '') AS vpc_endpoint_account_id,
      LOWER(NULLIF(JSON_VALUE(readOnly, '$') ->> '$', '')) AS read_only_text,
      COALESCE(LOWER(NULLIF(JSON_VALUE(sessionCredentialFromConsole, '$') ->> '$', '')) = 'true', FALSE) AS from_console,
      NULLIF(JSON_VALUE(userIdentity, '$.type') ->> '$', '') AS identity_type,
      NULLIF(JSON_VALUE(userIdentity, '$.principalId') ->> '$', '') AS principal_id,
      NULLIF(JSON_VALUE(userIdentity, '$.arn') ->> '$', '') AS identity_arn,
      NULLIF(JSON_VALUE(userIdentity, '$.accountId') ->> '$', '') AS account_id,
      NULLIF(JSON_VALUE(userIdentity, '$.accessKeyId') ->> '$', '') AS access_key_id,
      NULLIF(JSON_VALUE(userIdentity, '$.userName') ->> '$', '') AS user_name,
      NULLIF(JSON_VALUE(userIdentity, '$.invokedBy') ->> '$', '') AS invoked_by,
      NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.attributes.creationDate') ->> '$', '') AS created_at_text,
      LOWER(NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.attributes.mfaAuthenticated') ->> '$', '')) AS mfa_authenticated_text,
      NULLIF(JSON_VALUE(userIdentity, '$.sessionContext.sourceIdentity') ->> '$', '') AS source_identity,
      NULLIF(JSON_VALUE(userIdentity, '$.onBehalfOf.userId') ->> '$', '') AS on_behalf_of,
      CASE WHEN JSON_TYPE(requestParameters) IN ('OBJECT', 'ARRAY') THEN requestParameters END AS request_parameters,
      CASE WHEN JSON_TYPE(responseElements) IN ('OBJECT', 'ARRAY') THEN responseElements END AS response_elements,
      CASE WHEN JSON_TYPE(additionalEventData) IN ('OBJECT', 'ARRAY') THEN additionalEventData END AS additional_event_data,
      CASE WHEN JSON_TYPE(serviceEventDetails) IN ('OBJECT', 'ARRAY') THEN serviceEventDetails END AS service_event_details,
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
    )[1] >= (
      parameters.window_from + TO_SECONDS(-129600)
    )
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
), slim /* a chain reads the documents of the calls that may vend something, and no others: they are left behind before the log is sorted */ AS (
  SELECT
    delivered.event_id,
    delivered.event_time,
    delivered.event_source,
    delivered.event_name,
    delivered.event_type,
    delivered.event_category,
    delivered.aws_region,
    delivered.source_ip,
    delivered.user_agent,
    delivered.error_code,
    delivered.error_message,
    delivered.read_only,
    delivered.recipient_account_id,
    delivered.shared_event_id,
    delivered.vpc_endpoint_id,
    delivered.vpc_endpoint_account_id,
    delivered.from_console,
    delivered.identity_type,
    delivered.principal_id,
    delivered.identity_arn,
    delivered.account_id,
    delivered.access_key_id,
    delivered.user_name,
    delivered.invoked_by,
    delivered.created_at,
    delivered.mfa_authenticated,
    delivered.source_identity,
    delivered.on_behalf_of,
    CASE
      WHEN delivered.event_name IN (
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
      THEN delivered.request_parameters
    END AS request_parameters,
    CASE
      WHEN delivered.event_name IN (
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
      THEN delivered.response_elements
    END AS response_elements,
    CASE
      WHEN delivered.event_name IN (
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
      THEN delivered.additional_event_data
    END AS additional_event_data,
    CASE
      WHEN delivered.event_name IN (
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
      THEN delivered.service_event_details
    END AS service_event_details,
    CASE
      WHEN delivered.event_name IN (
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
      THEN delivered.resources
    END AS resources
  FROM delivered
), named /* each event with its session (docs/rules.md §1) */ AS (
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
      END AS session_created_at
    FROM slim AS delivered
    CROSS JOIN parameters
  ) AS timed
), events /* each event once (docs/rules.md §1.4) */ AS (
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
  ) AS counted
  WHERE
    counted.copy_number = 1 OR counted.event_id IS NULL
), told /* what each event is to a chain (docs/rules.md, chain-events) */ AS (
  SELECT
    events.*,
    COALESCE(
      events.event_name IN (
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
      AND events.error_code IS NULL
      AND events.error_message IS NULL,
      FALSE
    ) AS may_vend,
    COALESCE(
      events.access_key_id NOT LIKE 'ASIA%'
      AND events.session_created_at IS NULL
      AND events.invoked_by IS NULL
      AND NOT events.identity_arn IS NULL
      AND NOT events.event_time IS NULL,
      FALSE
    ) AS is_call,
    NOT events.access_key_id IS NULL
    AND NOT events.session_created_at IS NULL
    AND NOT events.invoked_by IS NULL
    AND NOT events.identity_arn IS NULL AS is_forwarded,
    SUBSTRING(STRFTIME(events.event_time, '%Y-%m-%dT%H:%M:%SZ'), 1, 13) AS clock_hour
  FROM events
), placed /* calls of a long-term key beside the sessions that services went on with, a second at a time; whatever is neither stands alone */ AS (
  SELECT
    told.*,
    CASE WHEN told.is_call OR told.is_forwarded THEN told.identity_arn ELSE told.event_id END AS holder,
    CASE
      WHEN told.is_call
      THEN DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), told.event_time)
      WHEN told.is_forwarded
      THEN DATE_DIFF('SECOND', CAST('1970-01-01 00:00:00' AS TIMESTAMP), told.session_created_at)
    END AS moment
  FROM told
), ranked AS (
  SELECT
    placed.*,
    ROW_NUMBER() OVER (
      PARTITION BY placed.access_key_id, placed.principal_id, placed.session_created_at, placed.identity_type, placed.identity_arn, placed.account_id, placed.invoked_by, placed.mfa_authenticated, placed.source_identity, placed.on_behalf_of, placed.clock_hour
      ORDER BY placed.event_time, placed.event_id, placed.event_source, placed.event_name
    ) AS use_number,
    ROW_NUMBER() OVER (
      PARTITION BY placed.holder, placed.is_call, placed.access_key_id, placed.moment
      ORDER BY placed.event_id, placed.event_source, placed.event_name
    ) AS call_number,
    MIN(CASE WHEN placed.is_forwarded THEN placed.moment END) OVER (PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN CURRENT ROW AND 600 FOLLOWING) AS forwarded_after,
    MIN(CASE WHEN placed.is_call THEN placed.moment END) OVER (PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN 1 FOLLOWING AND 600 FOLLOWING) AS call_after,
    MAX(CASE WHEN placed.is_forwarded THEN placed.moment END) OVER (PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN 600 PRECEDING AND 1 PRECEDING) AS forwarded_before,
    MAX(CASE WHEN placed.is_call THEN placed.moment END) OVER (PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN 600 PRECEDING AND 1 PRECEDING) AS call_before
  FROM placed
)
SELECT
  ranked.event_id,
  ranked.event_time,
  ranked.event_source,
  ranked.event_name,
  ranked.event_type,
  ranked.event_category,
  ranked.aws_region,
  ranked.source_ip,
  ranked.user_agent,
  ranked.error_code,
  ranked.error_message,
  ranked.read_only,
  ranked.recipient_account_id,
  ranked.shared_event_id,
  ranked.vpc_endpoint_id,
  ranked.vpc_endpoint_account_id,
  ranked.from_console,
  ranked.identity_type,
  ranked.principal_id,
  ranked.identity_arn,
  ranked.account_id,
  ranked.access_key_id,
  ranked.user_name,
  ranked.invoked_by,
  ranked.created_at,
  ranked.mfa_authenticated,
  ranked.source_identity,
  ranked.on_behalf_of,
  ranked.request_parameters,
  ranked.response_elements,
  ranked.additional_event_data,
  ranked.service_event_details,
  ranked.resources
FROM ranked
WHERE
  ranked.may_vend
  OR /* the first use in each hour by each who */ NOT ranked.session_id IS NULL
  AND ranked.use_number = 1
  OR /* the last call up to, and the first after, the creation of a session that a service went on with (docs/rules.md §3.6) */ ranked.is_call
  AND ranked.call_number = 1
  AND (
    ranked.forwarded_after < COALESCE(ranked.call_after, ranked.forwarded_after + 1)
    OR ranked.forwarded_before >= COALESCE(ranked.call_before, ranked.forwarded_before)
  )
ORDER BY
  ranked.event_time,
  ranked.event_id
