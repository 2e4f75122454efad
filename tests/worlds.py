"""Small worlds of CloudTrail records, and questions about them, as Hypothesis strategies.

A world has few people, few keys and few seconds, so that things collide: keys are issued again, sessions begin in one second,
roles assume themselves. Records are shaped like real ones; some are then spoilt (missing fields, odd types, other time forms).
Kept out is only what docs/rules.md leaves open: two records of one second without eventID that differ.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.reference.events import read_events, time
from tests.reference.issuances import read_issuances

Record = dict[str, Any]

DAWN = datetime(2023, 7, 10, 11, 59, 58)
ACCOUNTS = ("111111111111", "222222222222")
STRANGER = "999999999999"
USERS = {"alice": "AIDAALICE", "bob": "AIDABOB"}
ROLES = {"admin": "AROAADMIN", "jump": "AROAJUMP", "AWSReservedSSO_Ops_0123456789abcdef": "AROASSO"}
TEMPORARY = tuple(f"ASIA{letter * 4}" for letter in "ABCDEF")
LONG_TERM = tuple(f"AKIA{letter * 4}" for letter in "ABC")
REGIONS = ("us-east-1", "eu-west-1", "us-west-2")
ADDRESSES = (
    "203.0.113.7",
    "198.51.100.14",
    "AWS Internal",
    "2001:db8::7",
    "10.1.2.3",
    "FD00:0::1",
    "::ffff:192.168.0.9",
    "ec2.amazonaws.com",
    "203.0.113.007",
)
RANGES = ("203.0.113.0/24", "203.0.113.4/30", "198.51.100.14/32", "2001:db8::/32", "10.0.0.0/8", "fd00::/16")
ENDPOINTS = ("vpce-0a1", "vpce-0b2", "AWS Internal")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MESSAGES = (
    "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111111111111:user/ "
    "because no identity-based policy allows the iam:ListUsers action",
    'User: x is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/a key" with an explicit deny in a resource-based policy',
    "User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/admin",
    "User: x is not authorized to perform: iam:DeleteUser on resource: user bob with an explicit deny because of a boundary",
    "User: x is not authorized to perform: ec2:RunInstances on resource: * because no policy allows it",
    "You are not authorized to perform this operation. User: x is not authorized to perform: ec2:StopInstances on resource: "
    "arn:aws:ec2:us-east-1:111111111111:instance/i-0. Encoded authorization failure message: abc",
    "x on resource: group Größe 株.",
    "x on resource: ",
    "x on resource: a on resource: b because c because d",
    "Access Denied",
    "You are not authorized to perform this operation.",
)
DENIALS = ("AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "Custom.NotAuthorized")
THROTTLES = ("ThrottlingException", "Client.RequestLimitExceeded", "SlowDown")
FAILURES = ("ValidationException", "NoSuchEntity", "ResourceNotFoundException")
CALLS = (
    ("ec2", "DescribeInstances"),
    ("s3", "GetObject"),
    ("s3", "PutObject"),
    ("iam", "AttachUserPolicy"),
    ("secretsmanager", "GetSecretValue"),
    ("ssm", "DescribeParameters"),
    ("kms", "Decrypt"),
    ("lambda", "GetFunction20150331v2"),
)
FILTERS: tuple[Any, ...] = (
    {"filterSet": {}},
    {"filterSet": {"items": []}},
    {"filterSet": {"items": [{"name": "vpc-id", "valueSet": {"items": [{"value": "vpc-1"}]}}]}},
    {"filters": [{"key": "InstanceIds", "values": ["i-1"]}]},
    {"filters": {}, "parameterFilters": [{"key": "Name", "option": "Equals", "values": ["é"]}]},
    {"filter": {"regions": ["us-east-1"]}},
    {"Filter": {"Dimensions": {"Key": "SERVICE"}}},
    {"filterSet": {}, "Filters": "tag:env=prod"},
    {"DescribeInstancesRequest": {"Filter": {"Name": "vpc-id", "Value": {"tag": 1, "content": "vpc-2"}, "tag": 1}}},
    {"DescribeInstancesRequest": {"Filter": [{"Name": "a"}, {"Name": "b"}]}},
    {"filters": 7, "filter": ""},
    {"secretId": 'prod/db\'s "password"'},
    {"nothing": None},
    {},
    None,
    "a text",
)
RESOURCES: tuple[Any, ...] = (
    None,
    [],
    {},
    [{"ARN": "arn:aws:s3:::b/o", "accountId": "111111111111", "type": "AWS::S3::Object"}],
    [{"accountId": "222222222222", "type": "AWS::KMS::Key"}, {"ARN": "arn:aws:kms:x"}],
)


def stamp(moment: datetime) -> str:
    """A time as CloudTrail writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def assumed(account: str, role: str, name: str) -> tuple[str, str]:
    """Principal id and arn of an assumed role."""
    return f"{ROLES[role]}:{name}", f"arn:aws:sts::{account}:assumed-role/{role}/{name}"


