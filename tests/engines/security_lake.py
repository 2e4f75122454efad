"""What Amazon Security Lake does not keep of a record, and records that have what it moves: docs/security-lake.md."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

from tests.engines.ocsf import class_name, flattened
from tests.reference.events import field, text

Record = dict[str, Any]


def lossy(record: Record, *, overwrites: bool = True) -> Record:
    """Return a record without what its row in Security Lake cannot tell: the limits of docs/security-lake.md, one step each.

    Without `overwrites` as before July 2025 (see `tests.engines.ocsf`).
    """
    kept = copy.deepcopy(record)
    kind = class_name(text(kept.get("eventName")))

    # `resources` is a column of API Activity alone; elsewhere lists are joined by commas, which nobody can take apart again.
    resources = kept.get("resources")
    kept["resources"] = None
    if kind == "API Activity" and isinstance(resources, list):
        kept["resources"] = [{name: field(one, name) for name in ("ARN", "accountId", "type")} for one in resources]
        kept["resources"] = [
            {name: value for name, value in one.items() if value is not None} for one in kept["resources"]
        ]

    # `MFAUsed` of a sign-in becomes a boolean; of `additionalEventData` the rest is in pieces, and no question reads it.
    used = field(kept.get("additionalEventData"), "MFAUsed")
    kept["additionalEventData"] = None
    if isinstance(used, str) and (used in ("Yes", "No") or kind != "Authentication"):
        kept["additionalEventData"] = {"MFAUsed": used}

    # `serviceEventDetails`: its pieces as texts, under their dotted names.
    details = kept.get("serviceEventDetails")
    kept["serviceEventDetails"] = (flattened(details) or None) if isinstance(details, dict) else None

    identity = kept.get("userIdentity")
    if isinstance(identity, dict) and overwrites:
        # The user id stands where the principal id was: a role session's can be put together again, no other.
        issuer = text(field(identity, "sessionContext", "sessionIssuer", "principalId"))
        rebuilt = identity.get("type") == "AssumedRole" and issuer and text(identity.get("arn"))
        if text(field(identity, "onBehalfOf", "userId")) and not rebuilt:
            identity.pop("principalId", None)
        # The credential id stands where the access key id was.
        if text(identity.get("credentialId")):
            identity.pop("accessKeyId", None)
    return kept


def as_recorded(records: Sequence[Record], seed: int) -> list[Record]:
    """Return the records of a world with what CloudTrail writes and Security Lake moves.

    Role sessions get their issuer, some act for a person of Identity Center (on most of their calls, as in real logs), bearer tokens
    have a credential id, and some events have `serviceEventDetails`. Records of one event are treated alike.
    """
    return [recorded(copy.deepcopy(record), seed) for record in records]


def recorded(record: Record, seed: int) -> Record:
    """Do the work of `as_recorded` for one record, in place."""
    luck = random.Random(f"{seed} {record.get('eventID')} {record.get('eventTime')}")
    if luck.random() < 0.2:
        record["serviceEventDetails"] = {
            "account_id": "111111111111",
            "role_name": 'Ops "1"',
            "status": {"done": True, "steps": ["a", "b"]},
        }
    if luck.random() < 0.2:
        record |= {"vpcEndpointId": "vpce-1", "vpcEndpointAccountId": "222222222222", "eventCategory": "Management"}
    identity = record.get("userIdentity")
    if not isinstance(identity, dict):
        return record
    person = {"userId": "idc-user", "identityStoreArn": "arn:aws:identitystore::111111111111:identitystore/d-1"}
    principal = text(identity.get("principalId"))
    if identity.get("type") == "AssumedRole" and principal is not None:
        context = identity.get("sessionContext")
        if isinstance(context, dict):
            context["sessionIssuer"] = {
                "type": "Role",
                "principalId": principal.split(":", 1)[0],
                "arn": f"arn:aws:iam::{identity.get('accountId')}:role/team/a",
                "accountId": identity.get("accountId"),
                "userName": "a",
            }
        if random.Random(f"{seed} {principal}").random() < 0.5 and luck.random() < 0.7:
            identity["onBehalfOf"] = person
    elif identity.get("type") == "IdentityCenterUser":
        identity["credentialId"] = "4f2c9d10-6f0e-4f6d-9a55-1f1d0c5e7a11"
    return record
