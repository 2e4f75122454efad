-- expect: scans
-- at: 11:6
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
-- max-scans: 1
SELECT a.eventname
FROM log AS a
JOIN log AS b ON a.eventsource = b.eventsource
