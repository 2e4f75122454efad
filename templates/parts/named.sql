{# `only`: a test on `delivered` that the template sets: which events it needs at all. `source`: a relation to be read in the place of `delivered`.
   `named`: what the relation is called. #}
-- each event with its session (docs/rules.md §1)
{{ named | default('named') }} AS (
  SELECT
    timed.*,
    CASE
      WHEN timed.principal_id IS NOT NULL AND timed.session_created_at IS NOT NULL
      THEN timed.principal_id || '@' || time_text(timed.session_created_at)
      ELSE timed.access_key_id
    END AS session_id
  FROM (
    SELECT
      delivered.*,
      delivered.event_source = 'signin.amazonaws.com'
        AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole') AS is_sign_in,
      CASE
        WHEN delivered.created_at IS NOT NULL THEN delivered.created_at
        WHEN delivered.event_source = 'signin.amazonaws.com'
          AND delivered.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole') THEN delivered.event_time
      END AS session_created_at,
      {% if given.window_from and given.window_to %}
      delivered.event_time >= parameters.window_from AND delivered.event_time < parameters.window_to AS in_window
      {% elif given.window_from %}
      delivered.event_time >= parameters.window_from AS in_window
      {% elif given.window_to %}
      delivered.event_time < parameters.window_to AS in_window
      {% else %}
      TRUE AS in_window
      {% endif %}
    FROM {{ source | default('delivered') }}{{ ' AS delivered' if source is defined }}
    {% if given.window or only is defined %}
    CROSS JOIN parameters
    {% endif %}
    {% if only is defined %}
    WHERE {{ only }}
    {% endif %}
  ) AS timed
)
