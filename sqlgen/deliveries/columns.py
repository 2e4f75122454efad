"""The top-level fields of a CloudTrail record that are kept, and what they are in the engine."""

from __future__ import annotations

from collections.abc import Mapping

COLUMNS: Mapping[str, str] = dict.fromkeys(
    (
        "eventVersion",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "errorCode",
        "errorMessage",
        "requestID",
        "eventID",
        "eventType",
        "eventCategory",
        "apiVersion",
        "readOnly",
        "managementEvent",
        "recipientAccountId",
        "sharedEventID",
        "vpcEndpointId",
        "vpcEndpointAccountId",
        "sessionCredentialFromConsole",
        "userIdentity",
        "requestParameters",
        "responseElements",
        "additionalEventData",
        "serviceEventDetails",
        "resources",
    ),
    "JSON",
)
"""Column and type of `delivery_records`, spelled as in the record.

Every one is JSON, the texts too: read as VARCHAR a list `[1]` and the text `"[1]"`, or `true` and `"true"`, would be the
same, and docs/rules.md §1.1 tells them apart (a list where text is expected is null).
"""
