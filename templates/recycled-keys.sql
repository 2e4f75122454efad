/*---
question = "Which access key ids were used by several sessions, so that the id alone proves nothing?"
example = "sqlgen run recycled-keys --source logs/"
scans = { recursive = 1, fold = 1 }
forms = [{ takes = [] }, { takes = ["access_key"] }]

[[parameter]]
name = "access_key"
type = "text"
many = true
meaning = "only this key id"

[[column]]
name = "access_key_id"
type = "text"
meaning = "the key id"

[[column]]
name = "session_id"
type = "text"
meaning = "one of the sessions that used it"

[[column]]
name = "principal_id"
type = "text"
meaning = "userIdentity.principalId"

[[column]]
name = "identity_arn"
type = "text"
meaning = "userIdentity.arn"

[[column]]
name = "session_created_at"
type = "timestamp"
meaning = "when that session began; null for a long-term key"

[[column]]
name = "first_seen"
type = "timestamp"
meaning = "its first call with the key in the window"

[[column]]
name = "last_seen"
type = "timestamp"
meaning = "its last"

[[column]]
name = "calls"
type = "integer"
meaning = "its calls with the key"

[[column]]
name = "identity_type"
type = "text"
meaning = "userIdentity.type"

[[column]]
name = "account_id"
type = "text"
meaning = "userIdentity.accountId"

[[column]]
name = "source_ips"
type = "array"
meaning = "from where"

[[column]]
name = "user_agents"
type = "array"
meaning = "with what"
---*/
WITH {% include 'parts/events.sql' %},
-- each key with the credentials that it stood for. A sign-in shows the session that it opens beside the key of another, so it is left out.
uses AS (
  SELECT
    events.access_key_id,
    events.session_id,
    events.principal_id,
    events.created_at AS session_created_at,
    MIN(events.identity_type) AS identity_type,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.account_id) AS account_id,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    COUNT(*) AS calls,
    list_of(events.source_ip) AS source_ips,
    list_of(events.user_agent) AS user_agents
  FROM events
  WHERE events.in_window AND events.access_key_id IS NOT NULL AND NOT COALESCE(events.is_sign_in, FALSE)
  {% if given.access_key %}
    AND events.access_key_id IN (SELECT wanted_access_key.value FROM wanted_access_key)
  {% endif %}
  GROUP BY events.access_key_id, events.session_id, events.principal_id, events.created_at
),
-- unknown principals and creations differ from nothing: MIN and MAX leave them out
compared AS (
  SELECT
    uses.*,
    MIN(uses.principal_id) OVER (PARTITION BY uses.access_key_id) AS first_principal,
    MAX(uses.principal_id) OVER (PARTITION BY uses.access_key_id) AS last_principal,
    MIN(uses.session_created_at) OVER (PARTITION BY uses.access_key_id) AS first_creation,
    MAX(uses.session_created_at) OVER (PARTITION BY uses.access_key_id) AS last_creation
  FROM uses
)
SELECT
  compared.access_key_id,
  compared.session_id,
  compared.principal_id,
  compared.identity_arn,
  compared.session_created_at,
  compared.first_seen,
  compared.last_seen,
  compared.calls,
  compared.identity_type,
  compared.account_id,
  compared.source_ips,
  compared.user_agents
FROM compared
WHERE compared.first_principal <> compared.last_principal OR compared.first_creation <> compared.last_creation
ORDER BY
  compared.access_key_id, compared.first_seen NULLS LAST, compared.session_id, compared.principal_id NULLS LAST,
  compared.session_created_at NULLS LAST
