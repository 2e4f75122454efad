-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT eventsource, COUNT(*) AS calls, COUNT(DISTINCT eventname) AS names
FROM log
WHERE eventname LIKE 'Get%'
GROUP BY eventsource
HAVING COUNT(*) > 1
ORDER BY calls DESC
