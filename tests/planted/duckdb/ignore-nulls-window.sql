-- expect: ignore-nulls
-- at: 9:21
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
SELECT eventsource, SUM(1) IGNORE NULLS OVER (PARTITION BY eventsource) AS n
FROM log
