-- keys that only services used, for a session of their own: they may stand for a long-term key (docs/rules.md §3.6)
service_keys AS (
  SELECT
    'service key:' || events.access_key_id || '|' || COALESCE(events.principal_id, '') || '|' || time_text(events.session_created_at)
      AS service_key_id,
    events.access_key_id,
    events.principal_id,
    events.session_created_at,
    events.session_id,
    MIN(events.identity_type) AS identity_type,
    MIN(events.identity_arn) AS identity_arn,
    MIN(events.account_id) AS account_id,
    MIN(events.invoked_by) AS invoked_by,
    MIN(events.event_time) AS used_at
  FROM events
  WHERE events.access_key_id IS NOT NULL AND events.session_created_at IS NOT NULL
  GROUP BY events.access_key_id, events.principal_id, events.session_created_at, events.session_id
  HAVING COUNT(events.invoked_by) = COUNT(*)
)
