-- expect: partition-predicate
-- at: 10:6
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
-- partition: eventday=yyyy/MM/dd
SELECT eventname
FROM log
WHERE eventday >= '2023/07/10' OR eventname = 'ConsoleLogin'
