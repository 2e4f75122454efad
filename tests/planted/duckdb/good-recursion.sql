-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
WITH RECURSIVE walk (a, depth) AS (
  SELECT 'x', 0
  UNION
  SELECT log.eventsource, walk.depth + 1 FROM walk JOIN log ON log.eventname = walk.a
)
SELECT a FROM walk
