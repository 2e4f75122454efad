-- expect: sum-of-text
-- at: 11:21
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
WITH e AS (
  SELECT LOWER(eventname) AS name, eventsource FROM log
)
SELECT eventsource, SUM(e.name) AS total
FROM e
GROUP BY eventsource
