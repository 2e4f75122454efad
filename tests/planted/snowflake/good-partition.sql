-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
-- partition: eventday=yyyy/MM/dd
SELECT eventname
FROM (SELECT * FROM log) AS l
WHERE l.eventday BETWEEN '2023/07/09' AND '2023/07/10' AND (eventname = 'x' OR eventname = 'y')
