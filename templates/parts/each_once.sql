{# Stands after a CTE: the relation `events` from the relation `copied`, whose columns were worked out before copies are dropped: what only they
   need then goes no further, which is most of a record. Nothing where the table holds each event `once`. `copy_order` is empty for engines to
   which any copy is as good (sqlgen/dialects.py: `copies`). #}
{% if not once %}
,
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
{% endif %}
