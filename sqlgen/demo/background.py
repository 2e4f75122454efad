"""Everything else of such an afternoon: machines, services, tools, other people, and a key id that AWS used twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlgen.demo.callers import CLI, CORP, PROD, Caller, Json, Place, at, service_place
from sqlgen.demo.console import failed_login
from sqlgen.demo.ids import Dice
from sqlgen.demo.incident import BASTION_ADDRESS
from sqlgen.demo.records import Log

SDK = "Boto3/1.18.21 Python/3.8.10 Linux/4.14.238-182.422.amzn2.x86_64 Botocore/1.21.21"
AGENT = "aws-sdk-go/1.40.12 (go1.16.4; linux; amd64) amazon-ssm-agent/"
END = at("20:32:00")


class Machine(NamedTuple):
    """An instance role and what it calls, every few minutes."""

    account: str
    region: str
    role: str
    issued: str
    address: str
    calls: tuple[str, ...]


MACHINES = (
    Machine(
        CORP, "eu-west-1", "bastion", "17:33:40", BASTION_ADDRESS, ("ssm:UpdateInstanceInformation", "ec2:DescribeTags")
    ),
    Machine(CORP, "us-east-1", "web", "17:31:18", "10.20.1.31", ("ssm:UpdateInstanceInformation", "sqs:GetQueueUrl")),
    Machine(CORP, "us-west-2", "build", "17:47:25", "10.21.7.9", ("ecr:GetAuthorizationToken", "ecr:BatchGetImage")),
    Machine(
        PROD, "eu-west-1", "app", "17:30:09", "10.40.2.77", ("ssm:UpdateInstanceInformation", "ec2:DescribeInstances")
    ),
    Machine(PROD, "eu-west-1", "worker", "17:52:50", "10.40.3.12", ("sqs:GetQueueAttributes", "sns:ListTopics")),
)

INVENTORY = (
    "ec2:DescribeInstances",
    "ec2:DescribeVolumes",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcs",
    "rds:DescribeDBInstances",
    "lambda:ListFunctions20150331",
    "elasticloadbalancing:DescribeLoadBalancers",
    "cloudtrail:DescribeTrails",
    "kms:ListKeys",
    "sns:ListTopics",
    "sqs:ListQueues",
    "dynamodb:ListTables",
    "secretsmanager:ListSecrets",
    "config:DescribeConfigRules",
)


@dataclass(frozen=True)
class Background:
    """What the noise holds: the key id that AWS gave to two sessions, and the company's own VPC endpoints."""

    recycled_key: str
    first: Caller
    second: Caller
    own_endpoints: tuple[str, ...]


def tell_background(log: Log) -> Background:
    """Writes the noise of both accounts."""
    endpoints = tuple(_run_machine(log, machine) for machine in MACHINES)
    for name, account in (("thumbnailer", CORP), ("invoice-export", CORP), ("webhook", PROD)):
        _run_lambda(log, name, account)
    scanner = log.user(CORP, "cloud-inventory")
    for clock in ("17:40:00", "18:25:00", "19:10:00", "19:55:00"):
        for account in (CORP, PROD):
            _take_inventory(log, scanner, account, at(clock))
    _run_pipeline(log)
    _scale(log)
    _knock(log)
    key, first, second = _recycle(log)
    return Background(key, first, second, endpoints)


def _run_machine(log: Log, machine: Machine) -> str:
    """An instance that calls through the company's own VPC endpoint, which is returned."""
    dice, when, region = Dice(machine.role), at(machine.issued), machine.region
    instance, endpoint = log.ids.resource("i"), log.ids.resource("vpce")
    session = log.service_role("ec2", when, log.role(machine.account, machine.role), instance, region=region, hours=6)
    place = Place(machine.address, AGENT if machine.calls[0].startswith("ssm") else SDK, endpoint=endpoint)
    moment = when + timedelta(seconds=40)
    while moment < END:
        service, _, name = dice.pick(machine.calls).partition(":")
        request: Json | None = {"instanceId": instance} if service == "ssm" else None
        if service == "ec2":
            request = {"filterSet": {"items": [{"name": "resource-id", "valueSet": {"items": [{"value": instance}]}}]}}
        log.call(session, moment, service, name, place, region=region, request=request)
        moment += timedelta(seconds=55 + dice.below(80))
    return endpoint


