-- expect: unknown-column
-- at: 13:7
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
WITH named AS (
  SELECT eventname AS name, COUNT(*) AS calls FROM log GROUP BY eventname
)
SELECT named.name
FROM named
WHERE named.eventname = 'x' AND calls > 1
