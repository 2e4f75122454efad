/*---
description = "Athena's table over delivery files, as AWS documented it up to 2023 (CloudTrailSerde); newer fields are not there"
table = "cloudtrail_logs"
columns = [
  ["eventversion", "STRING"],
  ["useridentity", "STRUCT<type: STRING, principalid: STRING, arn: STRING, accountid: STRING, invokedby: STRING, accesskeyid: STRING, username: STRING, sessioncontext: STRUCT<attributes: STRUCT<mfaauthenticated: STRING, creationdate: STRING>, sessionissuer: STRUCT<type: STRING, principalid: STRING, arn: STRING, accountid: STRING, username: STRING>>>"],
  ["eventtime", "STRING"],
  ["eventsource", "STRING"],
  ["eventname", "STRING"],
  ["awsregion", "STRING"],
  ["sourceipaddress", "STRING"],
  ["useragent", "STRING"],
  ["errorcode", "STRING"],
  ["errormessage", "STRING"],
  ["requestparameters", "STRING"],
  ["responseelements", "STRING"],
  ["additionaleventdata", "STRING"],
  ["requestid", "STRING"],
  ["eventid", "STRING"],
  ["resources", "ARRAY<STRUCT<arn: STRING, accountid: STRING, type: STRING>>"],
  ["eventtype", "STRING"],
  ["apiversion", "STRING"],
  ["readonly", "STRING"],
  ["recipientaccountid", "STRING"],
  ["serviceeventdetails", "STRING"],
  ["sharedeventid", "STRING"],
  ["vpcendpointid", "STRING"],
]
---*/
SELECT
  NULLIF(eventid, '') AS event_id,
  iso_time(eventtime) AS event_time,
  NULLIF(eventsource, '') AS event_source,
  NULLIF(eventname, '') AS event_name,
  NULLIF(eventtype, '') AS event_type,
  CAST(NULL AS VARCHAR) AS event_category,
  NULLIF(awsregion, '') AS aws_region,
  NULLIF(sourceipaddress, '') AS source_ip,
  NULLIF(useragent, '') AS user_agent,
  NULLIF(errorcode, '') AS error_code,
  NULLIF(errormessage, '') AS error_message,
  CASE lower(readonly) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS read_only,
  NULLIF(recipientaccountid, '') AS recipient_account_id,
  NULLIF(sharedeventid, '') AS shared_event_id,
  NULLIF(vpcendpointid, '') AS vpc_endpoint_id,
  CAST(NULL AS VARCHAR) AS vpc_endpoint_account_id,
  FALSE AS from_console,
  NULLIF(useridentity.type, '') AS identity_type,
  NULLIF(useridentity.principalid, '') AS principal_id,
  NULLIF(useridentity.arn, '') AS identity_arn,
  NULLIF(useridentity.accountid, '') AS account_id,
  NULLIF(useridentity.accesskeyid, '') AS access_key_id,
  NULLIF(useridentity.username, '') AS user_name,
  NULLIF(useridentity.invokedby, '') AS invoked_by,
  iso_time(useridentity.sessioncontext.attributes.creationdate) AS created_at,
  CASE lower(useridentity.sessioncontext.attributes.mfaauthenticated) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END AS mfa_authenticated,
  CAST(NULL AS VARCHAR) AS source_identity,
  CAST(NULL AS VARCHAR) AS on_behalf_of,
  CASE WHEN substr(ltrim(requestparameters), 1, 1) IN ('{', '[') THEN requestparameters END AS request_parameters,
  CASE WHEN substr(ltrim(responseelements), 1, 1) IN ('{', '[') THEN responseelements END AS response_elements,
  CASE WHEN substr(ltrim(additionaleventdata), 1, 1) IN ('{', '[') THEN additionaleventdata END AS additional_event_data,
  CASE WHEN substr(ltrim(serviceeventdetails), 1, 1) IN ('{', '[') THEN serviceeventdetails END AS service_event_details,
  -- the members as CloudTrail names them
  json_format(CAST(
    transform(
      resources,
      r -> map_filter(
        MAP(ARRAY['accountId', 'ARN', 'type'], ARRAY[r.accountid, r.arn, r.type]), (name, value) -> value IS NOT NULL
      )
    ) AS JSON
  )) AS resources
FROM cloudtrail_table
WHERE in_window(iso_time(eventtime))
