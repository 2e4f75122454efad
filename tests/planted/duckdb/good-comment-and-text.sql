-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
-- DELETE FROM log; it only looks like it
SELECT 'DROP TABLE log; no_such_function(1)' AS text /* sum(eventname) */, eventname
FROM log;
