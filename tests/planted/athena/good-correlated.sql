-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
SELECT a.eventname
FROM log AS a
WHERE EXISTS (SELECT 1 FROM (SELECT eventname AS name FROM log) AS b WHERE b.name = a.eventname AND b.name <> eventsource)
