{# What the parts of the fold share: the shapes of its rows, and its words.
   Trino's analyser goes three times over a lambda for each lambda around it: what is long stands no deeper than in the third. #}
{% set NODE = 'ROW(event_name VARCHAR, event_id VARCHAR, second BIGINT, aws_region VARCHAR, source_ip VARCHAR, user_agent VARCHAR, expires BIGINT, access_key_id VARCHAR, principal_id VARCHAR, created BIGINT, identity_type VARCHAR, identity_arn VARCHAR, account_id VARCHAR, invoked_by VARCHAR, mfa_authenticated BOOLEAN, source_identity VARCHAR, on_behalf_of VARCHAR, session_key VARCHAR, issued_key VARCHAR, issued_principal VARCHAR, issued_created BIGINT, issued_type VARCHAR, issued_arn VARCHAR, issued_account VARCHAR, issued_source_identity VARCHAR, is_asked BOOLEAN, used_then BOOLEAN)' %}
{# Nodes that travelled as JSON arrays of texts (fold.sql), whose order of fields is that of these. #}
{% macro text_of_fields() %}json_format(CAST(ARRAY[{{ caller() }}] AS JSON)){% endmacro %}
{% macro nodes_of(texts) %}COALESCE(transform({{ texts }}, t -> CAST(json_parse(t) AS {{ NODE }})), ARRAY[]){% endmacro %}
{% set CALL = 'ROW(event_id VARCHAR, event_source VARCHAR, event_name VARCHAR, aws_region VARCHAR, source_ip VARCHAR, user_agent VARCHAR, access_key_id VARCHAR, principal_id VARCHAR, identity_type VARCHAR, identity_arn VARCHAR, account_id VARCHAR, mfa_authenticated BOOLEAN, source_identity VARCHAR, on_behalf_of VARCHAR, second BIGINT)' %}
{% macro nodes_of_calls(texts) %}COALESCE(transform(transform({{ texts }}, t -> CAST(json_parse(t) AS {{ CALL }})), c -> CAST(ROW(
      c.event_name, c.event_id, c.second, c.aws_region, c.source_ip, c.user_agent, NULL, c.access_key_id, c.principal_id, NULL, c.identity_type,
      c.identity_arn, c.account_id, NULL, c.mfa_authenticated, c.source_identity, c.on_behalf_of, {{ session_key('c.access_key_id', 'c.principal_id') }},
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    ) AS {{ NODE }})), ARRAY[]){% endmacro %}
{% macro text_of(value) %}CAST({{ value }} AS VARCHAR){% endmacro %}
{# Whether what stands beside a call (fold.sql, placed) is a service's session that began within ten minutes of it. A user has two keys at the
   most, so no more calls than two share a second: where they do, all are kept. #}
{% macro is_service(other) %}MOD({{ other }}, 2) = 1 AND ABS({{ other }} - placed.place) <= 1201{% endmacro %}
{% macro meets_service(side) %}CASE
        WHEN placed.{{ side }} <> placed.place THEN {{ is_service('placed.' ~ side) }}
        WHEN placed.{{ side }}_but_one <> placed.place THEN {{ is_service('placed.' ~ side ~ '_but_one') }}
        ELSE placed.{{ side }}_but_one IS NOT NULL
      END{% endmacro %}
{% set NODE_COLUMNS = 'event_name, event_id, second, aws_region, source_ip, user_agent, expires, access_key_id, principal_id, created, identity_type, identity_arn, account_id, invoked_by, mfa_authenticated, source_identity, on_behalf_of, session_key, issued_key, issued_principal, issued_created, issued_type, issued_arn, issued_account, issued_source_identity, is_asked, used_then' %}
{% set STEP = 'ROW(rank BIGINT, nodes ARRAY(BIGINT))' %}
{% set ARRIVAL = 'ROW(start BIGINT, depth INTEGER, node BIGINT, nearer BIGINT, rule BIGINT, confidence VARCHAR, path VARCHAR)' %}
{% set PLACE = 'ROW(start BIGINT, depth INTEGER, node BIGINT, nearer BIGINT, rule BIGINT, confidence VARCHAR, path VARCHAR, has_returned BOOLEAN, step ' ~ STEP ~ ')' %}
{% set SHOWN = 'ROW(start BIGINT, direction VARCHAR, depth INTEGER, node BIGINT, nearer BIGINT, rule BIGINT, confidence VARCHAR, note VARCHAR)' %}
{# `make limits`: two kilobytes each backwards, four forwards; a Trino with 3.5 GB for a query held a million backwards and not forwards. #}
{% set MOST_HELD = 500000 %}
{% macro seconds(time) %}seconds_between(timestamp_of('1970-01-01 00:00:00'), {{ time }}){% endmacro %}
{% macro moment(second) %}plus_seconds(timestamp_of('1970-01-01 00:00:00'), {{ second }}){% endmacro %}
{# A session by its principal and creation, or by its key: as session_id, with the creation in seconds. #}
{% macro session_of(key, principal, created) %}COALESCE(CAST({{ created }} AS VARCHAR) || '@' || {{ principal }}, {{ key }}){% endmacro %}
{% macro session_key(key, principal, created=none) %}'|' || COALESCE({{ key }}, '') || '|' || COALESCE({{ principal }}, '') || {% if created %}'|' || COALESCE(CAST({{ created }} AS VARCHAR), '') || '|'{% else %}'||'{% endif %}{% endmacro %}
{# `count` numbers after `first`; a sequence of Trino's has 10,000 at most. #}
{% macro numbers(count, first=0) %}slice(flatten(transform(sequence(0, ({{ count }}) / 10000), k -> sequence({{ first }} + k * 10000 + 1, {{ first }} + k * 10000 + 10000))), 1, {{ count }}){% endmacro %}
{# The numbers of nodes by a name that the nodes `e` have. #}
{% macro index_of(nodes, name, first=0) %}multimap_from_entries(zip_with({{ nodes }}, {{ numbers('cardinality(' ~ nodes ~ ')', first) }}, (e, n) -> ROW(COALESCE({{ name }}, ''), n))){% endmacro %}
{% macro found(index, name) %}COALESCE(element_at({{ index }}, {{ name }}), ARRAY[]){% endmacro %}
{# What the use by the node `u` comes from (docs/rules.md §3): the first rule that finds something decides, by rule 2 and 5 the latest, by
   rule 6 the nearest. So each node that may be meant gets a rank, the rule times 10^12 and more; those of the least rank are meant.
   `r`: the relation that has the indexes. #}
{% set RULE = 1000000000000 %}
{% macro step_of(u, r) %}
{% set e = 'element_at(' ~ r ~ '.nodes, n)' %}
reduce(
          transform(
            array_distinct(concat(
              {{ found(r ~ '.by_issued_key', u ~ '.access_key_id') }},
              {{ found(r ~ '.by_issued_session', 'CASE WHEN ' ~ u ~ '.session_key IS NOT NULL THEN CAST(' ~ u ~ ".created AS VARCHAR) || '@' || " ~ u ~ '.principal_id END') }}
              {% for k in ('- 1', '+ 0', '+ 1') %},
              {{ found(r ~ '.by_arn_and_time', 'CASE WHEN ' ~ u ~ '.access_key_id IS NOT NULL AND ' ~ u ~ '.invoked_by IS NOT NULL THEN ' ~ u ~ ".identity_arn || ' ' || CAST(" ~ u ~ '.created / 600 ' ~ k ~ ' AS VARCHAR) END') }}
              {% endfor %}
            )),
            n -> CAST(ROW(
              CASE
                WHEN n > {{ r }}.issuances THEN CASE
                  WHEN ABS({{ e }}.second - {{ u }}.created) <= 600
                  -- the earlier before the later at the same distance
                  THEN {{ 6 * RULE }} + 2 * ABS({{ e }}.second - {{ u }}.created) + CASE WHEN {{ e }}.second > {{ u }}.created THEN 1 ELSE 0 END
                END
                WHEN {{ e }}.event_name = 'CreateAccessKey' THEN CASE
                  WHEN {{ u }}.created IS NULL AND COALESCE({{ e }}.second <= {{ u }}.second + 2, TRUE)
                  THEN {{ 5 * RULE }} + 300000000000 - COALESCE({{ e }}.second, -100000000000)
                END
                WHEN {{ u }}.principal_id <> {{ e }}.issued_principal THEN NULL
                WHEN {{ e }}.issued_key = {{ u }}.access_key_id AND ABS({{ e }}.second - {{ u }}.created) <= 2 THEN {{ RULE }}
                WHEN {{ e }}.issued_key = {{ u }}.access_key_id
                  AND ({{ u }}.created IS NOT NULL OR {{ u }}.access_key_id LIKE 'ASIA%')
                  AND COALESCE({{ e }}.second <= {{ u }}.second + 2, TRUE)
                  AND COALESCE({{ u }}.second <= COALESCE({{ e }}.expires, {{ e }}.second + 129600), TRUE)
                THEN {{ 2 * RULE }} + 300000000000 - COALESCE({{ e }}.second, -100000000000)
                WHEN {{ e }}.issued_created = {{ u }}.created AND {{ e }}.issued_principal = {{ u }}.principal_id THEN CASE
                  WHEN {{ e }}.issued_key IS NOT NULL THEN {{ 3 * RULE }}
                  -- a federated sign-in is signed with a key of the very session that it opens: it is not that key's issuer
                  WHEN {{ e }}.session_key IS NULL
                    OR COALESCE({{ e }}.access_key_id, '') <> COALESCE({{ u }}.access_key_id, '')
                    OR COALESCE({{ e }}.created, -1) <> {{ u }}.created
                  THEN {{ 4 * RULE }}
                END
              END,
              ARRAY[n]
            ) AS {{ STEP }})
          ),
          CAST(ROW({{ 9 * RULE }}, ARRAY[]) AS {{ STEP }}),
          (least, s) -> CASE
            WHEN s.rank < least.rank THEN s
            WHEN s.rank = least.rank THEN CAST(ROW(s.rank, least.nodes || s.nodes) AS {{ STEP }})
            ELSE least
          END,
          least -> least
        )
{%- endmacro %}
{% macro rule_of(step) %}{{ step }}.rank / {{ RULE }}{% endmacro %}
{% macro confidence_of(step) %}CASE WHEN {{ rule_of(step) }} IN (2, 6) THEN 'inferred' WHEN cardinality({{ step }}.nodes) > 1 THEN 'ambiguous' ELSE 'exact' END{% endmacro %}
