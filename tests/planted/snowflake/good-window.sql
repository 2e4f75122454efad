-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT counted.name, counted.place
FROM (
  SELECT eventname AS name, ROW_NUMBER() OVER (PARTITION BY eventsource ORDER BY eventtime) AS place,
    LAG(eventname) IGNORE NULLS OVER (ORDER BY eventtime) AS before
  FROM log
) AS counted
WHERE counted.place = 1
