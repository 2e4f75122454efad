-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
-- partition: timestamp=yyyy/MM/dd
SELECT eventname
FROM (SELECT * FROM log) AS l
WHERE l."timestamp" BETWEEN '2023/07/09' AND '2023/07/10' AND (eventname = 'x' OR eventname = 'y')
