"""Who calls and from where: identities as `userIdentity` spells them in 2021, and network places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

CORP = "111111111111"
PROD = "222222222222"
CLI = "aws-cli/2.2.31 Python/3.8.8 Linux/5.4.0-81-generic exe/x86_64.ubuntu.20 prompt/off"
BROWSER = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/92.0.4515.159 Safari/537.36"
)


def at(clock: str) -> datetime:
    """The moment `HH:MM:SS` UTC of the demo's afternoon, 2021-08-27."""
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return datetime(2021, 8, 27, hours, minutes, seconds, tzinfo=UTC)


def iso(moment: datetime) -> str:
    """A time as `eventTime` spells it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def spelled_out(moment: datetime) -> str:
    """A time as `expiration` and `createDate` spelled it in 2021: `Aug 27, 2021 8:42:56 PM`, no leading zero."""
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S} {half}"


@dataclass(frozen=True)
class Place:
    """Where a call comes from; `tls` is false for calls of services and of the console's own proxies."""

    address: str
    agent: str = CLI
    endpoint: str | None = None
    tls: bool = True


def service_place(service: str) -> Place:
    """The place of a call that an AWS service makes, such as `lambda.amazonaws.com` or `AWS Internal`."""
    return Place(service, service, tls=False)


@dataclass(frozen=True)
class Role:
    """An IAM role; `name` may hold a path, which the session's arn drops."""

    account: str
    name: str
    principal_id: str

    @property
    def arn(self) -> str:
        """The role's own arn, with its path."""
        return f"arn:aws:iam::{self.account}:role/{self.name}"

    @property
    def short_name(self) -> str:
        """The name without its path."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Caller:
    """One session of an IAM user or role: what `userIdentity` says of it."""

    account: str
    principal_id: str
    arn: str
    key: str | None
    user: str | None = None
    role: Role | None = None
    created: datetime | None = None
    mfa: bool = False
    invoked_by: str | None = None
    on_instance: bool = False

    def with_key(self, key: str) -> Caller:
        """The same session with another of its keys."""
        return replace(self, key=key)

    def forwarded(self, key: str, service: str, minted: datetime | None = None) -> Caller:
        """A service's call on this session's behalf: a fresh key that no event issues (facts: forward access sessions).

        For a long-term key `minted` is the new key's creation; a session keeps its own.
        """
        return replace(self, key=key, invoked_by=service, created=self.created or minted)

    def identity(self) -> Json:
        """The `userIdentity` document."""
        document: Json = {
            "type": "IAMUser" if self.role is None else "AssumedRole",
            "principalId": self.principal_id,
            "arn": self.arn,
            "accountId": self.account,
        }
        if self.key is not None:
            document["accessKeyId"] = self.key
        if self.user is not None:
            document["userName"] = self.user
        if self.created is not None:
            document["sessionContext"] = self._context(self.created)
        if self.invoked_by is not None:
            document["invokedBy"] = self.invoked_by
        return document

    def _context(self, created: datetime) -> Json:
        issuer: Json = {}
        if self.role is not None:
            issuer = {
                "type": "Role",
                "principalId": self.role.principal_id,
                "arn": self.role.arn,
                "accountId": self.role.account,
                "userName": self.role.short_name,
            }
        attributes = {"creationDate": iso(created), "mfaAuthenticated": str(self.mfa).lower()}
        context: Json = {"sessionIssuer": issuer, "webIdFederationData": {}, "attributes": attributes}
        if self.on_instance:
            context["ec2RoleDelivery"] = "2.0"
        return context


def role_session(role: Role, name: str, key: str | None, created: datetime, *, on_instance: bool = False) -> Caller:
    """The session `name` of a role, begun at `created`; a chained session carries no MFA."""
    arn = f"arn:aws:sts::{role.account}:assumed-role/{role.short_name}/{name}"
    return Caller(
        role.account, f"{role.principal_id}:{name}", arn, key, role=role, created=created, on_instance=on_instance
    )
