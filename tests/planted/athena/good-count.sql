-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
SELECT eventsource, COUNT(*) AS calls, COUNT(DISTINCT eventname) AS names
FROM log
WHERE eventname LIKE 'Get%'
GROUP BY eventsource
HAVING COUNT(*) > 1
ORDER BY calls DESC
