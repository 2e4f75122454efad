/*---
takes = []
notes = ["`sqlgen ingest` makes and fills this table by itself"]
---*/
CREATE TABLE IF NOT EXISTS {{ table | table }} (
{{ columns | columns }}
);
