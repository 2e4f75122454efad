-- expect: scans
-- at: 11:6
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
-- max-scans: 1
SELECT eventname
FROM log
WHERE eventsource IN (SELECT eventsource FROM log)
