-- expect: scans
-- at: 11:6
-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity ROW(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext ROW(attributes ROW(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARCHAR
-- column: resources ARRAY(ROW(arn VARCHAR, type VARCHAR))
-- max-scans: 1
SELECT a.eventname
FROM log AS a
JOIN log AS b ON a.eventsource = b.eventsource
