WITH parameters /* the values asked about */ AS (
  SELECT
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_from,
    CAST(REGEXP_REPLACE(REGEXP_REPLACE(?, '^([0-9-]{10})T([0-9:]{8})Z{0,1}\z', '$1 $2'), ':[^+-]*[+-].*\z', ' with a zone') AS TIMESTAMP) AS window_to
), delivered /* the log, read through the layout store */ AS (
  SELECT
    event_id,
    event_time,
    event_source,
    event_name,
    event_type,
    event_category,
    aws_region,
    source_ip,
    user_agent,
    error_code,
    error_message,
    read_only,
    recipient_account_id,
    shared_event_id,
    vpc_endpoint_id,
    vpc_endpoint_account_id,
    from_console,
    identity_type,
    principal_id,
    identity_arn,
    account_id,
    access_key_id,
    user_name,
    invoked_by,
    created_at,
    mfa_authenticated,
    source_identity,
    on_behalf_of,
    request_parameters,
    response_elements,
    additional_event_data,
    service_event_details,
    resources
  FROM chain_events
  CROSS JOIN parameters
  WHERE
    event_time >= DATE_ADD('SECOND', -129600, parameters.window_from) AND event_time < parameters.window_to
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
), events /* each event with its session (docs/rules.md §1) */ AS (
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
      END AS session_created_at
    FROM slim AS delivered
    CROSS JOIN parameters
  ) AS timed
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
    SUBSTR(DATE_FORMAT(events.event_time, '%Y-%m-%dT%TZ'), 1, 13) AS clock_hour
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
