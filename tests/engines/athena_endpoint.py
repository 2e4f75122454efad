"""A small AWS for the tests: Athena whose SQL runs on the real Trino, and moto for the services beside it (Scheduler, STS, IAM, S3).

    with athena_endpoint(trino) as athena:
        ...  # in an environment with athena.environment(), as the fixture `athena` sets it

The real boto3 and pyathena talk to it. What moto can do it does; Athena's queries, and what moto lacks of named queries and prepared statements,
are answered here, on moto's state.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from moto.athena.models import AthenaBackend, athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends
from werkzeug.serving import make_server

from tests.engines.athena_catalog import Catalog
from tests.engines.athena_faults import Faults, Refusal
from tests.engines.athena_jobs import Engine, TrinoEngine
from tests.engines.athena_queries import ENDED, Execution, Queries
from tests.engines.athena_saved import Refused, Saved
from tests.engines.athena_statements import Names
from tests.engines.trino_server import TrinoServer

HOST = "127.0.0.1"
REGION = "eu-west-1"
SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
START_QUERY = "arn:aws:scheduler:::aws-sdk:athena:startQueryExecution"
NOUNS = {"schedules": "Schedule", "schedule-groups": "ScheduleGroup"}
VERBS = {"POST": "Create", "GET": "Get", "PUT": "Update", "DELETE": "Delete"}
Environ = dict[str, Any]
Respond = Callable[..., Any]


@dataclass(frozen=True)
class Asked:
    """One request: `service:Action`, and its body where that is JSON."""

    action: str
    body: Mapping[str, Any]


@dataclass
class AthenaEndpoint:
    """The running endpoint. `asked`: all requests so far; `faults`: what is planted; `saved.backend`: moto's state of Athena."""

    queries: Queries
    saved: Saved
    catalog: Catalog
    faults: Faults
    url: str = ""
    region: str = REGION
    asked: list[Asked] = field(default_factory=list)
    hours: Iterator[int] = field(default_factory=lambda: count(1))
    moto: DomainDispatcherApplication = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))

    @property
    def executions(self) -> list[Execution]:
        """The query executions, in the order of their start."""
        return list(self.queries.executions.values())

    @property
    def scheduler(self) -> EventBridgeSchedulerBackend:
        """Moto's state of EventBridge Scheduler."""
        return scheduler_backends[DEFAULT_ACCOUNT_ID][self.region]

    def environment(self) -> dict[str, str]:
        """Return the variables that lead boto3 here, with keys that open nothing."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let boto3 in this process come here, whatever the environment says of AWS."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def client(self, service: str) -> Any:
        """Return boto3's client of a service, led here."""
        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "not-a-secret"}
        return boto3.client(service, endpoint_url=self.url, region_name=self.region, **keys)

    def actions(self, action: str) -> list[Mapping[str, Any]]:
        """Return the bodies of the requests of one action so far."""
        return [one.body for one in self.asked if one.action == action]

    def wait(self, query_id: str, seconds: float = 60) -> Execution:
        """Return an execution when it has ended."""
        deadline = time.monotonic() + seconds
        while (execution := self.queries.get(query_id)).state not in ENDED:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{execution.request['QueryString'][:80]!r} still runs")
            time.sleep(0.02)
        return execution

    def fire(self, name: str, *, group: str = "default", at: str | None = None) -> Execution:
        """Do what a schedule does at a time, each time an hour later: start its query, and return the execution when that has ended.

        Raises:
            AssertionError: it is disabled, or its target is not Athena's StartQueryExecution.
        """
        schedule = self.scheduler.get_schedule(group, name)
        assert schedule.state == "ENABLED", schedule.state
        assert schedule.target["Arn"] == START_QUERY, schedule.target["Arn"]
        assert schedule.target["RoleArn"].startswith("arn:aws:iam::"), schedule.target
        text: str = schedule.target["Input"]
        at = at or f"{datetime(2023, 7, 10) + timedelta(hours=next(self.hours)):%Y-%m-%dT%H:%M:%SZ}"
        known = {"scheduled-time": at, "schedule-arn": schedule.arn, "execution-id": uuid.uuid4().hex}
        for word, value in known.items():
            text = text.replace(f"<aws.scheduler.{word}>", value)
        started = self.client("athena").start_query_execution(**json.loads(text))
        return self.wait(started["QueryExecutionId"])

    def __call__(self, environ: Environ, respond: Respond) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        service = scope[3] if scope else ""
        action = f"{service}:{named(environ, body)}"
        told = json.loads(body) if body.startswith(b"{") else {}
        self.asked.append(Asked(action, told))
        refusal = self.faults.meet(action)
        if refusal is None and service == "athena":
            handler = self.handler(action)
            if handler:
                try:
                    return answered(respond, 200, handler(told))
                except Refused as error:
                    refusal = Refusal(error.code, str(error))
        if refusal is None and service == "scheduler":
            refusal = self.scheduler_refusal(action, environ["PATH_INFO"].rsplit("/", 1)[-1], told)
        if refusal is None:
            return self.moto(environ, respond)  # type: ignore[no-any-return]
        return refused(environ, respond, service, refusal)

    def handler(self, action: str) -> Callable[[Mapping[str, Any]], dict[str, Any]] | None:
        """Return who answers an action of Athena here; None where it is moto."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", action.partition(":")[2]).lower()
        for owner in (self.queries, self.saved, self.catalog):
            found: Callable[[Mapping[str, Any]], dict[str, Any]] | None = getattr(owner, name, None)
            if found:
                return found
        return None

    def scheduler_refusal(self, action: str, name: str, body: Mapping[str, Any]) -> Refusal | None:
        """Refuse what moto fails on: groups that are not there, or are there already."""
        groups = self.scheduler.schedule_groups
        wanted = name if action.endswith("ScheduleGroup") else body.get("GroupName", "default")
        if action == "scheduler:CreateScheduleGroup":
            there = name in groups
            return Refusal("ConflictException", f"Schedule group {name} already exists.", 409) if there else None
        if wanted not in groups and not action.startswith("scheduler:List"):
            return Refusal("ResourceNotFoundException", f"Schedule group {wanted} does not exist.", 404)
        return None


def named(environ: Environ, body: bytes) -> str:
    """Return the action that a request names: in a header, in a form, or by its method and path."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if form := re.search(rb"(?:^|&)Action=(\w+)", body):
        return form[1].decode()
    kind, _, name = environ["PATH_INFO"].strip("/").partition("/")
    noun, method = NOUNS.get(kind), str(environ["REQUEST_METHOD"])
    if noun is None:
        return method
    return f"List{noun}s" if method == "GET" and not name else VERBS[method] + noun


