/*---
question = "The calls themselves, in order: what exactly happened in a session?"
example = "sqlgen run session-events --source logs/ --access-key ASIAIOSFODNN7EXAMPLE"
scans = { recursive = 1, fold = 2 }
forms = [{ takes = ["access_key"] }, { takes = ["session_id"] }]

[[parameter]]
name = "access_key"
type = "text"
many = true
marker = true
meaning = "a key id: every session that used it, over all the keys of that session"

[[parameter]]
name = "session_id"
type = "text"
many = true
meaning = "a session, <principal_id>@<YYYY-MM-DDTHH:MM:SSZ> or a long-term key's id"

[[column]]
name = "event_time"
type = "timestamp"
meaning = "when it completed"

[[column]]
name = "event_id"
type = "text"
meaning = "eventID"

[[column]]
name = "session_id"
type = "text"
meaning = "the session; null for a service or a foreign account"

[[column]]
name = "access_key_id"
type = "text"
meaning = "the key that signed it"

[[column]]
name = "identity_arn"
type = "text"
meaning = "userIdentity.arn"

[[column]]
name = "event_source"
type = "text"
meaning = "the service"

[[column]]
name = "event_name"
type = "text"
meaning = "the API call"

[[column]]
name = "aws_region"
type = "text"
meaning = "where"

[[column]]
name = "source_ip"
type = "text"
meaning = "from where"

[[column]]
name = "user_agent"
type = "text"
meaning = "with what"

[[column]]
name = "read_only"
type = "boolean"
meaning = "from the record, else from the name"

[[column]]
name = "error_code"
type = "text"
meaning = "why it failed"

[[column]]
name = "error_message"
type = "text"
meaning = "in words"

[[column]]
name = "resources"
type = "json"
meaning = "what it touched"

[[column]]
name = "request_parameters"
type = "json"
meaning = "what was asked"

[[column]]
name = "response_elements"
type = "json"
meaning = "what was answered"
---*/
{% from 'parts/event_words.sql' import is_read %}
{% set copied = 'asked' %}
WITH {% include 'parts/named.sql' %},
-- those of the sessions that are asked about
asked AS (
  SELECT named.*
  FROM named
  WHERE {% include 'parts/asked_sessions.sql' %}
)
{% include 'parts/each_once.sql' %}
SELECT
  events.event_time,
  events.event_id,
  events.session_id,
  events.access_key_id,
  events.identity_arn,
  events.event_source,
  events.event_name,
  events.aws_region,
  events.source_ip,
  events.user_agent,
  {{ is_read('events') }} AS read_only,
  events.error_code,
  events.error_message,
  json_part(events.resources, '$') AS resources,
  json_part(events.request_parameters, '$') AS request_parameters,
  json_part(events.response_elements, '$') AS response_elements
FROM {{ 'asked AS events' if once else 'events' }}
ORDER BY events.event_time NULLS LAST, events.event_id NULLS LAST
