-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
WITH e AS (
  SELECT log.*, LOWER(log.eventname) AS lowered FROM log
), f AS (
  SELECT e.*, 1 AS one FROM e
)
SELECT f.lowered, f.eventtime, f.one, SUM(f.one) AS total
FROM f
GROUP BY f.lowered, f.eventtime, f.one
