-- expect: scans
-- at: 12:57
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
-- max-scans: 1
WITH RECURSIVE walk (a, depth) AS (
  SELECT 'x', 0
  UNION ALL
  SELECT log.eventsource, walk.depth + 1 FROM walk JOIN log ON log.eventname = walk.a WHERE walk.depth < 10
)
SELECT a FROM walk
