"""The web console: a sign-in, the many keys that are minted for it, and a switch into a role of another account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlgen.demo.callers import BROWSER, CORP, PROD, Caller, Json, Place, at, service_place
from sqlgen.demo.ids import Dice
from sqlgen.demo.records import Log

FLAG: Json = {"sessionCredentialFromConsole": "true"}
HOME = Place("203.0.113.88", BROWSER)
BACKEND = (
    "aws-internal/3 aws-sdk-java/1.11.1030 Linux/5.4.129-72.229.amzn2int.x86_64 OpenJDK_64-Bit_Server_VM/25.302-b08"
)
INTERNAL = service_place("AWS Internal")


class App(NamedTuple):
    """What one page of the console does: one key, a few calls; only some pages say that they are the console."""

    minute: int
    region: str
    service: str
    names: tuple[str, ...]
    flagged: bool = True
    agent: str = BROWSER


DANAS_APPS = (
    App(0, "us-east-1", "iam", ("GetAccountSummary", "ListAccountAliases"), flagged=False),
    App(1, "us-east-1", "ec2", ("DescribeInstances", "DescribeVolumes", "DescribeAddresses", "DescribeKeyPairs") * 2),
    App(
        3, "eu-west-1", "ec2", ("DescribeInstances", "DescribeSecurityGroups", "DescribeVolumes", "DescribeImages") * 3
    ),
    App(6, "eu-west-1", "monitoring", ("DescribeAlarms", "ListMetrics", "ListDashboards") * 2),
    App(
        9,
        "us-east-1",
        "s3",
        ("ListBuckets", "GetBucketPolicyStatus", "GetBucketAcl"),
        False,
        f"S3Console/0.4, {BACKEND}",
    ),
    App(12, "us-west-2", "rds", ("DescribeDBInstances", "DescribeDBClusters", "DescribeEvents") * 2),
    App(15, "us-west-2", "ec2", ("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables") * 2),
    App(19, "eu-central-1", "lambda", ("ListFunctions20150331", "GetAccountSettings20160819") * 2, False),
    App(22, "eu-central-1", "logs", ("DescribeLogGroups",) * 3, False),
    App(52, "us-east-1", "cloudtrail", ("LookupEvents", "DescribeTrails", "ListTrails")),
    App(71, "eu-west-1", "ec2", ("DescribeInstances", "DescribeInstanceStatus") * 4),
    App(96, "us-east-1", "ce", ("GetCostAndUsage", "GetCostForecast")),
)

SWITCHED_APPS = (
    App(1, "us-east-1", "s3", ("ListBuckets",), False, f"S3Console/0.4, {BACKEND}"),
    App(3, "us-east-1", "monitoring", ("ListMetrics", "DescribeAlarms")),
    App(13, "eu-west-1", "ec2", ("DescribeInstances", "DescribeVpcEndpoints")),
    App(17, "us-east-1", "tagging", ("GetResources", "GetTagKeys")),
)

OMERS_APPS = (
    App(0, "us-east-1", "iam", ("GetAccountSummary", "ListAccountAliases"), flagged=False),
    App(2, "us-east-1", "ec2", ("DescribeInstances", "DescribeVolumes") * 3),
    App(7, "us-east-1", "monitoring", ("DescribeAlarms", "ListMetrics") * 4),
)


@dataclass(frozen=True)
class ConsoleStory:
    """Dana's console session and the role she switched into."""

    arn: str
    login: Json
    keys: tuple[str, ...]
    switched: Caller
    switched_keys: tuple[str, ...]
    issued_key: str
    policy_bucket: str


