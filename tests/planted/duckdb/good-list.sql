-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity STRUCT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext STRUCT(attributes STRUCT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters JSON
-- column: resources STRUCT(arn VARCHAR, type VARCHAR)[]
SELECT LIST_FILTER([eventname, eventsource], LAMBDA t : t <> 'x') AS names, ARRAY_AGG(eventname ORDER BY eventtime, eventsource) AS all_names
FROM log
GROUP BY names
