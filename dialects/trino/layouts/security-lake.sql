/*---
description = "Amazon Security Lake, CloudTrail management events, source version 2 (OCSF 1.1)"
table = "amazon_security_lake_table_cloud_trail_mgmt_2_0"
partitions = ["time_dt"]
columns = [
  ["metadata", "STRUCT<uid: STRING, event_code: STRING, product: STRUCT<version: STRING, feature: STRUCT<name: STRING>>>"],
  ["time_dt", "TIMESTAMP"],
  ["cloud", "STRUCT<region: STRING>"],
  ["api", "STRUCT<operation: STRING, version: STRING, service: STRUCT<name: STRING>, request: STRUCT<uid: STRING, data: STRING>, response: STRUCT<error: STRING, message: STRING, data: STRING>>"],
  ["actor", "STRUCT<user: STRUCT<type: STRING, uid: STRING, uid_alt: STRING, name: STRING, credential_uid: STRING, account: STRUCT<uid: STRING>>, session: STRUCT<created_time_dt: TIMESTAMP, is_mfa: BOOLEAN, issuer: STRING>, invoked_by: STRING, idp: STRUCT<name: STRING, uid: STRING>>"],
  ["src_endpoint", "STRUCT<ip: STRING, domain: STRING, uid: STRING>"],
  ["http_request", "STRUCT<user_agent: STRING>"],
  ["resources", "ARRAY<STRUCT<uid: STRING, owner: STRUCT<account: STRUCT<uid: STRING>>, type: STRING>>"],
  ["status", "STRING"],
  ["is_mfa", "BOOLEAN"],
  ["accountid", "STRING"],
  ["region", "STRING"],
  ["unmapped", "MAP<STRING, STRING>"],
]
---*/
-- which CloudTrail field each OCSF field holds: https://github.com/ocsf/examples, mappings/markdown/AWS/v1.1.0/CloudTrail;
-- what cannot be told from it: docs/security-lake.md
SELECT
  NULLIF(metadata.uid, '') AS event_id,
  CAST(date_trunc('second', time_dt) AS TIMESTAMP) AS event_time,
  NULLIF(api.service.name, '') AS event_source,
  NULLIF(api.operation, '') AS event_name,
  NULLIF(metadata.event_code, '') AS event_type,
  -- what AWS writes where the record has no eventCategory
  NULLIF(NULLIF(metadata.product.feature.name, ''), 'Management, Data, and Insights') AS event_category,
  NULLIF(cloud.region, '') AS aws_region,
  COALESCE(NULLIF(src_endpoint.ip, ''), NULLIF(src_endpoint.domain, '')) AS source_ip,
  NULLIF(http_request.user_agent, '') AS user_agent,
  NULLIF(api.response.error, '') AS error_code,
  NULLIF(api.response.message, '') AS error_message,
  CASE lower(element_at(unmapped, 'readOnly')) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
  NULLIF(element_at(unmapped, 'recipientAccountId'), '') AS recipient_account_id,
  NULLIF(element_at(unmapped, 'sharedEventID'), '') AS shared_event_id,
  NULLIF(src_endpoint.uid, '') AS vpc_endpoint_id,
  NULLIF(element_at(unmapped, 'vpcEndpointAccountId'), '') AS vpc_endpoint_account_id,
  COALESCE(lower(element_at(unmapped, 'sessionCredentialFromConsole')) = 'true', FALSE) AS from_console,
  NULLIF(actor.user.type, '') AS identity_type,
  -- Since July 2025 uid_alt is the user id of onBehalfOf where there is one, and the identity store stands in idp.uid (of account
  -- changes in unmapped, there without the user id, which older rows have beside it). The principal of a role session is then put
  -- together from its role and the name in its arn.
  CASE
    WHEN COALESCE(NULLIF(actor.idp.uid, ''), element_at(unmapped, 'userIdentity.onBehalfOf.identityStoreArn')) IS NULL
      OR element_at(unmapped, 'userIdentity.onBehalfOf.userId') IS NOT NULL
    THEN NULLIF(actor.user.uid_alt, '')
    WHEN actor.user.type = 'AssumedRole'
    THEN NULLIF(element_at(unmapped, 'userIdentity.sessionContext.sessionIssuer.principalId'), '') || ':'
      || first_match(actor.user.uid, '/([^/]+)$')
  END AS principal_id,
  NULLIF(actor.user.uid, '') AS identity_arn,
  NULLIF(actor.user.account.uid, '') AS account_id,
  -- the credential id of a bearer token may stand here, which has small letters
  CASE WHEN matches(actor.user.credential_uid, '^[^a-z]+$') THEN actor.user.credential_uid END AS access_key_id,
  NULLIF(actor.user.name, '') AS user_name,
  NULLIF(actor.invoked_by, '') AS invoked_by,
  CAST(date_trunc('second', actor.session.created_time_dt) AS TIMESTAMP) AS created_at,
  actor.session.is_mfa AS mfa_authenticated,
  NULLIF(element_at(unmapped, 'userIdentity.sessionContext.sourceIdentity'), '') AS source_identity,
  CASE
    WHEN element_at(unmapped, 'userIdentity.onBehalfOf.userId') IS NOT NULL
    THEN NULLIF(element_at(unmapped, 'userIdentity.onBehalfOf.userId'), '')
    WHEN COALESCE(NULLIF(actor.idp.uid, ''), element_at(unmapped, 'userIdentity.onBehalfOf.identityStoreArn')) IS NOT NULL
    THEN NULLIF(actor.user.uid_alt, '')
  END AS on_behalf_of,
  CASE WHEN substr(ltrim(api.request.data), 1, 1) IN ('{', '[') THEN api.request.data END AS request_parameters,
  CASE WHEN substr(ltrim(api.response.data), 1, 1) IN ('{', '[') THEN api.response.data END AS response_elements,
  -- of the flattened document the one member that a query asks for; of a sign-in it is the column is_mfa
  CASE
    WHEN is_mfa THEN '{"MFAUsed":"Yes"}'
    WHEN NOT is_mfa THEN '{"MFAUsed":"No"}'
    WHEN element_at(unmapped, 'additionalEventData.MFAUsed') IS NOT NULL
    THEN json_format(CAST(MAP(ARRAY['MFAUsed'], ARRAY[element_at(unmapped, 'additionalEventData.MFAUsed')]) AS JSON))
  END AS additional_event_data,
  -- the pieces of the flattened document, by their dotted names
  NULLIF(json_format(CAST(
    transform_keys(map_filter(unmapped, (name, value) -> name LIKE 'serviceEventDetails.%'), (name, value) -> substr(name, 21))
    AS JSON
  )), '{}') AS service_event_details,
  -- the members as CloudTrail names them
  json_format(CAST(
    transform(
      resources,
      r -> map_filter(
        MAP(ARRAY['accountId', 'ARN', 'type'], ARRAY[r.owner.account.uid, r.uid, r.type]), (name, value) -> value IS NOT NULL
      )
    ) AS JSON
  )) AS resources
FROM cloudtrail_table
WHERE in_window(time_dt)
