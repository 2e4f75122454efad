/*---
# what no snapshot of the last days needs is removed, after what OPTIMIZE wrote anew:
# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
at = 05:15:00
---*/
VACUUM {{ table | table }}
