-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
SELECT eventsource, COUNT(*) AS calls, COUNT(DISTINCT eventname) AS names
FROM log
WHERE eventname LIKE 'Get%'
GROUP BY eventsource
HAVING COUNT(*) > 1
ORDER BY calls DESC
