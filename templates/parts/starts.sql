-- the sessions that used what is asked about, in the window (docs/rules.md §4)
asked AS (
  SELECT events.*
  FROM events
  CROSS JOIN parameters
  WHERE events.in_window
  {% if given.access_key %}
    AND events.access_key_id = parameters.access_key
  {% endif %}
  {% if given.session_id %}
    AND events.session_id = parameters.session_id
  {% endif %}
),
used AS (
  SELECT
    {% if given.session_id %}
    MIN(asked_keys.access_key_id) AS access_key_id,
    {% else %}
    asked.access_key_id,
    {% endif %}
    asked.principal_id,
    asked.session_created_at,
    asked.session_id,
    MIN(asked.identity_type) AS identity_type,
    MIN(asked.identity_arn) AS identity_arn,
    MIN(asked.account_id) AS account_id,
    CASE WHEN COUNT(asked.invoked_by) = COUNT(*) THEN MIN(asked.invoked_by) END AS invoked_by,
    CASE WHEN any_true(asked.mfa_authenticated) THEN TRUE WHEN COUNT(asked.mfa_authenticated) > 0 THEN FALSE END AS mfa_authenticated,
    MIN(asked.source_identity) AS source_identity,
    MIN(asked.on_behalf_of) AS on_behalf_of,
    {% if given.at %}
    any_true(asked.event_time = parameters.at) AS used_then,
    {% endif %}
    MIN(asked.event_time) AS used_at
  FROM asked
  {% if given.at %}
  CROSS JOIN parameters
  {% endif %}
  {% if given.session_id %}
  -- a console session uses many keys: the walk starts from one, its own before a service's, then the first used
  LEFT JOIN (
    SELECT
      keys.*,
      ROW_NUMBER() OVER (
        PARTITION BY keys.session_id, keys.principal_id, keys.session_created_at
        ORDER BY CASE WHEN keys.forwarded > 0 THEN 1 ELSE 0 END, keys.first_used NULLS LAST, keys.access_key_id
      ) AS preference
    FROM (
      SELECT
        asked.session_id, asked.principal_id, asked.session_created_at, asked.access_key_id,
        COUNT(asked.invoked_by) AS forwarded, MIN(asked.event_time) AS first_used
      FROM asked
      WHERE asked.access_key_id IS NOT NULL
      GROUP BY asked.session_id, asked.principal_id, asked.session_created_at, asked.access_key_id
    ) AS keys
  ) AS asked_keys
    ON asked_keys.session_id = asked.session_id
    AND asked_keys.preference = 1
    AND COALESCE(asked_keys.principal_id, '') = COALESCE(asked.principal_id, '')
    AND COALESCE(time_text(asked_keys.session_created_at), '') = COALESCE(time_text(asked.session_created_at), '')
  GROUP BY asked.principal_id, asked.session_created_at, asked.session_id
  {% else %}
  GROUP BY asked.access_key_id, asked.principal_id, asked.session_created_at, asked.session_id
  {% endif %}
),
-- what was issued under that name in the window: it starts a walk too if nobody used it
issued AS (
  SELECT
    issuances.issuance_id,
    issuances.issued_access_key_id AS access_key_id,
    issuances.issued_principal_id AS principal_id,
    issuances.issued_created_at AS session_created_at,
    issuances.issued_session_id AS session_id,
    MIN(issuances.issued_type) AS identity_type,
    MIN(issuances.issued_arn) AS identity_arn,
    MIN(issuances.issued_account_id) AS account_id,
    MIN(issuances.issued_source_identity) AS source_identity,
    MIN(issuances.event_time) AS used_at
  FROM issuances
  CROSS JOIN parameters
  WHERE issuances.in_window
  {% if given.access_key %}
    AND issuances.issued_access_key_id = parameters.access_key
  {% endif %}
  {% if given.session_id %}
    AND issuances.issued_session_id = parameters.session_id
  {% endif %}
  GROUP BY
    issuances.issuance_id, issuances.issued_access_key_id, issuances.issued_principal_id, issuances.issued_created_at,
    issuances.issued_session_id
),
candidates AS (
  SELECT
    'start:' || COALESCE(used.access_key_id, '') || '|' || COALESCE(used.principal_id, '') || '|' || COALESCE(time_text(used.session_created_at), '')
      AS start_id,
    used.access_key_id, used.principal_id, used.session_created_at, used.session_id, used.identity_type, used.identity_arn, used.account_id,
    used.invoked_by, used.mfa_authenticated, used.source_identity, used.on_behalf_of, used.used_at,
    {% if given.at %}
    used.used_then,
    {% endif %}
    TRUE AS is_used
  FROM used
  UNION ALL
  SELECT
    'issued:' || issued.issuance_id,
    issued.access_key_id, issued.principal_id, issued.session_created_at, issued.session_id, issued.identity_type, issued.identity_arn,
    issued.account_id, CAST(NULL AS VARCHAR), CAST(NULL AS BOOLEAN), issued.source_identity, CAST(NULL AS VARCHAR), issued.used_at,
    {% if given.at %}
    FALSE,
    {% endif %}
    FALSE
  FROM issued
)
