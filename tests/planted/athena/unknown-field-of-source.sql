-- expect: unknown-field
-- at: 12:8
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
WITH e AS (
  SELECT log.useridentity AS who, log.eventname FROM log
)
SELECT e.who.accesskey
FROM e
