-- expect: unknown-column
-- at: 10:30
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT eventname
FROM log
WHERE eventsource IN (SELECT o.source FROM (SELECT eventsource FROM log) AS o)
