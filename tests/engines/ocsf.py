"""A CloudTrail record as a row of Amazon Security Lake: OCSF 1.1, source version 2.

Written from what AWS publishes, without a look at the layout that reads it:

- which field becomes which: github.com/ocsf/examples, mappings/markdown/AWS/v1.1.0/CloudTrail, one page for each of the three classes;
- which calls belong to a class: the same repository, mappings/bloblang/AWS/CloudTrail/v1.1.0/cloudtrail.yml;
- how `unmapped` spells the rest (dotted names, `[]` for a list, its values joined by commas): the converted samples of
  github.com/aws-samples/amazon-security-lake-ocsf-validation, samples/1.0.0-rc.2/CLOUD_TRAIL.

Two rules overwrite, since July 2025 (the pages' change "to accommodate Identity Centre changes"): the user id of `onBehalfOf` takes the
place of the principal id, a credential id that of the access key. Before, both went to `unmapped`. The columns `activity_*` and `type_*`
are roughly AWS's, `observables` are left out.
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

AUTHENTICATION_CALLS = """
    AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity CheckMfa ConsoleLogin CredentialChallenge CredentialVerification
    ExternalIdPDirectoryLogin UserAuthentication
"""
ACCOUNT_CHANGE_CALLS = """
    AccountNameUpdated AddRoleToInstanceProfile AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy ChangePassword
    CreateAccessKey CreateAccountAlias CreateInstanceProfile CreateLoginProfile CreateRole CreateServiceLinkedRole CreateUser
    CreateVirtualMFADevice DeactivateMFADevice DeleteAccessKey DeleteAccountAlias DeleteAccountPasswordPolicy DeleteGroup
    DeleteGroupPolicy DeleteInstanceProfile DeleteLoginProfile DeletePolicy DeleteRole DeleteRolePermissionsBoundary
    DeleteRolePolicy DeleteServiceLinkedRole DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DeleteVirtualMFADevice
    DetachGroupPolicy DetachRolePolicy DetachUserPolicy EmailUpdated EnableMFADevice FinalizeSmsMfaRegistration PasswordUpdated
    PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy RemoveRoleFromInstanceProfile
    RemoveUserFromGroup RequestSmsMfaRegistration ResyncMFADevice TagInstanceProfile TagRole TagUser UntagInstanceProfile UntagRole
    UntagUser UpdateAccessKey UpdateAccountEmailAddress UpdateAccountName UpdateAccountPasswordPolicy UpdateAssumeRolePolicy
    UpdateGroup UpdateLoginProfile UpdateRole UpdateRoleDescription UpdateUser
"""
AUTHENTICATION = frozenset(AUTHENTICATION_CALLS.split())
ACCOUNT_CHANGE = frozenset(ACCOUNT_CHANGE_CALLS.split())
CLASSES = {
    "Authentication": (3002, 3, "Identity & Access Management"),
    "Account Change": (3001, 3, "Identity & Access Management"),
    "API Activity": (6003, 6, "Application Activity"),
}
ACTIVITIES = {
    1: ("Create", ("Create", "Run", "Generate")),
    2: ("Read", ("Get", "List", "Describe", "Lookup", "Search")),
    3: ("Update", ("Update", "Modify", "Put", "Add", "Start", "Attach", "Detach")),
    4: ("Delete", ("Delete", "Terminate")),
}


def class_name(event_name: str | None) -> str:
    """Return the class that a call is mapped to."""
    if event_name in AUTHENTICATION:
        return "Authentication"
    return "Account Change" if event_name in ACCOUNT_CHANGE else "API Activity"


def leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the values below a path as texts under their dotted names, `[]` for any place of a list; nulls are none."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    elif value is not None:
        yield path, value if isinstance(value, str) else json.dumps(value)


def flattened(value: Any) -> dict[str, str]:
    """Return the dotted names of a document with their values, those of a list joined by commas."""
    found: dict[str, list[str]] = {}
    for path, one in leaves(value, ""):
        found.setdefault(path, []).append(one)
    return {path: ",".join(texts) for path, texts in found.items()}


def stamp(moment: datetime | None) -> str | None:
    """Return a time as Hive's JSON files hold it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else None


def as_json(value: Any) -> str | None:
    """Return the JSON text of a value, None of null."""
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def classified(event_name: str) -> dict[str, Any]:
    """Return the columns that say what kind of event a call is."""
    name = class_name(event_name)
    class_uid, category_uid, category = CLASSES[name]
    activity_id, activity = next(
        ((number, word) for number, (word, parts) in ACTIVITIES.items() if any(part in event_name for part in parts)),
        (99, "Other"),
    )
    if name == "Authentication":
        activity_id, activity = 1, "Logon"
    return {
        "class_name": name,
        "class_uid": class_uid,
        "category_name": category,
        "category_uid": category_uid,
        "severity_id": 1,
        "severity": "Informational",
        "activity_name": activity,
        "activity_id": activity_id,
        "type_uid": class_uid * 100 + activity_id,
        "type_name": f"{name}: {activity}",
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
            "uid": field(one, "ARN"),
            "owner": {"account": {"uid": field(one, "accountId")}},
            "type": field(one, "type"),
        }
        for one in value
    ]


