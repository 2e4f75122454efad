-- expect: scans
-- at: 11:38
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
-- max-scans: 1
WITH e AS (
  SELECT eventname, eventsource FROM log
)
SELECT a.eventname
FROM e AS a
JOIN e AS b ON a.eventsource = b.eventsource
