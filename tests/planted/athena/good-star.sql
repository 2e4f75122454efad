-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
WITH e AS (
  SELECT log.*, LOWER(log.eventname) AS lowered FROM log
), f AS (
  SELECT e.*, 1 AS one FROM e
)
SELECT f.lowered, f.eventtime, f.one, SUM(f.one) AS total
FROM f
GROUP BY f.lowered, f.eventtime, f.one
