{# The relation `events` from another, `copied`, whose last columns were worked out before copies are dropped: what only they need then goes no
   further, which is most of a record. `copy_order` is empty for engines to which any copy is as good (sqlgen/dialects.py: `copies`). #}
-- each event once (docs/rules.md §1.4)
events AS (
  SELECT counted.*
  FROM (
    SELECT
      {{ copied }}.*,
      ROW_NUMBER() OVER (
        PARTITION BY {{ copied }}.event_id
        {% if copy_order %}
        ORDER BY
          {% for name in copy_order %}
          {{ copied }}.{{ name }} NULLS LAST{{ "," if not loop.last }}
          {% endfor %}
        {% endif %}
      ) AS copy_number
    FROM {{ copied }}
  ) AS counted
  WHERE counted.copy_number = 1 OR counted.event_id IS NULL
)
