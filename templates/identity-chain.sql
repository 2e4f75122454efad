/*---
question = "Who did it? Which chain of credentials leads to this access key or session, and what was issued from it?"
example = "sqlgen run identity-chain --source logs/ --access-key ASIAIOSFODNN7EXAMPLE"
look_back_hours = 36
one_of = ["access_key", "session_id"]
scans = { recursive = 1, fold = 1 }
from_edges = true
forms = [
  { takes = ["access_key"] },
  { takes = ["session_id"] },
  { takes = ["access_key"], direction = "both" },
  { takes = ["session_id"], direction = "both" },
]

[[parameter]]
name = "access_key"
type = "text"
marker = true
meaning = "the access key id to start from"

[[parameter]]
name = "session_id"
type = "text"
meaning = "the session to start from, <principal_id>@<YYYY-MM-DDTHH:MM:SSZ> or a long-term key's id"

[[parameter]]
name = "at"
type = "timestamp"
meaning = "a time, to choose among the uses of a recycled key; default: every use in the window"

[[parameter]]
name = "direction"
type = "choice"
choices = ["origin", "derived", "both"]
default = "origin"
meaning = "backwards to the origin, forwards to what was issued, or both"

[[parameter]]
name = "max_depth"
type = "integer"
default = 16
minimum = 0
maximum = 100
meaning = "how many hops to follow"

[[column]]
name = "start_session_id"
type = "text"
meaning = "the session the row's walk started from"

[[column]]
name = "direction"
type = "text"
meaning = "start, origin or derived"

[[column]]
name = "depth"
type = "integer"
meaning = "0 for the start, then 1, 2, ... away from it"

[[column]]
name = "session_id"
type = "text"
meaning = "the session at this hop"

[[column]]
name = "access_key_id"
type = "text"
meaning = "the key that was used or issued; null for a sign-in or a service"

[[column]]
name = "principal_id"
type = "text"
meaning = "userIdentity.principalId"

[[column]]
name = "identity_type"
type = "text"
meaning = "userIdentity.type"

[[column]]
name = "identity_arn"
type = "text"
meaning = "userIdentity.arn"

[[column]]
name = "account_id"
type = "text"
meaning = "userIdentity.accountId"

[[column]]
name = "session_created_at"
type = "timestamp"
meaning = "when the session began; null for a long-term key"

[[column]]
name = "link"
type = "text"
meaning = "how this hop is tied to the one nearer the start: issued-key, issued-session, sign-in, created-key, forwarded"

[[column]]
name = "confidence"
type = "text"
meaning = "exact, ambiguous (several issuances fit), inferred (tied by name and time only)"

[[column]]
name = "event_name"
type = "text"
meaning = "the issuance that ties them"

[[column]]
name = "event_id"
type = "text"
meaning = "its event"

[[column]]
name = "event_time"
type = "timestamp"
meaning = "its time"

[[column]]
name = "aws_region"
type = "text"
meaning = "its region"

[[column]]
name = "source_ip"
type = "text"
meaning = "from where it was called"

[[column]]
name = "user_agent"
type = "text"
meaning = "with what it was called"

[[column]]
name = "expires_at"
type = "timestamp"
meaning = "when what it issued ends"

[[column]]
name = "mfa_authenticated"
type = "boolean"
meaning = "whether the session at this hop had signed in with MFA"

[[column]]
name = "source_identity"
type = "text"
meaning = "sts:SourceIdentity"

[[column]]
name = "on_behalf_of"
type = "text"
meaning = "the Identity Center user"

[[column]]
name = "origin"
type = "text"
meaning = "where the chain ends: long-term-key, root, console-sign-in, service, federated, identity-center, external-account, not-in-logs, depth-limit, cycle"

[[column]]
name = "linked_session_id"
type = "text"
meaning = "the session of the hop nearer the start"

[[column]]
name = "linked_access_key_id"
type = "text"
meaning = "its key"

[[column]]
name = "invoked_by"
type = "text"
meaning = "the service that made the call"
---*/
{% if walk == 'fold' %}
{% include 'parts/fold.sql' %}
{% else %}
WITH RECURSIVE {% include 'parts/events.sql' %},
{% include 'parts/issuances.sql' %},
{% include 'parts/starts.sql' %},
{% if choice.direction != 'origin' %}
{% include 'parts/service_keys.sql' %},
{% endif %}
{% include 'parts/steps.sql' %},
{% include 'parts/chosen_starts.sql' %},
{% include 'parts/rows.sql' %}
{% endif %}
