"""The incident: a chain of sessions ends in admin/itadmin, which others use at the same hour; a key is left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlgen.demo.callers import CLI, CORP, PROD, Caller, Json, Place, at, spelled_out
from sqlgen.demo.ids import Dice
from sqlgen.demo.records import Log

OFFICE = Place("203.0.113.7", CLI)
ATTACKER = Place("198.51.100.14", "aws-cli/2.2.5 Python/3.9.2 Linux/5.10.0-8-amd64 source/x86_64 prompt/off")
BASTION_ADDRESS = "10.20.4.17"
EU = "eu-west-1"


@dataclass(frozen=True)
class Incident:
    """The sessions of the incident, from the person's own key to the key left behind."""

    user: Caller
    temporary: Caller
    jump: Caller
    admin: Caller
    persistence: Caller
    foreign_endpoint: str
    engineer_admin: Caller
    automation_admin: tuple[Caller, ...]


def tell_incident(log: Log) -> Incident:
    """Writes the chain, the calls of each session in it and the others that are admin/itadmin too."""
    user = log.user(CORP, "eliav", "JF3")
    jump_role, admin_role = log.role(CORP, "jumprole"), log.role(PROD, "admin")
    temporary = _session_token(log, user)
    jump = log.assume_role(
        temporary, at("19:20:41"), jump_role, "eliavl", OFFICE, region=EU, key=log.ids.key(CORP, ending="K5J")
    )
    _at_work(log, jump)
    admin = log.assume_role(
        jump, at("19:42:56"), admin_role, "itadmin", ATTACKER, region=EU, key=log.ids.key(PROD, ending="8EI")
    )
    _attack(log, admin)
    endpoint = log.ids.resource("vpce")
    persistence = _persist(log, jump, endpoint)
    engineer = log.user(CORP, "maya")
    engineer_admin = log.assume_role(engineer, at("19:31:10"), admin_role, "itadmin", Place("203.0.113.52"), region=EU)
    _maintain(log, engineer_admin)
    patcher = log.service_role(
        "ec2", at("17:36:02"), log.role(CORP, "patch-runner"), log.ids.resource("i"), region=EU, hours=6
    )
    automation = Place("198.51.100.200", "Boto3/1.18.21 Python/3.8.10 Linux/5.4.0-1054-aws Botocore/1.21.21")
    automation_admin = tuple(
        log.assume_role(patcher, at(clock), admin_role, "itadmin", automation, region=EU)
        for clock in ("17:40:02", "18:40:02", "19:40:02")
    )
    for session in automation_admin:
        _patch(log, session, automation)
    return Incident(user, temporary, jump, admin, persistence, endpoint, engineer_admin, automation_admin)


def _session_token(log: Log, user: Caller) -> Caller:
    log.call(user, at("19:10:58"), "sts", "GetCallerIdentity", OFFICE)
    log.call(user, at("19:11:21"), "iam", "ListMFADevices", OFFICE, request={"userName": "eliav"})
    key, when = log.ids.key(CORP, ending="5OA"), at("19:12:07")
    log.call(
        user,
        when,
        "sts",
        "GetSessionToken",
        OFFICE,
        request={"durationSeconds": 43200, "serialNumber": f"arn:aws:iam::{CORP}:mfa/eliav"},
        response={"credentials": log.credentials(key, when + timedelta(hours=12))},
    )
    session = Caller(CORP, user.principal_id, user.arn, key, user="eliav", created=when, mfa=True)
    log.call(session, at("19:12:40"), "sts", "GetCallerIdentity", OFFICE)
    for clock, region in (("19:13:05", "us-east-1"), ("19:13:31", EU), ("19:16:48", EU)):
        request: Json = {"instancesSet": {}, "filterSet": {}}
        log.call(session, at(clock), "ec2", "DescribeInstances", OFFICE, region=region, request=request)
    log.call(session, at("19:18:10"), "s3", "ListBuckets", OFFICE, request={"Host": "s3.amazonaws.com"})
    return session


def _at_work(log: Log, jump: Caller) -> None:
    """Eliav's own use of the jump role, then the use of the same key by somebody else from another place."""
    reads = (("19:21:15", "DescribeInstances"), ("19:24:02", "DescribeVolumes"), ("19:29:44", "DescribeImages"))
    for clock, name in reads:
        log.call(jump, at(clock), "ec2", name, OFFICE, region=EU, request={"filterSet": {}, "maxResults": 100})
    log.call(jump, at("19:33:50"), "cloudformation", "ListStacks", OFFICE, region=EU)
    log.call(jump, at("19:37:12"), "sts", "GetCallerIdentity", ATTACKER, region=EU)
    log.call(jump, at("19:38:05"), "iam", "ListUsers", ATTACKER)
    log.call(jump, at("19:38:47"), "iam", "ListRoles", ATTACKER)
    audit = f"arn:aws:iam::{PROD}:role/audit"
    log.denied(jump, at("19:40:19"), "sts:AssumeRole", ATTACKER, resource=audit, region=EU)
    log.denied(jump, at("19:41:33"), "organizations:ListAccounts", ATTACKER, resource="*")


