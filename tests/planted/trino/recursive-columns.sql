-- expect: recursive-columns
-- at: 9:16
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
WITH RECURSIVE edges AS (
  SELECT eventname AS a, eventsource AS b FROM log
), walk (a, depth) AS (
  SELECT 'x', 0
  UNION ALL
  SELECT edges.b, walk.depth + 1 FROM walk JOIN edges ON edges.a = walk.a WHERE walk.depth < 10
)
SELECT a FROM walk
