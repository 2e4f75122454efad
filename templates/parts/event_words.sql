{# What docs/rules.md §1.6 and §1.7 say of an event of the relation `of`. #}
{# Few answers hold the word, and where they are text each look into one parses it. #}
{% macro answers_failure(of) %}
CASE
        WHEN mentions({{ of }}.response_elements, 'Failure') THEN COALESCE(json_member_text({{ of }}.response_elements, {{ of }}.event_name), '') = 'Failure'
        ELSE FALSE
      END
{%- endmacro %}
{% macro has_failed(of) %}
{{ of }}.error_code IS NOT NULL
      OR {{ of }}.error_message IS NOT NULL
      OR {{ answers_failure(of) }}
{%- endmacro %}
{% macro is_read(of) %}COALESCE({{ of }}.read_only, is_read_name({{ of }}.event_name)){% endmacro %}
