{# Each row once first: with DISTINCT, what is ordered by has to be in the list of what is selected. #}
SELECT
  answer.start_session_id,
  answer.direction,
  answer.depth,
  answer.session_id,
  answer.access_key_id,
  answer.principal_id,
  answer.identity_type,
  answer.identity_arn,
  answer.account_id,
  answer.session_created_at,
  answer.link,
  answer.confidence,
  answer.event_name,
  answer.event_id,
  answer.event_time,
  answer.aws_region,
  answer.source_ip,
  answer.user_agent,
  answer.expires_at,
  answer.mfa_authenticated,
  answer.source_identity,
  answer.on_behalf_of,
  answer.origin,
  answer.linked_session_id,
  answer.linked_access_key_id,
  answer.invoked_by
{% if walk == 'fold' %}
FROM answer
{% else %}
FROM (SELECT DISTINCT answer.* FROM answer) AS answer
{% endif %}
ORDER BY
  answer.start_session_id NULLS LAST, CASE answer.direction WHEN 'start' THEN 0 WHEN 'origin' THEN 1 ELSE 2 END, answer.depth,
  answer.event_time NULLS LAST, answer.event_id NULLS LAST, answer.session_id NULLS LAST, answer.access_key_id NULLS LAST,
  answer.linked_session_id NULLS LAST, answer.linked_access_key_id NULLS LAST, answer.principal_id NULLS LAST,
  answer.session_created_at NULLS LAST, answer.origin NULLS LAST
