-- expect: recursion-depth
-- at: 9:16
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
WITH RECURSIVE walk (a) AS (
  SELECT 'x'
  UNION ALL
  SELECT log.eventsource FROM walk JOIN log ON log.eventname = walk.a
)
SELECT a FROM walk
