{# The relation `issuances` from `events`. For a template that sets keep_uses the relation `issuing` from `named`: all events, all their copies,
   the calls that issue marked by is_issuing: engines that compute a CTE at every mention can then tell uses and issuances from one reading. #}
{% from 'parts/event_words.sql' import answers_failure %}
{% set vends %}
(
        events.event_source = 'sts.amazonaws.com' AND events.event_name IN (
          'AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetSessionToken', 'GetFederationToken'
        )
        OR events.event_source = 'signin.amazonaws.com' AND events.event_name IN (
          'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication', 'GetSigninToken'
        )
        OR events.event_source = 'cognito-identity.amazonaws.com' AND events.event_name = 'GetCredentialsForIdentity'
        OR events.event_source IN ('rolesanywhere.amazonaws.com', 's3express.amazonaws.com') AND events.event_name = 'CreateSession'
        OR events.event_source = 'iam.amazonaws.com' AND events.event_name = 'CreateAccessKey'
        OR events.event_name = 'CreateOAuth2Token'
      )
      AND events.error_code IS NULL
      AND events.error_message IS NULL
      AND NOT {{ answers_failure('events') }}
{%- endset %}
{# Where all events are kept, only those that vend are looked at closely. #}
{% macro said(document, path) %}
{% if keep_uses is defined %}CASE WHEN events.is_vending THEN json_text({{ document }}, '{{ path }}') END{% else %}json_text({{ document }}, '{{ path }}'){% endif %}
{% endmacro %}
{% set unless_vending = 'WHEN NOT vending_calls.is_vending THEN NULL' if keep_uses is defined else '' %}
-- the successful calls that vend credentials or open a session, with what they issued (docs/rules.md §2)
vending_calls AS (
  SELECT
    events.*,
    {{ said('events.request_parameters', '$.roleArn') }} AS role_arn,
    {{ said('events.request_parameters', '$.roleSessionName') }} AS role_session_name,
    {{ said('events.request_parameters', '$.targetPrincipal') }} AS target_principal,
    {{ said('events.request_parameters', '$.sourceIdentity') }} AS issued_source_identity,
    CASE
      WHEN events.event_source = 'rolesanywhere.amazonaws.com'
        THEN {{ said('events.response_elements', '$.credentialSet[0].credentials.expiration') }}
      WHEN events.event_name NOT IN ('CreateAccessKey', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
        THEN {{ said('events.response_elements', '$.credentials.expiration') }}
    END AS expiration
  {% if keep_uses is defined %}
  FROM (
    SELECT
      events.*,
      COALESCE({{ vends }}, FALSE) AS is_vending
    FROM named AS events
  ) AS events
  {% else %}
  FROM events
  WHERE
    {{ vends }}
  {% endif %}
),
-- whom they issued it to
vending AS (
  SELECT
    vending_calls.*,
    CASE
      {{ unless_vending }}
      WHEN vending_calls.event_source = 'iam.amazonaws.com' THEN json_text(vending_calls.response_elements, '$.accessKey.accessKeyId')
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
        THEN json_text(vending_calls.response_elements, '$.credentialSet[0].credentials.accessKeyId')
      WHEN vending_calls.event_name NOT IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication')
        THEN json_text(vending_calls.response_elements, '$.credentials.accessKeyId')
    END AS issued_access_key_id,
    CASE
      {{ unless_vending }}
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
        THEN json_text(vending_calls.response_elements, '$.assumedRoleUser.assumedRoleId')
      WHEN vending_calls.event_name = 'GetFederationToken' THEN json_text(vending_calls.response_elements, '$.federatedUser.federatedUserId')
      WHEN vending_calls.event_name = 'AssumeRoot'
        THEN COALESCE(
          first_match(vending_calls.target_principal, '^([0-9]{12})$'),
          first_match(vending_calls.target_principal, '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):')
        )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
        THEN json_text(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.assumedRoleId')
      WHEN vending_calls.event_name IN (
        'GetSessionToken', 'GetSigninToken', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication', 'CreateOAuth2Token'
      )
        THEN vending_calls.principal_id
    END AS issued_principal_id,
    CASE
      {{ unless_vending }}
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
        THEN COALESCE(
          json_text(vending_calls.response_elements, '$.assumedRoleUser.arn'),
          'arn:' || first_match(vending_calls.role_arn, '^arn:([^:]+):')
            || ':sts::' || first_match(vending_calls.role_arn, '^arn:[^:]*:[^:]*:[^:]*:([^:]*):')
            || ':assumed-role/' || first_match(vending_calls.role_arn, '([^/]+)$')
            || '/' || vending_calls.role_session_name
        )
      WHEN vending_calls.event_name = 'GetFederationToken' THEN json_text(vending_calls.response_elements, '$.federatedUser.arn')
      WHEN vending_calls.event_name = 'AssumeRoot'
        THEN COALESCE(
          first_match(vending_calls.target_principal, '^(arn:.*)$'),
          'arn:aws:iam::' || first_match(vending_calls.target_principal, '^([0-9]{12})$') || ':root'
        )
      WHEN vending_calls.event_source = 'rolesanywhere.amazonaws.com'
        THEN json_text(vending_calls.response_elements, '$.credentialSet[0].assumedRoleUser.arn')
      WHEN vending_calls.event_name IN (
        'GetSessionToken', 'GetSigninToken', 'ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication', 'CreateOAuth2Token'
      )
        THEN vending_calls.identity_arn
    END AS issued_arn,
    CASE
      {{ unless_vending }}
      WHEN vending_calls.event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'GetCredentialsForIdentity')
        OR vending_calls.event_source = 'rolesanywhere.amazonaws.com' THEN 'AssumedRole'
      WHEN vending_calls.event_name = 'AssumeRoot' THEN 'Root'
      WHEN vending_calls.event_name = 'GetFederationToken' THEN 'FederatedUser'
      WHEN vending_calls.event_name = 'CreateAccessKey' THEN 'IAMUser'
      ELSE vending_calls.identity_type
    END AS issued_type,
    CASE WHEN vending_calls.event_name <> 'CreateAccessKey' THEN vending_calls.event_time END AS issued_created_at,
    CASE WHEN vending_calls.expiration IS NOT NULL THEN expiry_time(vending_calls.expiration) END AS expires_at,
    {% if keep_uses is defined %}vending_calls.is_vending AND {% endif %}vending_calls.event_name IN ('ConsoleLogin', 'SwitchRole', 'RenewRole', 'UserAuthentication') AS opens_console
  FROM vending_calls
),
{% set issues %}
CASE
      WHEN vending.opens_console THEN vending.principal_id IS NOT NULL
      WHEN vending.event_name = 'GetSigninToken' AND vending.issued_access_key_id = vending.access_key_id THEN FALSE
      ELSE vending.issued_access_key_id IS NOT NULL
    END
{%- endset %}
{# What an issuance issued, in the words of docs/rules.md §2.2, from the relation `of`. #}
{% macro issued_account_id(of) %}COALESCE(first_match({{ of }}.issued_arn, '^arn:[^:]*:[^:]*:[^:]*:([0-9]+):'), {{ of }}.account_id){% endmacro %}
{% macro issued_session_id(of) %}
CASE
      WHEN {{ of }}.issued_principal_id IS NOT NULL AND {{ of }}.issued_created_at IS NOT NULL
      THEN {{ of }}.issued_principal_id || '@' || time_text({{ of }}.issued_created_at)
      ELSE {{ of }}.issued_access_key_id
    END
{%- endmacro %}
{% if keep_uses is defined %}
-- which calls are issuances
issuing AS (
  SELECT
    vending.*,
    vending.is_vending AND {{ issues }} AS is_issuing,
    {{ issued_account_id('vending') }} AS issued_account_id,
    {{ issued_session_id('vending') }} AS issued_session_id
  FROM vending
)
{% else %}
-- one call seen from two accounts is one issuance: the copy whose caller has an access key tells more (docs/rules.md §2.4)
copies AS (
  SELECT
    vending.*,
    ROW_NUMBER() OVER (
      PARTITION BY vending.shared_event_id, vending.event_name, vending.issued_access_key_id
      ORDER BY
        CASE WHEN vending.access_key_id IS NULL THEN 1 ELSE 0 END,
        CASE WHEN vending.identity_type = 'AWSAccount' THEN 1 ELSE 0 END,
        vending.event_time NULLS LAST,
        vending.event_id NULLS LAST
    ) AS account_copy_number
  FROM vending
  WHERE {{ issues }}
),
issuances AS (
  SELECT
    COALESCE(
      copies.event_id,
      'no event id:' || COALESCE(time_text(copies.event_time), '') || ':' || copies.event_name || ':' || COALESCE(copies.access_key_id, '')
        || ':' || COALESCE(copies.issued_access_key_id, '') || ':' || COALESCE(copies.principal_id, '')
    ) AS issuance_id,
    {{ issued_account_id('copies') }} AS issued_account_id,
    {{ issued_session_id('copies') }} AS issued_session_id,
    CASE WHEN NOT (copies.is_sign_in AND copies.access_key_id IS NULL) THEN copies.session_id END AS caller_session_id,
    copies.*
  FROM copies
  WHERE copies.account_copy_number = 1 OR copies.shared_event_id IS NULL
)
{% endif %}
