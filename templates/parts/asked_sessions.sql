{# Which events, with their sessions (`named`), are asked about: whole sessions, by id or by a key that they used in the window. #}
named.in_window
{% if given.session_id %}
    AND named.session_id IN (SELECT wanted_session_id.value FROM wanted_session_id)
{% endif %}
{% if given.access_key %}
    AND named.session_id IN (
      SELECT named.session_id
      FROM named
      WHERE named.in_window AND named.access_key_id IN (SELECT wanted_access_key.value FROM wanted_access_key)
    )
{% endif %}