def tell_console(log: Log) -> ConsoleStory:
    """Writes dana's afternoon in the console, and omer's as a second session."""
    dana = log.user(CORP, "dana")
    failed_login(log, dana, at("18:30:57"), HOME)
    login = _login(log, dana, at("18:31:22"), HOME, mfa=True)
    keys = _browse(log, dana, at("18:31:22"), HOME, DANAS_APPS, polls=5, mfa=True)
    keys.append(_forwarded_read(log, _signed_in(dana, at("18:31:22"), keys[0], mfa=True)))
    switching = log.ids.key(CORP)
    keys.append(switching)
    switched, issued = _switch(log, _signed_in(dana, at("18:31:22"), switching, mfa=True), at("18:58:04"))
    bucket = f"partner-exchange-{PROD}"
    policy_key = _change_policy(log, switched, bucket)
    switched_keys = [policy_key, *_run_apps(log, switched, at("18:58:04"), HOME, SWITCHED_APPS)]
    omer, cafe = log.user(CORP, "omer"), Place("192.0.2.61", BROWSER)
    _login(log, omer, at("17:58:10"), cafe, mfa=False)
    _browse(log, omer, at("17:58:10"), cafe, OMERS_APPS, polls=7, mfa=False)
    return ConsoleStory(
        dana.arn, login, tuple(keys), switched.with_key(policy_key), tuple(switched_keys), issued, bucket
    )


def failed_login(log: Log, user: Caller, when: datetime, place: Place) -> Json:
    """A ConsoleLogin with a wrong password or code: no errorCode, the response says Failure."""
    identity = user.identity() | {"accessKeyId": ""}
    extra = _sign_in_fields(mfa=True) | {"errorMessage": "Failed authentication"}
    return _sign_in(log, identity, when, "ConsoleLogin", place, CORP, {"ConsoleLogin": "Failure"}, extra)


def _login(log: Log, user: Caller, when: datetime, place: Place, *, mfa: bool) -> Json:
    identity = user.identity()
    del identity["accessKeyId"]
    return _sign_in(
        log, identity, when, "ConsoleLogin", place, CORP, {"ConsoleLogin": "Success"}, _sign_in_fields(mfa=mfa)
    )


def _sign_in_fields(*, mfa: bool) -> Json:
    home = "https://console.aws.amazon.com/console/home?state=hashArgs%23&isauthcode=true"
    return {"additionalEventData": {"LoginTo": home, "MobileVersion": "No", "MFAUsed": "Yes" if mfa else "No"}}


def _sign_in(
    log: Log, identity: Json, when: datetime, name: str, place: Place, account: str, response: Json, extra: Json
) -> Json:
    record = log.add(
        identity, when, "signin", name, place, account=account, response=response, read_only=False, extra=extra
    )
    del record["requestID"]
    record["eventType"] = "AwsConsoleSignIn"
    return record


def _signed_in(user: Caller, login: datetime, key: str, *, mfa: bool) -> Caller:
    return Caller(user.account, user.principal_id, user.arn, key, user=user.user, created=login, mfa=mfa)


def _browse(
    log: Log, user: Caller, login: datetime, place: Place, apps: tuple[App, ...], *, polls: int, mfa: bool
) -> list[str]:
    """The pages of a session and the health poll behind them, every poll with a key of its own; returns the keys."""
    session = _signed_in(user, login, "", mfa=mfa)
    keys = _run_apps(log, session, login, place, apps)
    for number in range(polls):
        key, moment = log.ids.key(session.account), login + timedelta(seconds=16 + 900 * number)
        request: Json = {"aggregateField": "eventTypeCategory", "filter": {"eventStatusCodes": ["open", "upcoming"]}}
        polling = Place(place.address, "AWS Internal", tls=False)
        log.call(
            session.with_key(key), moment, "health", "DescribeEventAggregates", polling, request=request, extra=FLAG
        )
        keys.append(key)
    return keys