def _attack(log: Log, admin: Caller) -> None:
    """The 37 calls of the alert's key: 9 denied, 5 kinds of write, 2 kinds of sensitive read, in 2 regions."""
    log.call(admin, at("19:44:10"), "sts", "GetCallerIdentity", ATTACKER, region=EU)
    filters: Json = {"items": [{"name": "tag:env", "valueSet": {"items": [{"value": "prod"}]}}]}
    for page in range(18):
        request: Json = {"maxResults": 20, "instancesSet": {}, "filterSet": filters}
        if page:
            request["nextToken"] = f"page-{page + 1:02d}"
        moment = at("19:45:06") + timedelta(seconds=23 * page)
        log.call(admin, moment, "ec2", "DescribeInstances", ATTACKER, region=EU, request=request)
    databases = f"arn:aws:rds:{EU}:{PROD}:db:*"
    log.denied(admin, at("19:52:31"), "rds:DescribeDBInstances", ATTACKER, resource=databases, region=EU)
    snapshots: Json = {"ownersSet": {"items": [{"owner": "self"}]}, "snapshotSet": {}, "filterSet": {}}
    log.denied(admin, at("19:53:02"), "ec2:DescribeSnapshots", ATTACKER, region=EU, request=snapshots)
    log.denied(admin, at("19:53:20"), "ec2:DescribeSnapshots", ATTACKER, request=snapshots)
    log.denied(admin, at("19:54:16"), "iam:ListUsers", ATTACKER, resource=f"arn:aws:iam::{PROD}:user/")
    for clock in ("19:55:08", "19:55:41"):
        log.denied(admin, at(clock), "iam:AttachUserPolicy", ATTACKER, resource="user backup")
    asked, event = "lambda:ListFunctions", "ListFunctions20150331"
    log.denied(admin, at("19:56:22"), asked, ATTACKER, name=event, resource="*", region=EU)
    groups = f"arn:aws:logs:{EU}:{PROD}:log-group::log-stream:"
    log.denied(admin, at("19:57:03"), "logs:DescribeLogGroups", ATTACKER, resource=groups, region=EU)
    _read_secrets(log, admin)
    _run_miner(log, admin)


def _read_secrets(log: Log, admin: Caller) -> None:
    refused = f"arn:aws:secretsmanager:{EU}:{PROD}:secret:prod/payments/stripe-Qd3xTn"
    log.denied(admin, at("19:58:14"), "secretsmanager:GetSecretValue", ATTACKER, resource=refused, region=EU)
    found = (("19:58:52", "prod/api/session"), ("20:00:10", "prod/db/replica"), ("20:01:07", "prod/db/password"))
    for clock, secret in found:
        read: Json = {"secretId": secret}
        log.call(admin, at(clock), "secretsmanager", "GetSecretValue", ATTACKER, region=EU, request=read)
    parameter = [{"accountId": PROD, "ARN": f"arn:aws:ssm:{EU}:{PROD}:parameter/prod/db/endpoint"}]
    wanted: Json = {"name": "/prod/db/endpoint", "withDecryption": True}
    log.call(admin, at("20:01:25"), "ssm", "GetParameter", ATTACKER, region=EU, request=wanted, resources=parameter)


