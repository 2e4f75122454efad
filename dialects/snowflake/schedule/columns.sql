{% for column in columns %}
ALTER TABLE {{ table | table }} ADD COLUMN {{ [column] | columns(0) }};
{% endfor %}
