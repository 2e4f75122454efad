-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
SELECT a.eventname
FROM log AS a
WHERE EXISTS (SELECT 1 FROM (SELECT eventname AS name FROM log) AS b WHERE b.name = a.eventname AND b.name <> eventsource)
