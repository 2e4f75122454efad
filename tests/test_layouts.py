"""A table of somebody else's making, read through its layout, answers like the delivery files."""

from __future__ import annotations

from pathlib import Path

from sqlgen.demo import write_demo
from sqlgen.dialects import load_layout
from tests.embedded import ask, open_world
from tests.logs import read_logs

TAILPIPE = """
CREATE TABLE aws_cloudtrail_log AS
SELECT
  additionalEventData AS additional_event_data, awsRegion->>'$' AS aws_region, errorCode->>'$' AS error_code,
  errorMessage->>'$' AS error_message, eventCategory->>'$' AS event_category, eventID->>'$' AS event_id, eventName->>'$' AS event_name,
  eventSource->>'$' AS event_source, CAST(eventTime->>'$' AS TIMESTAMP) AS event_time, eventType->>'$' AS event_type,
  CAST(readOnly->>'$' AS BOOLEAN) AS read_only, recipientAccountId->>'$' AS recipient_account_id, requestParameters AS request_parameters,
  resources, responseElements AS response_elements, serviceEventDetails AS service_event_details,
  sessionCredentialFromConsole->>'$' AS session_credential_from_console, sharedEventID->>'$' AS shared_event_id,
  sourceIPAddress->>'$' AS source_ip_address, userAgent->>'$' AS user_agent,
  struct_pack(
    access_key_id := userIdentity->>'$.accessKeyId', account_id := userIdentity->>'$.accountId', arn := userIdentity->>'$.arn',
    identity_provider := userIdentity->>'$.identityProvider', invoked_by := userIdentity->>'$.invokedBy',
    principal_id := userIdentity->>'$.principalId',
    session_context := struct_pack(attributes := struct_pack(
      creation_date := userIdentity->>'$.sessionContext.attributes.creationDate',
      mfa_authenticated := userIdentity->>'$.sessionContext.attributes.mfaAuthenticated')),
    type := userIdentity->>'$.type', user_name := userIdentity->>'$.userName') AS user_identity,
  vpcEndpointId->>'$' AS vpc_endpoint_id, CAST(eventTime->>'$' AS DATE) AS tp_date
FROM delivery_records
"""


def test_tailpipe(tmp_path: Path) -> None:
    story = write_demo(tmp_path)
    records = read_logs(story.deliveries)
    with open_world(records, store=False) as connection:
        connection.execute(TAILPIPE)
        made = {row[0]: row[1].replace('"', "") for row in connection.execute("DESCRIBE aws_cloudtrail_log").fetchall()}
        assert made == dict(load_layout("duckdb", "tailpipe").columns)
        for query, asked in (
            ("identity-chain", {"access_key": story.alert_key, "direction": "both"}),
            ("session-summary", {"access_key": [story.alert_key]}),
            ("console-keys", {"arn": story.console_arn}),
            ("issuances", {}),
        ):
            assert ask(connection, query, asked, layout="tailpipe") == ask(connection, query, asked, layout="files")
