"""A CloudTrail record as a row of Amazon Security Lake: OCSF 1.1, source version 2.

The columns are those of `amazon_security_lake_table_<region>_cloud_trail_mgmt_2_0`, the mapping is AWS's
(github.com/ocsf/examples, mappings/markdown/AWS/v1.1.0/CloudTrail). What it does not name goes to `unmapped`, a map of texts under dotted
names; two of its rules overwrite: the user id of `onBehalfOf` takes the place of the principal id, a credential id that of the access key.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.reference.events import boolean, field, text, time

TEXT, TIMESTAMP = "VARCHAR", "TIMESTAMP(3)"

OCSF_COLUMNS: Mapping[str, Any] = {
    "metadata": {
        "product": {"version": TEXT, "name": TEXT, "vendor_name": TEXT, "feature": {"name": TEXT}},
        "event_code": TEXT,
        "uid": TEXT,
        "profiles": [TEXT],
        "version": TEXT,
    },
    "time": "BIGINT",
    "time_dt": TIMESTAMP,
    "cloud": {"region": TEXT, "provider": TEXT},
    "api": {
        "response": {"error": TEXT, "message": TEXT, "data": TEXT},
        "operation": TEXT,
        "version": TEXT,
        "service": {"name": TEXT},
        "request": {"data": TEXT, "uid": TEXT},
    },
    "dst_endpoint": {"svc_name": TEXT},
    "actor": {
        "user": {
            "type": TEXT,
            "name": TEXT,
            "uid_alt": TEXT,
            "uid": TEXT,
            "account": {"uid": TEXT},
            "credential_uid": TEXT,
        },
        "session": {"created_time_dt": TIMESTAMP, "is_mfa": "BOOLEAN", "issuer": TEXT},
        "invoked_by": TEXT,
        "idp": {"name": TEXT, "uid": TEXT},
    },
    "http_request": {"user_agent": TEXT},
    "src_endpoint": {"uid": TEXT, "ip": TEXT, "domain": TEXT},
    "session": {"uid": TEXT, "uid_alt": TEXT, "credential_uid": TEXT, "issuer": TEXT},
    "policy": {"uid": TEXT},
    "resources": [{"uid": TEXT, "owner": {"account": {"uid": TEXT}}, "type": TEXT}],
    "class_name": TEXT,
    "class_uid": "INTEGER",
    "category_name": TEXT,
    "category_uid": "INTEGER",
    "severity_id": "INTEGER",
    "severity": TEXT,
    "user": {"uid_alt": TEXT, "uid": TEXT, "name": TEXT},
    "activity_name": TEXT,
    "activity_id": "INTEGER",
    "type_uid": "BIGINT",
    "type_name": TEXT,
    "status": TEXT,
    "is_mfa": "BOOLEAN",
    "unmapped": "MAP(VARCHAR, VARCHAR)",
    "accountid": TEXT,
    "region": TEXT,
    "asl_version": TEXT,
    "observables": [{"name": TEXT, "value": TEXT, "type": TEXT, "type_id": "INTEGER"}],
}

SIGNING_IN = ("sts.amazonaws.com", "signin.amazonaws.com")
ACTIVITIES = {
    1: ("Create", ("Create", "Add", "Put", "Run", "Start", "Attach")),
    2: ("Read", ("Get", "List", "Describe", "Lookup", "Head", "Search")),
    3: ("Update", ("Update", "Modify", "Set", "Change")),
    4: ("Delete", ("Delete", "Remove", "Terminate", "Detach")),
}


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the values below a path under their dotted names: all but objects, of which there are only the insides."""
    if not isinstance(value, Mapping):
        yield path, value
        return
    for name, inner in value.items():
        yield from leaves(inner, f"{path}.{name}" if path else str(name))


