-- expect: unknown-column
-- at: 14:7
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
WITH named AS (
  SELECT eventname AS name, COUNT(*) AS calls FROM log GROUP BY eventname
)
SELECT named.name
FROM named
WHERE named.eventname = 'x' AND calls > 1
