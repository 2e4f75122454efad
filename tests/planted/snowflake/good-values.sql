-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT wanted.name, CAST(wanted.number AS DECIMAL(10, 2)) AS number
FROM (VALUES ('a', 1), ('b', 2)) AS wanted(name, number)
CROSS JOIN log
