-- column: eventtime STRING
-- column: eventname STRING
-- column: eventsource STRING
-- column: useridentity STRUCT<type: STRING, arn: STRING, accesskeyid: STRING, sessioncontext: STRUCT<attributes: STRUCT<creationdate: STRING, mfaauthenticated: STRING>>>
-- column: requestparameters STRING
-- column: resources ARRAY<STRUCT<arn: STRING, type: STRING>>
SELECT counted.name, counted.place
FROM (
  SELECT eventname AS name, ROW_NUMBER() OVER (PARTITION BY eventsource ORDER BY eventtime) AS place,
    LAG(eventname) IGNORE NULLS OVER (ORDER BY eventtime) AS before
  FROM log
) AS counted
WHERE counted.place = 1
