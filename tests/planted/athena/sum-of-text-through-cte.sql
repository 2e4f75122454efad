-- expect: sum-of-text
-- at: 12:21
-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
WITH e AS (
  SELECT LOWER(eventname) AS name, eventsource FROM log
)
SELECT eventsource, SUM(e.name) AS total
FROM e
GROUP BY eventsource