def _run_miner(log: Log, admin: Caller) -> None:
    group, image, instance = log.ids.resource("sg"), log.ids.resource("ami"), log.ids.resource("i")
    log.call(
        admin,
        at("20:01:44"),
        "ec2",
        "CreateKeyPair",
        ATTACKER,
        region=EU,
        request={"keyName": "sys-maint", "keyType": "rsa"},
        response={"keyName": "sys-maint", "keyFingerprint": "fa:de:17:2b:90:4e:cc:31:08:5d:77:a2:6b:e1:3f:44"},
    )
    item: Json = {"imageId": image, "minCount": 1, "maxCount": 1, "keyName": "sys-maint"}
    request: Json = {
        "instanceType": "p3.16xlarge",
        "instancesSet": {"items": [item]},
        "groupSet": {"items": [{"groupId": group}]},
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
    }
    running: Json = {"instanceId": instance, "imageId": image, "instanceType": "p3.16xlarge", "keyName": "sys-maint"}
    running |= {"instanceState": {"code": 0, "name": "pending"}, "amiLaunchIndex": 0}
    launched: Json = {"ownerId": PROD, "groupSet": {}, "instancesSet": {"items": [running]}}
    log.call(admin, at("20:02:18"), "ec2", "RunInstances", ATTACKER, region=EU, request=request, response=launched)
    done: Json = {"_return": True}
    for clock, port in (("20:02:59", 22), ("20:03:26", 4444)):
        permission: Json = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {}, "ipv6Ranges": {}}
        permission |= {"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "prefixListIds": {}}
        opened: Json = {"groupId": group, "ipPermissions": {"items": [permission]}}
        log.call(
            admin, at(clock), "ec2", "AuthorizeSecurityGroupIngress", ATTACKER, region=EU, request=opened, response=done
        )
    tagged: Json = {"resourcesSet": {"items": [{"resourceId": instance}]}}
    tagged["tagSet"] = {"items": [{"key": "Name", "value": "batch-worker-07"}]}
    log.call(admin, at("20:05:02"), "ec2", "CreateTags", ATTACKER, region=EU, request=tagged, response=done)


def _persist(log: Log, jump: Caller, endpoint: str) -> Caller:
    """A key for another user, made with the stolen jump session, then used through a VPC endpoint of the attacker's.

    The source address is one the attacker chose: the same private address as the bastion of the company. Records of
    eventVersion 1.08 have no `vpcEndpointAccountId` yet (it came with 1.09), the endpoint's id alone tells.
    """
    when = at("19:49:33")
    made = log.user(CORP, "backup")
    access_key: Json = {"accessKeyId": made.key, "status": "Active", "userName": "backup"}
    created: Json = {"accessKey": access_key | {"createDate": spelled_out(when)}}
    log.call(jump, when, "iam", "CreateAccessKey", ATTACKER, request={"userName": "backup"}, response=created)
    hidden = Place(BASTION_ADDRESS, ATTACKER.agent, endpoint=endpoint)
    log.call(made, at("20:12:20"), "sts", "GetCallerIdentity", hidden, region=EU)
    log.call(made, at("20:12:58"), "s3", "ListBuckets", hidden, region=EU, request={"Host": f"s3.{EU}.amazonaws.com"})
    for number, bucket in enumerate(("corp-backups", "corp-finance", "corp-hr")):
        name = f"{bucket}-{CORP}"
        request: Json = {"bucketName": name, "Host": f"{name}.s3.{EU}.amazonaws.com", "policy": ""}
        held = [{"accountId": CORP, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{name}"}]
        moment = at("20:13:40") + timedelta(seconds=31 * number)
        log.call(made, moment, "s3", "GetBucketPolicy", hidden, region=EU, request=request, resources=held)
    for number in range(4):
        request = {"snapshotSet": {}, "filterSet": {}, "ownersSet": {"items": [{"owner": "self"}]}, "maxResults": 50}
        moment = at("20:16:12") + timedelta(seconds=19 * number)
        log.call(made, moment, "ec2", "DescribeSnapshots", hidden, region=EU, request=request)
    secrets = f"arn:aws:secretsmanager:{EU}:{CORP}:secret:corp/vpn/shared-key-Zk81Ls"
    log.denied(made, at("20:18:47"), "secretsmanager:GetSecretValue", hidden, resource=secrets, region=EU)
    return made


def _maintain(log: Log, session: Caller) -> None:
    """The other engineer who is admin/itadmin in the same hour: ordinary work, with a few writes."""
    dice, place = Dice("maya"), Place("203.0.113.52")
    moment: datetime = at("19:32:04")
    for number in range(54):
        name = dice.pick(("DescribeInstances", "DescribeVolumes", "DescribeSecurityGroups", "DescribeInstanceStatus"))
        request: Json = {"filterSet": {"items": [{"name": "tag:team", "valueSet": {"items": [{"value": "platform"}]}}]}}
        log.call(session, moment, "ec2", name, place, region=EU, request=request if number % 3 else {"filterSet": {}})
        moment += timedelta(seconds=20 + dice.below(60))
    writes = (("19:47:30", "StopInstances"), ("19:59:12", "ModifyInstanceAttribute"), ("20:03:40", "StartInstances"))
    for clock, name in writes:
        target: Json = {"instancesSet": {"items": [{"instanceId": log.ids.resource("i")}]}}
        log.call(session, at(clock), "ec2", name, place, region=EU, request=target, response={"_return": True})


def _patch(log: Log, session: Caller, place: Place) -> None:
    """The automation that is admin/itadmin once an hour: patching through Systems Manager."""
    start = session.created or at("17:40:02")
    dice = Dice(f"patch {start}")
    for number in range(28):
        moment = start + timedelta(seconds=20 + 100 * number + dice.below(60))
        instance = log.ids.resource("i")
        if number % 7 == 3:
            document: Json = {"documentName": "AWS-RunPatchBaseline", "instanceIds": [instance]}
            command = document | {"parameters": "HIDDEN_DUE_TO_SECURITY_REASONS"}
            sent: Json = {"command": document | {"commandId": log.ids.event(), "status": "Pending"}}
            log.call(session, moment, "ssm", "SendCommand", place, region=EU, request=command, response=sent)
        elif number % 7 == 5:
            scope: Json = {"filters": [{"key": "PatchGroup", "values": ["prod-linux"]}]}
            log.call(session, moment, "ssm", "DescribeInstanceInformation", place, region=EU, request=scope)
        else:
            result: Json = {"commandId": log.ids.event(), "instanceId": instance}
            log.call(session, moment, "ssm", "GetCommandInvocation", place, region=EU, request=result)
