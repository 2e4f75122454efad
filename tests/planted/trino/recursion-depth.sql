-- expect: recursion-depth
-- at: 9:16
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
WITH RECURSIVE walk (a, depth) AS (
  SELECT 'x', 0
  UNION ALL
  SELECT log.eventsource, walk.depth + 1 FROM walk JOIN log ON log.eventname = walk.a WHERE walk.depth < 16
)
SELECT a FROM walk
