/*---
description = "Amazon Security Lake, CloudTrail management events, source version 2 (OCSF 1.1)"
table = "amazon_security_lake_table_cloud_trail_mgmt_2_0"
columns = [
  ["metadata", "STRUCT<uid: STRING, event_code: STRING, product: STRUCT<version: STRING, feature: STRUCT<name: STRING>>>"],
  ["time_dt", "TIMESTAMP"],
  ["cloud", "STRUCT<region: STRING>"],
  ["api", "STRUCT<operation: STRING, version: STRING, service: STRUCT<name: STRING>, request: STRUCT<uid: STRING, data: STRING>, response: STRUCT<error: STRING, message: STRING, data: STRING>>"],
  ["actor", "STRUCT<user: STRUCT<type: STRING, uid: STRING, uid_alt: STRING, name: STRING, credential_uid: STRING, account: STRUCT<uid: STRING>>, session: STRUCT<created_time_dt: TIMESTAMP, is_mfa: BOOLEAN, issuer: STRING>, invoked_by: STRING, idp: STRUCT<name: STRING, uid: STRING>>"],
  ["user", "STRUCT<uid: STRING, uid_alt: STRING, name: STRING>"],
  ["src_endpoint", "STRUCT<ip: STRING, domain: STRING, uid: STRING>"],
  ["http_request", "STRUCT<user_agent: STRING>"],
  ["resources", "ARRAY<STRUCT<uid: STRING, owner: STRUCT<account: STRUCT<uid: STRING>>, type: STRING>>"],
  ["status", "STRING"],
  ["accountid", "STRING"],
  ["region", "STRING"],
  ["unmapped", "MAP<STRING, STRING>"],
]
---*/
-- which CloudTrail field each OCSF field holds: https://github.com/ocsf/examples, mappings/markdown/AWS/v1.1.0/CloudTrail
SELECT
  NULLIF(metadata.uid, '') AS event_id,
  CAST(date_trunc('second', time_dt) AS TIMESTAMP) AS event_time,
  NULLIF(api.service.name, '') AS event_source,
  NULLIF(api.operation, '') AS event_name,
  NULLIF(metadata.event_code, '') AS event_type,
  NULLIF(metadata.product.feature.name, '') AS event_category,
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
  NULLIF(actor.user.uid_alt, '') AS principal_id,
  NULLIF(actor.user.uid, '') AS identity_arn,
  NULLIF(actor.user.account.uid, '') AS account_id,
  NULLIF(actor.user.credential_uid, '') AS access_key_id,
  NULLIF(actor.user.name, '') AS user_name,
  NULLIF(actor.invoked_by, '') AS invoked_by,
  CAST(date_trunc('second', actor.session.created_time_dt) AS TIMESTAMP) AS created_at,
  actor.session.is_mfa AS mfa_authenticated,
  NULLIF(element_at(unmapped, 'userIdentity.sessionContext.sourceIdentity'), '') AS source_identity,
  NULLIF("user".uid_alt, '') AS on_behalf_of,
  CASE WHEN substr(ltrim(api.request.data), 1, 1) IN ('{', '[') THEN api.request.data END AS request_parameters,
  CASE WHEN substr(ltrim(api.response.data), 1, 1) IN ('{', '[') THEN api.response.data END AS response_elements,
  -- of the flattened document the one member that a query asks for
  CASE
    WHEN element_at(unmapped, 'additionalEventData.MFAUsed') IS NOT NULL
    THEN json_format(CAST(MAP(ARRAY['MFAUsed'], ARRAY[element_at(unmapped, 'additionalEventData.MFAUsed')]) AS JSON))
  END AS additional_event_data,
  CAST(NULL AS VARCHAR) AS service_event_details,
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
