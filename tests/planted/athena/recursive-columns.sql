-- expect: recursive-columns
-- at: 9:16
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
WITH RECURSIVE edges AS (
  SELECT eventname AS a, eventsource AS b FROM log
), walk (a, depth) AS (
  SELECT 'x', 0
  UNION ALL
  SELECT edges.b, walk.depth + 1 FROM walk JOIN edges ON edges.a = walk.a WHERE walk.depth < 10
)
SELECT a FROM walk
