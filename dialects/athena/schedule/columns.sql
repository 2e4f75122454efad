/*---
# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-alter-table-add-columns.html
---*/
{% for column in columns %}
ALTER TABLE {{ table | table }} ADD COLUMNS ({{ [column] | columns(0) }});
{% endfor %}
