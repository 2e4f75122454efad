/*---
question = "Who was at work? Every session of the window: what it is, whose, from where, how much it did and how much of it was refused."
example = "sqlgen run sessions --source logs/ --denied-only --from 2021-08-27T19:00:00Z --to 2021-08-27T21:00:00Z"
look_back_hours = 36
scans = { recursive = 1, fold = 1 }
forms = [
  { takes = [] },
  { takes = [], denied_only = true },
  { takes = ["arn"] },
  { takes = ["source_ip"] },
  { takes = ["access_key"] },
]

[[parameter]]
name = "arn"
type = "text"
meaning = "the identity's ARN, exact or with *"

[[parameter]]
name = "account"
type = "account"
meaning = "the identity's account id"

[[parameter]]
name = "source_ip"
type = "text"
meaning = "an address that it called from, exact or with * (203.0.113.*)"

[[parameter]]
name = "user_agent"
type = "text"
meaning = "a part of a user agent of it, in any case; * stands for anything"

[[parameter]]
name = "access_key"
type = "text"
many = true
meaning = "a key id that it used"

[[parameter]]
name = "denied_only"
type = "flag"
meaning = "only sessions that were refused something"

[[column]]
name = "session_id"
type = "text"
meaning = "the session"

[[column]]
name = "kind"
type = "text"
meaning = "long-term-key, console, role, federated, identity-center, service, root, forwarded (docs/rules.md, sessions)"

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
meaning = "when it began; null for a long-term key"

[[column]]
name = "access_keys"
type = "array"
meaning = "the keys that it used"

[[column]]
name = "first_seen"
type = "timestamp"
meaning = "its first call in the window"

[[column]]
name = "last_seen"
type = "timestamp"
meaning = "its last"

[[column]]
name = "calls"
type = "integer"
meaning = "all calls"

[[column]]
name = "failed"
type = "integer"
meaning = "those that failed"

[[column]]
name = "denied"
type = "integer"
meaning = "of the failed, those refused"

[[column]]
name = "writes"
type = "integer"
meaning = "calls that are not read-only"

[[column]]
name = "regions"
type = "array"
meaning = "where"

[[column]]
name = "source_ips"
type = "array"
meaning = "from where"

[[column]]
name = "user_agents"
type = "array"
meaning = "with what"

[[column]]
name = "mfa_authenticated"
type = "boolean"
meaning = "whether it signed in with MFA"

[[column]]
name = "sensitive"
type = "integer"
meaning = "reads that expose secrets, data or credentials (templates/lists/sensitive_reads.toml)"

[[column]]
name = "forwarded"
type = "integer"
meaning = "calls that a service made for it"

[[column]]
name = "source_identity"
type = "text"
meaning = "sts:SourceIdentity"

[[column]]
name = "on_behalf_of"
type = "text"
meaning = "the Identity Center user"
---*/
{% from 'parts/event_words.sql' import has_failed, is_read %}
{% set keep_uses = true %}
{% set copied = 'judged' %}
WITH {% include 'parts/named.sql' %},
{% include 'parts/issuances.sql' %},
-- what kind of call each is (docs/rules.md §1)
judged AS (
  SELECT
    issuing.*,
    COALESCE(
      issuing.mfa_authenticated,
      CASE WHEN issuing.is_vending AND issuing.is_sign_in THEN
        CASE LOWER(json_text(issuing.additional_event_data, '$.MFAUsed')) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END
      END
    ) AS has_mfa,
    {{ has_failed('issuing') }} AS has_failed,
    is_access_denied(issuing.error_code) AS is_denied,
    {{ is_read('issuing') }} AS is_read,
    is_sensitive_call(issuing.event_source, issuing.event_name) AS is_sensitive
  FROM issuing
)
{% include 'parts/each_once.sql' %},
-- what each event tells here: a session was used, or one was opened. An issuance tells both, so it stands twice; the log itself is read once.
told AS (
  SELECT
    roles.role,
    CASE roles.role WHEN 'use' THEN events.session_id ELSE events.issued_session_id END AS session_id,
    events.identity_type,
    events.identity_arn,
    events.principal_id,
    events.account_id,
    events.session_created_at,
    events.access_key_id,
    events.event_time,
    events.aws_region,
    events.source_ip,
    events.user_agent,
    events.invoked_by,
    events.from_console,
    events.is_sign_in,
    events.source_identity,
    events.on_behalf_of,
    events.has_mfa,
    events.has_failed,
    events.is_denied,
    events.is_read,
    events.is_sensitive
  FROM {{ 'judged AS events' if once else 'events' }}
  CROSS JOIN (SELECT 'use' AS role UNION ALL SELECT 'opened' AS role) AS roles
  WHERE CASE roles.role
    WHEN 'use' THEN events.in_window AND events.session_id IS NOT NULL
    ELSE events.is_issuing AND events.issued_session_id IS NOT NULL
  END
),
-- the calls of each session, and what opened it
gathered AS (
  SELECT
    told.role,
    told.session_id,
    MIN(told.identity_type) AS identity_type,
    MIN(told.identity_arn) AS identity_arn,
    MIN(told.principal_id) AS principal_id,
    MIN(told.account_id) AS account_id,
    MIN(told.session_created_at) AS session_created_at,
    list_of(told.access_key_id) AS access_keys,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    COUNT(*) AS calls,
    SUM(CASE WHEN told.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN told.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN told.is_read THEN 0 ELSE 1 END) AS writes,
    SUM(CASE WHEN told.is_read AND told.is_sensitive THEN 1 ELSE 0 END) AS sensitive,
    list_of(told.aws_region) AS regions,
    list_of(told.source_ip) AS source_ips,
    list_of(told.user_agent) AS user_agents,
    CASE WHEN any_true(told.has_mfa) THEN TRUE WHEN COUNT(told.has_mfa) > 0 THEN FALSE END AS mfa_authenticated,
    MIN(told.source_identity) AS source_identity,
    MIN(told.on_behalf_of) AS on_behalf_of,
    COUNT(told.invoked_by) AS forwarded,
    COUNT(told.access_key_id) AS signed_calls,
    SUM(CASE WHEN told.invoked_by <> 'signin.amazonaws.com' THEN 1 ELSE 0 END) AS served_calls,
    any_true(told.from_console) AS from_console,
    any_true(told.is_sign_in OR told.role = 'use' AND told.invoked_by = 'signin.amazonaws.com') AS signs_in,
    any_true(told.identity_type = 'AWSService') AS by_service,
    any_true(told.identity_type IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown')) AS by_outsider
    {%- if given.arn %},
    any_true(told.identity_arn LIKE like_pattern(parameters.arn) ESCAPE '!') AS is_of_arn
    {%- endif %}
    {%- if given.account %},
    any_true(told.account_id = parameters.account) AS is_of_account
    {%- endif %}
    {%- if given.source_ip %},
    any_true(told.source_ip LIKE like_pattern(parameters.source_ip) ESCAPE '!') AS is_from_there
    {%- endif %}
    {%- if given.user_agent %},
    any_true(LOWER(told.user_agent) LIKE '%' || like_pattern(LOWER(parameters.user_agent)) || '%' ESCAPE '!') AS has_agent
    {%- endif %}
    {%- if given.access_key %},
    COUNT(wanted_access_key.value) AS asked_calls
    {%- endif %}

  FROM told
  {% if given.arn or given.account or given.source_ip or given.user_agent %}
  CROSS JOIN parameters
  {% endif %}
  {% if given.access_key %}
  LEFT JOIN wanted_access_key ON wanted_access_key.value = told.access_key_id
  {% endif %}
  GROUP BY told.role, told.session_id
),
known AS (
  SELECT
    gathered.*,
    MAX(CASE WHEN gathered.role = 'opened' THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS is_opened,
    MAX(CASE WHEN gathered.role = 'opened' AND gathered.by_service THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id)
      AS opened_by_service,
    MAX(CASE WHEN gathered.role = 'opened' AND gathered.by_outsider THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id)
      AS opened_by_outsider,
    MAX(CASE WHEN gathered.signs_in THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS signed_in
  FROM gathered
)
SELECT
  known.session_id,
  -- the first that holds (docs/rules.md §8)
  CASE
    WHEN known.served_calls = known.calls AND NOT known.from_console AND known.identity_type = 'AssumedRole' AND (
      known.opened_by_service = 1
      OR known.identity_arn LIKE '%:assumed-role/AWSServiceRoleFor%'
      OR known.signed_calls = 0 AND known.is_opened = 0
    ) THEN 'service'
    WHEN known.served_calls = known.calls AND NOT known.from_console AND known.session_created_at IS NOT NULL AND known.is_opened = 0
      THEN 'forwarded'
    WHEN known.identity_type = 'Root' THEN 'root'
    WHEN known.from_console OR known.signed_in = 1 THEN 'console'
    WHEN known.identity_type = 'IdentityCenterUser' OR known.on_behalf_of IS NOT NULL
      OR known.identity_arn LIKE '%:assumed-role/AWSReservedSSO!_%' ESCAPE '!' THEN 'identity-center'
    WHEN known.identity_type IN ('FederatedUser', 'SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown') OR known.opened_by_outsider = 1 THEN 'federated'
    WHEN known.identity_type = 'IAMUser' OR known.identity_type IS NULL AND known.session_created_at IS NULL THEN 'long-term-key'
    ELSE 'role'
  END AS kind,
  known.identity_type,
  known.identity_arn,
  known.principal_id,
  known.account_id,
  known.session_created_at,
  known.access_keys,
  known.first_seen,
  known.last_seen,
  known.calls,
  known.failed,
  known.denied,
  known.writes,
  known.regions,
  known.source_ips,
  known.user_agents,
  known.mfa_authenticated,
  known.sensitive,
  known.forwarded,
  known.source_identity,
  known.on_behalf_of
FROM known
WHERE known.role = 'use'
{% if given.arn %}
  AND known.is_of_arn
{% endif %}
{% if given.account %}
  AND known.is_of_account
{% endif %}
{% if given.source_ip %}
  AND known.is_from_there
{% endif %}
{% if given.user_agent %}
  AND known.has_agent
{% endif %}
{% if given.access_key %}
  AND known.asked_calls > 0
{% endif %}
{% if given.denied_only %}
  AND known.denied > 0
{% endif %}
ORDER BY known.first_seen NULLS LAST, known.session_id