def stamp(moment: datetime | None) -> str | None:
    """Return a time as Hive's JSON files hold it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else None


def as_json(value: Any) -> str | None:
    """Return the JSON text of a value, None of null."""
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def classified(source: str, name: str) -> dict[str, Any]:
    """Return the columns that say what kind of event a call is."""
    if source in SIGNING_IN:
        class_uid, class_name, category = 3002, "Authentication", (3, "Identity & Access Management")
        activity_id, activity = 1, "Logon"
    else:
        category = (6, "Application Activity")
        class_uid, class_name = 6003, "API Activity"
        activity_id, activity = next(
            ((number, word) for number, (word, heads) in ACTIVITIES.items() if name.startswith(heads)), (99, "Other")
        )
        if source == "iam.amazonaws.com" and activity_id != 2:
            class_uid, class_name, category = 3001, "Account Change", (3, "Identity & Access Management")
    return {
        "class_name": class_name,
        "class_uid": class_uid,
        "category_name": category[1],
        "category_uid": category[0],
        "severity_id": 1,
        "severity": "Informational",
        "activity_name": activity,
        "activity_id": activity_id,
        "type_uid": class_uid * 100 + activity_id,
        "type_name": f"{class_name}: {activity}",
    }


def endpoint(address: str | None) -> dict[str, Any]:
    """Return `ip` or `domain` for a source address, which may be the name of a service."""
    try:
        ipaddress.ip_address(address or "")
    except ValueError:
        return {"domain": address}
    return {"ip": address}


def named_resources(value: Any) -> list[Any] | None:
    """Return the column `resources`; None where the record has no list of them."""
    if not isinstance(value, list):
        return None
    return [
        {
            "uid": text(field(one, "ARN")),
            "owner": {"account": {"uid": text(field(one, "accountId"))}},
            "type": text(field(one, "type")),
        }
        for one in value
    ]


def ocsf_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as a row: a value for each column of OCSF_COLUMNS that has one; times are UTC."""
    documents = ("requestParameters", "responseElements", "resources")
    rest = dict(leaves({name: value for name, value in record.items() if name not in documents}, ""))

    def take(path: str) -> str | None:
        return text(rest.pop(path, None))

    moment = time(rest.pop("eventTime", None))
    source, name = take("eventSource"), take("eventName")
    request, response = record.get("requestParameters"), record.get("responseElements")
    error, message = take("errorCode"), take("errorMessage")
    principal, access_key = take("userIdentity.principalId"), take("userIdentity.accessKeyId")
    human, credential = take("userIdentity.onBehalfOf.userId"), take("userIdentity.credentialId")
    account, region = take("userIdentity.accountId"), take("awsRegion")
    attributes = "userIdentity.sessionContext.attributes"
    classes = classified(source or "", name or "")
    user = {"uid": text(field(request, "roleArn")), "name": text(field(request, "roleSessionName"))}
    if classes["class_uid"] != 3002:
        user = {"name": text(field(request, "userName"))}
    row = {
        "metadata": {
            "product": {
                "version": take("eventVersion"),
                "name": "CloudTrail",
                "vendor_name": "AWS",
                "feature": {"name": take("eventCategory")},
            },
            "event_code": take("eventType"),
            "uid": take("eventID"),
            "profiles": ["cloud", "datetime"],
            "version": "1.1.0",
        },
        "time": int(moment.replace(tzinfo=UTC).timestamp() * 1000) if moment else None,
        "time_dt": stamp(moment),
        "cloud": {"region": region, "provider": "AWS"},
        "api": {
            "response": {"error": error, "message": message, "data": as_json(response)},
            "operation": name,
            "version": take("apiVersion"),
            "service": {"name": source},
            "request": {"data": as_json(request), "uid": take("requestID")},
        },
        "dst_endpoint": {"svc_name": source},
        "actor": {
            "user": {
                "type": take("userIdentity.type"),
                "name": take("userIdentity.userName"),
                "uid_alt": human or principal,
                "uid": take("userIdentity.arn"),
                "account": {"uid": account},
                "credential_uid": credential or access_key,
            },
            "session": {
                "created_time_dt": stamp(time(take(f"{attributes}.creationDate"))),
                "is_mfa": boolean(take(f"{attributes}.mfaAuthenticated")),
                "issuer": take("userIdentity.sessionContext.sessionIssuer.arn"),
            },
            "invoked_by": take("userIdentity.invokedBy"),
            "idp": {
                "name": take("userIdentity.identityProvider"),
                "uid": take("userIdentity.onBehalfOf.identityStoreArn"),
            },
        },
        "http_request": {"user_agent": take("userAgent")},
        "src_endpoint": {"uid": take("vpcEndpointId"), **endpoint(take("sourceIPAddress"))},
        "policy": {"uid": text(field(request, "policyArn"))},
        "resources": named_resources(record.get("resources")),
        **classes,
        "user": user,
        "status": "Failure" if error or message else "Success",
        "is_mfa": boolean({"Yes": "true", "No": "false"}.get(str(rest.get("additionalEventData.MFAUsed")))),
        "accountid": text(record.get("recipientAccountId")) or account,
        "region": region,
        "asl_version": "2.0",
    }
    row["unmapped"] = {
        path: value if isinstance(value, str) else as_json(value) for path, value in rest.items() if value is not None
    }
    return row
