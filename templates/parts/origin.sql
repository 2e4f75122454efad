{# Where a chain ends, by what its last session is: the first that holds (docs/rules.md §3). The arguments are SQL.
   served: when a service made the calls. signs_in: when the hop is a sign-in without a caller's key. issued_arn: what the hop issued. #}
{% macro origin_of(type, key, created, served=none, signs_in=none, issued_arn=none) %}
CASE
  WHEN {{ type }} = 'AWSAccount' THEN 'external-account'
  {% if served %}
  WHEN {{ served }} THEN 'service'
  {% endif %}
  WHEN {{ type }} = 'IdentityCenterUser' THEN 'identity-center'
  {% if issued_arn %}
  WHEN {{ type }} = 'SAMLUser' AND {{ issued_arn }} LIKE '%:assumed-role/AWSReservedSSO!_%' ESCAPE '!' THEN 'identity-center'
  {% endif %}
  WHEN {{ type }} IN ('SAMLUser', 'WebIdentityUser', 'Directory', 'Unknown') THEN 'federated'
  {% if signs_in %}
  WHEN {{ key }} IS NULL AND {{ signs_in }} THEN 'console-sign-in'
  {% endif %}
  WHEN {{ key }} IS NOT NULL AND {{ created }} IS NULL AND {{ key }} NOT LIKE 'ASIA%'
  THEN CASE WHEN {{ type }} = 'Root' THEN 'root' ELSE 'long-term-key' END
  ELSE 'not-in-logs'
END
{%- endmacro %}
