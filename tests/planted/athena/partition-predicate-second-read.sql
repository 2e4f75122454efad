-- expect: partition-predicate
-- at: 15:6
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
-- partition: timestamp=yyyy/MM/dd
SELECT eventname
FROM log
WHERE "timestamp" >= '2023/07/10'
UNION ALL
SELECT eventname
FROM log