def _run_lambda(log: Log, name: str, account: str) -> None:
    """A function: keys for two hours every now and then; KMS decrypts its secrets on its behalf.

    The second account's trail leaves out the events of KMS, as many trails do because they are so many.
    """
    dice, region = Dice(name), "us-east-1"
    role = log.role(account, f"service-role/{name}-role")
    place = Place("3.88.140." + str(20 + dice.below(200)), f"{SDK} exec-env/AWS_Lambda_python3.8")
    for start in (at("17:31:00"), at("18:34:00"), at("19:37:00")):
        issued = start + timedelta(seconds=dice.below(50))
        session = log.service_role("lambda", issued, role, name, region=region, hours=2)
        moment = start + timedelta(seconds=60)
        while moment < start + timedelta(minutes=55):
            secret = f"{name}/token"
            log.call(session, moment, "secretsmanager", "GetSecretValue", place, request={"secretId": secret})
            if account == CORP:
                _decrypt(log, session, moment, secret)
            number = log.ids.event().replace("-", "")
            stream: Json = {"logGroupName": f"/aws/lambda/{name}", "logStreamName": f"2021/08/27/[$LATEST]{number}"}
            log.call(session, moment, "logs", "CreateLogStream", place, request=stream)
            moment += timedelta(seconds=240 + dice.below(120))


def _decrypt(log: Log, caller: Caller, when: datetime, secret: str) -> None:
    """KMS, called by Secrets Manager for the caller: a key that nobody issued; a long-term key's is minted then."""
    service = "secretsmanager.amazonaws.com"
    context = {"SecretARN": f"arn:aws:secretsmanager:us-east-1:{caller.account}:secret:{secret}-8sQ2Lx"}
    request: Json = {"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": context}
    key = f"arn:aws:kms:us-east-1:{CORP}:key/2f7c1d04-7a55-4b0e-9c2e-64d0f1a1b7e3"
    used = [{"accountId": CORP, "type": "AWS::KMS::Key", "ARN": key}]
    forwarded = caller.forwarded(log.ids.key(caller.account), service, when - timedelta(seconds=1))
    log.call(forwarded, when, "kms", "Decrypt", service_place(service), request=request, resources=used)


def _take_inventory(log: Log, scanner: Caller, account: str, start: datetime) -> None:
    """A read-only tool that asks everything everywhere and is told to slow down now and then."""
    dice, place = Dice(f"inventory {account} {start}"), Place("198.51.100.60", SDK)
    role = log.role(account, "tools/inventory")
    session = log.assume_role(scanner, start, role, f"botocore-session-{int(start.timestamp())}", place)
    moment = start + timedelta(seconds=2)
    for region in ("us-east-1", "eu-west-1", "us-west-2", "eu-central-1"):
        for question in dice.shuffled(INVENTORY):
            service, _, name = question.partition(":")
            if account == PROD and (service == "kms" or region in ("us-west-2", "eu-central-1")):
                continue
            moment += timedelta(seconds=1 + dice.below(4))
            request: Json | None = {"maxResults": 100, "filterSet": {}} if service == "ec2" else None
            error = None
            if dice.below(12) == 0:
                error = ("ThrottlingException", "Rate exceeded")
                if service == "ec2":
                    error = ("Client.RequestLimitExceeded", "Request limit exceeded.")
            log.call(session, moment, service, name, place, region=region, request=request, error=error)


def _run_pipeline(log: Log) -> None:
    """A CI user with a long-term key; parameters and secrets read with it make forwarded calls."""
    dice, place = Dice("ci"), Place("203.0.113.140", SDK)
    runner = log.user(CORP, "ci-runner")
    moment = at("17:35:20")
    while moment < END:
        log.call(runner, moment, "sts", "GetCallerIdentity", place)
        secret, read = "ci/registry", moment + timedelta(seconds=3)
        log.call(runner, read, "secretsmanager", "GetSecretValue", place, request={"secretId": secret})
        _decrypt(log, runner, read, secret)
        stacks: Json = {"stackName": dice.pick(("web", "billing", "search"))}
        for number in range(3):
            poll = moment + timedelta(seconds=20 + 15 * number)
            log.call(runner, poll, "cloudformation", "DescribeStackEvents", place, request=stacks)
        moment += timedelta(seconds=420 + dice.below(240))


