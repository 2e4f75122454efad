/*---
question = "Which events does a chain rest on? What a schedule keeps, so that identity-chain need not read the log."
example = "sqlgen run chain-events --source logs/ --from 2021-08-27T19:00:00Z --to 2021-08-27T21:00:00Z"
look_back_hours = 36
scans = { recursive = 1, fold = 1 }
forms = [] # a schedule keeps its answers: nobody calls it

column = [
  { name = "event_id", type = "text", meaning = "eventID" },
  { name = "event_time", type = "timestamp", meaning = "when it completed" },
  { name = "event_source", type = "text", meaning = "the service" },
  { name = "event_name", type = "text", meaning = "the API call or sign-in" },
  { name = "event_type", type = "text", meaning = "eventType" },
  { name = "event_category", type = "text", meaning = "eventCategory" },
  { name = "aws_region", type = "text", meaning = "where it was logged" },
  { name = "source_ip", type = "text", meaning = "from where" },
  { name = "user_agent", type = "text", meaning = "with what" },
  { name = "error_code", type = "text", meaning = "why it failed" },
  { name = "error_message", type = "text", meaning = "in words" },
  { name = "read_only", type = "boolean", meaning = "readOnly of the record" },
  { name = "recipient_account_id", type = "text", meaning = "the account whose log it is in" },
  { name = "shared_event_id", type = "text", meaning = "common to both accounts' copies of a cross-account call" },
  { name = "vpc_endpoint_id", type = "text", meaning = "the VPC endpoint that it came through" },
  { name = "vpc_endpoint_account_id", type = "text", meaning = "the endpoint's account" },
  { name = "from_console", type = "boolean", meaning = "whether it carried sessionCredentialFromConsole" },
  { name = "identity_type", type = "text", meaning = "userIdentity.type" },
  { name = "principal_id", type = "text", meaning = "userIdentity.principalId" },
  { name = "identity_arn", type = "text", meaning = "userIdentity.arn" },
  { name = "account_id", type = "text", meaning = "userIdentity.accountId" },
  { name = "access_key_id", type = "text", meaning = "the key that signed it" },
  { name = "user_name", type = "text", meaning = "userIdentity.userName" },
  { name = "invoked_by", type = "text", meaning = "the service that made the call" },
  { name = "created_at", type = "timestamp", meaning = "creationDate of the caller's session" },
  { name = "mfa_authenticated", type = "boolean", meaning = "whether the caller had signed in with MFA" },
  { name = "source_identity", type = "text", meaning = "sts:SourceIdentity of the caller" },
  { name = "on_behalf_of", type = "text", meaning = "the Identity Center user behind the caller" },
  { name = "request_parameters", type = "json", meaning = "what was asked; only of calls that may vend credentials" },
  { name = "response_elements", type = "json", meaning = "what was answered; only of calls that may vend credentials" },
  { name = "additional_event_data", type = "json", meaning = "additionalEventData; only of calls that may vend credentials" },
  { name = "service_event_details", type = "json", meaning = "serviceEventDetails; only of calls that may vend credentials" },
  { name = "resources", type = "json", meaning = "what it touched; only of calls that may vend credentials" },
]
---*/
{% from 'parts/vending_names.sql' import vending_names %}
{% macro seconds(time) %}seconds_between(timestamp_of('1970-01-01 00:00:00'), {{ time }}){% endmacro %}
{% set source = 'slim' %}
-- a chain reads the documents of the calls that may vend something, and no others: they are left behind before the log is sorted
WITH slim AS (
  SELECT
    {% for name, kind in event_columns.items() %}
    {% if kind == 'document' %}
    CASE WHEN delivered.event_name IN ({{ vending_names }}) THEN delivered.{{ name }} END AS {{ name }}{{ "," if not loop.last }}
    {% else %}
    delivered.{{ name }},
    {% endif %}
    {% endfor %}
  FROM delivered
),
{% include 'parts/events.sql' %},
-- what each event is to a chain (docs/rules.md, chain-events)
told AS (
  SELECT
    events.*,
    COALESCE(
      events.event_name IN ({{ vending_names }}) AND events.error_code IS NULL AND events.error_message IS NULL,
      FALSE
    ) AS may_vend,
    COALESCE(
      events.access_key_id NOT LIKE 'ASIA%' AND events.session_created_at IS NULL AND events.invoked_by IS NULL
        AND events.identity_arn IS NOT NULL AND events.event_time IS NOT NULL,
      FALSE
    ) AS is_call,
    events.access_key_id IS NOT NULL AND events.session_created_at IS NOT NULL AND events.invoked_by IS NOT NULL
      AND events.identity_arn IS NOT NULL AS is_forwarded,
    SUBSTR(time_text(events.event_time), 1, 13) AS clock_hour
  FROM events
),
-- calls of a long-term key beside the sessions that services went on with, a second at a time; whatever is neither stands alone
placed AS (
  SELECT
    told.*,
    CASE WHEN told.is_call OR told.is_forwarded THEN told.identity_arn ELSE told.event_id END AS holder,
    CASE
      WHEN told.is_call THEN {{ seconds('told.event_time') }}
      WHEN told.is_forwarded THEN {{ seconds('told.session_created_at') }}
    END AS moment
  FROM told
),
ranked AS (
  SELECT
    placed.*,
    ROW_NUMBER() OVER (
      PARTITION BY
        placed.access_key_id, placed.principal_id, placed.session_created_at, placed.identity_type, placed.identity_arn, placed.account_id,
        placed.invoked_by, placed.mfa_authenticated, placed.source_identity, placed.on_behalf_of, placed.clock_hour
      ORDER BY placed.event_time NULLS LAST, placed.event_id NULLS LAST, placed.event_source NULLS LAST, placed.event_name NULLS LAST
    ) AS use_number,
    ROW_NUMBER() OVER (
      PARTITION BY placed.holder, placed.is_call, placed.access_key_id, placed.moment
      ORDER BY placed.event_id NULLS LAST, placed.event_source NULLS LAST, placed.event_name NULLS LAST
    ) AS call_number,
    MIN(CASE WHEN placed.is_forwarded THEN placed.moment END) OVER (
      PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN CURRENT ROW AND 600 FOLLOWING
    ) AS forwarded_after,
    MIN(CASE WHEN placed.is_call THEN placed.moment END) OVER (
      PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN 1 FOLLOWING AND 600 FOLLOWING
    ) AS call_after,
    MAX(CASE WHEN placed.is_forwarded THEN placed.moment END) OVER (
      PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN 600 PRECEDING AND 1 PRECEDING
    ) AS forwarded_before,
    MAX(CASE WHEN placed.is_call THEN placed.moment END) OVER (
      PARTITION BY placed.holder ORDER BY placed.moment RANGE BETWEEN 600 PRECEDING AND 1 PRECEDING
    ) AS call_before
  FROM placed
)
SELECT
  {% for name in event_columns %}
  ranked.{{ name }}{{ "," if not loop.last }}
  {% endfor %}
FROM ranked
WHERE ranked.may_vend
  -- the first use in each hour by each who
  OR ranked.session_id IS NOT NULL AND ranked.use_number = 1
  -- the last call up to, and the first after, the creation of a session that a service went on with (docs/rules.md §3.6)
  OR ranked.is_call AND ranked.call_number = 1 AND (
    ranked.forwarded_after < COALESCE(ranked.call_after, ranked.forwarded_after + 1)
    OR ranked.forwarded_before >= COALESCE(ranked.call_before, ranked.forwarded_before)
  )
ORDER BY ranked.event_time NULLS LAST, ranked.event_id NULLS LAST