def answered(respond: Respond, status: int, body: Mapping[str, Any], code: str = "") -> list[bytes]:
    """Answer with JSON."""
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", str(uuid.uuid4()))]
    respond(f"{status} {code or 'OK'}", headers + ([("x-amzn-errortype", code)] if code else []))
    return [json.dumps(body).encode()]


def refused(environ: Environ, respond: Respond, service: str, refusal: Refusal) -> list[bytes]:
    """Answer with an error in the form of the service's protocol, or cut the connection."""
    if not refusal.code:
        respond("500 Lost", [])
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return []
    if service in ("sts", "iam"):
        respond(f"{refusal.status} {refusal.code}", [("Content-Type", "text/xml")])
        error = f"<Error><Type>Sender</Type><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
        return [f"<ErrorResponse>{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>".encode()]
    return answered(respond, refusal.status, {"__type": refusal.code, "Message": refusal.message}, refusal.code)


class QuietHandler(MotoRequestHandler):
    """Says nothing of its requests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def athena_endpoint(
    trino: TrinoServer | None = None, *, engine: Engine | None = None, databases: Mapping[str, str] | None = None
) -> Iterator[AthenaEndpoint]:
    """Give a running endpoint, with no query, schedule or fault, for the time of a `with`. One at a time in a process.

    Args:
        trino: runs the statements.
        engine: runs them in its place (`CannedEngine`).
        databases: databases that lie in another of Trino's catalogs than `hive` whole; tables made with `table_type = 'ICEBERG'`
            are found in `iceberg` without that.
    """
    athena: AthenaBackend = athena_backends[DEFAULT_ACCOUNT_ID][REGION]
    athena.reset()
    scheduler_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
    athena.work_groups["primary"].configuration["ResultConfiguration"] = {"OutputLocation": "s3://answers/"}
    names, faults, saved = Names(trino, databases or {}), Faults(), Saved(athena)
    runs = engine or (TrinoEngine(trino) if trino else None)
    assert runs, "an endpoint needs a Trino or an engine in its place"
    endpoint = AthenaEndpoint(Queries(runs, names, faults, saved), saved, Catalog(names), faults)
    server = make_server(HOST, 0, endpoint, threaded=True, request_handler=QuietHandler)
    endpoint.url = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        for execution in endpoint.executions:
            if execution.state not in ENDED:
                execution.job.cancel()
        server.shutdown()
        thread.join()
        server.server_close()
