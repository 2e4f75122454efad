-- an issuance that a use of ours steps to is no start of its own
taken AS (
  SELECT DISTINCT decided.issuance_id
  FROM decided
  JOIN candidates ON candidates.start_id = decided.use_id
  WHERE candidates.is_used
),
unused AS (
  SELECT 'issued:' || issuances.issuance_id AS start_id
  FROM issuances
  LEFT JOIN taken ON taken.issuance_id = issuances.issuance_id
  WHERE taken.issuance_id IS NULL AND issuances.in_window
),
-- several unused issuances of one session are one start
standing_candidates AS (
  SELECT
    candidates.*,
    ROW_NUMBER() OVER (
      PARTITION BY candidates.is_used, candidates.access_key_id, candidates.principal_id, candidates.session_created_at
      ORDER BY candidates.used_at NULLS LAST, candidates.start_id
    ) AS start_number
  FROM candidates
  LEFT JOIN unused ON unused.start_id = candidates.start_id
  WHERE candidates.is_used OR unused.start_id IS NOT NULL
),
{% if given.at %}
standing AS (
{% else %}
starts AS (
{% endif %}
  SELECT
    candidates.*,
    {% if given.at %}
    COALESCE(candidates.session_created_at, CASE WHEN NOT candidates.is_used THEN candidates.used_at END) AS begins_at,
    {% endif %}
    '|' || COALESCE(candidates.access_key_id, '') || '|' || COALESCE(candidates.principal_id, '') || '|'
      || COALESCE(time_text(candidates.session_created_at), '') || '|' AS session_key
  FROM standing_candidates AS candidates
  LEFT JOIN used
    ON NOT candidates.is_used
    AND COALESCE(used.access_key_id, '') = COALESCE(candidates.access_key_id, '')
    AND COALESCE(used.principal_id, '') = COALESCE(candidates.principal_id, '')
    AND COALESCE(time_text(used.session_created_at), '') = COALESCE(time_text(candidates.session_created_at), '')
  WHERE candidates.start_number = 1 AND (candidates.is_used OR used.session_id IS NULL)
){% if given.at %},
-- of the starts, those that used the key at that second, else the latest whose life covers it
lives AS (
  SELECT
    standing.start_id,
    standing.used_then,
    standing.begins_at,
    COALESCE(parameters.at >= standing.begins_at, TRUE)
      AND COALESCE(parameters.at <= COALESCE(expiry.expires_at, plus_seconds(standing.session_created_at, 129600)), TRUE) AS covers
  FROM standing
  CROSS JOIN parameters
  LEFT JOIN (
    SELECT decided.use_id, MAX(issuances.expires_at) AS expires_at
    FROM decided
    JOIN issuances ON issuances.issuance_id = decided.issuance_id
    WHERE decided.rule <= 3
    GROUP BY decided.use_id
  ) AS expiry ON expiry.use_id = standing.start_id
),
starts AS (
  SELECT standing.*
  FROM standing
  JOIN (
    SELECT
      lives.*,
      MAX(CASE WHEN lives.used_then THEN 1 ELSE 0 END) OVER () AS used_then_count,
      RANK() OVER (
        ORDER BY CASE WHEN lives.covers THEN 0 ELSE 1 END, lives.begins_at DESC NULLS LAST
      ) AS life_rank
    FROM lives
  ) AS chosen ON chosen.start_id = standing.start_id
  WHERE CASE WHEN chosen.used_then_count > 0 THEN chosen.used_then ELSE chosen.covers AND chosen.life_rank = 1 END
)
{% endif %}
