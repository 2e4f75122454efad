-- expect: unknown-column
-- at: 11:30
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
SELECT eventname
FROM log
WHERE eventsource IN (SELECT o.source FROM (SELECT eventsource FROM log) AS o)
