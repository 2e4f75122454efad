-- expect: sum-of-text
-- at: 12:21
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
WITH e AS (
  SELECT LOWER(eventname) AS name, eventsource FROM log
)
SELECT eventsource, SUM(e.name) AS total
FROM e
GROUP BY eventsource
