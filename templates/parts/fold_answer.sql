{# The rows of the answer: beside each number what it stands for, then plain SQL. #}
{% from 'parts/origin.sql' import origin_of %}
{% from 'parts/fold_words.sql' import SHOWN, NODE_COLUMNS, moment %}
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
      r.direction, r.depth, r.rule, r.confidence, r.note,
      r.node <= {{ last }}.issuances,
      {% for column in ('access_key_id', 'principal_id', 'created') %}
      element_at({{ last }}.nodes, r.start).{{ column }},
      {% endfor %}
      {% for column, issued in (('access_key_id', 'issued_key'), ('principal_id', 'issued_principal'), ('created', 'issued_created')) %}
      {% if derived %}
      CASE
        WHEN r.direction = 'derived' AND r.nearer <= descended.issuances
        THEN {{ 'COALESCE(element_at(element_at(descended.console_keys, r.nearer), 1), ' if loop.first }}element_at(descended.nodes, r.nearer).{{ issued }}{{ ')' if loop.first }}
        ELSE element_at(descended.nodes, r.nearer).{{ column }}
      END,
      {% else %}
      element_at(begun.nodes, r.nearer).{{ column }},
      {% endif %}
      {% endfor %}
      {% if derived %}
      -- what a service went on from: of calls of several keys in one second the one with the smallest id
      CASE WHEN r.direction = 'derived' AND r.node > descended.issuances THEN element_at(array_sort(
        transform(element_at(descended.places, r.node - descended.events).step.nodes, n -> element_at(descended.nodes, n)),
        (a, b) -> CASE WHEN COALESCE(a.event_id, '~') || a.access_key_id < COALESCE(b.event_id, '~') || b.access_key_id THEN -1 ELSE 1 END
      ), 1) ELSE element_at(descended.nodes, r.node) END,
      CASE WHEN r.direction = 'derived' THEN element_at(element_at(descended.console_keys, r.node), 1) END,
      {% endif %}
      element_at({{ last }}.nodes, r.node)
    )
  )) AS rows_of(
    direction, depth, rule, confidence, note, is_issuance, start_key, start_principal, start_created, nearer_key, nearer_principal,
    nearer_created{{ ', event, console_key' if derived }}, node
  )
),
{# A column of the session that a row shows: an event's caller, a start, a service; or, forwards, what was issued. #}
{% macro of_hop(column, issued) %}{% if derived %}CASE WHEN shown.direction = 'derived' AND shown.is_issuance THEN {{ issued }} ELSE node.{{ column }} END{% else %}node.{{ column }}{% endif %}{% endmacro %}
hops AS (
  SELECT
    shown.*,
    {{ of_hop('access_key_id', 'COALESCE(shown.console_key, node.issued_key)') }} AS access_key_id,
    {{ of_hop('principal_id', 'node.issued_principal') }} AS principal_id,
    {{ of_hop('created', 'node.issued_created') }} AS created,
    {{ of_hop('identity_type', 'node.issued_type') }} AS identity_type,
    {{ of_hop('identity_arn', 'node.issued_arn') }} AS identity_arn,
    {{ of_hop('account_id', 'node.issued_account') }} AS account_id,
    {{ "CASE WHEN shown.direction <> 'derived' THEN node.mfa_authenticated END" if derived else 'node.mfa_authenticated' }} AS mfa_authenticated,
    {{ "CASE WHEN shown.direction <> 'derived' THEN node.on_behalf_of END" if derived else 'node.on_behalf_of' }} AS on_behalf_of,
    {{ "CASE WHEN shown.direction <> 'derived' THEN node.source_identity END" if derived else 'node.source_identity' }} AS source_identity,
    CASE WHEN shown.is_issuance THEN node.issued_source_identity END AS issued_source_identity,
    CASE WHEN shown.is_issuance THEN node.expires END AS expires,
    shown.is_issuance AND node.issued_key IS NULL AS is_sign_in,
    node.issued_arn,
    node.invoked_by AS used_by,
    {% set event = 'event' if derived else 'node' %}
    {{ event }}.event_name,
    {{ event }}.event_id,
    {{ event }}.second,
    {{ event }}.aws_region,
    {{ event }}.source_ip,
    {{ event }}.user_agent,
    {{ event }}.invoked_by
  FROM shown
  CROSS JOIN UNNEST(ARRAY[shown.node]) AS node({{ NODE_COLUMNS }})
  {% if derived %}
  CROSS JOIN UNNEST(ARRAY[shown.event]) AS event({{ NODE_COLUMNS }})
  {% endif %}
),
{% macro session_id(key, principal, created) %}COALESCE({{ principal }} || '@' || time_text({{ moment(created) }}), {{ key }}){% endmacro %}
answer AS (
  SELECT DISTINCT
    {{ session_id('hops.start_key', 'hops.start_principal', 'hops.start_created') }} AS start_session_id,
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
        WHEN hops.event_name = 'CreateAccessKey' THEN 'created-key'
        WHEN hops.is_sign_in THEN 'sign-in'
        WHEN hops.console_key IS NOT NULL THEN 'issued-session'
        ELSE 'issued-key'
      END
      {% endif %}
      WHEN hops.rule IN (1, 2) THEN 'issued-key'
      WHEN hops.rule = 3 THEN 'issued-session'
      WHEN hops.rule = 4 THEN 'sign-in'
      WHEN hops.rule = 5 THEN 'created-key'
      WHEN hops.rule = 6 THEN 'forwarded'
    END AS link,
    hops.confidence,
    hops.event_name,
    hops.event_id,
    CASE WHEN hops.depth > 0 THEN {{ moment('hops.second') }} END AS event_time,
    hops.aws_region,
    hops.source_ip,
    hops.user_agent,
    {{ moment('hops.expires') }} AS expires_at,
    hops.mfa_authenticated,
    COALESCE(hops.source_identity, hops.issued_source_identity) AS source_identity,
    hops.on_behalf_of,
    CASE WHEN hops.note = 'end' THEN {{ origin_of(
      'hops.identity_type', 'hops.access_key_id', 'hops.created',
      served="hops.access_key_id IS NULL AND hops.identity_type = 'AWSService'
        OR hops.used_by IS NOT NULL AND (hops.identity_type IS NULL OR hops.access_key_id IS NULL)",
      signs_in='hops.is_sign_in', issued_arn='hops.issued_arn'
    ) }} ELSE hops.note END AS origin,
    CASE WHEN hops.depth > 0 THEN {{ session_id('hops.nearer_key', 'hops.nearer_principal', 'hops.nearer_created') }} END AS linked_session_id,
    CASE WHEN hops.depth > 0 THEN hops.nearer_key END AS linked_access_key_id,
    CASE WHEN hops.depth > 0 THEN hops.invoked_by END AS invoked_by
  FROM hops
)
{% include 'parts/chain_answer.sql' %}
