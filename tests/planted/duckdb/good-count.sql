-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
SELECT eventsource, COUNT(*) AS calls, COUNT(DISTINCT eventname) AS names
FROM log
WHERE eventname LIKE 'Get%'
GROUP BY eventsource
HAVING COUNT(*) > 1
ORDER BY calls DESC
