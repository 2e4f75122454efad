{# Takes what parts/named.sql takes. A table that holds each event once needs no more than that. #}
{% set named = 'events' if once else 'named' %}
{% set copied = named %}
{% include 'parts/named.sql' %}
{%- if not once %},
{% include 'parts/each_once.sql' %}
{%- endif %}

