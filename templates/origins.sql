/*---
question = "From where? The addresses, VPC endpoints and clients of each session, and how far each address can be believed."
example = "sqlgen run origins --source logs/ --access-key ASIAIOSFODNN7EXAMPLE --own-range 198.51.100.0/24"
scans = { recursive = 1, fold = 1 }
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

[[parameter]]
name = "own_account"
type = "account"
many = true
subject = false
meaning = "an account of yours, whose VPC endpoints are trusted; default: the accounts whose logs these are"

[[parameter]]
name = "own_endpoint"
type = "text"
many = true
subject = false
meaning = "the id of a VPC endpoint of yours"

[[parameter]]
name = "own_range"
type = "network"
many = true
subject = false
meaning = "a range of addresses of yours, 10.0.0.0/8 or 2001:db8::/32"

[[column]]
name = "session_id"
type = "text"
meaning = "the session"

[[column]]
name = "source_ip"
type = "text"
meaning = "the address, or the name of a service"

[[column]]
name = "vpc_endpoint_id"
type = "text"
meaning = "the VPC endpoint that it came through"

[[column]]
name = "user_agent"
type = "text"
meaning = "with what"

[[column]]
name = "identity_arn"
type = "text"
meaning = "the session's ARN"

[[column]]
name = "vpc_endpoint_account_id"
type = "text"
meaning = "the account that owns the endpoint; from eventVersion 1.09"

[[column]]
name = "trust"
type = "text"
meaning = "public, aws, own-endpoint, foreign-endpoint, unknown-endpoint, private (docs/rules.md, origins); null where there is no address"

[[column]]
name = "calls"
type = "integer"
meaning = "its calls from there"

[[column]]
name = "first_seen"
type = "timestamp"
meaning = "the first"

[[column]]
name = "last_seen"
type = "timestamp"
meaning = "the last"

[[column]]
name = "in_own_range"
type = "boolean"
meaning = "whether the address is in an own range; through an endpoint that is not yours it is a disguise"

[[column]]
name = "denied"
type = "integer"
meaning = "calls that were refused"

[[column]]
name = "forwarded"
type = "integer"
meaning = "calls that a service made for it"

[[column]]
name = "access_keys"
type = "array"
meaning = "the keys used from there"

[[column]]
name = "regions"
type = "array"
meaning = "where it called to"
---*/
{% macro is_aws_name(text) %}
({{ text }} LIKE 'AWS Internal%' OR {{ text }} LIKE '%.amazonaws.com' OR {{ text }} LIKE '%.amazonaws.com.cn')
{%- endmacro %}
WITH {% include 'parts/events.sql' %},
{% if not given.own_account %}
-- what each event tells here: a session called, and whose log it is in. So it stands twice; the log itself is read once.
told AS (
  SELECT
    roles.role,
    CASE WHEN roles.role = 'log' THEN events.recipient_account_id END AS log_account_id,
    CASE WHEN roles.role = 'call' THEN events.session_id END AS session_id,
    CASE WHEN roles.role = 'call' THEN events.source_ip END AS source_ip,
    CASE WHEN roles.role = 'call' THEN events.vpc_endpoint_id END AS vpc_endpoint_id,
    CASE WHEN roles.role = 'call' THEN events.user_agent END AS user_agent,
    CASE WHEN roles.role = 'call' THEN events.vpc_endpoint_account_id END AS vpc_endpoint_account_id,
    events.identity_arn,
    events.event_time,
    events.invoked_by,
    events.error_code,
    events.access_key_id,
    events.aws_region
  FROM events
  CROSS JOIN (SELECT 'call' AS role UNION ALL SELECT 'log' AS role) AS roles
  WHERE events.in_window
    AND CASE roles.role WHEN 'call' THEN events.session_id IS NOT NULL ELSE events.recipient_account_id IS NOT NULL END
),
{% endif %}
gathered AS (
  SELECT
    {% if not given.own_account %}
    told.role,
    COALESCE(told.log_account_id, MIN(told.vpc_endpoint_account_id)) AS owner_account_id,
    {% endif %}
    told.session_id,
    told.source_ip,
    told.vpc_endpoint_id,
    told.user_agent,
    MIN(told.identity_arn) AS identity_arn,
    MIN(told.vpc_endpoint_account_id) AS vpc_endpoint_account_id,
    COUNT(*) AS calls,
    MIN(told.event_time) AS first_seen,
    MAX(told.event_time) AS last_seen,
    SUM(CASE WHEN is_access_denied(told.error_code) THEN 1 ELSE 0 END) AS denied,
    COUNT(told.invoked_by) AS forwarded,
    SUM(CASE WHEN told.invoked_by <> 'signin.amazonaws.com' THEN 1 ELSE 0 END) AS served_calls,
    list_of(told.access_key_id) AS access_keys,
    list_of(told.aws_region) AS regions
    {%- if given.access_key %},
    COUNT(wanted_access_key.value) AS asked_calls
    {%- endif %}
    {%- if given.arn %},
    any_true(told.identity_arn LIKE like_pattern(parameters.arn) ESCAPE '!') AS is_of_arn
    {%- endif %}

  {% if given.own_account %}
  FROM events AS told
  {% else %}
  FROM told
  {% endif %}
  {% if given.arn %}
  CROSS JOIN parameters
  {% endif %}
  {% if given.access_key %}
  LEFT JOIN wanted_access_key ON wanted_access_key.value = told.access_key_id
  {% endif %}
  {% if given.own_account %}
  WHERE told.in_window AND told.session_id IS NOT NULL
  {% endif %}
  GROUP BY
    {% if not given.own_account %}
    told.role, told.log_account_id,
    {% endif %}
    told.session_id, told.source_ip, told.vpc_endpoint_id, told.user_agent
),
-- each place beside what is known of its whole session and of its endpoint's owner
placed AS (
  SELECT
    gathered.*,
    MIN(gathered.identity_arn) OVER (PARTITION BY gathered.session_id) AS session_arn,
    {% if given.access_key %}
    MAX(gathered.asked_calls) OVER (PARTITION BY gathered.session_id) AS session_asked_calls,
    {% endif %}
    {% if given.arn %}
    MAX(CASE WHEN gathered.is_of_arn THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.session_id) AS session_is_of_arn,
    {% endif %}
    {% if not given.own_account %}
    MAX(CASE WHEN gathered.role = 'log' THEN 1 ELSE 0 END) OVER (PARTITION BY gathered.owner_account_id) AS is_own_account,
    {% endif %}
    address_hex(gathered.source_ip) AS address
  FROM gathered
)
SELECT
  placed.session_id,
  placed.source_ip,
  placed.vpc_endpoint_id,
  placed.user_agent,
  placed.session_arn AS identity_arn,
  placed.vpc_endpoint_account_id,
  -- the first that holds (docs/rules.md §10)
  CASE
    WHEN {{ is_aws_name('placed.source_ip') }} OR {{ is_aws_name('placed.vpc_endpoint_id') }}
      OR {{ is_aws_name('placed.vpc_endpoint_account_id') }} OR placed.served_calls = placed.calls THEN 'aws'
    {% if given.own_endpoint %}
    WHEN wanted_own_endpoint.value IS NOT NULL THEN 'own-endpoint'
    {% endif %}
    {% if given.own_account %}
    WHEN wanted_own_account.value IS NOT NULL THEN 'own-endpoint'
    {% else %}
    WHEN placed.vpc_endpoint_account_id IS NOT NULL AND placed.is_own_account = 1 THEN 'own-endpoint'
    {% endif %}
    WHEN placed.vpc_endpoint_account_id IS NOT NULL THEN 'foreign-endpoint'
    WHEN placed.vpc_endpoint_id IS NOT NULL THEN 'unknown-endpoint'
    {% if given.own_range %}
    WHEN is_private_address(placed.address) OR wanted_own_range.first_address IS NOT NULL THEN 'private'
    {% else %}
    WHEN is_private_address(placed.address) THEN 'private'
    {% endif %}
    WHEN placed.address IS NOT NULL THEN 'public'
  END AS trust,
  placed.calls,
  placed.first_seen,
  placed.last_seen,
  {% if given.own_range %}
  CASE WHEN placed.address IS NOT NULL THEN wanted_own_range.first_address IS NOT NULL END AS in_own_range,
  {% else %}
  CAST(NULL AS BOOLEAN) AS in_own_range,
  {% endif %}
  placed.denied,
  placed.forwarded,
  placed.access_keys,
  placed.regions
FROM placed
{% if given.own_endpoint %}
LEFT JOIN wanted_own_endpoint ON wanted_own_endpoint.value = placed.vpc_endpoint_id
{% endif %}
{% if given.own_account %}
LEFT JOIN wanted_own_account ON wanted_own_account.value = placed.vpc_endpoint_account_id
{% endif %}
{% if given.own_range %}
LEFT JOIN wanted_own_range ON placed.address BETWEEN wanted_own_range.first_address AND wanted_own_range.last_address
{% endif %}
WHERE placed.session_id IS NOT NULL
{% if given.access_key %}
  AND placed.session_asked_calls > 0
{% endif %}
{% if given.session_id %}
  AND placed.session_id IN (SELECT wanted_session_id.value FROM wanted_session_id)
{% endif %}
{% if given.arn %}
  AND placed.session_is_of_arn = 1
{% endif %}
ORDER BY
  placed.session_id, placed.first_seen NULLS LAST, placed.source_ip NULLS LAST, placed.vpc_endpoint_id NULLS LAST,
  placed.user_agent NULLS LAST
