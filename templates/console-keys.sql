/*---
question = "Which access keys did one web console session use?"
example = "sqlgen run console-keys --source logs/ --arn arn:aws:iam::111122223333:user/alice"
look_back_hours = 36
scans = { recursive = 1, fold = 1 }
forms = [{ takes = ["access_key"] }, { takes = ["session_id"] }, { takes = ["arn"] }, { takes = ["login_event_id"] }, { takes = [] }]

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
{% set keep_uses = true %}
{% set copied = 'issuing' %}
WITH {% include 'parts/named.sql' %},
{% include 'parts/issuances.sql' %}
{% include 'parts/each_once.sql' %},
-- what each event tells here: a key was used, a session was opened, or a key was given out. An issuance is both a use of its caller's key
-- and the birth of another, so it stands twice; the log itself is read once.
told AS (
  SELECT
    roles.role,
    CASE roles.role WHEN 'use' THEN events.access_key_id WHEN 'vended' THEN events.issued_access_key_id END AS access_key_id,
    CASE WHEN roles.role = 'use' THEN events.principal_id ELSE events.issued_principal_id END AS principal_id,
    CASE WHEN roles.role = 'use' THEN events.session_created_at ELSE events.event_time END AS moment,
    CASE roles.role WHEN 'use' THEN events.session_id WHEN 'login' THEN events.issued_session_id END AS session_id,
    -- of a use these are not shown
    CASE WHEN roles.role = 'login' THEN events.event_id END AS login_event_id,
    CASE WHEN roles.role = 'login' THEN events.event_name END AS event_name,
    CASE WHEN roles.role = 'login' THEN events.source_ip END AS source_ip,
    CASE WHEN roles.role = 'login' THEN events.user_agent END AS user_agent,
    CASE WHEN roles.role = 'login' THEN LOWER(json_text(events.additional_event_data, '$.MFAUsed')) END AS mfa_text,
    events.event_time,
    events.aws_region,
    events.identity_type,
    events.identity_arn,
    events.account_id,
    events.invoked_by,
    events.from_console
  FROM {{ 'issuing AS events' if once else 'events' }}
  CROSS JOIN (SELECT 'use' AS role UNION ALL SELECT 'login' AS role UNION ALL SELECT 'vended' AS role) AS roles
  WHERE CASE roles.role
    WHEN 'use' THEN events.in_window AND NOT COALESCE(events.is_sign_in, FALSE)
      AND events.principal_id IS NOT NULL AND events.created_at IS NOT NULL
    WHEN 'login' THEN events.is_issuing AND events.is_sign_in AND events.issued_session_id IS NOT NULL
    ELSE events.is_issuing AND NOT events.is_sign_in AND events.issued_access_key_id IS NOT NULL
  END
),
key_uses AS (
  SELECT
    told.role,
    told.access_key_id,
    told.principal_id,
    told.moment,
    told.session_id,
    told.login_event_id,
    MIN(told.event_name) AS event_name,
    MIN(told.aws_region) AS aws_region,
    MIN(told.source_ip) AS source_ip,
    MIN(told.user_agent) AS user_agent,
    MIN(told.mfa_text) AS mfa_text,
    MIN(told.identity_type) AS identity_type,
    MIN(told.identity_arn) AS identity_arn,
    MIN(told.account_id) AS account_id,
    list_of(told.aws_region) AS regions,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    COUNT(*) AS calls,
    COUNT(told.invoked_by) AS forwarded_calls,
    any_true(told.from_console) AS from_console_flag
  FROM told
  GROUP BY told.role, told.access_key_id, told.principal_id, told.moment, told.session_id, told.login_event_id
),
-- a key that another call gave out, within 2 s and to a fitting principal, belongs to that call and not to the console (docs/rules.md §5)
related AS (
  SELECT
    key_uses.*,
    CASE WHEN key_uses.role = 'use' THEN COUNT(CASE WHEN key_uses.role = 'vended' THEN 1 END) OVER (
      PARTITION BY key_uses.access_key_id, key_uses.principal_id
      ORDER BY seconds_between(timestamp_of('1970-01-01 00:00:00'), key_uses.moment) RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING
    ) + COUNT(CASE WHEN key_uses.role = 'vended' AND key_uses.principal_id IS NULL THEN 1 END) OVER (
      PARTITION BY key_uses.access_key_id
      ORDER BY seconds_between(timestamp_of('1970-01-01 00:00:00'), key_uses.moment) RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING
    ) END AS issuers,
    ROW_NUMBER() OVER (PARTITION BY key_uses.session_id, key_uses.role ORDER BY key_uses.first_seen NULLS LAST, key_uses.login_event_id NULLS LAST)
      AS sign_in_number
  FROM key_uses
),
kept AS (
  SELECT related.*
  FROM related
  WHERE CASE related.role
    WHEN 'use' THEN related.issuers = 0 OR related.from_console_flag
    WHEN 'login' THEN related.sign_in_number = 1
    ELSE FALSE
  END
),
-- every key of a session beside its sign-in
answer AS (
  SELECT
    kept.session_id,
    MIN(CASE WHEN kept.access_key_id IS NOT NULL THEN kept.identity_type END) OVER (PARTITION BY kept.session_id) AS identity_type,
    MIN(CASE WHEN kept.access_key_id IS NOT NULL THEN kept.identity_arn END) OVER (PARTITION BY kept.session_id) AS identity_arn,
    kept.principal_id,
    MIN(CASE WHEN kept.access_key_id IS NOT NULL THEN kept.account_id END) OVER (PARTITION BY kept.session_id) AS account_id,
    kept.moment AS session_created_at,
    MAX(CASE WHEN kept.role = 'login' THEN kept.login_event_id END) OVER (PARTITION BY kept.session_id) AS login_event_id,
    MAX(CASE WHEN kept.role = 'login' THEN kept.event_name END) OVER (PARTITION BY kept.session_id) AS login_event_name,
    MAX(CASE WHEN kept.role = 'login' THEN kept.first_seen END) OVER (PARTITION BY kept.session_id) AS login_time,
    MAX(CASE WHEN kept.role = 'login' THEN kept.aws_region END) OVER (PARTITION BY kept.session_id) AS login_region,
    MAX(CASE WHEN kept.role = 'login' THEN kept.source_ip END) OVER (PARTITION BY kept.session_id) AS login_source_ip,
    MAX(CASE WHEN kept.role = 'login' THEN kept.user_agent END) OVER (PARTITION BY kept.session_id) AS login_user_agent,
    MAX(CASE WHEN kept.role = 'login' THEN kept.mfa_text END) OVER (PARTITION BY kept.session_id) AS mfa_text,
    kept.access_key_id,
    kept.regions,
    kept.first_seen,
    kept.last_seen,
    kept.calls,
    kept.forwarded_calls,
    kept.from_console_flag,
    {% if given.access_key %}
    MAX(CASE WHEN kept.access_key_id = parameters.access_key THEN 1 ELSE 0 END) OVER (PARTITION BY kept.session_id) AS has_key,
    {% endif %}
    MAX(CASE WHEN kept.role = 'login' OR kept.from_console_flag THEN 1 ELSE 0 END) OVER (PARTITION BY kept.session_id) AS is_console
  FROM kept
  {% if given.access_key %}
  CROSS JOIN parameters
  {% endif %}
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
  CASE answer.mfa_text WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS mfa_used,
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
WHERE answer.access_key_id IS NOT NULL AND answer.is_console = 1
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
