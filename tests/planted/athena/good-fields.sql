-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
SELECT useridentity.arn, log.useridentity.sessioncontext.attributes.creationdate AS created
FROM log
WHERE log.useridentity.type = 'AssumedRole'