def user(name: str, account: str = ACCOUNTS[0]) -> Record:
    """The identity of an IAM user, without a key."""
    arn = f"arn:aws:iam::{account}:user/{name}"
    return {"type": "IAMUser", "principalId": USERS[name], "arn": arn, "accountId": account, "userName": name}


def session(identity: Record, key: str | None, created: datetime | None, **attributes: str) -> Record:
    """The identity with a key and, of a session, its creation."""
    made = copy.deepcopy(identity)
    made.pop("sessionContext", None)
    if key is not None:
        made["accessKeyId"] = key
    if created is not None:
        made["sessionContext"] = {"attributes": {"creationDate": stamp(created), **attributes}}
    return made


@dataclass
class Builder:
    """A world as it grows: its clock, the credentials that exist, the records so far."""

    luck: random.Random
    now: datetime = DAWN
    identities: list[Record] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with two users' keys and one of root."""
        self.identities = [
            session(user("alice"), LONG_TERM[0], None),
            session(user("bob"), LONG_TERM[1], None),
            session(user("alice", ACCOUNTS[1]), LONG_TERM[0], None),
            {
                "type": "Root",
                "principalId": ACCOUNTS[0],
                "arn": f"arn:aws:iam::{ACCOUNTS[0]}:root",
                "accountId": ACCOUNTS[0],
                "accessKeyId": LONG_TERM[2],
            },
        ]

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred."""
        return self.luck.randrange(100) < percent

    def pick(self, values: Any) -> Any:
        """One of the values."""
        return self.luck.choice(values)

    def who(self) -> Record:
        """Somebody with a key; rather one of the latest."""
        return copy.deepcopy(self.pick(self.identities[-3:] if self.chance(60) else self.identities))

    def tick(self) -> None:
        """Let some time go by: mostly none or a second."""
        self.now += timedelta(seconds=self.pick((0, 0, 0, 1, 1, 2, 3, 7, 300, 620, 4000, 133000)))

    def key(self) -> str:
        """A key to issue, often one that was issued before."""
        return str(self.pick(TEMPORARY))

    def expiration(self) -> Any:
        """When credentials expire, in one of the forms, or garbage."""
        end = self.now + timedelta(seconds=self.pick((0, 1, 900, 3600, 43200)))
        hour, half = (end.hour % 12 or 12), ("PM" if end.hour >= 12 else "AM")
        clock = f"{end.minute:02}:{end.second:02}"
        day = f"{MONTHS[end.month - 1]} {end.day}, {end.year}"
        forms: tuple[Any, ...] = (
            f"{day}, {hour}:{clock} {half}",
            f"{day} {hour:02}:{clock} {half}",
            f"{day}, {hour}:{clock}\u202f{half}",
            stamp(end),
            end.strftime("%Y%m%dT%H%M%SZ"),
            f"{day}, 0:{clock} {half}",
            "soon",
            "",
            None,
        )
        return self.pick(forms)

    def add(self, source: str, name: str, identity: Any, **fields: Any) -> Record:
        """Write a record of now."""
        record: Record = {
            "eventVersion": "1.08",
            "userIdentity": identity,
            "eventTime": stamp(self.now),
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "awsRegion": self.pick(REGIONS),
            "sourceIPAddress": self.pick(ADDRESSES),
            "userAgent": self.pick(("aws-cli/2.2", "Boto3", "console.amazonaws.com")),
            "requestParameters": None,
            "responseElements": None,
            "eventID": f"e{self.luck.randrange(16**4):04x}-{len(self.records):02}",
            "eventType": "AwsApiCall",
            "recipientAccountId": ACCOUNTS[0],
        }
        if self.chance(25):
            record["vpcEndpointId"] = self.pick(ENDPOINTS)
            if self.chance(60):
                record["vpcEndpointAccountId"] = self.pick((*ACCOUNTS, STRANGER))
        record.update(fields)
        self.records.append(record)
        return record

    def use(self, identity: Record, key: str | None, created: datetime | None, **attributes: str) -> None:
        """Let somebody own credentials from now on; clocks may differ by up to three seconds."""
        if created is not None and self.chance(20):
            created += timedelta(seconds=self.pick((-3, -2, -1, 1, 2, 3)))
        self.identities.append(session(identity, key, created, **attributes))
        if self.chance(70):
            call(self)


def call(world: Builder) -> None:
    """An ordinary call: succeeded, refused, throttled or failed."""
    source, name = world.pick(CALLS)
    fields: Record = {
        "requestParameters": copy.deepcopy(world.pick(FILTERS)),
        "resources": copy.deepcopy(world.pick(RESOURCES)),
        "readOnly": world.pick((True, False, "true", "False", "", None, "perhaps")),
    }
    if world.chance(25):
        fields |= {"errorCode": world.pick(DENIALS), "errorMessage": world.pick(MESSAGES)}
    elif world.chance(15):
        fields["errorCode"] = world.pick(THROTTLES + FAILURES)
    elif world.chance(5):
        fields["errorMessage"] = "failed"
    world.add(source, name, world.who(), **fields)


def credentials(world: Builder, key: str) -> Record:
    """The credentials of an answer."""
    return {"accessKeyId": key, "sessionToken": "t", "expiration": world.expiration()}


def assume_role(world: Builder, caller: Any = None, key: str | None = None) -> None:
    """AssumeRole (or from outside), perhaps into the other account, with one copy or both."""
    outside = world.pick((None, None, None, "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")) if not caller else None
    kinds = {"AssumeRoleWithSAML": "SAMLUser", "AssumeRoleWithWebIdentity": "WebIdentityUser"}
    name = outside or "AssumeRole"
    identity = caller or world.who()
    if outside:
        identity = {"type": kinds[outside], "principalId": "idp:eve", "userName": "eve", "identityProvider": "idp"}
    account, role, key = world.pick(ACCOUNTS), world.pick(tuple(ROLES)), key or world.key()
    principal, arn = assumed(account, role, world.pick(("s1", "s2")))
    answer: Record = {
        "credentials": credentials(world, key),
        "assumedRoleUser": {"assumedRoleId": principal, "arn": arn},
    }
    if world.chance(15):
        del answer["assumedRoleUser"]["arn"]
    if world.chance(10):
        del answer["assumedRoleUser"]
    request = {"roleArn": f"arn:aws:iam::{account}:role/team/{role}", "roleSessionName": arn.rsplit("/", 1)[1]}
    if world.chance(20):
        request["sourceIdentity"] = "eve"
    fields: Record = {"requestParameters": request, "responseElements": answer, "readOnly": True}
    if world.chance(10):
        fields |= {"errorCode": "AccessDenied", "errorMessage": world.pick(MESSAGES), "responseElements": None}
    if not outside and isinstance(identity, dict) and identity.get("accountId") not in (None, account):
        shared, which = f"s{world.luck.randrange(16**4):04x}", world.pick(("both", "both", "caller", "owner"))
        stranger = {k: identity[k] for k in ("principalId", "accountId") if k in identity}
        if which != "caller":
            owner = {"type": "AWSAccount", **stranger}
            world.add("sts", name, owner, **fields, sharedEventID=shared, recipientAccountId=account)
        if which != "owner":
            world.add("sts", name, identity, **fields, sharedEventID=shared)
    else:
        world.add("sts", name, identity, **fields)
    role_user = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": account}
    if world.chance(70):
        used = key if world.chance(80) else world.key()
        world.use(role_user, used, world.now, mfaAuthenticated=world.pick(("true", "false")))


def itself(world: Builder) -> None:
    """A role that assumes itself with the key that it gets, in the same second."""
    principal, arn = assumed(ACCOUNTS[0], "jump", "s1")
    caller = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": ACCOUNTS[0]}
    key = world.key()
    answer = {"credentials": credentials(world, key), "assumedRoleUser": {"assumedRoleId": principal, "arn": arn}}
    world.add("sts", "AssumeRole", session(caller, key, world.now), responseElements=answer)
    world.use(caller, key, world.now)


def service(world: Builder) -> None:
    """A service that assumes a role; its answer may hold nothing but the credentials."""
    caller = {"type": "AWSService", "invokedBy": world.pick(("ec2.amazonaws.com", "lambda.amazonaws.com"))}
    if world.chance(50):
        assume_role(world, caller)
        return
    key, (principal, arn) = world.key(), assumed(ACCOUNTS[0], "admin", "i-1")
    answer = {"credentials": credentials(world, key)}
    request = {"roleArn": f"arn:aws:iam::{ACCOUNTS[0]}:role/admin", "roleSessionName": "i-1"}
    world.add("sts", "AssumeRole", caller, requestParameters=request, responseElements=answer, sharedEventID="s-svc")
    world.use({"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": ACCOUNTS[0]}, key, world.now)


def linked(world: Builder) -> None:
    """A service in its own role, whose key is rarely shown, with or without the AssumeRole before it."""
    role = world.pick(("AWSServiceRoleForRDS", "service"))
    arn = f"arn:aws:sts::{ACCOUNTS[0]}:assumed-role/{role}/RDS"
    acting = {"type": "AssumedRole", "principalId": "AROALINKED:RDS", "arn": arn, "accountId": ACCOUNTS[0]}
    key = world.key()
    if world.chance(50):
        caller = {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}
        user_of_role = {"assumedRoleId": acting["principalId"], "arn": arn}
        answer = {"credentials": credentials(world, key), "assumedRoleUser": user_of_role}
        world.add("sts", "AssumeRole", caller, responseElements=answer, sourceIPAddress="rds.amazonaws.com")
    shown = session(acting, key if world.chance(40) else None, world.now)
    for _ in range(world.pick((1, 2))):
        world.add(
            "ec2", "DescribeVpcs", {**shown, "invokedBy": "rds.amazonaws.com"}, sourceIPAddress="rds.amazonaws.com"
        )


def vend(world: Builder) -> None:
    """GetSessionToken, GetFederationToken, AssumeRoot, GetSigninToken, CreateOAuth2Token and the rarer ones."""
    caller, key = world.who(), world.key()
    answer: Record = {"credentials": credentials(world, key)}
    name = world.pick(
        ("GetSessionToken", "GetFederationToken", "AssumeRoot", "GetSigninToken", "CreateOAuth2Token", "rare")
    )
    bare: Record = {k: v for k, v in caller.items() if k not in ("accessKeyId", "sessionContext")}
    if name == "GetFederationToken":
        principal = f"{caller.get('accountId')}:feddy"
        arn = f"arn:aws:sts::{caller.get('accountId')}:federated-user/feddy"
        answer["federatedUser"] = {"federatedUserId": principal, "arn": arn}
        bare = {"type": "FederatedUser", "principalId": principal, "arn": arn, "accountId": caller.get("accountId")}
    elif name == "AssumeRoot":
        target = world.pick((ACCOUNTS[1], f"arn:aws:iam::{ACCOUNTS[1]}:root", "nobody", None))
        arn = f"arn:aws:iam::{ACCOUNTS[1]}:root"
        bare = {"type": "Root", "principalId": ACCOUNTS[1], "arn": arn, "accountId": ACCOUNTS[1]}
        world.add("sts", name, caller, requestParameters={"targetPrincipal": target}, responseElements=answer)
    elif name == "GetSigninToken" and world.chance(40):
        answer["credentials"]["accessKeyId"] = caller.get("accessKeyId")
    elif name == "rare":
        rarer(world, caller, answer, bare, key)
        return
    if name != "AssumeRoot":
        source = "signin" if name in ("GetSigninToken", "CreateOAuth2Token") else "sts"
        world.add(source, name, caller, responseElements=answer)
    world.use(bare, key, world.now)


def rarer(world: Builder, caller: Record, answer: Record, bare: Record, key: str) -> None:
    """Cognito, IAM Roles Anywhere and S3 Express."""
    kind = world.pick(("cognito-identity", "rolesanywhere", "s3express"))
    if kind == "rolesanywhere":
        principal, arn = assumed(ACCOUNTS[0], "jump", "cert")
        entry = {**answer, "assumedRoleUser": {"assumedRoleId": principal, "arn": arn}}
        world.add(kind, "CreateSession", {"type": "Unknown"}, responseElements={"credentialSet": [entry]})
        bare = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": ACCOUNTS[0]}
    elif kind == "s3express":
        world.add(kind, "CreateSession", caller, responseElements=answer)
    else:
        world.add(kind, "GetCredentialsForIdentity", {"type": "Unknown"}, responseElements=answer)
        principal, arn = assumed(ACCOUNTS[0], "jump", "CognitoIdentityCredentials")
        bare = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": ACCOUNTS[0]}
    world.use(bare, key, world.now)


def create_key(world: Builder) -> None:
    """CreateAccessKey, whose key is used later or never."""
    key, name = world.pick(LONG_TERM), world.pick(tuple(USERS))
    answer = {"accessKey": {"accessKeyId": key, "userName": name, "status": "Active"}}
    world.add("iam", "CreateAccessKey", world.who(), responseElements=answer, requestParameters={"userName": name})
    if world.chance(70):
        world.use(user(name), key, None)


def sign_in(world: Builder) -> None:
    """A console session: its sign-in (perhaps failed, federated, or absent) and the calls of its keys."""
    kind = world.pick(("user", "user", "failed", "federated", "center", "none", "renew"))
    caller = user(world.pick(tuple(USERS)))
    answered = {"ConsoleLogin": "Failure" if kind == "failed" else "Success"}
    extra = {"MFAUsed": world.pick(("Yes", "No", "YES", "?")), "LoginTo": "https://console.aws.amazon.com/"}
    if kind == "federated":
        principal, arn = assumed(ACCOUNTS[0], world.pick(tuple(ROLES)), "s1")
        caller = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": ACCOUNTS[0]}
        shown = session(caller, world.key(), world.pick((None, world.now)))
        world.add("signin", "ConsoleLogin", shown, responseElements=answered, additionalEventData=extra)
    elif kind == "center":
        caller = {"type": "IdentityCenterUser", "principalId": "idc-1", "accountId": ACCOUNTS[0]}
        caller["onBehalfOf"] = {"userId": "idc-user", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d"}
        world.add("signin", "UserAuthentication", caller, responseElements=None, additionalEventData=extra)
    elif kind == "renew":
        principal, arn = assumed(ACCOUNTS[0], "jump", "s1")
        caller = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": ACCOUNTS[0]}
        world.add("signin", "RenewRole", caller, responseElements={"RenewRole": "Success"})
    elif kind != "none":
        world.add("signin", "ConsoleLogin", caller, responseElements=answered, additionalEventData=extra)
    opened = world.now
    browse(world, caller, opened)
    if kind in ("user", "none") and world.chance(40):
        switch_role(world, session(caller, world.key(), opened))


def browse(world: Builder, caller: Record, opened: datetime) -> None:
    """Calls of a console session, each app with its own key."""
    for _ in range(world.luck.randrange(4)):
        world.identities.append(session(caller, world.key(), opened))
        source, name = world.pick(CALLS)
        fields: Record = {"sessionCredentialFromConsole": "true"} if world.chance(50) else {}
        world.add(source, name, world.identities[-1], **fields)
        if world.chance(50):
            world.tick()
        if world.chance(25):
            forward(world, session(caller, None, opened))


def switch_role(world: Builder, caller: Record) -> None:
    """SwitchRole in the console, with or without the AssumeRole behind it; the key that it issues is not the one used."""
    principal, arn = assumed(ACCOUNTS[1], "admin", "alice")
    role_user = {"type": "AssumedRole", "principalId": principal, "arn": arn, "accountId": ACCOUNTS[1]}
    if world.chance(60):
        user_of_role = {"assumedRoleId": principal, "arn": arn}
        answer = {"credentials": credentials(world, world.key()), "assumedRoleUser": user_of_role}
        world.add("sts", "AssumeRole", caller, responseElements=answer)
    if world.chance(60):
        world.add("signin", "SwitchRole", role_user, responseElements={"SwitchRole": "Success"})
    browse(world, role_user, world.now)


def forward(world: Builder, identity: Record | None = None) -> None:
    """A call that a service made for somebody: same session with a new key, or a session minted for a long-term key."""
    identity = identity or world.who()
    if "sessionContext" in identity:
        shown = {**identity, "accessKeyId": world.key()}
    else:
        minted = world.now + timedelta(seconds=world.pick((0, 0, 1, -1, 2, -599, -600, -601)))
        shown = session(identity, world.key(), minted, mfaAuthenticated="false")
    shown["invokedBy"] = world.pick(("AWS Internal", "AWS Internal", "signin.amazonaws.com"))
    name = world.pick(("Decrypt", "GenerateDataKey"))
    world.add("kms", name, shown, readOnly=True, sourceIPAddress="AWS Internal", resources=RESOURCES[4])
    if world.chance(15):
        assume_role(world, shown)


ACTIONS: tuple[Callable[[Builder], None], ...] = (
    call,
    call,
    assume_role,
    assume_role,
    assume_role,
    vend,
    vend,
    create_key,
    sign_in,
    sign_in,
    forward,
    service,
    linked,
    itself,
)


def other_time(world: Builder, text: str) -> Any:
    """The time in another form, some of which are none."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    forms: tuple[Any, ...] = (
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        moment.strftime("%Y%m%dT%H%M%SZ"),
        moment.strftime("%Y-%m-%dT%H:%M:%S.987Z"),
        (moment + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00"),
        (moment - timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S-0530"),
        (moment + timedelta(hours=1)).strftime("%Y%m%d %H%M%S+01"),
        moment.strftime("%Y-%m-%dT%H:%M:%S"),
        moment.strftime("%Y-02-30T%H:%M:%SZ"),
        moment.strftime("%Y-%m-%dT%H:%M:60Z"),
        f"{text} ",
        "...",
        "",
        1688990082,
        None,
    )
    return world.pick(forms)


def spoil(world: Builder, record: Record) -> Record:
    """The record as somebody's old or broken pipeline left it."""
    spoilt = copy.deepcopy(record)
    identity = spoilt.get("userIdentity")
    kind = world.luck.randrange(9)
    if kind in (0, 1) and isinstance(spoilt.get("eventTime"), str):
        spoilt["eventTime"] = other_time(world, spoilt["eventTime"])
    elif kind == 2:
        name = world.pick(tuple(spoilt))
        if name != "eventID":
            del spoilt[name]
    elif kind == 3:
        spoilt[world.pick(("errorCode", "awsRegion", "userAgent", "sourceIPAddress", "eventSource", "eventName"))] = ""
    elif kind == 4 and isinstance(identity, dict) and identity:
        identity[world.pick(tuple(identity))] = world.pick(("", None))
    elif kind == 5 and isinstance(identity, dict) and identity:
        identity.pop(world.pick(tuple(identity)))
    elif kind == 6:
        field_and_value: tuple[tuple[str, Any], ...] = (
            ("userIdentity", "somebody"),
            ("userIdentity", None),
            ("userAgent", ["a", "b"]),
            ("userAgent", 12),
            ("requestParameters", "a text"),
            ("responseElements", "a text"),
            ("responseElements", ["a", "b"]),
            ("resources", "arn:aws:s3:::b"),
            ("sourceIPAddress", {"ip": "203.0.113.7"}),
            ("errorCode", 404),
            ("additionalEventData", True),
        )
        name, value = world.pick(field_and_value)
        spoilt[name] = value
    elif kind == 7 and isinstance(identity, dict):
        identity["sessionContext"] = world.pick(("", [], {}, {"attributes": "x"}, {"sourceIdentity": "mallory"}))
    elif kind == 8:
        spoilt["eventID"] = world.pick(("", None))
    return spoilt


def settle(records: list[Record]) -> list[Record]:
    """Of differing records without eventID only one a second stays so: their order is nobody's promise."""
    taken: dict[datetime | None, Record] = {}
    for number, record in enumerate(records):
        if not record.get("eventID") and taken.setdefault(time(record.get("eventTime")), record) != record:
            record["eventID"] = f"f-{number:03}"
    return records


def build(seed: int, steps: int, dirt: int) -> list[Record]:
    """One world: so many steps, so many of a hundred records spoilt or delivered twice."""
    world = Builder(random.Random(seed))
    for _ in range(steps):
        world.tick()
        world.pick(ACTIONS)(world)
    records = [spoil(world, record) if world.chance(dirt) else record for record in world.records[:60]]
    for record in list(records):
        if world.chance(dirt // 3):
            again = copy.deepcopy(record)
            if record.get("eventID") and world.chance(30):
                again["awsRegion"] = "ap-south-1"
            records.append(again)
    world.luck.shuffle(records)
    return settle(records)


def with_equal_copies(records: list[Record]) -> list[Record]:
    """Return the records, each copy of an event as its first: so CloudTrail delivers them, and of others any may be kept (docs/rules.md §1.4)."""
    first: dict[str, Record] = {}
    return [first.setdefault(json.dumps(name), one) if (name := one.get("eventID")) else one for one in records]


@st.composite
def worlds(draw: st.DrawFn, max_steps: int = 24) -> list[Record]:
    """Lists of CloudTrail records; examples shrink to fewer steps, less dirt and fewer records."""
    records = build(
        draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, max_steps)), draw(st.sampled_from((0, 15, 40)))
    )
    # A tenth is missing, as in real logs; and 0 is what Hypothesis shrinks to, so that a failing world loses what it can.
    kept = draw(st.lists(st.integers(0, 9), min_size=len(records), max_size=len(records)))
    return [record for record, luck in zip(records, kept, strict=True) if luck]


