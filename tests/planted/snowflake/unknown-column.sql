-- expect: unknown-column
-- at: 8:23
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT log.eventname, log.even_time
FROM log
