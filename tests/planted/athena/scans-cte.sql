-- expect: scans
-- at: 11:38
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
-- max-scans: 1
WITH e AS (
  SELECT eventname, eventsource FROM log
)
SELECT a.eventname
FROM e AS a
JOIN e AS b ON a.eventsource = b.eventsource