QUERIES = (
    *("identity-chain", "console-keys", "session-summary", "issuances", "sessions", "recycled-keys", "origins"),
    "chain-events",
)


@st.composite
def questions(draw: st.DrawFn, records: list[Record], query: str | None = None) -> tuple[str, dict[str, Any]]:
    """A query and its parameters (as the reference takes them) about a world, mostly with values that occur in it."""
    events = read_events(records)
    issued = read_issuances(events)
    keys = sorted({str(key) for key in [*(e.access_key_id for e in events), *(i.key for i in issued)] if key})
    names = [*(e.session_id for e in events), *(i.session_id for i in issued)]
    sessions = sorted({str(name) for name in names if name})
    arns = sorted({event.identity_arn for event in events if event.identity_arn})
    logins = sorted({i.event.event_id for i in issued if i.event.is_sign_in and i.event.event_id})
    moments = sorted({event.event_time for event in events if event.event_time}) or [DAWN]
    key = st.sampled_from([*keys, *keys, "ASIANOBODY"])
    name = st.sampled_from([*sessions, *sessions, f"AIDANOBODY@{stamp(DAWN)}"])
    arn = st.sampled_from([*arns, "arn:aws:iam::*:user/*", "*", "arn:aws:sts::222222222222:assumed-role/*"])
    moment = st.builds(
        lambda at, shift: at + timedelta(seconds=shift), st.sampled_from(moments), st.sampled_from((0, 0, 1, -1, 3600))
    )
    bound = st.none() | moment
    asked: dict[str, Any] = {"window": draw(st.just((None, None)) | st.tuples(bound, bound))}
    query = query or draw(st.sampled_from(QUERIES))
    if query == "identity-chain":
        asked |= draw(st.fixed_dictionaries({"access_key": key}) | st.fixed_dictionaries({"session_id": name}))
        asked["direction"] = draw(st.sampled_from(("origin", "derived", "both")))
        asked["max_depth"] = draw(st.sampled_from((16, 16, 16, 0, 1, 2, 3, 5)))
        asked["at"] = draw(st.none() | moment)
    elif query == "console-keys":
        some = {"arn": arn, "session_id": name, "access_key": key}
        if logins:
            some["login_event_id"] = st.sampled_from(logins)
        asked |= draw(st.fixed_dictionaries({}, optional=some))
    elif query == "session-summary":
        lists: dict[str, st.SearchStrategy[Any]] = {
            "access_key": st.lists(key, max_size=2),
            "session_id": st.lists(name, max_size=2),
            "arn": arn,
        }
        asked |= draw(st.fixed_dictionaries({}, optional=lists))
    elif query == "origins":
        own: dict[str, st.SearchStrategy[Any]] = {
            "access_key": st.lists(key, max_size=2),
            "session_id": st.lists(name, max_size=2),
            "arn": arn,
            "own_account": st.lists(st.sampled_from((*ACCOUNTS, STRANGER)), max_size=2),
            "own_endpoint": st.lists(st.sampled_from(ENDPOINTS), max_size=2),
            "own_range": st.lists(st.sampled_from(RANGES), max_size=3),
        }
        asked |= draw(st.fixed_dictionaries({}, optional=own))
    elif query == "recycled-keys":
        asked |= draw(st.fixed_dictionaries({}, optional={"access_key": st.lists(key, max_size=2)}))
    elif query == "sessions":
        filters: dict[str, st.SearchStrategy[Any]] = {
            "arn": arn,
            "account": st.sampled_from((*ACCOUNTS, "333333333333")),
            "source_ip": st.sampled_from((*ADDRESSES, "*.7", "AWS *", "2001:*", "1.1.1.1")),
            "user_agent": st.sampled_from(("AWS-CLI", "boto", "c*.amazonaws", "2", "*", "curl")),
            "access_key": st.lists(key, max_size=2),
            "denied_only": st.booleans(),
        }
        asked |= draw(st.fixed_dictionaries({}, optional=filters))
    return query, asked
