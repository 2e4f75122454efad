-- expect: recursive-term
-- at: 8:16
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
WITH RECURSIVE walk (a, depth) AS (
  SELECT 'x', 0
  UNION
  SELECT log.eventsource, walk.depth + 1 FROM walk JOIN log ON log.eventname = walk.a WHERE walk.depth < 10
)
SELECT a FROM walk
