-- expect: partition-predicate
-- at: 15:6
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
-- partition: timestamp=yyyy/MM/dd
SELECT eventname
FROM log
WHERE "timestamp" >= '2023/07/10'
UNION ALL
SELECT eventname
FROM log
