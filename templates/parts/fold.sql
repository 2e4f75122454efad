{# The walk for engines that compute a CTE at every mention (Trino, Athena): the same answer as starts, steps and rows together, from ONE
   reading of the log. Every CTE is named once. Events are first brought down to the few things that a walk needs, in the same stage that
   reads them; one aggregation gathers those into arrays; lambdas walk over the arrays in memory, and look only at what a walk comes to.
   Times are seconds since 1970 here, so that lambdas compare numbers.

   node       an issuance, a long-term key's call, or a session to walk from; its number is its place in the array `nodes`
   step       the nodes that a node's use comes from (docs/rules.md §3), and their rank: the rule that says so, and more
   place      where a walk has come to: the start, the depth, the node, the node nearer to the start

   An index stands in `CROSS JOIN UNNEST(ARRAY[...])`, which computes it once, not once for each element that a lambda looks up. #}
{% from 'parts/fold_words.sql' import nodes_of, nodes_of_calls, seconds, session_key, text_of, text_of_fields, meets_service %}
{% set derived = choice.direction != 'origin' %}
{% set KEY = 'ROW(access_key_id VARCHAR, principal_id VARCHAR, created BIGINT, second BIGINT, own_calls BIGINT, forwarded_calls BIGINT)' %}
{# Of a session_id <principal>@<time> the time and its sign are 21 characters. #}
{% macro names_principal(of) %}{{ of }}.principal_id = SUBSTR(parameters.session_id, 1, LENGTH(parameters.session_id) - 21){% endmacro %}
{% from 'parts/vending_names.sql' import vending_names %}
{% set only %}
{% if derived %}
delivered.access_key_id IS NOT NULL OR delivered.created_at IS NOT NULL OR delivered.event_name IN ({{ vending_names }})
      {% else %}
      delivered.event_name IN ({{ vending_names }})
      -- what may be a long-term key's call (docs/rules.md §3.6)
      OR delivered.access_key_id NOT LIKE 'ASIA%' AND delivered.created_at IS NULL AND delivered.invoked_by IS NULL AND delivered.identity_arn IS NOT NULL
      {% if given.access_key %}
      OR delivered.access_key_id = parameters.access_key
      {% endif %}
      {% if given.session_id %}
      OR delivered.access_key_id = parameters.session_id
      OR {{ names_principal('delivered') }}
      {% endif %}
      {% endif %}
{% endset %}
{% set keep_uses = true %}
{# Copies of an event count as often as they come: a session is told by the smallest of its values, and the copies of an issuance meet in one group. #}
WITH {% include 'parts/named.sql' %},
{% include 'parts/issuances.sql' %},
noted AS (
  SELECT
    issuing.*,
    {{ seconds('issuing.event_time') }} AS second,
    {{ seconds('issuing.session_created_at') }} AS created,
    {{ seconds('issuing.issued_created_at') }} AS issued_created,
    issuing.in_window
    {%- if given.access_key %} AND issuing.access_key_id = parameters.access_key{% endif %}
    {%- if given.session_id %} AND CASE
      WHEN issuing.access_key_id = parameters.session_id OR {{ names_principal('issuing') }} THEN issuing.session_id = parameters.session_id
    END{% endif %} AS is_asked,
    {% if given.at %}
    issuing.event_time = parameters.at AS is_then,
    {% endif %}
    issuing.access_key_id NOT LIKE 'ASIA%' AND issuing.session_created_at IS NULL AND issuing.invoked_by IS NULL
      AND issuing.identity_arn IS NOT NULL AND issuing.event_time IS NOT NULL AS is_call,
    issuing.access_key_id IS NOT NULL AND issuing.session_created_at IS NOT NULL AND issuing.invoked_by IS NOT NULL AS is_forwarded
  FROM issuing
  CROSS JOIN parameters
),
-- what each event tells the walk, once for each kind of thing that it tells of
marked AS (
  SELECT
    kinds.kind,
    noted.*,
    CASE
      WHEN kinds.kind = 'issuance' THEN noted.issued_access_key_id
      WHEN kinds.kind <> 'service'{{ " AND kinds.kind <> 'start'" if given.session_id }} THEN noted.access_key_id
    END AS kind_key,
    CASE
      WHEN kinds.kind = 'issuance' THEN noted.event_name
      WHEN kinds.kind IN ('call', 'service') THEN noted.identity_arn
      ELSE noted.principal_id
    END AS holder,
    CASE WHEN kinds.kind = 'call' THEN noted.second WHEN kinds.kind <> 'issuance' THEN noted.created END AS moment,
    -- all copies of one call that two accounts' logs have, or of one event
    CASE WHEN kinds.kind = 'issuance' THEN COALESCE('shared ' || noted.shared_event_id, noted.event_id) END AS call_id,
    -- as one text: a row of so many fields costs at every step, and few of them are looked at
    CASE WHEN kinds.kind = 'issuance' THEN {% call text_of_fields() %}
      noted.event_name, noted.event_id, {{ text_of('noted.second') }}, noted.aws_region, noted.source_ip, noted.user_agent, {{ text_of(seconds('noted.expires_at')) }},
      noted.access_key_id, noted.principal_id, {{ text_of('noted.created') }}, noted.identity_type, noted.identity_arn, noted.account_id, noted.invoked_by,
      {{ text_of('noted.mfa_authenticated') }}, noted.source_identity, noted.on_behalf_of,
      -- a sign-in without a key has no caller's session
      CASE WHEN noted.access_key_id IS NOT NULL OR NOT noted.is_sign_in AND noted.principal_id IS NOT NULL AND noted.created IS NOT NULL THEN {{ session_key('noted.access_key_id', 'noted.principal_id', 'noted.created') }} END,
      noted.issued_access_key_id, noted.issued_principal_id, {{ text_of('noted.issued_created') }}, noted.issued_type, noted.issued_arn,
      noted.issued_account_id, noted.issued_source_identity,
      {% set asked %}noted.in_window
      {%- if given.access_key %} AND COALESCE(noted.issued_access_key_id = parameters.access_key, FALSE){% endif %}
      {%- if given.session_id %} AND COALESCE(COALESCE(noted.issued_principal_id || '@' || time_text(noted.issued_created_at), noted.issued_access_key_id) = parameters.session_id, FALSE){% endif %}{% endset %}
      {{ text_of(asked) }},
      NULL
    {% endcall %} END AS issuance,
    CASE WHEN kinds.kind = 'call' THEN {% call text_of_fields() %}
      -- of one second the first by these
      noted.event_id, noted.event_source, noted.event_name,
      noted.aws_region, noted.source_ip, noted.user_agent, noted.access_key_id, noted.principal_id, noted.identity_type, noted.identity_arn,
      noted.account_id, {{ text_of('noted.mfa_authenticated') }}, noted.source_identity, noted.on_behalf_of, {{ text_of('noted.second') }}
    {% endcall %} END AS call
  FROM noted
  CROSS JOIN (
    -- a session that used what is asked about{{ ', by all its keys' if given.session_id }}

    SELECT 'start' AS kind
    {% if given.session_id %}
    -- a key of that session
    UNION ALL SELECT 'start key' AS kind
    {% endif %}
    {% if derived %}
    -- a key as one session used it; of a long-term key that it was used is enough, and its calls say so
    UNION ALL SELECT 'key' AS kind
    {% endif %}
    UNION ALL SELECT 'issuance' AS kind
    -- a long-term key's call, one a second, which a service may have gone on from (docs/rules.md §3.6); and the services that went on
    UNION ALL SELECT 'call' AS kind
    UNION ALL SELECT 'service' AS kind
  ) AS kinds
  CROSS JOIN parameters
  WHERE CASE kinds.kind
    WHEN 'start' THEN noted.is_asked
    {% if given.session_id %}
    WHEN 'start key' THEN noted.is_asked AND noted.access_key_id IS NOT NULL
    {% endif %}
    {% if derived %}
    WHEN 'key' THEN noted.access_key_id IS NOT NULL AND NOT noted.is_call
    {% endif %}
    WHEN 'issuance' THEN noted.is_issuing
    WHEN 'call' THEN noted.is_call
    ELSE noted.is_forwarded
  END
),
told AS (
  SELECT
    marked.kind,
    marked.kind_key AS access_key_id,
    marked.holder,
    marked.moment,
    marked.call_id,
    MIN(marked.call) AS call,
    -- of the copies of a call the one whose caller has an access key tells more (docs/rules.md §2.4)
    MIN_BY(
      marked.issuance,
      CASE WHEN marked.kind = 'issuance' THEN CASE WHEN marked.access_key_id IS NULL THEN '1' ELSE '0' END
        || CASE WHEN marked.identity_type = 'AWSAccount' THEN '1' ELSE '0' END
        || COALESCE(time_text(marked.event_time), '~') || ' ' || COALESCE(marked.event_id, '~') || ' ' || COALESCE(marked.aws_region, '~') END
    ) AS issuance,
    -- issuances that nothing tells apart from their copies all count
    ARRAY_AGG(marked.issuance) FILTER (WHERE marked.kind = 'issuance' AND marked.call_id IS NULL) AS unnamed,
    MIN(marked.identity_type) AS identity_type,
    MIN(marked.identity_arn) AS identity_arn,
    MIN(marked.account_id) AS account_id,
    MIN(marked.invoked_by) AS invoked_by,
    MAX(CASE WHEN marked.mfa_authenticated THEN 1 WHEN NOT marked.mfa_authenticated THEN 0 END) AS mfa_authenticated,
    MIN(marked.source_identity) AS source_identity,
    MIN(marked.on_behalf_of) AS on_behalf_of,
    MIN(marked.second) AS second,
    COUNT(*) - COUNT(marked.invoked_by) AS own_calls,
    COUNT(marked.invoked_by) AS forwarded_calls,
    {% if given.at %}any_true(marked.is_then){% else %}FALSE{% endif %} AS used_then
  FROM marked
  GROUP BY marked.kind, marked.kind_key, marked.holder, marked.moment, marked.call_id
),
-- what was told of each, as few columns; in `place` calls and services stand in the order of time, at the same second the call before the service
packed AS (
  SELECT
    told.kind,
    COALESCE(told.unnamed, ARRAY[told.issuance]) AS issuances,
    told.call,
    {% if derived %}
    CASE WHEN told.kind = 'call' THEN told.access_key_id END AS calling_key,
    {% endif %}
    {% if given.session_id or derived %}
    CASE WHEN told.kind {{ "IN ('key', 'start key')" if given.session_id else "= 'key'" }} THEN CAST(ROW(
      told.access_key_id, told.holder, told.moment, told.second, told.own_calls, told.forwarded_calls
    ) AS {{ KEY }}) END AS key_use,
    {% endif %}
    CASE WHEN told.kind = 'start'{{ " OR told.kind = 'key' AND told.own_calls = 0 AND told.moment IS NOT NULL" if derived }} THEN {% call text_of_fields() %}
      NULL, NULL, {{ text_of('told.second') }}, NULL, NULL, NULL, NULL, told.access_key_id, told.holder, {{ text_of('told.moment') }},
      told.identity_type, told.identity_arn, told.account_id,
      -- only where a service made every call
      CASE WHEN told.own_calls = 0 THEN told.invoked_by END,
      {{ text_of('told.mfa_authenticated = 1') }}, told.source_identity, told.on_behalf_of, {{ session_key('told.access_key_id', 'told.holder', 'told.moment') }},
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, {{ text_of('told.used_then') }}
    {% endcall %} END AS session,
    CASE
      WHEN told.kind IN ('call', 'service') THEN told.holder
      {% if derived %}
      WHEN told.kind = 'key' AND told.own_calls = 0 THEN told.identity_arn
      {% endif %}
      ELSE COALESCE(told.access_key_id, told.call_id)
    END AS holder,
    CASE told.kind WHEN 'call' THEN 2 * told.moment WHEN 'service' THEN 2 * told.moment + 1 END AS place
  FROM told
),
-- what stands next to each call: only the last before a service's session began, and the first after, can be the nearest
placed AS (
  SELECT
    packed.*,
    {% set order %}OVER (PARTITION BY packed.holder ORDER BY packed.place){% endset %}
    LAG(packed.place) {{ order }} AS previous,
    LAG(packed.place, 2) {{ order }} AS previous_but_one,
    LEAD(packed.place) {{ order }} AS next,
    LEAD(packed.place, 2) {{ order }} AS next_but_one
    {%- if derived %},
    COUNT(packed.call) OVER (PARTITION BY packed.holder ORDER BY packed.place ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS calls
    {%- endif %}

  FROM packed
),
gathered AS (
  SELECT
    {{ nodes_of("flatten(ARRAY_AGG(placed.issuances) FILTER (WHERE placed.kind = 'issuance'))") }} AS issued,
    {{ nodes_of_calls("ARRAY_AGG(placed.call) FILTER (WHERE placed.call IS NOT NULL AND (" ~ meets_service('next') ~ ' OR ' ~ meets_service('previous') ~ "))") }} AS calls,
    {% if given.session_id %}
    COALESCE(ARRAY_AGG(placed.key_use) FILTER (WHERE placed.kind = 'start key'), ARRAY[]) AS start_keys,
    {% endif %}
    {% if derived %}
    COALESCE(ARRAY_AGG(placed.key_use) FILTER (WHERE placed.kind = 'key'), ARRAY[]) AS keys,
    histogram(placed.calling_key) AS calling_keys,
    {{ nodes_of("ARRAY_AGG(placed.session) FILTER (WHERE placed.kind = 'key' AND placed.session IS NOT NULL AND placed.calls > 0)") }} AS services,
    {% endif %}
    {{ nodes_of("ARRAY_AGG(placed.session) FILTER (WHERE placed.kind = 'start')") }} AS used
  FROM placed
),
{% include 'parts/fold_walk.sql' %},
{% if derived %}
{% include 'parts/fold_derived.sql' %},
{% endif %}
{% include 'parts/fold_answer.sql' %}