def _scale(log: Log) -> None:
    """Auto Scaling through its service-linked role, which shows no access key; KMS rotating keys by itself."""
    name = "autoscaling.amazonaws.com"
    role = log.role(PROD, f"aws-service-role/{name}/AWSServiceRoleForAutoScaling")
    dice, moment, region = Dice("scaling"), at("17:34:11"), "eu-west-1"
    while moment < END:
        arn = f"arn:aws:sts::{PROD}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"
        session = Caller(
            PROD, f"{role.principal_id}:AutoScaling", arn, None, role=role, created=moment, invoked_by=name
        )
        request: Json = {"instancesSet": {"items": [{"instanceId": log.ids.resource("i")}]}, "filterSet": {}}
        log.call(session, moment, "ec2", "DescribeInstanceStatus", service_place(name), region=region, request=request)
        moment += timedelta(seconds=150 + dice.below(150))
    for clock in ("17:48:30", "19:22:05"):
        fields: Json = {"serviceEventDetails": {"keyId": f"arn:aws:kms:us-east-1:{CORP}:key/{log.ids.event()}"}}
        event = log.add(
            {"accountId": CORP, "invokedBy": "AWS Internal"},
            at(clock),
            "kms",
            "RotateKey",
            service_place("AWS Internal"),
            account=CORP,
            read_only=False,
            extra=fields,
        )
        event["eventType"] = "AwsServiceEvent"


def _knock(log: Log) -> None:
    """Sign-ins that fail: known users, and a name that nobody has, which the log hides."""
    stranger = Place("192.0.2.203", "Mozilla/5.0 (X11; Linux x86_64; rv:91.0) Gecko/20100101 Firefox/91.0")
    for clock, name in (("18:02:31", "noa"), ("18:02:55", "noa"), ("18:03:20", "maya"), ("19:08:46", "eliav")):
        failed_login(log, log.user(CORP, name), at(clock), stranger)
    for clock in ("18:03:44", "18:04:02"):
        record = failed_login(log, Caller(CORP, "", "", "", user="HIDDEN_DUE_TO_SECURITY_REASONS"), at(clock), stranger)
        del record["userIdentity"]["arn"], record["userIdentity"]["principalId"]
        record["errorMessage"] = "No username found in supplied account"


def _recycle(log: Log) -> tuple[str, Caller, Caller]:
    """Key ids recycle within an account: two sessions, 25 minutes apart, of other roles and other people, share one."""
    key = log.ids.key(CORP)
    releaser, analyst = log.user(CORP, "release-bot"), log.user(CORP, "noa")
    release_place, noa_place = Place("203.0.113.141", SDK), Place("203.0.113.19", CLI)
    first = log.assume_role(releaser, at("19:36:15"), log.role(CORP, "deploy"), "release-381", release_place, key=key)
    second = log.assume_role(analyst, at("20:01:51"), log.role(CORP, "analyst"), "noa", noa_place, key=key)
    for number in range(24):
        target: Json = {"stackName": "web", "nextToken": f"step-{number + 1:02d}"}
        moment = at("19:37:00") + timedelta(seconds=100 * number)
        log.call(first, moment, "cloudformation", "DescribeStackResources", release_place, request=target)
    changed: Json = {"stackName": "web", "templateURL": "https://corp-deploy.s3.amazonaws.com/web-381.yaml"}
    stack: Json = {"stackId": f"arn:aws:cloudformation:us-east-1:{CORP}:stack/web/{log.ids.event()}"}
    log.call(first, at("19:41:10"), "cloudformation", "UpdateStack", release_place, request=changed, response=stack)
    for number, name in enumerate(("StartQueryExecution", "GetQueryExecution", "GetQueryResults") * 6):
        query: Json = {"queryExecutionId": log.ids.event()}
        if name == "StartQueryExecution":
            query = {"queryString": "HIDDEN_DUE_TO_SECURITY_REASONS", "workGroup": "analysts"}
        log.call(second, at("20:02:30") + timedelta(seconds=40 * number), "athena", name, noa_place, request=query)
    return key, first, second
