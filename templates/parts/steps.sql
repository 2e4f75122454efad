-- whose issuer is looked for: the callers of issuances and the starts{% if choice.direction != 'origin' %}, and keys that a service used{% endif %}

uses AS (
  SELECT
    issuances.issuance_id AS use_id,
    issuances.access_key_id,
    issuances.principal_id,
    issuances.session_created_at,
    issuances.identity_arn,
    issuances.invoked_by,
    issuances.event_time AS used_at
  FROM issuances
  WHERE issuances.caller_session_id IS NOT NULL
  UNION ALL
  SELECT
    candidates.start_id, candidates.access_key_id, candidates.principal_id, candidates.session_created_at, candidates.identity_arn,
    candidates.invoked_by, candidates.used_at
  FROM candidates
  {% if choice.direction != 'origin' %}
  UNION ALL
  SELECT
    service_keys.service_key_id, service_keys.access_key_id, service_keys.principal_id, service_keys.session_created_at,
    service_keys.identity_arn, service_keys.invoked_by, service_keys.used_at
  FROM service_keys
  {% endif %}
),
-- rules 1 to 5 of docs/rules.md §3: every issuance that may have issued what a use used
matches_by_rule AS (
  SELECT
    uses.use_id,
    issuances.issuance_id,
    issuances.event_time,
    CASE
      WHEN issuances.event_name = 'CreateAccessKey' THEN 5
      WHEN ABS(seconds_between(issuances.event_time, uses.session_created_at)) <= 2 THEN 1
      ELSE 2
    END AS rule
  FROM uses
  JOIN issuances ON issuances.issued_access_key_id = uses.access_key_id
  WHERE CASE
    WHEN issuances.event_name = 'CreateAccessKey'
      THEN uses.session_created_at IS NULL AND COALESCE(issuances.event_time <= plus_seconds(uses.used_at, 2), TRUE)
    ELSE (uses.principal_id IS NULL OR issuances.issued_principal_id IS NULL OR uses.principal_id = issuances.issued_principal_id)
      AND (
        COALESCE(ABS(seconds_between(issuances.event_time, uses.session_created_at)) <= 2, FALSE)
        OR (uses.session_created_at IS NOT NULL OR uses.access_key_id LIKE 'ASIA%')
          AND COALESCE(issuances.event_time <= plus_seconds(uses.used_at, 2), TRUE)
          AND COALESCE(uses.used_at <= COALESCE(issuances.expires_at, plus_seconds(issuances.event_time, 129600)), TRUE)
      )
  END
  UNION ALL
  SELECT
    uses.use_id,
    issuances.issuance_id,
    issuances.event_time,
    CASE WHEN issuances.opens_console THEN 4 ELSE 3 END AS rule
  FROM uses
  JOIN issuances
    ON issuances.issued_principal_id = uses.principal_id AND issuances.event_time = uses.session_created_at
  -- a federated sign-in is signed with a key of the very session that it opens: it is not that key's issuer
  WHERE NOT issuances.opens_console
    OR issuances.caller_session_id IS NULL
    OR COALESCE(issuances.access_key_id, '') <> COALESCE(uses.access_key_id, '')
    OR issuances.session_created_at <> uses.session_created_at
),
-- the first rule that finds something decides; of issuances that only fit by their time of life, and of created keys, the latest
decided AS (
  SELECT
    ranked.use_id, ranked.issuance_id, ranked.rule
  FROM (
    SELECT
      matches_by_rule.*,
      MIN(matches_by_rule.rule) OVER (PARTITION BY matches_by_rule.use_id) AS first_rule,
      RANK() OVER (
        PARTITION BY matches_by_rule.use_id, matches_by_rule.rule
        ORDER BY CASE WHEN matches_by_rule.rule IN (2, 5) THEN matches_by_rule.event_time END DESC NULLS LAST
      ) AS latest
    FROM matches_by_rule
  ) AS ranked
  WHERE ranked.rule = ranked.first_rule AND ranked.latest = 1
),
-- rule 6: a key that nothing issued, used by a service for the holder of a long-term key: the long-term key's call nearest in time.
-- A running maximum finds the call before and the call after; a join on a span of time would pair everything with everything.
long_term_calls AS (
  SELECT events.*
  FROM events
  WHERE events.access_key_id NOT LIKE 'ASIA%'
    AND events.session_created_at IS NULL
    AND events.invoked_by IS NULL
    AND events.identity_arn IS NOT NULL
    AND events.event_time IS NOT NULL
),
moments AS (
  SELECT
    uses.use_id, uses.identity_arn, uses.session_created_at AS moment, CAST(NULL AS TIMESTAMP) AS call_time
  FROM uses
  LEFT JOIN decided ON decided.use_id = uses.use_id
  WHERE decided.use_id IS NULL
    AND uses.access_key_id IS NOT NULL
    AND uses.invoked_by IS NOT NULL
    AND uses.session_created_at IS NOT NULL
  UNION ALL
  SELECT DISTINCT
    CAST(NULL AS VARCHAR), long_term_calls.identity_arn, long_term_calls.event_time, long_term_calls.event_time
  FROM long_term_calls
),
nearest_calls AS (
  SELECT
    around.use_id,
    around.identity_arn,
    CASE
      WHEN around.call_after IS NULL
        OR seconds_between(around.call_before, around.moment) <= seconds_between(around.moment, around.call_after)
      THEN around.call_before
      ELSE around.call_after
    END AS call_time,
    around.moment
  FROM (
    SELECT
      moments.*,
      MAX(moments.call_time) OVER (
        PARTITION BY moments.identity_arn ORDER BY moments.moment RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS call_before,
      MIN(moments.call_time) OVER (
        PARTITION BY moments.identity_arn ORDER BY moments.moment DESC RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS call_after
    FROM moments
  ) AS around
  WHERE around.use_id IS NOT NULL
),
forwarding AS (
  SELECT
    nearest.use_id,
    'call:' || nearest.use_id || ':' || nearest.access_key_id AS call_id,
    nearest.access_key_id,
    nearest.principal_id,
    nearest.identity_type,
    nearest.identity_arn,
    nearest.account_id,
    nearest.session_id,
    nearest.event_name,
    nearest.event_id,
    nearest.event_time,
    nearest.aws_region,
    nearest.source_ip,
    nearest.user_agent,
    nearest.mfa_authenticated,
    nearest.source_identity,
    nearest.on_behalf_of
  FROM (
    SELECT
      nearest_calls.use_id,
      long_term_calls.*,
      ROW_NUMBER() OVER (
        PARTITION BY nearest_calls.use_id, long_term_calls.access_key_id
        ORDER BY long_term_calls.event_id NULLS LAST, long_term_calls.event_source, long_term_calls.event_name
      ) AS call_number
    FROM nearest_calls
    JOIN long_term_calls
      ON long_term_calls.identity_arn = nearest_calls.identity_arn AND long_term_calls.event_time = nearest_calls.call_time
    WHERE ABS(seconds_between(nearest_calls.moment, nearest_calls.call_time)) <= 600
  ) AS nearest
  WHERE nearest.call_number = 1
),
creation_of_forwarding AS (
  SELECT
    ranked.call_id, ranked.issuance_id
  FROM (
    SELECT
      forwarding.call_id,
      issuances.issuance_id,
      RANK() OVER (PARTITION BY forwarding.call_id ORDER BY issuances.event_time DESC NULLS LAST) AS latest
    FROM forwarding
    JOIN issuances ON issuances.issued_access_key_id = forwarding.access_key_id
    WHERE issuances.event_name = 'CreateAccessKey'
      AND COALESCE(issuances.event_time <= plus_seconds(forwarding.event_time, 2), TRUE)
  ) AS ranked
  WHERE ranked.latest = 1
),
-- one step backwards from each use: to an issuance, or to the long-term key's call that a service went on from
steps AS (
  SELECT
    decided.use_id,
    decided.issuance_id AS hop_id,
    CASE decided.rule
      WHEN 3 THEN 'issued-session' WHEN 4 THEN 'sign-in' WHEN 5 THEN 'created-key' ELSE 'issued-key'
    END AS link,
    CASE
      WHEN decided.rule = 2 THEN 'inferred'
      WHEN COUNT(*) OVER (PARTITION BY decided.use_id) > 1 THEN 'ambiguous'
      ELSE 'exact'
    END AS confidence
  FROM decided
  UNION ALL
  SELECT forwarding.use_id, forwarding.call_id, 'forwarded', 'inferred'
  FROM forwarding
  UNION ALL
  SELECT
    creation_of_forwarding.call_id,
    creation_of_forwarding.issuance_id,
    'created-key',
    CASE WHEN COUNT(*) OVER (PARTITION BY creation_of_forwarding.call_id) > 1 THEN 'ambiguous' ELSE 'exact' END
  FROM creation_of_forwarding
)
