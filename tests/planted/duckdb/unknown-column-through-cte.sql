-- expect: unknown-column
-- at: 14:7
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
WITH named AS (
  SELECT eventname AS name, COUNT(*) AS calls FROM log GROUP BY eventname
)
SELECT named.name
FROM named
WHERE named.eventname = 'x' AND calls > 1
