-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
WITH RECURSIVE edges (a, b) AS (
  SELECT eventname, eventsource FROM log
), walk (a, depth) AS (
  SELECT CAST('x' AS VARCHAR), 0
  UNION ALL
  SELECT edges.b, walk.depth + 1 FROM walk JOIN edges ON edges.a = walk.a WHERE walk.depth < 10
)
SELECT a, depth FROM walk
