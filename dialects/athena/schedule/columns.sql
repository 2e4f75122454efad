/*---
# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-alter-table-add-columns.html
---*/
ALTER TABLE {{ table | table }} ADD COLUMNS (
{{ columns | columns }}
)
