/*---
question = "What did they do? Every API call of a session, grouped, with one telling sample of each."
example = "sqlgen run session-summary --source logs/ --access-key ASIAIOSFODNN7EXAMPLE"
scans = { recursive = 1, fold = 2 }
forms = [{ takes = ["access_key"] }, { takes = ["session_id"] }, { takes = ["arn"] }, { takes = [] }]

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

[[parameter]]
name = "arn"
type = "text"
meaning = "the identity's ARN, exact or with *"

[[column]]
name = "session_id"
type = "text"
meaning = "the session"

[[column]]
name = "identity_arn"
type = "text"
meaning = "its ARN"

[[column]]
name = "identity_type"
type = "text"
meaning = "userIdentity.type"

[[column]]
name = "account_id"
type = "text"
meaning = "its account"

[[column]]
name = "event_source"
type = "text"
meaning = "the service"

[[column]]
name = "event_name"
type = "text"
meaning = "the API call"

[[column]]
name = "read_only"
type = "boolean"
meaning = "from the record, else from the name"

[[column]]
name = "sensitive"
type = "boolean"
meaning = "a read that exposes secrets, data or credentials (templates/lists/sensitive_reads.toml)"

[[column]]
name = "calls"
type = "integer"
meaning = "all calls"

[[column]]
name = "succeeded"
type = "integer"
meaning = "those that succeeded"

[[column]]
name = "failed"
type = "integer"
meaning = "those that failed"

[[column]]
name = "denied"
type = "integer"
meaning = "of the failed, those refused"

[[column]]
name = "throttled"
type = "integer"
meaning = "of the failed, those throttled"

[[column]]
name = "forwarded"
type = "integer"
meaning = "those that a service made for the session"

[[column]]
name = "first_seen"
type = "timestamp"
meaning = "the first"

[[column]]
name = "last_seen"
type = "timestamp"
meaning = "the last"

[[column]]
name = "regions"
type = "array"
meaning = "where"

[[column]]
name = "source_ips"
type = "array"
meaning = "from where"

[[column]]
name = "access_keys"
type = "array"
meaning = "with which keys"

[[column]]
name = "sample_resources"
type = "json"
meaning = "one non-empty resources"

[[column]]
name = "denied_resource"
type = "text"
meaning = "the target that an access-denied message names"

[[column]]
name = "error_codes"
type = "array"
meaning = "the error codes"

[[column]]
name = "sample_request_parameters"
type = "json"
meaning = "one non-empty requestParameters of a call that changes something or reads something sensitive"

[[column]]
name = "sample_filters"
type = "json"
meaning = "one non-empty search filter of a read"

[[column]]
name = "sample_event_id"
type = "text"
meaning = "the event behind the samples"
---*/
{% from 'parts/event_words.sql' import has_failed, is_read %}
{% set copied = 'targeted' %}
WITH {% include 'parts/named.sql' %},
-- the events that are asked about, and what kind of call each is (docs/rules.md §1)
judged AS (
  SELECT
    named.*,
    {{ is_read('named') }} AS is_read,
    {{ is_read('named') }} AND is_sensitive_call(named.event_source, named.event_name) AS is_sensitive,
    {{ has_failed('named') }} AS has_failed,
    is_access_denied(named.error_code) AS is_denied,
    is_throttled(named.error_code) AS is_throttle
  FROM named
{% if given.arn %}
  CROSS JOIN parameters
{% endif %}
  WHERE {% include 'parts/asked_sessions.sql' %}
    AND named.session_id IS NOT NULL
{% if given.arn %}
    AND (named.identity_arn = parameters.arn OR named.identity_arn LIKE like_pattern(parameters.arn) ESCAPE '!')
{% endif %}
),
-- what a denial names as its target (docs/rules.md §7), and the order in which events are chosen as samples
ranked AS (
  SELECT
    judged.*,
    CASE
      WHEN judged.is_denied AND STRPOS(judged.error_message, ' on resource: ') > 0
      THEN SUBSTR(judged.error_message, STRPOS(judged.error_message, ' on resource: ') + 14)
    END AS denial_tail,
    CASE WHEN judged.has_failed THEN '0' ELSE '1' END || COALESCE(time_text(judged.event_time), '') || COALESCE('!' || judged.event_id, ' ') AS sample_rank
  FROM judged
),
-- what each call may show as a sample
targeted AS (
  SELECT
    ranked.*,
    NULLIF(NULLIF(TRIM(
      CASE
        WHEN STRPOS(ranked.denial_tail, ' because ') > 0 OR STRPOS(ranked.denial_tail, ' with an explicit deny') > 0
        THEN SPLIT_PART(SPLIT_PART(ranked.denial_tail, ' because ', 1), ' with an explicit deny', 1)
        WHEN STRPOS(ranked.denial_tail, '. ') > 0 THEN SPLIT_PART(ranked.denial_tail, '. ', 1)
        WHEN ranked.denial_tail LIKE '%.' THEN SUBSTR(ranked.denial_tail, 1, LENGTH(ranked.denial_tail) - 1)
        ELSE ranked.denial_tail
      END
    ), ''), '*') AS denied_target,
    json_part(ranked.resources, '$') AS resources_text,
    CASE WHEN NOT ranked.is_read OR ranked.is_sensitive THEN json_part(ranked.request_parameters, '$') END AS request_parameters_text,
    CASE WHEN ranked.is_read THEN search_filter(ranked.request_parameters, ranked.event_name) END AS filter_text
  FROM ranked
)
{% include 'parts/each_once.sql' %},
api_calls AS (
  SELECT
    events.session_id,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.identity_type) AS identity_type,
    MIN(events.account_id) AS account_id,
    events.event_source,
    events.event_name,
    all_true(events.is_read) AS read_only,
    any_true(events.is_sensitive) AS sensitive,
    COUNT(*) AS calls,
    SUM(CASE WHEN events.has_failed THEN 0 ELSE 1 END) AS succeeded,
    SUM(CASE WHEN events.has_failed THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN events.is_denied THEN 1 ELSE 0 END) AS denied,
    SUM(CASE WHEN events.is_throttle THEN 1 ELSE 0 END) AS throttled,
    COUNT(events.invoked_by) AS forwarded,
    MIN(events.event_time) AS first_seen,
    MAX(events.event_time) AS last_seen,
    list_of(events.aws_region) AS regions,
    list_of(events.source_ip) AS source_ips,
    list_of(events.access_key_id) AS access_keys,
    sample(events.resources_text, events.sample_rank) AS sample_resources,
    sample(events.denied_target, events.sample_rank) AS denied_resource,
    list_of(events.error_code) AS error_codes,
    sample(events.request_parameters_text, events.sample_rank) AS sample_request_parameters,
    sample(events.filter_text, events.sample_rank) AS sample_filters,
    sample(events.event_id, events.sample_rank) AS sample_event_id
  FROM {{ 'targeted AS events' if once else 'events' }}
  GROUP BY events.session_id, events.event_source, events.event_name
)
SELECT
  api_calls.session_id,
  MIN(api_calls.identity_arn) OVER (PARTITION BY api_calls.session_id) AS identity_arn,
  MIN(api_calls.identity_type) OVER (PARTITION BY api_calls.session_id) AS identity_type,
  MIN(api_calls.account_id) OVER (PARTITION BY api_calls.session_id) AS account_id,
  api_calls.event_source,
  api_calls.event_name,
  api_calls.read_only,
  api_calls.sensitive,
  api_calls.calls,
  api_calls.succeeded,
  api_calls.failed,
  api_calls.denied,
  api_calls.throttled,
  api_calls.forwarded,
  api_calls.first_seen,
  api_calls.last_seen,
  api_calls.regions,
  api_calls.source_ips,
  api_calls.access_keys,
  api_calls.sample_resources,
  api_calls.denied_resource,
  api_calls.error_codes,
  api_calls.sample_request_parameters,
  api_calls.sample_filters,
  api_calls.sample_event_id
FROM api_calls
ORDER BY api_calls.session_id, api_calls.event_source NULLS LAST, api_calls.event_name NULLS LAST
