/*---
# what no snapshot of the last days needs is removed: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
---*/
VACUUM {{ table | table }}
