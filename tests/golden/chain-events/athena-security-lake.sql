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
    NULLIF(metadata.event_code, '') AS event_type,
    NULLIF(NULLIF(metadata.product.feature.name, ''), 'Management, Data, and Insights') AS event_category, /* what AWS writes where the record has no eventCategory */
    NULLIF(cloud.region, '') AS aws_region,
    COALESCE(NULLIF(src_endpoint.ip, ''), NULLIF(src_endpoint.domain, '')) AS source_ip,
    NULLIF(http_request.user_agent, '') AS user_agent,
    NULLIF(api.response.error, '') AS error_code,
    NULLIF(api.response.message, '') AS error_message,
    CASE LOWER(ELEMENT_AT(unmapped, 'readOnly')) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
    NULLIF(ELEMENT_AT(unmapped, 'recipientAccountId'), '') AS recipient_account_id,
    NULLIF(ELEMENT_AT(unmapped, 'sharedEventID'), '') AS shared_event_id,
    NULLIF(src_endpoint.uid, '') AS vpc_endpoint_id,
    NULLIF(ELEMENT_AT(unmapped, 'vpcEndpointAccountId'), '') AS vpc_endpoint_account_id,
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
    NULLIF(actor.user.name, '') AS user_name,
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
    END AS additional_event_data, /* of the flattened document the one member that a query asks for; of a sign-in it is the column is_mfa */
    NULLIF(
      JSON_FORMAT(
        CAST(TRANSFORM_KEYS(MAP_FILTER(unmapped, (name, value) -> name LIKE 'serviceEventDetails.%'), (name, value) -> SUBSTR(name, 21)) AS JSON)
      ),
      '{}'
    ) AS service_event_details, /* the pieces of the flattened document, by their dotted names */
    JSON_FORMAT(
      CAST(TRANSFORM(
        resources,
        r -> MAP_FILTER(MAP(ARRAY['accountId', 'ARN', 'type'], ARRAY[r.owner.account.uid, r.uid, r.type]), (name, value) -> NOT value IS NULL)
      ) AS JSON)
    ) AS resources /* the members as CloudTrail names them */
  FROM amazon_security_lake_table_cloud_trail_mgmt_2_0
  CROSS JOIN parameters
  WHERE
    time_dt >= DATE_ADD('SECOND', -129600, parameters.window_from) AND time_dt < parameters.window_to
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
), events /* each event once (docs/rules.md §1.4) */ AS (
  SELECT
    counted.*
  FROM (
    SELECT
      named.*,
      ROW_NUMBER() OVER (PARTITION BY named.event_id) AS copy_number
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
