-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
SELECT counted.name, counted.place
FROM (
  SELECT eventname AS name, ROW_NUMBER() OVER (PARTITION BY eventsource ORDER BY eventtime) AS place,
    LAG(eventname) IGNORE NULLS OVER (ORDER BY eventtime) AS before
  FROM log
) AS counted
WHERE counted.place = 1
