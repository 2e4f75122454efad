{# `only`: a test on `delivered` that the template sets: which events it needs at all. `source`: a relation to be read in the place of `delivered`.
   `asked`: a test on `named`: which events, with their sessions, are asked about. All of them hold before copies are dropped, so that an engine
   sorts and keeps no more than it must. #}
{% set plain = once and asked is not defined %}
{% set from_named %}
FROM named
{% if asked is defined %}
    {% if 'parameters.' in asked %}
    CROSS JOIN parameters
    {% endif %}
    WHERE {{ asked }}
{% endif %}
{% endset %}
-- each event {{ 'once, ' if plain }}with its session (docs/rules.md §1)
{{ 'events' if plain else 'named' }} AS (
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
{%- if not plain %},
-- each event once{{ ', of those that are asked about' if asked is defined }}
events AS (
  {% if once %}
  SELECT named.*
  {{ from_named }}
  {% else %}
  SELECT counted.*
  FROM (
    SELECT
      named.*,
      ROW_NUMBER() OVER (
        PARTITION BY named.event_id
        ORDER BY
          {% for name in copy_order %}
          named.{{ name }} NULLS LAST{{ "," if not loop.last }}
          {% endfor %}
      ) AS copy_number
    {{ from_named }}
  ) AS counted
  WHERE counted.copy_number = 1 OR counted.event_id IS NULL
  {% endif %}
)
{%- endif %}

