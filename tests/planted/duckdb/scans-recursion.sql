-- expect: scans
-- at: 13:57
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
-- max-scans: 1
WITH RECURSIVE walk (a, depth) AS (
  SELECT 'x', 0
  UNION ALL
  SELECT log.eventsource, walk.depth + 1 FROM walk JOIN log ON log.eventname = walk.a WHERE walk.depth < 10
)
SELECT a FROM walk
