{# In memory, over what fold.sql gathered: indexes, the walk backwards, and which of the sessions that it set out from are starts. #}
{% from 'parts/fold_words.sql' import NODE, ARRIVAL, PLACE, MOST_HELD, moment, seconds, session_of, session_key, numbers, index_of, step_of, rule_of, confidence_of %}
{% set derived = choice.direction != 'origin' %}
{% set held %}cardinality(gathered.issued) + cardinality(gathered.calls){{ ' + cardinality(gathered.keys)' if derived }}{% endset %}
-- beside the sessions that used what is asked about, those that it was issued to: they may have been used by nobody
candidates AS (
  SELECT
    gathered.*,
    {% if given.session_id %}
    zip_with(gathered.used, start_keys.standing, (u, k) -> CAST(ROW(
      NULL, NULL, u.second, NULL, NULL, NULL, NULL, k, u.principal_id, u.created, u.identity_type, u.identity_arn, u.account_id, u.invoked_by,
      u.mfa_authenticated, u.source_identity, u.on_behalf_of, {{ session_key('k', 'u.principal_id', 'u.created') }},
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, u.used_then
    ) AS {{ NODE }})) AS sessions,
    {% else %}
    gathered.used AS sessions,
    {% endif %}
    transform(filter(gathered.issued, e -> e.is_asked), e -> CAST(ROW(
      NULL, NULL, e.second, NULL, NULL, NULL, NULL, e.issued_key, e.issued_principal, e.issued_created, e.issued_type, e.issued_arn,
      e.issued_account, NULL, NULL, e.issued_source_identity, NULL, {{ session_key('e.issued_key', 'e.issued_principal', 'e.issued_created') }},
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, FALSE
    ) AS {{ NODE }})) AS unused
  FROM gathered
  {% if given.session_id %}
  -- a console session uses many keys: the walk starts from one, its own before a service's, then the first used, then the smaller
  CROSS JOIN UNNEST(ARRAY[transform(gathered.used, u -> SUBSTR(array_min(transform(
    filter(gathered.start_keys, k -> COALESCE(k.principal_id, '') = COALESCE(u.principal_id, '') AND COALESCE(k.created, -1) = COALESCE(u.created, -1)),
    k -> CASE WHEN k.forwarded_calls > 0 THEN '1' ELSE '0' END || COALESCE(time_text({{ moment('k.second') }}), '~~~~~~~~~~~~~~~~~~~~') || k.access_key_id
  )), 22))]) AS start_keys(standing)
  {% endif %}
  -- more would end the query for want of memory, which says nothing of the way out
  WHERE CASE
    WHEN {{ held }} > {{ MOST_HELD }}
    THEN CAST('sqlgen: ' || CAST({{ held }} AS VARCHAR) || ' issuances and uses of keys are in this window, and a walk holds {{ MOST_HELD }}: take a narrower window (credentials live no longer than 36 hours)' AS BOOLEAN)
    ELSE TRUE
  END
),
{% if derived %}
-- of the services those whose holder has a long-term key that the walk can come to
served AS (
  SELECT
    candidates.issued,
    candidates.calls,
    candidates.sessions,
    candidates.unused,
    candidates.keys,
    candidates.calling_keys,
    filter(candidates.services, s -> element_at(holders.arns, s.identity_arn) IS NOT NULL) AS services
  FROM candidates
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(concat(
    transform(filter(candidates.issued, e -> e.event_name = 'CreateAccessKey' AND e.issued_key IS NOT NULL), e -> ROW(e.issued_key, TRUE)),
    transform(filter(candidates.sessions, s -> s.created IS NULL AND s.access_key_id IS NOT NULL), s -> ROW(s.access_key_id, TRUE))
  ))]) AS long_term(keys)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    filter(candidates.calls, c -> element_at(long_term.keys, c.access_key_id) IS NOT NULL),
    c -> ROW(c.identity_arn, TRUE)
  ))]) AS holders(arns)
),
{% endif %}
-- a node's number is its place: issuances, calls, sessions that used what is asked about, sessions that it was issued to{{ ', services' if derived }}

