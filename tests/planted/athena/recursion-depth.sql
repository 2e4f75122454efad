-- expect: recursion-depth
-- at: 9:16
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
WITH RECURSIVE walk (a, depth) AS (
  SELECT 'x', 0
  UNION ALL
  SELECT log.eventsource, walk.depth + 1 FROM walk JOIN log ON log.eventname = walk.a WHERE walk.depth < 16
)
SELECT a FROM walk
