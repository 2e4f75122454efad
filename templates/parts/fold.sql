{# The walk for engines that compute a CTE at every mention (Trino, Athena): the same answer as starts, steps and rows together, from ONE
   reading of the log. Every CTE is named once. One aggregation gathers what the walk needs into arrays, lambdas do the rest in memory.
   Times in the arrays are seconds since 1970, so that lambdas compare numbers.

   issuance   a call that vended something: its id, what it issued, its caller and its product as nodes
   call       a call of a long-term key, which a service may have gone on from (docs/rules.md §3.6)
   node       a row to be shown: a session, and the event columns beside it
   use        what a step goes back from: key, principal, creation, time (docs/rules.md §3)
   match      an issuance that a use may come from, and the rule that says so
   step       from a use to a node, with link and confidence
   place      where a walk has come to: start, depth, node, and the node nearer to the start

   An index stands in `CROSS JOIN UNNEST(ARRAY[...])`, which computes it once, not once for each element that a lambda looks up. #}
{% from 'parts/origin.sql' import origin_of %}
{% set NODE = 'ROW(session_id VARCHAR, access_key_id VARCHAR, principal_id VARCHAR, identity_type VARCHAR, identity_arn VARCHAR, account_id VARCHAR, created BIGINT, event_name VARCHAR, event_id VARCHAR, second BIGINT, aws_region VARCHAR, source_ip VARCHAR, user_agent VARCHAR, expires BIGINT, mfa_authenticated BOOLEAN, source_identity VARCHAR, on_behalf_of VARCHAR, invoked_by VARCHAR, session_key VARCHAR, origin VARCHAR)' %}
{% set ISSUANCE = 'ROW(id VARCHAR, access_key_id VARCHAR, principal_id VARCHAR, session_id VARCHAR, second BIGINT, expires BIGINT, is_created_key BOOLEAN, opens_console BOOLEAN, is_asked BOOLEAN, caller ' ~ NODE ~ ', product ' ~ NODE ~ ')' %}
{% set CALL = 'ROW(id VARCHAR, node ' ~ NODE ~ ')' %}
{% set SESSION = 'ROW(access_key_id VARCHAR, principal_id VARCHAR, created BIGINT, session_id VARCHAR, identity_type VARCHAR, identity_arn VARCHAR, account_id VARCHAR, own_calls BIGINT, forwarded_calls BIGINT, invoked_by VARCHAR, used_second BIGINT)' %}
{% set START = 'ROW(id VARCHAR, is_used BOOLEAN, used_then BOOLEAN, used_second BIGINT, node ' ~ NODE ~ ')' %}
{% set USE = 'ROW(id VARCHAR, access_key_id VARCHAR, principal_id VARCHAR, created BIGINT, identity_arn VARCHAR, invoked_by VARCHAR, used_second BIGINT)' %}
{% set ISSUED = 'ROW(id VARCHAR, principal_id VARCHAR, second BIGINT, expires BIGINT, is_created_key BOOLEAN, opens_console BOOLEAN, caller_key VARCHAR, caller_created BIGINT, has_caller BOOLEAN)' %}
{% set MATCH = 'ROW(id VARCHAR, second BIGINT, rule INTEGER)' %}
{% set STEP = 'ROW(node_id VARCHAR, link VARCHAR, confidence VARCHAR)' %}
{% set PLACE = 'ROW(start_id VARCHAR, depth INTEGER, node_id VARCHAR, nearer_id VARCHAR, link VARCHAR, confidence VARCHAR, path VARCHAR, has_returned BOOLEAN)' %}
{% set SHOWN = 'ROW(start_id VARCHAR, direction VARCHAR, depth INTEGER, node_id VARCHAR, nearer_id VARCHAR, link VARCHAR, confidence VARCHAR, ends BOOLEAN, note VARCHAR)' %}
{% macro seconds(time) %}seconds_between(timestamp_of('1970-01-01 00:00:00'), {{ time }}){% endmacro %}
{% macro moment(second) %}plus_seconds(timestamp_of('1970-01-01 00:00:00'), {{ second }}){% endmacro %}
{% macro empty(type) %}CAST(ARRAY[] AS ARRAY({{ type }})){% endmacro %}
{% macro session_key(key, principal, created) %}'|' || COALESCE({{ key }}, '') || '|' || COALESCE({{ principal }}, '') || '|' || COALESCE(CAST({{ created }} AS VARCHAR), '') || '|'{% endmacro %}
{% from 'parts/vending_names.sql' import vending_names %}
{% set only %}
delivered.event_name IN ({{ vending_names }})
      {% if choice.direction == 'origin' %}
      -- what may be a long-term key's call (docs/rules.md §3.6)
      OR delivered.access_key_id NOT LIKE 'ASIA%' AND delivered.created_at IS NULL AND delivered.invoked_by IS NULL AND delivered.identity_arn IS NOT NULL
      {% if given.access_key %}
      OR delivered.access_key_id = parameters.access_key
      {% endif %}
      {% if given.session_id %}
      OR delivered.access_key_id = parameters.session_id
      -- <principal>@<time>: the time and its sign are 21 characters
      OR delivered.principal_id = SUBSTR(parameters.session_id, 1, LENGTH(parameters.session_id) - 21)
      {% endif %}
      {% else %}
      OR delivered.access_key_id IS NOT NULL OR delivered.created_at IS NOT NULL
      {% endif %}
{% endset %}
{% set keep_uses = true %}
WITH {% include 'parts/events.sql' %},
{% include 'parts/issuances.sql' %},
-- what each event is to the walk
marked AS (
  SELECT
    told.*,
    -- the calls of a long-term key near which a service went on (docs/rules.md §3.6), one a second
    told.is_call AND told.call_number = 1
      AND COUNT(CASE WHEN told.is_forwarded THEN 1 END) OVER (
        PARTITION BY told.identity_arn ORDER BY told.near RANGE BETWEEN 600 PRECEDING AND 600 FOLLOWING
      ) > 0 AS is_evidence
  FROM (
    SELECT
      noted.*,
      CASE WHEN noted.is_call THEN noted.second ELSE noted.created END AS near,
      ROW_NUMBER() OVER (
        PARTITION BY noted.access_key_id, noted.identity_arn, noted.second, CASE WHEN NOT noted.is_call THEN noted.id END
        ORDER BY noted.is_call DESC, noted.event_id NULLS LAST, noted.event_source, noted.event_name
      ) AS call_number
    FROM (
      SELECT
        issuances.*,
        -- an event without an id is told by its place among its like
        COALESCE(
          'event ' || issuances.event_id,
          issuances.issuance_id || ' ' || CAST(ROW_NUMBER() OVER (PARTITION BY issuances.issuance_id ORDER BY issuances.event_time) AS VARCHAR)
        ) AS id,
        {{ seconds('issuances.event_time') }} AS second,
        {{ seconds('issuances.session_created_at') }} AS created,
        {{ seconds('issuances.expires_at') }} AS expires,
        {{ seconds('issuances.issued_created_at') }} AS issued_created,
        issuances.in_window
        {%- if given.access_key %} AND issuances.access_key_id = parameters.access_key{% endif %}
        {%- if given.session_id %} AND issuances.session_id = parameters.session_id{% endif %} AS is_asked,
        issuances.in_window
        {%- if given.access_key %} AND issuances.issued_access_key_id = parameters.access_key{% endif %}
        {%- if given.session_id %} AND issuances.issued_session_id = parameters.session_id{% endif %} AS issues_asked,
        {% if given.at %}
        issuances.event_time = parameters.at AS is_then,
        {% endif %}
        COALESCE(
          issuances.access_key_id NOT LIKE 'ASIA%' AND issuances.session_created_at IS NULL AND issuances.invoked_by IS NULL
            AND issuances.identity_arn IS NOT NULL AND issuances.event_time IS NOT NULL,
          FALSE
        ) AS is_call,
        issuances.access_key_id IS NOT NULL AND issuances.session_created_at IS NOT NULL AND issuances.invoked_by IS NOT NULL AS is_forwarded
      FROM issuances
      CROSS JOIN parameters
    ) AS noted
  ) AS told
),
sessions AS (
  SELECT
    marked.access_key_id,
    marked.principal_id,
    marked.created,
    marked.session_id,
    COUNT(CASE WHEN marked.is_asked THEN 1 END) AS asked_calls,
    COUNT(CASE WHEN marked.is_asked AND marked.invoked_by IS NULL THEN 1 END) AS own_calls,
    MIN(CASE WHEN marked.is_asked THEN marked.identity_type END) AS identity_type,
    MIN(CASE WHEN marked.is_asked THEN marked.identity_arn END) AS identity_arn,
    MIN(CASE WHEN marked.is_asked THEN marked.account_id END) AS account_id,
    MIN(CASE WHEN marked.is_asked THEN marked.invoked_by END) AS invoked_by,
    MAX(CASE WHEN marked.is_asked AND marked.mfa_authenticated IS NOT NULL THEN CASE WHEN marked.mfa_authenticated THEN 1 ELSE 0 END END) AS mfa_authenticated,
    MIN(CASE WHEN marked.is_asked THEN marked.source_identity END) AS source_identity,
    MIN(CASE WHEN marked.is_asked THEN marked.on_behalf_of END) AS on_behalf_of,
    {% if given.at %}any_true(marked.is_asked AND marked.is_then){% else %}FALSE{% endif %} AS used_then,
    MIN(CASE WHEN marked.is_asked THEN marked.second END) AS used_second,
    {% if choice.direction != 'origin' %}
    CAST(ROW(
      marked.access_key_id, marked.principal_id, marked.created, marked.session_id, MIN(marked.identity_type), MIN(marked.identity_arn),
      MIN(marked.account_id), COUNT(*) - COUNT(marked.invoked_by), COUNT(marked.invoked_by), MIN(marked.invoked_by), MIN(marked.second)
    ) AS {{ SESSION }}) AS session,
    {% endif %}
    ARRAY_AGG(
      CAST(ROW(
        marked.id, marked.issued_access_key_id, marked.issued_principal_id, marked.issued_session_id, marked.second, marked.expires,
        marked.event_name = 'CreateAccessKey', marked.opens_console, marked.issues_asked,
        CAST(ROW(
          marked.session_id, marked.access_key_id, marked.principal_id, marked.identity_type, marked.identity_arn, marked.account_id,
          marked.created, marked.event_name, marked.event_id, marked.second, marked.aws_region, marked.source_ip, marked.user_agent,
          marked.expires, marked.mfa_authenticated, COALESCE(marked.source_identity, marked.issued_source_identity), marked.on_behalf_of,
          marked.invoked_by,
          CASE WHEN marked.caller_session_id IS NOT NULL THEN {{ session_key('marked.access_key_id', 'marked.principal_id', 'marked.created') }} END,
          {{ origin_of(
            'marked.identity_type', 'marked.access_key_id', 'marked.session_created_at',
            served="marked.access_key_id IS NULL AND marked.identity_type = 'AWSService'
              OR marked.invoked_by IS NOT NULL AND (marked.identity_type IS NULL OR marked.access_key_id IS NULL)",
            signs_in='marked.opens_console', issued_arn='marked.issued_arn'
          ) }}
        ) AS {{ NODE }}),
        CAST(ROW(
          marked.issued_session_id, marked.issued_access_key_id, marked.issued_principal_id, marked.issued_type, marked.issued_arn,
          marked.issued_account_id, marked.issued_created, marked.event_name, marked.event_id, marked.second, marked.aws_region,
          marked.source_ip, marked.user_agent, marked.expires, NULL, marked.issued_source_identity, NULL, marked.invoked_by,
          {{ session_key('marked.issued_access_key_id', 'marked.issued_principal_id', 'marked.issued_created') }}, NULL
        ) AS {{ NODE }})
      ) AS {{ ISSUANCE }})
    ) FILTER (WHERE marked.is_issuance) AS issuances,
    ARRAY_AGG(
      CAST(ROW(
        'call ' || marked.id,
        CAST(ROW(
          marked.session_id, marked.access_key_id, marked.principal_id, marked.identity_type, marked.identity_arn, marked.account_id, NULL,
          marked.event_name, marked.event_id, marked.second, marked.aws_region, marked.source_ip, marked.user_agent, NULL,
          marked.mfa_authenticated, marked.source_identity, marked.on_behalf_of, NULL,
          {{ session_key('marked.access_key_id', 'marked.principal_id', 'marked.created') }},
          {{ origin_of('marked.identity_type', 'marked.access_key_id', 'marked.session_created_at') }}
        ) AS {{ NODE }})
      ) AS {{ CALL }})
    ) FILTER (WHERE marked.is_evidence) AS calls
  FROM marked
  GROUP BY marked.access_key_id, marked.principal_id, marked.created, marked.session_id
),
-- the sessions that used what is asked about (docs/rules.md §4): all keys of one principal and creation together
asked AS (
  SELECT
    sessions.principal_id,
    sessions.created,
    sessions.session_id,
    -- a console session uses many keys: the walk starts from one, its own before a service's, then the first used, then the smaller
    SUBSTR(MIN(CASE WHEN sessions.asked_calls > 0 AND sessions.access_key_id IS NOT NULL THEN
      CASE WHEN sessions.own_calls < sessions.asked_calls THEN '1' ELSE '0' END
        || COALESCE(time_text({{ moment('sessions.used_second') }}), '~~~~~~~~~~~~~~~~~~~~') || sessions.access_key_id
    END), 22) AS access_key_id,
    SUM(sessions.asked_calls) AS asked_calls,
    MIN(sessions.identity_type) AS identity_type,
    MIN(sessions.identity_arn) AS identity_arn,
    MIN(sessions.account_id) AS account_id,
    MAX(sessions.mfa_authenticated) = 1 AS mfa_authenticated,
    MIN(sessions.source_identity) AS source_identity,
    MIN(sessions.on_behalf_of) AS on_behalf_of,
    -- only where a service made every call
    CASE WHEN SUM(sessions.own_calls) = 0 THEN MIN(sessions.invoked_by) END AS invoked_by,
    any_true(sessions.used_then) AS used_then,
    MIN(sessions.used_second) AS used_second,
    {% if choice.direction != 'origin' %}
    ARRAY_AGG(sessions.session) FILTER (WHERE sessions.access_key_id IS NOT NULL) AS sessions,
    {% endif %}
    flatten(ARRAY_AGG(sessions.issuances) FILTER (WHERE sessions.issuances IS NOT NULL)) AS issuances,
    flatten(ARRAY_AGG(sessions.calls) FILTER (WHERE sessions.calls IS NOT NULL)) AS calls
  FROM sessions
  GROUP BY sessions.principal_id, sessions.created, sessions.session_id
),
gathered AS (
  SELECT
    COALESCE(flatten(ARRAY_AGG(asked.issuances) FILTER (WHERE asked.issuances IS NOT NULL)), {{ empty(ISSUANCE) }}) AS issuances,
    COALESCE(flatten(ARRAY_AGG(asked.calls) FILTER (WHERE asked.calls IS NOT NULL)), {{ empty(CALL) }}) AS calls,
    {% if choice.direction != 'origin' %}
    COALESCE(flatten(ARRAY_AGG(asked.sessions) FILTER (WHERE asked.sessions IS NOT NULL)), {{ empty(SESSION) }}) AS sessions,
    {% endif %}
    COALESCE(ARRAY_AGG(
      CAST(ROW(
        'start ' || {{ session_key('asked.access_key_id', 'asked.principal_id', 'asked.created') }},
        TRUE,
        asked.used_then,
        asked.used_second,
        CAST(ROW(
          asked.session_id, asked.access_key_id, asked.principal_id, asked.identity_type, asked.identity_arn, asked.account_id, asked.created,
          NULL, NULL, NULL, NULL, NULL, NULL, NULL, asked.mfa_authenticated, asked.source_identity, asked.on_behalf_of, asked.invoked_by,
          {{ session_key('asked.access_key_id', 'asked.principal_id', 'asked.created') }},
          {{ origin_of(
            'asked.identity_type', 'asked.access_key_id', 'asked.created',
            served="asked.access_key_id IS NULL AND (asked.identity_type = 'AWSService' OR asked.invoked_by IS NOT NULL)
              OR asked.identity_type IS NULL AND asked.invoked_by IS NOT NULL"
          ) }}
        ) AS {{ NODE }})
      ) AS {{ START }})
    ) FILTER (WHERE asked.asked_calls > 0), {{ empty(START) }}) AS used
  FROM asked
),
-- beside them, the sessions that what is asked about was issued to
candidates AS (
  SELECT
    gathered.*,
    transform(
      filter(gathered.issuances, i -> i.is_asked),
      i -> CAST(ROW(
        'issued ' || i.id, FALSE, FALSE, i.second,
        CAST(ROW(
          i.product.session_id, i.product.access_key_id, i.product.principal_id, i.product.identity_type, i.product.identity_arn,
          i.product.account_id, i.product.created, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, i.product.source_identity, NULL, NULL,
          i.product.session_key,
          {{ origin_of('i.product.identity_type', 'i.product.access_key_id', 'i.product.created') }}
        ) AS {{ NODE }})
      ) AS {{ START }})
    ) AS issued
  FROM gathered
),
-- whose issuer is looked for, and where it is looked up
indexed AS (
  SELECT
    candidates.*,
    concat(
      transform(
        filter(candidates.issuances, i -> i.caller.session_key IS NOT NULL),
        i -> CAST(ROW(i.id, i.caller.access_key_id, i.caller.principal_id, i.caller.created, i.caller.identity_arn, i.caller.invoked_by, i.second) AS {{ USE }})
      ),
      transform(
        concat(candidates.used, candidates.issued),
        c -> CAST(ROW(c.id, c.node.access_key_id, c.node.principal_id, c.node.created, c.node.identity_arn, c.node.invoked_by, c.used_second) AS {{ USE }})
      ),
      {% if choice.direction != 'origin' %}
      transform(
        filter(candidates.sessions, s -> s.created IS NOT NULL AND s.own_calls = 0),
        s -> CAST(ROW('session ' || {{ session_key('s.access_key_id', 's.principal_id', 's.created') }}, s.access_key_id, s.principal_id, s.created, s.identity_arn, s.invoked_by, s.used_second) AS {{ USE }})
      ),
      {% endif %}
      transform(
        candidates.calls,
        c -> CAST(ROW(c.id, c.node.access_key_id, c.node.principal_id, NULL, c.node.identity_arn, NULL, c.node.second) AS {{ USE }})
      )
    ) AS uses,
    keys.by_key,
    issued_sessions.by_session,
    evidence.by_arn
  FROM candidates
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    filter(candidates.issuances, i -> i.access_key_id IS NOT NULL),
    i -> CAST(ROW(i.access_key_id, CAST(ROW(i.id, i.principal_id, i.second, i.expires, i.is_created_key, i.opens_console, i.caller.access_key_id, i.caller.created, i.caller.session_key IS NOT NULL) AS {{ ISSUED }})) AS ROW(name VARCHAR, value {{ ISSUED }}))
  ))]) AS keys(by_key)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    filter(candidates.issuances, i -> i.principal_id IS NOT NULL AND i.second IS NOT NULL),
    i -> CAST(ROW(CAST(i.second AS VARCHAR) || '@' || i.principal_id, CAST(ROW(i.id, i.principal_id, i.second, i.expires, i.is_created_key, i.opens_console, i.caller.access_key_id, i.caller.created, i.caller.session_key IS NOT NULL) AS {{ ISSUED }})) AS ROW(name VARCHAR, value {{ ISSUED }}))
  ))]) AS issued_sessions(by_session)
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(
    candidates.calls,
    c -> CAST(ROW(c.node.identity_arn, CAST(ROW(c.id, c.node.second, 6) AS {{ MATCH }})) AS ROW(name VARCHAR, value {{ MATCH }}))
  ))]) AS evidence(by_arn)
),
-- rules 1 to 5 of docs/rules.md §3: every issuance that may have issued what a use used
matched AS (
  SELECT
    indexed.*,
    transform(indexed.uses, u -> CAST(ROW(u, concat(
      transform(
        filter(
          COALESCE(element_at(indexed.by_key, u.access_key_id), {{ empty(ISSUED) }}),
          i -> CASE
            WHEN i.is_created_key THEN u.created IS NULL AND COALESCE(i.second <= u.used_second + 2, TRUE)
            ELSE (u.principal_id IS NULL OR i.principal_id IS NULL OR u.principal_id = i.principal_id)
              AND (
                COALESCE(ABS(i.second - u.created) <= 2, FALSE)
                OR (u.created IS NOT NULL OR u.access_key_id LIKE 'ASIA%')
                  AND COALESCE(i.second <= u.used_second + 2, TRUE)
                  AND COALESCE(u.used_second <= COALESCE(i.expires, i.second + 129600), TRUE)
              )
          END
        ),
        i -> CAST(ROW(i.id, i.second, CASE WHEN i.is_created_key THEN 5 WHEN ABS(i.second - u.created) <= 2 THEN 1 ELSE 2 END) AS {{ MATCH }})
      ),
      transform(
        filter(
          COALESCE(element_at(indexed.by_session, CAST(u.created AS VARCHAR) || '@' || u.principal_id), {{ empty(ISSUED) }}),
          -- a federated sign-in is signed with a key of the very session that it opens: it is not that key's issuer
          i -> NOT i.opens_console OR NOT i.has_caller OR COALESCE(i.caller_key, '') <> COALESCE(u.access_key_id, '')
            OR COALESCE(i.caller_created, -1) <> u.created
        ),
        i -> CAST(ROW(i.id, i.second, CASE WHEN i.opens_console THEN 4 ELSE 3 END) AS {{ MATCH }})
      )
    )) AS ROW(use {{ USE }}, matches ARRAY({{ MATCH }})))) AS tries
  FROM indexed
),
-- the first rule that finds something decides; of issuances that only fit by their time of life, and of created keys, the latest
decided AS (
  SELECT
    matched.*,
    transform(matched.tries, t -> CAST(ROW(t.use, element_at(transform(
      ARRAY[filter(t.matches, m -> m.rule = array_min(transform(t.matches, x -> x.rule)))],
      first -> filter(first, m -> m.rule NOT IN (2, 5) OR COALESCE(m.second, -100000000000) = array_max(transform(first, x -> COALESCE(x.second, -100000000000))))
    ), 1)) AS ROW(use {{ USE }}, found ARRAY({{ MATCH }})))) AS decisions
  FROM matched
),
-- rule 6 where no other finds anything; and which of the candidates are starts
stepped AS (
  SELECT
    decided.*,
    concat(decided.used, element_at(transform(
      ARRAY[filter(decided.issued, c ->
        -- an issuance that a use of ours steps to is no start of its own
        NOT any_match(decided.used, s -> s.node.session_key = c.node.session_key)
        AND NOT any_match(decided.decisions, d -> d.use.id LIKE 'start %' AND any_match(d.found, m -> 'issued ' || m.id = c.id))
      )],
      -- several unused issuances of one session are one start
      unused -> filter(unused, c -> NOT any_match(unused, x -> x.node.session_key = c.node.session_key AND x.id <> c.id AND (
        COALESCE(x.used_second, 100000000000) < COALESCE(c.used_second, 100000000000)
        OR COALESCE(x.used_second, 100000000000) = COALESCE(c.used_second, 100000000000) AND x.id < c.id
      )))
    ), 1)) AS standing,
    steps.by_use
  FROM decided
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(transform(decided.decisions, d -> CAST(ROW(d.use.id,
    CASE
      WHEN cardinality(d.found) > 0 THEN transform(d.found, m -> CAST(ROW(
        m.id,
        CASE m.rule WHEN 3 THEN 'issued-session' WHEN 4 THEN 'sign-in' WHEN 5 THEN 'created-key' ELSE 'issued-key' END,
        CASE WHEN m.rule = 2 THEN 'inferred' WHEN cardinality(d.found) > 1 THEN 'ambiguous' ELSE 'exact' END
      ) AS {{ STEP }}))
      WHEN d.use.access_key_id IS NOT NULL AND d.use.invoked_by IS NOT NULL AND d.use.created IS NOT NULL THEN element_at(transform(
        ARRAY[filter(COALESCE(element_at(decided.by_arn, d.use.identity_arn), {{ empty(MATCH) }}), c -> ABS(c.second - d.use.created) <= 600)],
        -- the nearest, the earlier before the later: 2 * distance, and 1 more for a later one
        near -> transform(
          filter(near, c -> 2 * ABS(c.second - d.use.created) + CASE WHEN c.second > d.use.created THEN 1 ELSE 0 END
            = array_min(transform(near, x -> 2 * ABS(x.second - d.use.created) + CASE WHEN x.second > d.use.created THEN 1 ELSE 0 END))),
          c -> CAST(ROW(c.id, 'forwarded', 'inferred') AS {{ STEP }})
        )
      ), 1)
      ELSE {{ empty(STEP) }}
    END
  ) AS ROW(name VARCHAR, value ARRAY({{ STEP }})))))]) AS steps(by_use)
),
{% if given.at %}
-- of the starts, those that used the key at that second, else the latest whose life covers it
lives AS (
  SELECT
    stepped.*,
    {{ seconds('parameters.at') }} AS at_second,
    transform(stepped.standing, c -> CAST(ROW(c, array_max(filter(transform(
      filter(stepped.issuances, i -> any_match(stepped.decisions, d -> d.use.id = c.id AND any_match(d.found, m -> m.id = i.id AND m.rule <= 3))),
      i -> i.expires
    ), v -> v IS NOT NULL)), COALESCE(c.node.created, CASE WHEN NOT c.is_used THEN c.used_second END))
      AS ROW(start {{ START }}, expires BIGINT, begins BIGINT))) AS spans
  FROM stepped
  CROSS JOIN parameters
),
covering AS (
  SELECT
    lives.*,
    filter(lives.spans, l -> lives.at_second >= COALESCE(l.begins, lives.at_second)
      AND COALESCE(lives.at_second <= COALESCE(l.expires, l.start.node.created + 129600), TRUE)) AS covers
  FROM lives
),
begun AS (
  SELECT
    covering.*,
    CASE
      WHEN any_match(covering.standing, c -> c.used_then) THEN filter(covering.standing, c -> c.used_then)
      ELSE transform(
        filter(covering.covers, l -> COALESCE(l.begins, -100000000000) = array_max(transform(covering.covers, x -> COALESCE(x.begins, -100000000000)))),
        l -> l.start
      )
    END AS starts
  FROM covering
),
{% else %}
begun AS (
  SELECT stepped.*, stepped.standing AS starts
  FROM stepped
),
{% endif %}
{% if choice.direction != 'origin' %}
{% include 'parts/fold_derived.sql' %},
{% endif %}
-- backwards, from each start to its origin; the path holds the sessions already met
nodes AS (
  SELECT
    {% if choice.direction == 'origin' %}
    begun.*,
    {% else %}
    descended.*,
    {% endif %}
    known.by_id
  {% set before = 'begun' if choice.direction == 'origin' else 'descended' %}
  FROM {{ before }}
  CROSS JOIN UNNEST(ARRAY[multimap_from_entries(concat(
    transform({{ before }}.starts, s -> CAST(ROW(s.id, s.node) AS ROW(name VARCHAR, value {{ NODE }}))),
    {% if choice.direction != 'origin' %}
    transform({{ before }}.products, p -> CAST(ROW(p.id, p.node) AS ROW(name VARCHAR, value {{ NODE }}))),
    {% endif %}
    transform({{ before }}.issuances, i -> CAST(ROW(i.id, i.caller) AS ROW(name VARCHAR, value {{ NODE }}))),
    transform({{ before }}.calls, c -> CAST(ROW(c.id, c.node) AS ROW(name VARCHAR, value {{ NODE }})))
  ))]) AS known(by_id)
),
walked AS (
  SELECT
    nodes.*,
    {% if choice.direction == 'derived' %}
    transform(nodes.starts, s -> CAST(ROW(s.id, 0, s.id, NULL, NULL, NULL, s.node.session_key, FALSE) AS {{ PLACE }})) AS places
    {% else %}
    reduce(
      slice(sequence(1, 100), 1, :max_depth),
      transform(nodes.starts, s -> CAST(ROW(s.id, 0, s.id, NULL, NULL, NULL, s.node.session_key, FALSE) AS {{ PLACE }})),
      (places, depth) -> concat(places, flatten(transform(
        filter(places, p -> p.depth = depth - 1 AND NOT p.has_returned),
        p -> transform(
          flatten(COALESCE(element_at(nodes.by_use, p.node_id), {{ empty('ARRAY(' ~ STEP ~ ')') }})),
          s -> CAST(ROW(
            p.start_id, CAST(depth AS INTEGER), s.node_id, p.node_id, s.link, s.confidence,
            p.path || COALESCE(element_at(element_at(nodes.by_id, s.node_id), 1).session_key, ''),
            COALESCE(STRPOS(p.path, element_at(element_at(nodes.by_id, s.node_id), 1).session_key) > 0, FALSE)
          ) AS {{ PLACE }})
        )
      ))),
      places -> places
    ) AS places
    {% endif %}
  FROM nodes
),
shown AS (
  SELECT
    walked.by_id,
    {% if choice.direction != 'origin' %}
    concat(
    walked.descent,
    {% endif %}
    transform(walked.places, p -> CAST(ROW(
      p.start_id, CASE WHEN p.depth = 0 THEN 'start' ELSE 'origin' END, p.depth, p.node_id, p.nearer_id, p.link, p.confidence,
      {% if choice.direction == 'derived' %}
      FALSE,
      NULL
      {% else %}
      NOT p.has_returned AND cardinality(flatten(COALESCE(element_at(walked.by_use, p.node_id), {{ empty('ARRAY(' ~ STEP ~ ')') }}))) = 0,
      CASE WHEN p.has_returned THEN 'cycle' WHEN p.depth = :max_depth THEN 'depth-limit' END
      {% endif %}
    ) AS {{ SHOWN }}))
    {% if choice.direction != 'origin' %}
    )
    {% endif %}
    AS rows_shown
  FROM walked
),
answer AS (
  SELECT DISTINCT
    starts.session_id AS start_session_id,
    rows_of.direction,
    rows_of.depth,
    hops.session_id,
    hops.access_key_id,
    hops.principal_id,
    hops.identity_type,
    hops.identity_arn,
    hops.account_id,
    {{ moment('hops.created') }} AS session_created_at,
    rows_of.link,
    rows_of.confidence,
    hops.event_name,
    hops.event_id,
    {{ moment('hops.second') }} AS event_time,
    hops.aws_region,
    hops.source_ip,
    hops.user_agent,
    {{ moment('hops.expires') }} AS expires_at,
    hops.mfa_authenticated,
    hops.source_identity,
    hops.on_behalf_of,
    CASE WHEN rows_of.ends THEN hops.origin ELSE rows_of.note END AS origin,
    CASE WHEN rows_of.depth > 0 THEN COALESCE(nearer.session_id, starts.session_id) END AS linked_session_id,
    CASE WHEN rows_of.depth > 0 THEN nearer.access_key_id END AS linked_access_key_id,
    CASE WHEN rows_of.depth > 0 THEN hops.invoked_by END AS invoked_by
  FROM shown
  CROSS JOIN UNNEST(shown.rows_shown) AS rows_of(start_id, direction, depth, node_id, nearer_id, link, confidence, ends, note)
  {% set node_columns = 'session_id, access_key_id, principal_id, identity_type, identity_arn, account_id, created, event_name, event_id, second, aws_region, source_ip, user_agent, expires, mfa_authenticated, source_identity, on_behalf_of, invoked_by, session_key, origin' %}
  CROSS JOIN UNNEST(ARRAY[element_at(element_at(shown.by_id, rows_of.node_id), 1)]) AS hops({{ node_columns }})
  CROSS JOIN UNNEST(ARRAY[element_at(element_at(shown.by_id, rows_of.start_id), 1)]) AS starts({{ node_columns }})
  CROSS JOIN UNNEST(ARRAY[element_at(element_at(shown.by_id, COALESCE(rows_of.nearer_id, rows_of.start_id)), 1)]) AS nearer({{ node_columns }})
)
{% include 'parts/chain_answer.sql' %}