numbered AS (
  SELECT
    concat(candidates.issued, candidates.calls, candidates.sessions, candidates.unused{{ ', candidates.services' if derived }}) AS nodes,
    cardinality(candidates.issued) AS issuances,
    cardinality(candidates.issued) + cardinality(candidates.calls) AS events,
    cardinality(candidates.sessions) AS used,
    cardinality(candidates.sessions) + cardinality(candidates.unused) AS starts,
    {% if derived %}
    cardinality(candidates.services) AS services,
    candidates.keys,
    candidates.calling_keys,
    {% endif %}
    indexes.by_issued_key,
    indexes.by_issued_session,
    indexes.by_arn_and_time,
    filter({{ numbers('cardinality(candidates.issued)') }}, n -> element_at(candidates.issued, n).is_asked) AS asked
  FROM {{ 'served AS candidates' if derived else 'candidates' }}
  CROSS JOIN UNNEST(ARRAY[ROW(
    {{ index_of('candidates.issued', 'e.issued_key') }},
    {{ index_of('candidates.issued', session_of('e.issued_key', 'e.issued_principal', 'e.issued_created')) }},
    {{ index_of('candidates.calls', "e.identity_arn || ' ' || CAST(e.second / 600 AS VARCHAR)", 'cardinality(candidates.issued)') }}
  )]) AS indexes(by_issued_key, by_issued_session, by_arn_and_time)
),
-- backwards, from each session towards its origin; the path holds the sessions already met
walked AS (
  SELECT
    numbered.*,
    walks.places
  FROM numbered
  CROSS JOIN UNNEST(ARRAY[reduce(
    sequence(0, {{ '0' if choice.direction == 'derived' else ':max_depth' }}),
    CAST(ARRAY[] AS ARRAY({{ PLACE }})),
    (places, depth) -> concat(places, transform(
      CASE
        WHEN depth = 0 THEN transform(
          {{ numbers('numbered.starts' ~ (' + numbered.services' if derived else ''), 'numbered.events') }},
          n -> CAST(ROW(n, 0, n, NULL, NULL, NULL, '') AS {{ ARRIVAL }})
        )
        ELSE flatten(transform(
          filter(places, p -> p.depth = depth - 1 AND NOT p.has_returned{{ ' AND p.start <= numbered.events + numbered.starts' if derived }}),
          p -> transform(p.step.nodes, n -> CAST(ROW(p.start, depth, n, p.node, {{ rule_of('p.step') }}, {{ confidence_of('p.step') }}, p.path) AS {{ ARRIVAL }}))
        ))
      END,
      a -> CAST(ROW(
        a.start, a.depth, a.node, a.nearer, a.rule, a.confidence,
        a.path || COALESCE(element_at(numbered.nodes, a.node).session_key, ''),
        COALESCE(STRPOS(a.path, element_at(numbered.nodes, a.node).session_key) > 0, FALSE),
        {{ step_of('element_at(numbered.nodes, a.node)', 'numbered') }}
      ) AS {{ PLACE }})
    )),
    places -> places
  )]) AS walks(places)
),
-- starts are the sessions that used it, and those that nobody used and no use steps to: of several issuances of one such the first
standing AS (
  SELECT
    walked.*,
    concat({{ numbers('walked.used', 'walked.events') }}, transform(firsts.firsts, k -> walked.events + walked.used + k)) AS standing
  FROM walked
  {% set unused %}element_at(walked.nodes, walked.events + walked.used + {% endset %}
  CROSS JOIN UNNEST(ARRAY[filter(
    {{ numbers('cardinality(walked.asked)') }},
    k -> NOT any_match(
      slice(walked.places, 1, walked.used),
      p -> element_at(walked.nodes, p.node).session_key = {{ unused }}k).session_key OR contains(p.step.nodes, element_at(walked.asked, k))
    )
  )]) AS loose(loose)
  CROSS JOIN UNNEST(ARRAY[filter(loose.loose, k -> NOT any_match(loose.loose, x ->
    {{ unused }}x).session_key = {{ unused }}k).session_key AND (
      COALESCE({{ unused }}x).second, 100000000000) < COALESCE({{ unused }}k).second, 100000000000)
      OR COALESCE({{ unused }}x).second, 100000000000) = COALESCE({{ unused }}k).second, 100000000000) AND x < k
    )
  ))]) AS firsts(firsts)
),
{% if given.at %}
{% set SPAN = 'ROW(start BIGINT, used_then BOOLEAN, begins BIGINT, ends BIGINT)' %}
{% set session %}element_at(standing.nodes, n){% endset %}
{% set step %}element_at(standing.places, n - standing.events).step{% endset %}
-- of the starts, those that used the key at that second, else the latest whose life covers it
begun AS (
  SELECT
    standing.*,
    CASE
      WHEN any_match(lives.spans, l -> l.used_then) THEN transform(filter(lives.spans, l -> l.used_then), l -> l.start)
      ELSE transform(
        filter(covering.spans, l -> COALESCE(l.begins, -100000000000) = array_max(transform(covering.spans, x -> COALESCE(x.begins, -100000000000)))),
        l -> l.start
      )
    END AS chosen
  FROM standing
  CROSS JOIN parameters
  CROSS JOIN UNNEST(ARRAY[transform(standing.standing, n -> CAST(ROW(
    n,
    {{ session }}.used_then,
    COALESCE({{ session }}.created, CASE WHEN n > standing.events + standing.used THEN {{ session }}.second END),
    COALESCE(
      array_max(filter(
        transform(CASE WHEN {{ rule_of(step) }} <= 3 THEN {{ step }}.nodes END, i -> element_at(standing.nodes, i).expires),
        x -> x IS NOT NULL
      )),
      {{ session }}.created + 129600
    )
  ) AS {{ SPAN }}))]) AS lives(spans)
  CROSS JOIN UNNEST(ARRAY[filter(
    lives.spans,
    l -> COALESCE(l.begins <= {{ seconds('parameters.at') }}, TRUE) AND COALESCE({{ seconds('parameters.at') }} <= l.ends, TRUE)
  )]) AS covering(spans)
)
{% else %}
begun AS (
  SELECT
    standing.*,
    standing.standing AS chosen
  FROM standing
)
{% endif %}
