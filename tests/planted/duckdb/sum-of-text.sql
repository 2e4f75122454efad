-- expect: sum-of-text
-- at: 9:21
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
SELECT eventsource, SUM(eventname) AS total
FROM log
GROUP BY eventsource
