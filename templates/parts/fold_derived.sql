{# The walk forwards (docs/rules.md §4, direction derived), in memory like the one backwards. Parents and children are nodes: the start, issuances,
   and services: sessions whose key only services used, for the holder of a long-term key. #}
{% from 'parts/fold_words.sql' import SHOWN, STEP, moment, session_of, numbers, index_of, found, step_of, rule_of, confidence_of %}
{% set SERVED = 'ROW(child BIGINT, via BIGINT)' %}
{% set PARENT = 'ROW(start BIGINT, parent BIGINT, node BIGINT, precedence VARCHAR)' %}
{% set WAY = 'ROW(start BIGINT, depth INTEGER, child BIGINT, parent BIGINT, node BIGINT, via BIGINT, precedence VARCHAR, step ' ~ STEP ~ ')' %}
{% macro place(start, child) %}CAST({{ start }} AS VARCHAR) || ' ' || CAST({{ child }} AS VARCHAR){% endmacro %}
-- where children are looked up: by the key and the session of the caller, the services by the long-term key that they went on from
related AS (
  SELECT
    begun.*,
    indexes.by_caller_key,
    indexes.by_caller_session,
    indexes.by_served_key
  FROM begun
  CROSS JOIN UNNEST(ARRAY[ROW(
    {{ index_of('slice(begun.nodes, 1, begun.issuances)', 'CASE WHEN e.session_key IS NOT NULL THEN e.access_key_id END') }},
    {{ index_of('slice(begun.nodes, 1, begun.issuances)', 'CASE WHEN e.session_key IS NOT NULL THEN ' ~ session_of('e.access_key_id', 'e.principal_id', 'e.created') ~ ' END') }},
    multimap_from_entries(flatten(transform(
      filter(slice(begun.places, begun.starts + 1, begun.services), p -> {{ rule_of('p.step') }} = 6),
      p -> transform(p.step.nodes, n -> ROW(element_at(begun.nodes, n).access_key_id, CAST(ROW(p.node, n) AS {{ SERVED }})))
    )))
  )]) AS indexes(by_caller_key, by_caller_session, by_served_key)
),
{% set node %}element_at(related.nodes, {% endset %}
{# The start itself, and what issued its session, which may have issued to others of the same session too; then the children found before. #}
{% set parents %}CASE
              WHEN depth = 1 THEN flatten(transform(related.chosen, k -> concat(
                ARRAY[CAST(ROW(k, k, k, '0') AS {{ PARENT }})],
                transform(filter(element_at(related.places, k - related.events).step.nodes, n -> n <= related.issuances), n -> CAST(ROW(k, k, n, '1') AS {{ PARENT }}))
              )))
              ELSE transform(filter(map_values(finds), w -> w.depth = depth - 1), w -> CAST(ROW(
                w.start, w.child, w.child,
                CASE WHEN w.child <= related.issuances THEN COALESCE(time_text({{ moment(node ~ 'w.child).second') }}), '~') || COALESCE({{ node }}w.child).event_id, '~') ELSE '~' END
              ) AS {{ PARENT }}))
            END{% endset %}
{# Of an issuance: those whose caller may step to it, and the services that went on from the long-term key that it created.
   Of a session: the issuances that it called itself, and the services that went on from its long-term key. #}
{% set children %}CASE
                WHEN f.node <= related.issuances THEN concat(
                  transform(
                    array_distinct(concat(
                      {{ found('related.by_caller_key', node ~ 'f.node).issued_key') }},
                      {{ found('related.by_caller_session', session_of(node ~ 'f.node).issued_key', node ~ 'f.node).issued_principal', node ~ 'f.node).issued_created')) }}
                    )),
                    n -> CAST(ROW(n, n) AS {{ SERVED }})
                  ),
                  {{ found('related.by_served_key', 'CASE WHEN f.parent = f.node AND ' ~ node ~ "f.node).event_name = 'CreateAccessKey' THEN " ~ node ~ 'f.node).issued_key END') }}
                )
                ELSE concat(
                  transform(
                    filter(
                      {{ found('related.by_caller_session', session_of(node ~ 'f.node).access_key_id', node ~ 'f.node).principal_id', node ~ 'f.node).created')) }},
                      n -> CASE
                        WHEN f.node > related.events + related.starts THEN {{ node }}n).session_key = {{ node }}f.node).session_key
                        ELSE COALESCE({{ node }}n).principal_id = {{ node }}f.node).principal_id, TRUE)
                      END
                    ),
                    n -> CAST(ROW(n, NULL) AS {{ SERVED }})
                  ),
                  transform(
                    filter(
                      {{ found('related.by_served_key', 'CASE WHEN ' ~ node ~ 'f.node).created IS NULL THEN ' ~ node ~ 'f.node).access_key_id END') }},
                      v -> COALESCE({{ node }}v.via).principal_id, '') = COALESCE({{ node }}f.node).principal_id, '')
                    ),
                    v -> CAST(ROW(v.child, NULL) AS {{ SERVED }})
                  )
                )
              END{% endset %}
