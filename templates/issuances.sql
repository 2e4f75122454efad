/*---
question = "Which calls vended credentials or opened a session, who made them, and what did they issue?"
example = "sqlgen run issuances --source logs/ --from 2021-08-27T19:00:00Z --to 2021-08-27T21:00:00Z"
scans = { recursive = 1, fold = 1 }
from_edges = true

column = [
  { name = "event_id", type = "text", meaning = "the issuing event" },
  { name = "event_time", type = "timestamp", meaning = "when it completed" },
  { name = "event_name", type = "text", meaning = "the API call or sign-in" },
  { name = "aws_region", type = "text", meaning = "where it was logged" },
  { name = "account_id", type = "text", meaning = "the account whose log it is in (recipientAccountId)" },
  { name = "shared_event_id", type = "text", meaning = "common to both accounts' copies of a cross-account call" },
  { name = "caller_session_id", type = "text", meaning = "the session that made the call; null for a sign-in without key, a service or a foreign account" },
  { name = "caller_access_key_id", type = "text", meaning = "the key that signed it" },
  { name = "caller_principal_id", type = "text", meaning = "its principal" },
  { name = "caller_type", type = "text", meaning = "userIdentity.type" },
  { name = "caller_arn", type = "text", meaning = "its ARN" },
  { name = "caller_account_id", type = "text", meaning = "its account" },
  { name = "caller_created_at", type = "timestamp", meaning = "when the caller's session began; null for a long-term key" },
  { name = "invoked_by", type = "text", meaning = "the service that made the call, for itself or for the caller" },
  { name = "issued_access_key_id", type = "text", meaning = "the key it vended; null for a sign-in" },
  { name = "issued_principal_id", type = "text", meaning = "the principal it vended it to; null when the record does not say" },
  { name = "issued_arn", type = "text", meaning = "its ARN" },
  { name = "issued_account_id", type = "text", meaning = "its account" },
  { name = "expires_at", type = "timestamp", meaning = "when the credentials end" },
  { name = "source_ip", type = "text", meaning = "from where" },
  { name = "user_agent", type = "text", meaning = "with what" },
  { name = "mfa_authenticated", type = "boolean", meaning = "whether the caller had signed in with MFA" },
  { name = "source_identity", type = "text", meaning = "sts:SourceIdentity of the caller, or the one set by this call" },
  { name = "on_behalf_of", type = "text", meaning = "the Identity Center user behind the caller" },
]
---*/
WITH {% include 'parts/events.sql' %},
{% include 'parts/issuances.sql' %}
SELECT
  issuances.event_id,
  issuances.event_time,
  issuances.event_name,
  issuances.aws_region,
  COALESCE(issuances.recipient_account_id, issuances.account_id) AS account_id,
  issuances.shared_event_id,
  issuances.caller_session_id,
  issuances.access_key_id AS caller_access_key_id,
  issuances.principal_id AS caller_principal_id,
  issuances.identity_type AS caller_type,
  issuances.identity_arn AS caller_arn,
  issuances.account_id AS caller_account_id,
  issuances.session_created_at AS caller_created_at,
  issuances.invoked_by,
  issuances.issued_access_key_id,
  issuances.issued_principal_id,
  issuances.issued_arn,
  issuances.issued_account_id,
  issuances.expires_at,
  issuances.source_ip,
  issuances.user_agent,
  issuances.mfa_authenticated,
  COALESCE(issuances.source_identity, issuances.issued_source_identity) AS source_identity,
  issuances.on_behalf_of
FROM issuances
ORDER BY issuances.event_time NULLS LAST, issuances.event_id NULLS LAST
