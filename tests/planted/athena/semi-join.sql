-- expect: semi-join
-- at: 11:11
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
SELECT log.eventname
FROM log
SEMI JOIN wanted ON wanted.name = log.eventname
