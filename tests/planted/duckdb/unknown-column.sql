-- expect: unknown-column
-- at: 9:23
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
SELECT log.eventname, log.even_time
FROM log