def touched_user(kind: str, record: Mapping[str, Any], principal: str | None, arn: str | None) -> dict[str, Any]:
    """Return the column `user`: who signs in or what is assumed, or the account that is changed."""
    request, response = record.get("requestParameters"), record.get("responseElements")
    if kind == "Authentication":
        role = text(field(request, "roleArn"))
        signing_in = {"uid": arn, "uid_alt": principal}
        return {"uid": role, "name": text(field(request, "roleSessionName"))} if role else signing_in
    if kind == "Account Change":
        made = field(response, "user") or field(response, "role")
        named = text(field(request, "userName")) or text(field(request, "roleName"))
        number = text(field(made, "userId")) or text(field(made, "roleId"))
        return {"name": named, "uid": text(field(made, "arn")), "uid_alt": number}
    return {}


def ocsf_row(record: Mapping[str, Any], *, overwrites: bool = True) -> dict[str, Any]:
    """Return a record as a row: a value for each column of OCSF_COLUMNS that has one; times are UTC.

    Without `overwrites` as before July 2025: `onBehalfOf` and `credentialId` in `unmapped`.
    """
    kind = class_name(text(record.get("eventName")))
    # Only API Activity maps `resources`; the documents are texts of their own in every class.
    elsewhere = {"requestParameters", "responseElements"} | ({"resources"} if kind == "API Activity" else set())
    rest = flattened({name: value for name, value in record.items() if name not in elsewhere})

    def take(path: str) -> str | None:
        return rest.pop(path, None) or None

    def overwritten(path: str, by: str) -> str | None:
        below = take(path)
        return (take(by) if overwrites else None) or below

    moment = time(take("eventTime"))
    source, name, region = take("eventSource"), take("eventName"), take("awsRegion")
    error, message = take("errorCode"), take("errorMessage")
    principal, arn = rest.get("userIdentity.principalId"), take("userIdentity.arn")
    signing_in = kind == "Authentication"
    # The page of Account Change has no place for the identity store: it stays in `unmapped`.
    maps_store = overwrites and kind != "Account Change"
    status = "Failure" if error or message else "Success"
    row = {
        "metadata": {
            "product": {
                "version": take("eventVersion"),
                "name": "CloudTrail",
                "vendor_name": "AWS",
                "feature": {"name": take("eventCategory") or "Management, Data, and Insights"},
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
            "response": {"error": error, "message": message, "data": as_json(record.get("responseElements"))},
            "operation": name,
            "version": take("apiVersion"),
            "service": {"name": source},
            "request": {"data": as_json(record.get("requestParameters")), "uid": take("requestID")},
        },
        "dst_endpoint": {"svc_name": take("additionalEventData.LoginTo") if signing_in else None},
        "actor": {
            "user": {
                "type": take("userIdentity.type"),
                "name": overwritten("userIdentity.userName", by="additionalEventData.UserName"),
                "uid_alt": overwritten("userIdentity.principalId", by="userIdentity.onBehalfOf.userId"),
                "uid": arn,
                "account": {"uid": take("userIdentity.accountId")},
                "credential_uid": overwritten("userIdentity.accessKeyId", by="userIdentity.credentialId"),
            },
            "session": {
                "created_time_dt": stamp(time(take("userIdentity.sessionContext.attributes.creationDate"))),
                "is_mfa": boolean(take("userIdentity.sessionContext.attributes.mfaAuthenticated")),
                "issuer": take("userIdentity.sessionContext.sessionIssuer.arn"),
            },
            "invoked_by": take("userIdentity.invokedBy"),
            "idp": {
                "name": take("userIdentity.identityProvider"),
                "uid": take("userIdentity.onBehalfOf.identityStoreArn") if maps_store else None,
            },
        },
        "http_request": {"user_agent": take("userAgent")},
        "src_endpoint": {"uid": take("vpcEndpointId"), **endpoint(take("sourceIPAddress"))},
        "resources": named_resources(record.get("resources")) if kind == "API Activity" else None,
        **classified(name or ""),
        "user": touched_user(kind, record, principal, arn),
        "status": text(field(record.get("responseElements"), "ConsoleLogin")) or "Other" if signing_in else status,
        "is_mfa": {"Yes": True, "No": False}.get(take("additionalEventData.MFAUsed") or "") if signing_in else None,
        "accountid": text(record.get("recipientAccountId")),
        "region": region,
        "asl_version": "2.0",
    }
    row["unmapped"] = rest
    return row
