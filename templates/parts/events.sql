{# Takes what parts/named.sql takes. #}
{% set named = 'events' if once else 'named' %}
{% set copied = named %}
{% include 'parts/named.sql' %}
{% include 'parts/each_once.sql' %}
