/*---
question = "Which access keys did one web console session use?"
example = "sqlgen run console-keys --source logs/ --arn arn:aws:iam::111122223333:user/alice"
look_back_hours = 36
scans = { recursive = 1, fold = 1 }

[[parameter]]
name = "login_event_id"
type = "text"
meaning = "eventID of the ConsoleLogin, SwitchRole or RenewRole"

[[parameter]]
name = "arn"
type = "text"
meaning = "the identity's ARN, exact or with *"

[[parameter]]
name = "session_id"
type = "text"
meaning = "<principal_id>@<YYYY-MM-DDTHH:MM:SSZ of the sign-in>"

[[parameter]]
name = "access_key"
type = "text"
marker = true
meaning = "any one key of the session"

[[column]]
name = "session_id"
type = "text"
meaning = "the console session"

[[column]]
name = "identity_type"
type = "text"
meaning = "userIdentity.type"

[[column]]
name = "identity_arn"
type = "text"
meaning = "userIdentity.arn"

[[column]]
name = "principal_id"
type = "text"
meaning = "userIdentity.principalId"

[[column]]
name = "account_id"
type = "text"
meaning = "userIdentity.accountId"

[[column]]
name = "session_created_at"
type = "timestamp"
meaning = "creationDate of its keys, the time of the sign-in"

[[column]]
name = "login_event_id"
type = "text"
meaning = "the sign-in's event; null where it is not in the data"

[[column]]
name = "login_event_name"
type = "text"
meaning = "ConsoleLogin, SwitchRole or RenewRole"

[[column]]
name = "login_time"
type = "timestamp"
meaning = "its time"

[[column]]
name = "login_region"
type = "text"
meaning = "its region"

[[column]]
name = "login_source_ip"
type = "text"
meaning = "from where"

[[column]]
name = "login_user_agent"
type = "text"
meaning = "with what"

[[column]]
name = "mfa_used"
type = "boolean"
meaning = "additionalEventData.MFAUsed of the sign-in"

[[column]]
name = "access_key_id"
type = "text"
meaning = "one key of the session"

[[column]]
name = "regions"
type = "array"
meaning = "where it was used"

[[column]]
name = "first_seen"
type = "timestamp"
meaning = "its first call"

[[column]]
name = "last_seen"
type = "timestamp"
meaning = "its last call"

[[column]]
name = "calls"
type = "integer"
meaning = "its calls"

[[column]]
name = "forwarded_calls"
type = "integer"
meaning = "calls that a service made for the session with it"

[[column]]
name = "from_console_flag"
type = "boolean"
meaning = "whether any call carried sessionCredentialFromConsole"
---*/
WITH {% include 'parts/events.sql' %},
{% include 'parts/issuances.sql' %},
-- the sign-in that opened each session
logins AS (
  SELECT ranked.*
  FROM (
    SELECT
      issuances.*,
      ROW_NUMBER() OVER (PARTITION BY issuances.issued_session_id ORDER BY issuances.event_time NULLS LAST, issuances.event_id NULLS LAST) AS sign_in_number
    FROM issuances
    WHERE issuances.is_sign_in AND issuances.issued_session_id IS NOT NULL
  ) AS ranked
  WHERE ranked.sign_in_number = 1
),
key_uses AS (
  SELECT
    events.session_id,
    events.principal_id,
    events.session_created_at,
    events.access_key_id,
    MIN(events.identity_type) AS identity_type,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.account_id) AS account_id,
    list_of(events.aws_region) AS regions,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    COUNT(*) AS calls,
    COUNT(events.invoked_by) AS forwarded_calls,
    any_true(events.from_console) AS from_console_flag
  FROM events
  WHERE events.in_window
    AND NOT events.is_sign_in
    AND events.access_key_id IS NOT NULL
    AND events.principal_id IS NOT NULL
    AND events.created_at IS NOT NULL
  GROUP BY events.session_id, events.principal_id, events.session_created_at, events.access_key_id
),
-- a key that another call gave out belongs to that call, not to the console
vended_keys AS (
  SELECT DISTINCT key_uses.session_id, key_uses.access_key_id
  FROM key_uses
  JOIN issuances ON issuances.issued_access_key_id = key_uses.access_key_id
  WHERE NOT issuances.is_sign_in
    AND (issuances.issued_principal_id IS NULL OR issuances.issued_principal_id = key_uses.principal_id)
    AND ABS(seconds_between(issuances.event_time, key_uses.session_created_at)) <= 2
),
answer AS (
  SELECT
    key_uses.session_id,
    MIN(key_uses.identity_type) OVER (PARTITION BY key_uses.session_id) AS identity_type,
    MIN(key_uses.identity_arn) OVER (PARTITION BY key_uses.session_id) AS identity_arn,
    key_uses.principal_id,
    MIN(key_uses.account_id) OVER (PARTITION BY key_uses.session_id) AS account_id,
    key_uses.session_created_at,
    logins.event_id AS login_event_id,
    logins.event_name AS login_event_name,
    logins.event_time AS login_time,
    logins.aws_region AS login_region,
    logins.source_ip AS login_source_ip,
    logins.user_agent AS login_user_agent,
    CASE LOWER(json_text(logins.additional_event_data, '$.MFAUsed')) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS mfa_used,
    key_uses.access_key_id,
    key_uses.regions,
    key_uses.first_seen,
    key_uses.last_seen,
    key_uses.calls,
    key_uses.forwarded_calls,
    key_uses.from_console_flag,
    {% if given.access_key %}
    MAX(CASE WHEN key_uses.access_key_id = parameters.access_key THEN 1 ELSE 0 END) OVER (PARTITION BY key_uses.session_id) AS has_key,
    {% endif %}
    logins.issued_session_id IS NOT NULL AS has_login,
    MAX(CASE WHEN key_uses.from_console_flag THEN 1 ELSE 0 END) OVER (PARTITION BY key_uses.session_id) AS has_flag
  FROM key_uses
  {% if given.access_key %}
  CROSS JOIN parameters
  {% endif %}
  LEFT JOIN logins ON logins.issued_session_id = key_uses.session_id
  LEFT JOIN vended_keys
    ON vended_keys.session_id = key_uses.session_id AND vended_keys.access_key_id = key_uses.access_key_id
  WHERE vended_keys.access_key_id IS NULL OR key_uses.from_console_flag
)
SELECT
  answer.session_id,
  answer.identity_type,
  answer.identity_arn,
  answer.principal_id,
  answer.account_id,
  answer.session_created_at,
  answer.login_event_id,
  answer.login_event_name,
  answer.login_time,
  answer.login_region,
  answer.login_source_ip,
  answer.login_user_agent,
  answer.mfa_used,
  answer.access_key_id,
  answer.regions,
  answer.first_seen,
  answer.last_seen,
  answer.calls,
  answer.forwarded_calls,
  answer.from_console_flag
FROM answer
{% if given.login_event_id or given.arn or given.session_id %}
CROSS JOIN parameters
{% endif %}
WHERE (answer.has_login OR answer.has_flag = 1)
{% if given.login_event_id %}
  AND answer.login_event_id = parameters.login_event_id
{% endif %}
{% if given.arn %}
  AND (answer.identity_arn = parameters.arn OR answer.identity_arn LIKE like_pattern(parameters.arn) ESCAPE '!')
{% endif %}
{% if given.session_id %}
  AND answer.session_id = parameters.session_id
{% endif %}
{% if given.access_key %}
  AND answer.has_key = 1
{% endif %}
ORDER BY answer.session_created_at, answer.session_id, answer.first_seen NULLS LAST, answer.access_key_id
