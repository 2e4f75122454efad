{# Conditions after WHERE: the whole sessions that are asked about, by id or by a key that they used in the window. #}
{% if given.session_id %}
  AND events.session_id IN (SELECT wanted_session_id.value FROM wanted_session_id)
{% endif %}
{% if given.access_key %}
  AND events.session_id IN (
    SELECT events.session_id
    FROM events
    WHERE events.in_window AND events.access_key_id IN (SELECT wanted_access_key.value FROM wanted_access_key)
  )
{% endif %}
