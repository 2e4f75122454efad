/*---
# many small files, one an hour, become few: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
at = 04:15:00
---*/
OPTIMIZE {{ table | table }} REWRITE DATA USING BIN_PACK
