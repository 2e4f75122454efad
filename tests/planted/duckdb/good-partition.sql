-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
-- partition: timestamp=yyyy/MM/dd
SELECT eventname
FROM (SELECT * FROM log) AS l
WHERE l."timestamp" BETWEEN '2023/07/09' AND '2023/07/10' AND (eventname = 'x' OR eventname = 'y')
