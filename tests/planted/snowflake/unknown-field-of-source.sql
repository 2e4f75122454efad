-- expect: unknown-field
-- at: 11:8
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
WITH e AS (
  SELECT log.useridentity AS who, log.eventname FROM log
)
SELECT e.who.accesskey
FROM e