-- each product once for a start, at its smallest depth; one step further than asked, to tell where the depth is the limit: there, all ways count
found AS (
  SELECT
    related.*,
    walks.finds
  FROM related
  CROSS JOIN UNNEST(ARRAY[reduce(
    sequence(1, :max_depth + 1),
    CAST(MAP() AS MAP(VARCHAR, {{ WAY }})),
    (finds, depth) -> map_concat(finds, transform_values(
      multimap_from_entries(transform(
        filter(
          transform(
            flatten(transform({{ parents }}, f -> transform(
              {{ children }},
              v -> CAST(ROW(f.start, depth, v.child, f.parent, f.node, v.via, f.precedence, NULL) AS {{ WAY }})
            ))),
            w -> CAST(ROW(
              w.start, w.depth, w.child, w.parent, w.node, w.via, w.precedence,
              {{ step_of('element_at(related.nodes, w.via)', 'related') }}
            ) AS {{ WAY }})
          ),
          w -> (w.via IS NULL OR contains(w.step.nodes, w.node))
            AND element_at(finds, {{ place('w.start', 'w.child') }}) IS NULL
            -- what comes back to the start's own session is left out
            AND COALESCE({{ session_of(node ~ 'w.start).access_key_id', node ~ 'w.start).principal_id', node ~ 'w.start).created') }}, '') <> COALESCE(
              CASE
                WHEN w.child <= related.issuances THEN {{ session_of(node ~ 'w.child).issued_key', node ~ 'w.child).issued_principal', node ~ 'w.child).issued_created') }}
                ELSE {{ session_of(node ~ 'w.child).access_key_id', node ~ 'w.child).principal_id', node ~ 'w.child).created') }}
              END,
              ''
            )
        ),
        w -> ROW({{ place('w.start', 'w.child') }} || CASE WHEN depth > :max_depth THEN ' ' || CAST(w.parent AS VARCHAR) ELSE '' END, w)
      )),
      (place, ways) -> element_at(array_sort(ways, (a, b) -> CASE WHEN a.precedence < b.precedence THEN -1 WHEN a.precedence > b.precedence THEN 1 ELSE 0 END), 1)
    )),
    finds -> map_values(finds)
  )]) AS walks(finds)
),
{# The session that an issuance of those found issued. #}
{% macro issued_session(node) %}{{ session_of(node ~ '.issued_key', node ~ '.issued_principal', node ~ '.issued_created') }}{% endmacro %}
-- what is known of the keys that were found and of their sessions: who used them; and where the depth was the limit
used_keys AS (
  SELECT
    found.*,
    uses.uses,
    indexes.by_used_session,
    indexes.by_used_key,
    indexes.by_limit
  FROM found
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(flatten(transform(
    filter(found.finds, w -> w.child <= found.issuances AND element_at(found.nodes, w.child).issued_key IS NOT NULL),
    w -> ARRAY[
      ROW(element_at(found.nodes, w.child).issued_key, TRUE),
      ROW({{ issued_session('element_at(found.nodes, w.child)') }}, TRUE)
    ]
  )))]) AS issued(names)
  CROSS JOIN UNNEST(ARRAY[filter(
    found.keys,
    e -> element_at(issued.names, e.access_key_id) IS NOT NULL
      OR element_at(issued.names, {{ session_of('e.access_key_id', 'e.principal_id', 'e.created') }}) IS NOT NULL
  )]) AS uses(uses)
  CROSS JOIN UNNEST(ARRAY[ROW(
    {{ index_of('uses.uses', session_of('e.access_key_id', 'e.principal_id', 'e.created')) }},
    {{ index_of('uses.uses', 'e.access_key_id') }},
    multimap_from_entries(transform(filter(found.finds, w -> w.depth > :max_depth), w -> ROW({{ place('w.start', 'w.parent') }}, TRUE)))
  )]) AS indexes(by_used_session, by_used_key, by_limit)
),
-- the console and Identity Center use another key than the one that was issued: where nobody used that one, the first used of the session's own
descended AS (
  SELECT
    used_keys.*,
    transform(filter(used_keys.finds, w -> w.depth <= :max_depth), w -> CAST(ROW(
      w.start, 'derived', w.depth, w.child, w.parent, NULL,
      CASE
        WHEN w.child > used_keys.issuances THEN 'inferred'
        WHEN w.via IS NULL THEN 'exact'
        ELSE {{ confidence_of('w.step') }}
      END,
      CASE WHEN element_at(used_keys.by_limit, {{ place('w.start', 'w.child') }}) IS NOT NULL THEN 'depth-limit' END
    ) AS {{ SHOWN }})) AS descent,
    console.console_keys
  FROM used_keys
  {% set issued %}element_at(used_keys.nodes, w.child){% endset %}
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    filter(
      used_keys.finds,
      w -> w.child <= used_keys.issuances AND {{ issued }}.event_name <> 'CreateAccessKey' AND {{ issued }}.issued_key IS NOT NULL
        AND element_at(used_keys.by_used_key, {{ issued }}.issued_key) IS NULL AND element_at(used_keys.calling_keys, {{ issued }}.issued_key) IS NULL
    ),
    w -> ROW(w.child, SUBSTR(array_min(transform(
      filter(
        {{ found('used_keys.by_used_session', issued_session(issued)) }},
        k -> element_at(used_keys.uses, k).own_calls > 0 AND element_at(used_keys.by_issued_key, element_at(used_keys.uses, k).access_key_id) IS NULL
      ),
      k -> COALESCE(time_text({{ moment('element_at(used_keys.uses, k).second') }}), '~~~~~~~~~~~~~~~~~~~~') || element_at(used_keys.uses, k).access_key_id
    )), 21))
  ))]) AS console(console_keys)
)
