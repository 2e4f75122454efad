-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT a.eventname
FROM log AS a
WHERE EXISTS (SELECT 1 FROM (SELECT eventname AS name FROM log) AS b WHERE b.name = a.eventname AND b.name <> eventsource)
