-- expect: sum-of-text
-- at: 8:8
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT SUM(log.useridentity.arn) AS total
FROM log
