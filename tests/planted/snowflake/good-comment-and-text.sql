-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
-- DELETE FROM log; it only looks like it
SELECT 'DROP TABLE log; no_such_function(1)' AS text /* sum(eventname) */, eventname
FROM log;
