-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
SELECT wanted.name, CAST(wanted.number AS DECIMAL(10, 2)) AS number
FROM (VALUES ('a', 1), ('b', 2)) AS wanted(name, number)
CROSS JOIN log
