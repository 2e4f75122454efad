-- expect: recursion-depth
-- at: 9:16
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
WITH RECURSIVE walk (a) AS (
  SELECT 'x'
  UNION ALL
  SELECT log.eventsource FROM walk JOIN log ON log.eventname = walk.a
)
SELECT a FROM walk
