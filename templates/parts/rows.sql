{% from 'parts/origin.sql' import origin_of %}
-- the hops that a walk can come to: callers of issuances, and long-term keys that a service went on from
hops AS (
  SELECT
    issuances.issuance_id AS hop_id,
    issuances.caller_session_id,
    issuances.session_id,
    issuances.access_key_id,
    issuances.principal_id,
    issuances.identity_type,
    issuances.identity_arn,
    issuances.account_id,
    issuances.session_created_at,
    issuances.event_name,
    issuances.event_id,
    issuances.event_time,
    issuances.aws_region,
    issuances.source_ip,
    issuances.user_agent,
    issuances.expires_at,
    issuances.mfa_authenticated,
    COALESCE(issuances.source_identity, issuances.issued_source_identity) AS source_identity,
    issuances.on_behalf_of,
    issuances.invoked_by,
    issuances.is_sign_in,
    issuances.issued_arn,
    issuances.event_name AS issuing_event_name
  FROM issuances
  UNION ALL
  SELECT
    forwarding.call_id, forwarding.session_id, forwarding.session_id, forwarding.access_key_id, forwarding.principal_id,
    forwarding.identity_type, forwarding.identity_arn, forwarding.account_id, CAST(NULL AS TIMESTAMP), forwarding.event_name,
    forwarding.event_id, forwarding.event_time, forwarding.aws_region, forwarding.source_ip, forwarding.user_agent,
    CAST(NULL AS TIMESTAMP), forwarding.mfa_authenticated, forwarding.source_identity, forwarding.on_behalf_of,
    CAST(NULL AS VARCHAR), FALSE, CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR)
  FROM forwarding
),
keyed_hops AS (
  SELECT
    hops.*,
    CASE
      WHEN hops.caller_session_id IS NOT NULL
      THEN '|' || COALESCE(hops.access_key_id, '') || '|' || COALESCE(hops.principal_id, '') || '|'
        || COALESCE(time_text(hops.session_created_at), '') || '|'
    END AS session_key
  FROM hops
),
{% if choice.direction != 'derived' %}
-- backwards, from each start to its origin; the path holds the sessions already met
walk (start_id, depth, hop_id, nearer_id, link, confidence, path, has_returned) AS (
  SELECT
    starts.start_id,
    0,
    starts.start_id,
    CAST(NULL AS VARCHAR),
    CAST(NULL AS VARCHAR),
    CAST(NULL AS VARCHAR),
    starts.session_key,
    FALSE
  FROM starts
  UNION ALL
  SELECT
    walk.start_id,
    walk.depth + 1,
    steps.hop_id,
    walk.hop_id,
    steps.link,
    steps.confidence,
    walk.path || COALESCE(keyed_hops.session_key, ''),
    COALESCE(STRPOS(walk.path, keyed_hops.session_key) > 0, FALSE)
  FROM walk
  JOIN steps ON steps.use_id = walk.hop_id
  JOIN keyed_hops ON keyed_hops.hop_id = steps.hop_id
  WHERE walk.depth < :max_depth AND NOT walk.has_returned
),
{% endif %}
{% if choice.direction != 'origin' %}
-- forwards: what each issuance, and each key that a service used, led to
children AS (
  SELECT steps.hop_id AS parent_id, steps.use_id AS child_id, steps.confidence
  FROM steps
  JOIN issuances ON issuances.issuance_id = steps.use_id
  WHERE steps.link <> 'forwarded'
  UNION ALL
  SELECT created.hop_id, service_keys.service_key_id, 'inferred'
  FROM steps
  JOIN service_keys ON service_keys.service_key_id = steps.use_id
  JOIN steps AS created ON created.use_id = steps.hop_id
  WHERE steps.link = 'forwarded'
  UNION ALL
  SELECT service_keys.service_key_id, issuances.issuance_id, 'exact'
  FROM service_keys
  JOIN issuances
    ON issuances.access_key_id = service_keys.access_key_id
    AND issuances.session_created_at = service_keys.session_created_at
    AND COALESCE(issuances.principal_id, '') = COALESCE(service_keys.principal_id, '')
  JOIN steps ON steps.use_id = service_keys.service_key_id AND steps.link = 'forwarded'
),
-- where the walk forwards can come to, as sessions
products AS (
  SELECT
    issuances.issuance_id AS product_id,
    issuances.issued_session_id AS session_id,
    issuances.issued_access_key_id AS access_key_id,
    issuances.issued_principal_id AS principal_id,
    issuances.issued_type AS identity_type,
    issuances.issued_arn AS identity_arn,
    issuances.issued_account_id AS account_id,
    issuances.issued_created_at AS session_created_at,
    CASE WHEN issuances.event_name = 'CreateAccessKey' THEN 'created-key' WHEN issuances.opens_console THEN 'sign-in' ELSE 'issued-key' END AS link,
    issuances.event_name,
    issuances.event_id,
    issuances.event_time,
    issuances.aws_region,
    issuances.source_ip,
    issuances.user_agent,
    issuances.expires_at,
    issuances.issued_source_identity AS source_identity,
    issuances.invoked_by
  FROM issuances
  UNION ALL
  SELECT
    service_keys.service_key_id, service_keys.session_id, service_keys.access_key_id, service_keys.principal_id, service_keys.identity_type,
    service_keys.identity_arn, service_keys.account_id, service_keys.session_created_at, 'forwarded', forwarding.event_name, forwarding.event_id,
    forwarding.event_time, forwarding.aws_region, forwarding.source_ip, forwarding.user_agent, CAST(NULL AS TIMESTAMP), CAST(NULL AS VARCHAR),
    CAST(NULL AS VARCHAR)
  FROM service_keys
  JOIN (
    SELECT
      forwarding.*,
      ROW_NUMBER() OVER (PARTITION BY forwarding.use_id ORDER BY forwarding.event_id NULLS LAST, forwarding.access_key_id) AS call_number
    FROM forwarding
  ) AS forwarding ON forwarding.use_id = service_keys.service_key_id AND forwarding.call_number = 1
),
first_children AS (
  SELECT starts.start_id, issuances.issuance_id AS child_id, 'exact' AS confidence, 0 AS preference
  FROM starts
  JOIN issuances ON issuances.caller_session_id = starts.session_id
  WHERE issuances.principal_id IS NULL OR starts.principal_id IS NULL OR issuances.principal_id = starts.principal_id
  UNION ALL
  SELECT starts.start_id, calls.use_id, calls.confidence, 1
  FROM starts
  JOIN steps ON steps.use_id = starts.start_id AND steps.link <> 'forwarded'
  JOIN steps AS calls ON calls.hop_id = steps.hop_id
  JOIN issuances ON issuances.issuance_id = calls.use_id
  UNION ALL
  SELECT starts.start_id, steps.use_id, 'inferred', 2
  FROM starts
  JOIN forwarding ON forwarding.access_key_id = starts.access_key_id
  JOIN steps ON steps.hop_id = forwarding.call_id
  JOIN service_keys ON service_keys.service_key_id = steps.use_id
  WHERE starts.session_created_at IS NULL AND COALESCE(forwarding.principal_id, '') = COALESCE(starts.principal_id, '')
),
descent (start_id, start_session_id, depth, product_id, parent_id, confidence, preference, path) AS (
  SELECT
    starts.start_id,
    starts.session_id,
    1,
    first_children.child_id,
    starts.start_id,
    first_children.confidence,
    first_children.preference,
    '|' || first_children.child_id || '|'
  FROM starts
  JOIN first_children ON first_children.start_id = starts.start_id
  JOIN products ON products.product_id = first_children.child_id
  WHERE :max_depth > 0 AND COALESCE(products.session_id, '') <> COALESCE(starts.session_id, '')
  UNION ALL
  SELECT
    descent.start_id,
    descent.start_session_id,
    descent.depth + 1,
    children.child_id,
    descent.product_id,
    children.confidence,
    0,
    descent.path || children.child_id || '|'
  FROM descent
  JOIN children ON children.parent_id = descent.product_id
  JOIN products ON products.product_id = children.child_id
  WHERE descent.depth < :max_depth
    AND STRPOS(descent.path, '|' || children.child_id || '|') = 0
    AND COALESCE(products.session_id, '') <> COALESCE(descent.start_session_id, '')
),
-- each once, at its smallest depth
derived AS (
  SELECT placed.*
  FROM (
    SELECT
      descent.*,
      ROW_NUMBER() OVER (
        PARTITION BY descent.start_id, descent.product_id
        ORDER BY descent.depth, descent.preference, parents.event_time NULLS LAST, parents.event_id NULLS LAST
      ) AS arrival
    FROM descent
    LEFT JOIN products AS parents ON parents.product_id = descent.parent_id
  ) AS placed
  WHERE placed.arrival = 1
),
-- children that only max_depth keeps out
beyond AS (
  SELECT DISTINCT derived.start_id, derived.product_id
  FROM derived
  JOIN children ON children.parent_id = derived.product_id
  JOIN products ON products.product_id = children.child_id
  LEFT JOIN derived AS reached ON reached.start_id = derived.start_id AND reached.product_id = children.child_id
  WHERE derived.depth = :max_depth
    AND reached.product_id IS NULL
    AND COALESCE(products.session_id, '') <> COALESCE(derived.start_session_id, '')
),
key_uses AS (
  SELECT
    events.session_id,
    events.access_key_id,
    MIN(events.event_time) AS first_used,
    COUNT(*) - COUNT(events.invoked_by) AS own_calls
  FROM events
  WHERE events.access_key_id IS NOT NULL
  GROUP BY events.session_id, events.access_key_id
),
-- the console and Identity Center use another key than the one that was issued (docs/rules.md §4)
exchanged_keys AS (
  SELECT exchanged.product_id, exchanged.access_key_id
  FROM (
    SELECT
      products.product_id,
      key_uses.access_key_id,
      ROW_NUMBER() OVER (PARTITION BY products.product_id ORDER BY key_uses.first_used NULLS LAST, key_uses.access_key_id) AS preference
    FROM products
    JOIN key_uses ON key_uses.session_id = products.session_id
    LEFT JOIN (SELECT DISTINCT key_uses.access_key_id FROM key_uses) AS used_keys ON used_keys.access_key_id = products.access_key_id
    LEFT JOIN (SELECT DISTINCT products.access_key_id FROM products WHERE products.link <> 'forwarded') AS issued_keys
      ON issued_keys.access_key_id = key_uses.access_key_id
    WHERE products.link = 'issued-key'
      AND used_keys.access_key_id IS NULL
      AND issued_keys.access_key_id IS NULL
      AND key_uses.own_calls > 0
  ) AS exchanged
  WHERE exchanged.preference = 1
),
{% endif %}
{% if choice.direction != 'derived' %}
going_on AS (
  SELECT DISTINCT steps.use_id
  FROM steps
),
{% endif %}
answer AS (
  SELECT
    starts.session_id AS start_session_id,
    'start' AS direction,
    0 AS depth,
    starts.session_id,
    starts.access_key_id,
    starts.principal_id,
    starts.identity_type,
    starts.identity_arn,
    starts.account_id,
    starts.session_created_at,
    CAST(NULL AS VARCHAR) AS link,
    CAST(NULL AS VARCHAR) AS confidence,
    CAST(NULL AS VARCHAR) AS event_name,
    CAST(NULL AS VARCHAR) AS event_id,
    CAST(NULL AS TIMESTAMP) AS event_time,
    CAST(NULL AS VARCHAR) AS aws_region,
    CAST(NULL AS VARCHAR) AS source_ip,
    CAST(NULL AS VARCHAR) AS user_agent,
    CAST(NULL AS TIMESTAMP) AS expires_at,
    starts.mfa_authenticated,
    starts.source_identity,
    starts.on_behalf_of,
    {% if choice.direction == 'derived' %}
    CAST(NULL AS VARCHAR) AS origin,
    {% else %}
    CASE
      WHEN going_on.use_id IS NOT NULL THEN CASE WHEN :max_depth = 0 THEN 'depth-limit' END
      ELSE {{ origin_of(
        'starts.identity_type', 'starts.access_key_id', 'starts.session_created_at',
        served="starts.access_key_id IS NULL AND (starts.identity_type = 'AWSService' OR starts.invoked_by IS NOT NULL)
          OR starts.identity_type IS NULL AND starts.invoked_by IS NOT NULL"
      ) }}
    END AS origin,
    {% endif %}
    CAST(NULL AS VARCHAR) AS linked_session_id,
    CAST(NULL AS VARCHAR) AS linked_access_key_id,
    CAST(NULL AS VARCHAR) AS invoked_by
  FROM starts
  {% if choice.direction != 'derived' %}
  LEFT JOIN going_on ON going_on.use_id = starts.start_id
  {% endif %}
  {% if choice.direction != 'derived' %}
  UNION ALL
  SELECT
    starts.session_id,
    'origin',
    walk.depth,
    keyed_hops.session_id,
    keyed_hops.access_key_id,
    keyed_hops.principal_id,
    keyed_hops.identity_type,
    keyed_hops.identity_arn,
    keyed_hops.account_id,
    keyed_hops.session_created_at,
    walk.link,
    walk.confidence,
    keyed_hops.event_name,
    keyed_hops.event_id,
    keyed_hops.event_time,
    keyed_hops.aws_region,
    keyed_hops.source_ip,
    keyed_hops.user_agent,
    keyed_hops.expires_at,
    keyed_hops.mfa_authenticated,
    keyed_hops.source_identity,
    keyed_hops.on_behalf_of,
    CASE
      WHEN walk.has_returned THEN 'cycle'
      WHEN going_on.use_id IS NOT NULL THEN CASE WHEN walk.depth = :max_depth THEN 'depth-limit' END
      ELSE {{ origin_of(
        'keyed_hops.identity_type', 'keyed_hops.access_key_id', 'keyed_hops.session_created_at',
        served="keyed_hops.access_key_id IS NULL AND keyed_hops.identity_type = 'AWSService'
          OR keyed_hops.invoked_by IS NOT NULL AND (keyed_hops.identity_type IS NULL OR keyed_hops.access_key_id IS NULL)",
        signs_in="keyed_hops.issuing_event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')",
        issued_arn='keyed_hops.issued_arn'
      ) }}
    END,
    COALESCE(nearer.session_id, starts.session_id),
    CASE WHEN walk.depth = 1 THEN starts.access_key_id ELSE nearer.access_key_id END,
    keyed_hops.invoked_by
  FROM walk
  JOIN starts ON starts.start_id = walk.start_id
  JOIN keyed_hops ON keyed_hops.hop_id = walk.hop_id
  LEFT JOIN keyed_hops AS nearer ON nearer.hop_id = walk.nearer_id
  LEFT JOIN going_on ON going_on.use_id = walk.hop_id
  {% endif %}
  {% if choice.direction != 'origin' %}
  UNION ALL
  SELECT
    starts.session_id,
    'derived',
    derived.depth,
    products.session_id,
    COALESCE(exchanged_keys.access_key_id, products.access_key_id),
    products.principal_id,
    products.identity_type,
    products.identity_arn,
    products.account_id,
    products.session_created_at,
    CASE WHEN exchanged_keys.product_id IS NOT NULL THEN 'issued-session' ELSE products.link END,
    derived.confidence,
    products.event_name,
    products.event_id,
    products.event_time,
    products.aws_region,
    products.source_ip,
    products.user_agent,
    products.expires_at,
    CAST(NULL AS BOOLEAN),
    products.source_identity,
    CAST(NULL AS VARCHAR),
    CASE WHEN beyond.product_id IS NOT NULL THEN 'depth-limit' END,
    COALESCE(parents.session_id, starts.session_id),
    CASE WHEN derived.depth = 1 THEN starts.access_key_id ELSE COALESCE(parent_exchange.access_key_id, parents.access_key_id) END,
    products.invoked_by
  FROM derived
  JOIN starts ON starts.start_id = derived.start_id
  JOIN products ON products.product_id = derived.product_id
  LEFT JOIN products AS parents ON parents.product_id = derived.parent_id
  LEFT JOIN exchanged_keys ON exchanged_keys.product_id = derived.product_id
  LEFT JOIN exchanged_keys AS parent_exchange ON parent_exchange.product_id = derived.parent_id
  LEFT JOIN beyond ON beyond.start_id = derived.start_id AND beyond.product_id = derived.product_id
  {% endif %}
)
{% include 'parts/chain_answer.sql' %}
