-- expect: unknown-column
-- at: 14:7
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
WITH named AS (
  SELECT eventname AS name, COUNT(*) AS calls FROM log GROUP BY eventname
)
SELECT named.name
FROM named
WHERE named.eventname = 'x' AND calls > 1
