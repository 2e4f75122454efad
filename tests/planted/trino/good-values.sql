-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
SELECT wanted.name, CAST(wanted.number AS DECIMAL(10, 2)) AS number
FROM (VALUES ('a', 1), ('b', 2)) AS wanted(name, number)
CROSS JOIN log