def _run_apps(log: Log, session: Caller, start: datetime, place: Place, apps: tuple[App, ...]) -> list[str]:
    keys: list[str] = []
    for app in apps:
        dice, key = Dice(f"{session.arn} {app.minute}"), log.ids.key(session.account)
        moment = start + timedelta(minutes=app.minute, seconds=5 + dice.below(20))
        page = Place(place.address, app.agent, tls=False)
        for name in app.names:
            request: Json | None = {"filterSet": {}} if app.service == "ec2" else None
            if app.service == "s3":
                request = {"Host": "s3.amazonaws.com"}
            extra = FLAG if app.flagged else None
            log.call(
                session.with_key(key), moment, app.service, name, page, region=app.region, request=request, extra=extra
            )
            moment += timedelta(seconds=dice.below(9))
        keys.append(key)
    return keys


def _forwarded_read(log: Log, session: Caller) -> str:
    """The key that KMS sees when an encrypted parameter is read for dana: same session, a key of its own."""
    key, service, when = log.ids.key(CORP), "ssm.amazonaws.com", at("18:44:51")
    arn = f"arn:aws:ssm:us-east-1:{CORP}:parameter/web/banner"
    wanted: Json = {"name": "/web/banner", "withDecryption": True}
    page = Place(HOME.address, BROWSER, tls=False)
    log.call(
        session,
        when,
        "ssm",
        "GetParameter",
        page,
        request=wanted,
        resources=[{"accountId": CORP, "ARN": arn}],
        extra=FLAG,
    )
    decrypt: Json = {"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": {"PARAMETER_ARN": arn}}
    log.call(session.forwarded(key, service), when, "kms", "Decrypt", service_place(service), request=decrypt)
    return key


def _switch(log: Log, session: Caller, when: datetime) -> tuple[Caller, str]:
    """SwitchRole into the other account: AssumeRole in both trails, the sign-in event in the role's account.

    Returns the role's session, still without a key of its own, and the issued key, which nobody ever uses.
    """
    role, issued = log.role(PROD, "storage-admin"), log.ids.key(PROD)
    internal = session.forwarded(str(session.key), "AWS Internal")
    switched = log.assume_role(internal, when, role, "dana", service_place("AWS Internal"), key=issued, used_key="")
    identity = switched.identity()
    del identity["accessKeyId"], identity["sessionContext"]
    fields: Json = {
        "SwitchFrom": session.arn,
        "RedirectTo": "https://s3.console.aws.amazon.com/s3/home?region=us-east-1",
    }
    extra: Json = {"additionalEventData": fields}
    _sign_in(log, identity, when, "SwitchRole", HOME, PROD, {"SwitchRole": "Success"}, extra)
    return switched, issued


def _change_policy(log: Log, switched: Caller, bucket: str) -> str:
    """Dana opens a bucket to everybody; returns the key she did it with."""
    key, page = log.ids.key(PROD), Place(HOME.address, f"S3Console/0.4, {BACKEND}", tls=False)
    statement: Json = {"Sid": "PartnerRead", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    policy: Json = {"Version": "2012-10-17", "Statement": [statement | {"Resource": f"arn:aws:s3:::{bucket}/*"}]}
    open_to_all: Json = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
    )
    steps: tuple[tuple[str, str, Json], ...] = (
        ("19:03:12", "GetBucketPolicy", {"policy": ""}),
        ("19:03:13", "GetBucketPublicAccessBlock", {"publicAccessBlock": ""}),
        (
            "19:04:02",
            "PutBucketPublicAccessBlock",
            {"PublicAccessBlockConfiguration": open_to_all, "publicAccessBlock": ""},
        ),
        ("19:05:31", "PutBucketPolicy", {"bucketPolicy": policy, "policy": ""}),
        ("19:05:33", "GetBucketPolicy", {"policy": ""}),
    )
    for clock, name, request in steps:
        named = {"bucketName": bucket, "Host": f"{bucket}.s3.amazonaws.com"} | request
        held = [{"accountId": PROD, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]
        log.call(switched.with_key(key), at(clock), "s3", name, page, request=named, resources=held)
    return key
