{# The walk forwards (docs/rules.md §4, direction derived), in memory like the one backwards.

   service    a session whose key only services used, for the holder of a long-term key
   product    what an issuance, or such a service, brought about: a node to be shown
   pair       that one product led to another
   find       where the walk has come to: start, depth, product, and the product before it #}
{% set PAIR = 'ROW(name VARCHAR, value ROW(id VARCHAR, confidence VARCHAR))' %}
{% set CHILD = 'ROW(id VARCHAR, confidence VARCHAR)' %}
{% set PRODUCT = 'ROW(id VARCHAR, link VARCHAR, node ' ~ NODE ~ ')' %}
{% set FIND = 'ROW(start_id VARCHAR, start_session_id VARCHAR, depth INTEGER, child_id VARCHAR, parent_id VARCHAR, confidence VARCHAR, precedence VARCHAR)' %}
{% set KEY_USE = 'ROW(access_key_id VARCHAR, own_calls BIGINT, used_second BIGINT)' %}
{% macro steps_of(relation, id) %}flatten(COALESCE(element_at({{ relation }}.by_use, {{ id }}), {{ empty('ARRAY(' ~ STEP ~ ')') }})){% endmacro %}
{% macro service_id(s) %}'session ' || {{ session_key(s ~ '.access_key_id', s ~ '.principal_id', s ~ '.created') }}{% endmacro %}
looked_up AS (
  SELECT
    begun.*,
    filter(
      begun.sessions,
      s -> s.created IS NOT NULL AND s.own_calls = 0 AND any_match({{ steps_of('begun', service_id('s')) }}, t -> t.link = 'forwarded')
    ) AS services,
    callers.by_caller,
    caller_sessions.by_caller_session,
    key_uses.by_used_session,
    used_keys.by_used_key,
    known_calls.by_call
  FROM begun
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    filter(begun.issuances, i -> i.caller.session_key IS NOT NULL),
    i -> CAST(ROW(i.caller.session_key, i.id) AS ROW(name VARCHAR, value VARCHAR))
  ))]) AS callers(by_caller)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    filter(begun.issuances, i -> i.caller.session_key IS NOT NULL AND i.caller.session_id IS NOT NULL),
    i -> CAST(ROW(i.caller.session_id, CAST(ROW(i.id, i.caller.principal_id) AS {{ CHILD }})) AS {{ PAIR }})
  ))]) AS caller_sessions(by_caller_session)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    filter(begun.sessions, s -> s.session_id IS NOT NULL),
    s -> CAST(ROW(s.session_id, CAST(ROW(s.access_key_id, s.own_calls, s.used_second) AS {{ KEY_USE }})) AS ROW(name VARCHAR, value {{ KEY_USE }}))
  ))]) AS key_uses(by_used_session)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    begun.sessions, s -> CAST(ROW(s.access_key_id, TRUE) AS ROW(name VARCHAR, value BOOLEAN))
  ))]) AS used_keys(by_used_key)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    begun.calls, c -> CAST(ROW(c.id, c.node) AS ROW(name VARCHAR, value {{ NODE }}))
  ))]) AS known_calls(by_call)
),
-- what came of each issuance and of each service; the console and Identity Center use another key than the one that was issued
produced AS (
  SELECT
    looked_up.*,
    concat(
      transform(looked_up.issuances, i -> element_at(transform(
        ARRAY[CASE
          WHEN NOT i.is_created_key AND NOT i.opens_console AND element_at(looked_up.by_used_key, i.product.access_key_id) IS NULL
          THEN SUBSTR(array_min(transform(
            filter(
              COALESCE(element_at(looked_up.by_used_session, i.product.session_id), {{ empty(KEY_USE) }}),
              u -> u.own_calls > 0 AND element_at(looked_up.by_key, u.access_key_id) IS NULL
            ),
            u -> COALESCE(time_text({{ moment('u.used_second') }}), '~~~~~~~~~~~~~~~~~~~~') || u.access_key_id
          )), 21)
        END],
        k -> CAST(ROW(
          'product ' || i.id,
          CASE
            WHEN i.is_created_key THEN 'created-key'
            WHEN i.opens_console THEN 'sign-in'
            WHEN k IS NOT NULL THEN 'issued-session'
            ELSE 'issued-key'
          END,
          CAST(ROW(
            i.product.session_id, COALESCE(k, i.product.access_key_id), i.product.principal_id, i.product.identity_type, i.product.identity_arn,
            i.product.account_id, i.product.created, i.product.event_name, i.product.event_id, i.product.second, i.product.aws_region,
            i.product.source_ip, i.product.user_agent, i.product.expires, NULL, i.product.source_identity, NULL, i.product.invoked_by,
            i.product.session_key, NULL
          ) AS {{ NODE }})
        ) AS {{ PRODUCT }})
      ), 1)),
      transform(looked_up.services, s -> element_at(transform(
        -- of several keys' calls in one second: the smallest event id
        slice(array_sort(
          transform(
            filter({{ steps_of('looked_up', service_id('s')) }}, t -> t.link = 'forwarded'),
            t -> element_at(element_at(looked_up.by_call, t.node_id), 1)
          ),
          (a, b) -> CASE WHEN COALESCE(a.event_id, '~') || a.access_key_id < COALESCE(b.event_id, '~') || b.access_key_id THEN -1 ELSE 1 END
        ), 1, 1),
        c -> CAST(ROW(
          'product ' || {{ service_id('s') }},
          'forwarded',
          CAST(ROW(
            s.session_id, s.access_key_id, s.principal_id, s.identity_type, s.identity_arn, s.account_id, s.created, c.event_name, c.event_id,
            c.second, c.aws_region, c.source_ip, c.user_agent, NULL, NULL, NULL, NULL, NULL, NULL, NULL
          ) AS {{ NODE }})
        ) AS {{ PRODUCT }})
      ), 1))
    ) AS products
  FROM looked_up
),
-- which product led to which
paired AS (
  SELECT
    produced.*,
    children.by_parent,
    for_keys.by_long_term_key,
    known_products.by_product
  FROM produced
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(concat(
    flatten(transform(
      filter(produced.issuances, i -> i.caller.session_key IS NOT NULL),
      i -> transform(
        filter({{ steps_of('produced', 'i.id') }}, s -> s.link <> 'forwarded'),
        s -> CAST(ROW(s.node_id, CAST(ROW(i.id, s.confidence) AS {{ CHILD }})) AS {{ PAIR }})
      )
    )),
    flatten(transform(produced.services, f -> flatten(transform(
      filter({{ steps_of('produced', service_id('f')) }}, s -> s.link = 'forwarded'),
      s -> transform(
        {{ steps_of('produced', 's.node_id') }},
        c -> CAST(ROW(c.node_id, CAST(ROW({{ service_id('f') }}, 'inferred') AS {{ CHILD }})) AS {{ PAIR }})
      )
    )))),
    flatten(transform(produced.services, f -> transform(
      COALESCE(element_at(produced.by_caller, {{ session_key('f.access_key_id', 'f.principal_id', 'f.created') }}), {{ empty('VARCHAR') }}),
      i -> CAST(ROW({{ service_id('f') }}, CAST(ROW(i, 'exact') AS {{ CHILD }})) AS {{ PAIR }})
    )))
  ))]) AS children(by_parent)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(flatten(transform(produced.services, f -> transform(
    filter({{ steps_of('produced', service_id('f')) }}, s -> s.link = 'forwarded'),
    s -> CAST(ROW(element_at(element_at(produced.by_call, s.node_id), 1).session_key, CAST(ROW({{ service_id('f') }}, 'inferred') AS {{ CHILD }})) AS {{ PAIR }})
  ))))]) AS for_keys(by_long_term_key)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    produced.products, p -> CAST(ROW(p.id, p) AS ROW(name VARCHAR, value {{ PRODUCT }}))
  ))]) AS known_products(by_product)
),
{% macro product(relation, id) %}element_at(element_at({{ relation }}.by_product, 'product ' || {{ id }}), 1){% endmacro %}
{# One way to each place (start and product): the one with the smallest precedence. #}
{% macro first_ways(ways) %}transform_values(
        multimap_from_entries(transform({{ ways }}, w -> CAST(ROW(w.start_id || ' ' || w.child_id, w) AS ROW(name VARCHAR, value {{ FIND }})))),
        (place, found) -> element_at(array_sort(found, (a, b) -> CASE WHEN a.precedence < b.precedence THEN -1 WHEN a.precedence > b.precedence THEN 1 ELSE 0 END), 1)
      ){% endmacro %}
-- the first step forwards: what the starts' own calls, and services for them, brought about
first_found AS (
  SELECT
    paired.*,
    flatten(transform(paired.starts, s -> filter(
      concat(
        transform(
          filter(
            COALESCE(element_at(paired.by_caller_session, s.node.session_id), {{ empty(CHILD) }}),
            c -> c.confidence IS NULL OR s.node.principal_id IS NULL OR c.confidence = s.node.principal_id
          ),
          c -> CAST(ROW(s.id, s.node.session_id, 1, c.id, s.id, 'exact', '0') AS {{ FIND }})
        ),
        flatten(transform(
          filter({{ steps_of('paired', 's.id') }}, t -> t.link <> 'forwarded'),
          t -> transform(
            filter(COALESCE(element_at(paired.by_parent, t.node_id), {{ empty(CHILD) }}), c -> c.id NOT LIKE 'session %'),
            c -> CAST(ROW(s.id, s.node.session_id, 1, c.id, s.id, c.confidence, '1') AS {{ FIND }})
          )
        )),
        CASE
          WHEN s.node.created IS NULL THEN transform(
            COALESCE(element_at(paired.by_long_term_key, s.node.session_key), {{ empty(CHILD) }}),
            c -> CAST(ROW(s.id, s.node.session_id, 1, c.id, s.id, 'inferred', '2') AS {{ FIND }})
          )
          ELSE {{ empty(FIND) }}
        END
      ),
      w -> COALESCE({{ product('paired', 'w.child_id') }}.node.session_id, '') <> COALESCE(s.node.session_id, '')
    ))) AS first_finds
  FROM paired
),
found AS (
  SELECT
    first_found.*,
    -- by start and product, so that a place met before is not gone to again
    reduce(
      filter(sequence(2, 100), d -> d <= :max_depth),
      {{ first_ways('first_found.first_finds') }},
      (finds, depth) -> {% set next_finds %}flatten(transform(filter(map_values(finds), f -> f.depth = depth - 1), f -> transform(
        filter(
          COALESCE(element_at(first_found.by_parent, f.child_id), {{ empty(CHILD) }}),
          c -> element_at(finds, f.start_id || ' ' || c.id) IS NULL
            AND COALESCE({{ product('first_found', 'c.id') }}.node.session_id, '') <> COALESCE(f.start_session_id, '')
        ),
        c -> CAST(ROW(
          f.start_id, f.start_session_id, CAST(depth AS INTEGER), c.id, f.child_id, c.confidence,
          COALESCE(time_text({{ moment(product('first_found', 'f.child_id') ~ '.node.second') }}), '~') || COALESCE({{ product('first_found', 'f.child_id') }}.node.event_id, '~')
        ) AS {{ FIND }})
      ))){% endset %}map_concat(finds, {{ first_ways(next_finds) }}),
      finds -> filter(map_values(finds), f -> :max_depth > 0)
    ) AS finds
  FROM first_found
),
descended AS (
  SELECT
    found.*,
    transform(found.finds, f -> CAST(ROW(
      f.start_id, 'derived', f.depth, 'product ' || f.child_id, CASE WHEN f.depth = 1 THEN f.start_id ELSE 'product ' || f.parent_id END,
      element_at(element_at(found.by_product, 'product ' || f.child_id), 1).link, f.confidence, FALSE,
      CASE
        WHEN f.depth = :max_depth AND any_match(
          COALESCE(element_at(found.by_parent, f.child_id), {{ empty(CHILD) }}),
          c -> element_at(places.met, f.start_id || ' ' || c.id) IS NULL
            AND COALESCE(element_at(element_at(found.by_product, 'product ' || c.id), 1).node.session_id, '')
              <> COALESCE(f.start_session_id, '')
        ) THEN 'depth-limit'
      END
    ) AS {{ SHOWN }})) AS descent
  FROM found
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    found.finds, f -> CAST(ROW(f.start_id || ' ' || f.child_id, TRUE) AS ROW(name VARCHAR, value BOOLEAN))
  ))]) AS places(met)
)