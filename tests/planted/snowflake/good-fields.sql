-- column: eventtime VARCHAR
-- column: eventname VARCHAR
-- column: eventsource VARCHAR
-- column: useridentity OBJECT(type VARCHAR, arn VARCHAR, accesskeyid VARCHAR, sessioncontext OBJECT(attributes OBJECT(creationdate VARCHAR, mfaauthenticated VARCHAR)))
-- column: requestparameters VARIANT
SELECT useridentity.arn, log.useridentity.sessioncontext.attributes.creationdate AS created
FROM log
WHERE log.useridentity.type = 'AssumedRole'
