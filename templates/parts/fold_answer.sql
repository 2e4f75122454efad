{# The rows of the answer: beside each number what it stands for, then plain SQL. #}
{% from 'parts/origin.sql' import origin_of %}
{% from 'parts/fold_words.sql' import SHOWN, moment %}
{% set derived = choice.direction != 'origin' %}
{% set last = 'descended' if derived else 'begun' %}
shown AS (
  SELECT
    rows_of.*
  FROM {{ last }}
  CROSS JOIN UNNEST(transform(
    {% if derived %}
    concat(
    descended.descent,
    {% endif %}
    transform(filter({{ last }}.places, p -> contains({{ last }}.chosen, p.start)), p -> CAST(ROW(
      p.start, CASE WHEN p.depth = 0 THEN 'start' ELSE 'origin' END, p.depth, p.node, p.nearer, p.rule, p.confidence,
      {% if choice.direction == 'derived' %}
      NULL
      {% else %}
      CASE WHEN p.has_returned THEN 'cycle' WHEN cardinality(p.step.nodes) = 0 THEN 'end' WHEN p.depth = :max_depth THEN 'depth-limit' END
      {% endif %}
    ) AS {{ SHOWN }}))
    {% if derived %}
    )
    {% endif %},
    r -> ROW(
      r,
      r.node <= {{ last }}.issuances,
      element_at({{ last }}.nodes, r.start),
      element_at({{ last }}.nodes, r.node),
      element_at({{ last }}.nodes, r.nearer)
      {% if derived %},
      r.nearer <= descended.issuances,
      -- what a service went on from: of calls of several keys in one second the one with the smallest id
      CASE WHEN r.direction = 'derived' AND r.node > descended.issuances THEN element_at(array_sort(
        transform(element_at(descended.places, r.node - descended.events).step.nodes, n -> element_at(descended.nodes, n)),
        (a, b) -> CASE WHEN COALESCE(a.event_id, '~') || a.access_key_id < COALESCE(b.event_id, '~') || b.access_key_id THEN -1 ELSE 1 END
      ), 1) ELSE element_at(descended.nodes, r.node) END,
      CASE WHEN r.direction = 'derived' THEN element_at(element_at(descended.console_keys, r.node), 1) END,
      CASE WHEN r.direction = 'derived' THEN element_at(element_at(descended.console_keys, r.nearer), 1) END
      {% endif %}
    )
  )) AS rows_of(place, is_issuance, began, node, nearer{{ ', nearer_is_issuance, event, console_key, nearer_console_key' if derived }})
),
{# A column of the session that a row shows: an event's caller, a start, a service; or, forwards, what was issued. #}
{% macro of_hop(column, issued) %}{% if derived %}CASE WHEN shown.place.direction = 'derived' AND shown.is_issuance THEN {{ issued }} ELSE shown.node.{{ column }} END{% else %}shown.node.{{ column }}{% endif %}{% endmacro %}
{% macro of_nearer(column, issued) %}{% if derived %}CASE WHEN shown.place.direction = 'derived' AND shown.nearer_is_issuance THEN {{ issued }} ELSE shown.nearer.{{ column }} END{% else %}shown.nearer.{{ column }}{% endif %}{% endmacro %}
hops AS (
  SELECT
    shown.*,
    shown.place.direction AS direction,
    shown.place.depth AS depth,
    {% if not derived %}
    shown.node AS event,
    {% endif %}
    {{ of_hop('access_key_id', 'COALESCE(shown.console_key, shown.node.issued_key)') }} AS access_key_id,
    {{ of_hop('principal_id', 'shown.node.issued_principal') }} AS principal_id,
    {{ of_hop('created', 'shown.node.issued_created') }} AS created,
    {{ of_hop('identity_type', 'shown.node.issued_type') }} AS identity_type,
    {{ of_hop('identity_arn', 'shown.node.issued_arn') }} AS identity_arn,
    {{ of_hop('account_id', 'shown.node.issued_account') }} AS account_id,
    {{ of_nearer('access_key_id', 'COALESCE(shown.nearer_console_key, shown.nearer.issued_key)') }} AS nearer_key,
    {{ of_nearer('principal_id', 'shown.nearer.issued_principal') }} AS nearer_principal,
    {{ of_nearer('created', 'shown.nearer.issued_created') }} AS nearer_created
  FROM shown
),
{% macro session_id(key, principal, created) %}COALESCE({{ principal }} || '@' || time_text({{ moment(created) }}), {{ key }}){% endmacro %}
answer AS (
  SELECT DISTINCT
    {{ session_id('hops.began.access_key_id', 'hops.began.principal_id', 'hops.began.created') }} AS start_session_id,
    hops.direction,
    hops.depth,
    {{ session_id('hops.access_key_id', 'hops.principal_id', 'hops.created') }} AS session_id,
    hops.access_key_id,
    hops.principal_id,
    hops.identity_type,
    hops.identity_arn,
    hops.account_id,
    {{ moment('hops.created') }} AS session_created_at,
    CASE
      {% if derived %}
      WHEN hops.direction = 'derived' THEN CASE
        WHEN NOT hops.is_issuance THEN 'forwarded'
        WHEN hops.node.event_name = 'CreateAccessKey' THEN 'created-key'
        WHEN hops.node.issued_key IS NULL THEN 'sign-in'
        WHEN hops.console_key IS NOT NULL THEN 'issued-session'
        ELSE 'issued-key'
      END
      {% endif %}
      WHEN hops.place.rule IN (1, 2) THEN 'issued-key'
      WHEN hops.place.rule = 3 THEN 'issued-session'
      WHEN hops.place.rule = 4 THEN 'sign-in'
      WHEN hops.place.rule = 5 THEN 'created-key'
      WHEN hops.place.rule = 6 THEN 'forwarded'
    END AS link,
    hops.place.confidence AS confidence,
    hops.event.event_name AS event_name,
    hops.event.event_id AS event_id,
    CASE WHEN hops.depth > 0 THEN {{ moment('hops.event.second') }} END AS event_time,
    hops.event.aws_region AS aws_region,
    hops.event.source_ip AS source_ip,
    hops.event.user_agent AS user_agent,
    CASE WHEN hops.is_issuance THEN {{ moment('hops.node.expires') }} END AS expires_at,
    {% if derived %}
    CASE WHEN hops.direction <> 'derived' THEN hops.node.mfa_authenticated END AS mfa_authenticated,
    CASE
      WHEN hops.direction <> 'derived' THEN COALESCE(hops.node.source_identity, CASE WHEN hops.is_issuance THEN hops.node.issued_source_identity END)
      WHEN hops.is_issuance THEN hops.node.issued_source_identity
    END AS source_identity,
    CASE WHEN hops.direction <> 'derived' THEN hops.node.on_behalf_of END AS on_behalf_of,
    {% else %}
    hops.node.mfa_authenticated AS mfa_authenticated,
    COALESCE(hops.node.source_identity, CASE WHEN hops.is_issuance THEN hops.node.issued_source_identity END) AS source_identity,
    hops.node.on_behalf_of AS on_behalf_of,
    {% endif %}
    CASE WHEN hops.place.note = 'end' THEN {{ origin_of(
      'hops.identity_type', 'hops.access_key_id', 'hops.created',
      served="hops.access_key_id IS NULL AND hops.identity_type = 'AWSService'
        OR hops.node.invoked_by IS NOT NULL AND (hops.identity_type IS NULL OR hops.access_key_id IS NULL)",
      signs_in='hops.is_issuance AND hops.node.issued_key IS NULL', issued_arn='hops.node.issued_arn'
    ) }} ELSE hops.place.note END AS origin,
    CASE WHEN hops.depth > 0 THEN {{ session_id('hops.nearer_key', 'hops.nearer_principal', 'hops.nearer_created') }} END AS linked_session_id,
    CASE WHEN hops.depth > 0 THEN hops.nearer_key END AS linked_access_key_id,
    CASE WHEN hops.depth > 0 THEN hops.event.invoked_by END AS invoked_by
  FROM hops
)
{% include 'parts/chain_answer.sql' %}
