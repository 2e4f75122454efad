{# What docs/rules.md §1.6 and §1.7 say of an event of the relation `of`. #}
{% macro has_failed(of) %}
{{ of }}.error_code IS NOT NULL
      OR {{ of }}.error_message IS NOT NULL
      OR COALESCE(json_member_text({{ of }}.response_elements, {{ of }}.event_name), '') = 'Failure'
{%- endmacro %}
{% macro is_read(of) %}COALESCE({{ of }}.read_only, is_read_name({{ of }}.event_name)){% endmacro %}
