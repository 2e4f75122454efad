-- expect: partition-predicate
-- at: 11:6
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
-- partition: timestamp=yyyy/MM/dd
SELECT eventname
FROM log
WHERE "timestamp" >= '2023/07/10' OR eventname = 'ConsoleLogin'
