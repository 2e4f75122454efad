-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
-- max-scans: 1
WITH e AS MATERIALIZED (
  SELECT eventname, eventsource FROM log
)
SELECT a.eventname
FROM e AS a
JOIN e AS b ON a.eventsource = b.eventsource
