-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
WITH RECURSIVE edges AS (
  SELECT eventname AS a, MAX(eventsource) AS b FROM log GROUP BY eventname
), walk (a, depth) AS (
  SELECT CAST('x' AS VARCHAR), 0
  UNION ALL
  SELECT edges.b, walk.depth + 1 FROM walk JOIN edges ON edges.a = walk.a WHERE walk.depth < 16
)
SELECT a, depth FROM walk
