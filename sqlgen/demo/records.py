"""CloudTrail records of eventVersion 1.08, in the shapes seen in public logs of that time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlgen.demo.callers import Caller, Json, Place, Role, iso, role_session, service_place, spelled_out
from sqlgen.demo.ids import Ids, blob

READS = ("Get", "List", "Describe", "Lookup", "Head", "AssumeRole", "Decrypt", "CheckMfa")
"""How the names of calls begin that these logs mark read-only."""

GLOBAL_HOSTS = {"iam": "iam", "signin": "signin.aws"}


class Log:
    """The records of all trails, in the order in which the story writes them; the methods add records."""

    def __init__(self) -> None:
        """An empty log with its own sequence of ids."""
        self.ids = Ids()
        self.records: list[Json] = []
        self._users: dict[tuple[str, str], Caller] = {}
        self._roles: dict[tuple[str, str], Role] = {}

    def user(self, account: str, name: str, ending: str = "") -> Caller:
        """An IAM user with a long-term access key; the same one whenever the name is asked for again."""
        if (account, name) not in self._users:
            key, principal = self.ids.key(account, "AKIA", ending), self.ids.principal(account, "AIDA")
            arn = f"arn:aws:iam::{account}:user/{name}"
            self._users[account, name] = Caller(account, principal, arn, key, user=name)
        return self._users[account, name]

    def role(self, account: str, name: str) -> Role:
        """An IAM role; the same one whenever the name is asked for again."""
        if (account, name) not in self._roles:
            self._roles[account, name] = Role(account, name, self.ids.principal(account, "AROA"))
        return self._roles[account, name]

    def add(
        self,
        identity: Json,
        when: datetime,
        service: str,
        name: str,
        place: Place,
        *,
        account: str,
        region: str = "us-east-1",
        request: Json | None = None,
        response: Json | None = None,
        read_only: bool | None = None,
        error: tuple[str, str] | None = None,
        resources: list[Json] | None = None,
        extra: Json | None = None,
    ) -> Json:
        """Adds one record and returns it; `account` receives it, `extra` adds or replaces top-level fields."""
        agent = f"[{place.agent}]" if service == "s3" else place.agent
        record: Json = {
            "eventVersion": "1.08",
            "userIdentity": identity,
            "eventTime": iso(when),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": place.address,
            "userAgent": agent,
        }
        if error is not None:
            record["errorCode"], record["errorMessage"] = error
        record["requestParameters"], record["responseElements"] = request, response
        request_id = self.ids.event()
        if service == "s3":
            request_id = blob(request_id, 16).upper()
            record["additionalEventData"] = {
                "SignatureVersion": "SigV4",
                "CipherSuite": "ECDHE-RSA-AES128-GCM-SHA256",
                "bytesTransferredIn": 0,
                "AuthenticationMethod": "AuthHeader",
                "x-amz-id-2": blob(request_id, 75) + "=",
                "bytesTransferredOut": 313,
            }
        record |= {"requestID": request_id, "eventID": self.ids.event()}
        record["readOnly"] = name.startswith(READS) if read_only is None else read_only
        if resources:
            record["resources"] = resources
        record |= {"eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": account}
        if place.endpoint is not None:
            record["vpcEndpointId"] = place.endpoint
        record["eventCategory"] = "Management"
        if place.tls:
            host = GLOBAL_HOSTS.get(service, f"{service}.{region}")
            record["tlsDetails"] = {
                "tlsVersion": "TLSv1.2",
                "cipherSuite": "ECDHE-RSA-AES128-GCM-SHA256",
                "clientProvidedHostHeader": f"{host}.amazonaws.com",
            }
        record |= extra or {}
        self.records.append(record)
        return record

    def call(
        self,
        caller: Caller,
        when: datetime,
        service: str,
        name: str,
        place: Place,
        *,
        region: str = "us-east-1",
        request: Json | None = None,
        response: Json | None = None,
        error: tuple[str, str] | None = None,
        resources: list[Json] | None = None,
        extra: Json | None = None,
    ) -> Json:
        """One call of a session, recorded in the session's own account."""
        return self.add(
            caller.identity(),
            when,
            service,
            name,
            place,
            account=caller.account,
            region=region,
            request=request,
            response=response,
            error=error,
            resources=resources,
            extra=extra,
        )

    def denied(
        self,
        caller: Caller,
        when: datetime,
        action: str,
        place: Place,
        *,
        resource: str | None = None,
        name: str | None = None,
        region: str = "us-east-1",
        request: Json | None = None,
    ) -> Json:
        """A refused call of `service:Action`; `name` is the event's where it differs (`ListFunctions20150331`).

        EC2 keeps the parameters and encodes its message; the other services drop the parameters.
        """
        service, _, verb = action.partition(":")
        if service == "ec2":
            encoded = blob(f"{caller.key} {iso(when)} {action}", 880) + "..."
            message = "You are not authorized to perform this operation. Encoded authorization failure message: "
            error = ("Client.UnauthorizedOperation", message + encoded)
            return self.call(caller, when, service, verb, place, region=region, request=request, error=error)
        target = "" if resource is None else f" on resource: {resource}"
        message = f"User: {caller.arn} is not authorized to perform: {action}{target}"
        return self.call(caller, when, service, name or verb, place, region=region, error=("AccessDenied", message))

    def assume_role(
        self,
        caller: Caller,
        when: datetime,
        role: Role,
        session_name: str,
        place: Place,
        *,
        region: str = "us-east-1",
        key: str | None = None,
        used_key: str | None = None,
    ) -> Caller:
        """AssumeRole for one hour; into another account it is in both trails, the role's naming only an AWSAccount.

        `used_key` is the key that the session signs with, where it is not the issued one (the console's SwitchRole).
        """
        issued = key or self.ids.key(role.account)
        session = role_session(role, session_name, used_key or issued, when)
        request: Json = {"roleArn": role.arn, "roleSessionName": session_name}
        response: Json = {
            "credentials": self.credentials(issued, when + timedelta(hours=1)),
            "assumedRoleUser": {"assumedRoleId": session.principal_id, "arn": session.arn},
        }
        resources: list[Json] = [{"accountId": role.account, "type": "AWS::IAM::Role", "ARN": role.arn}]
        shared: Json = {} if role.account == caller.account else {"sharedEventID": self.ids.event()}
        made = self.call(
            caller,
            when,
            "sts",
            "AssumeRole",
            place,
            region=region,
            request=request,
            response=response,
            resources=resources,
            extra=shared,
        )
        if shared:
            self.add(
                {"type": "AWSAccount", "principalId": caller.principal_id, "accountId": caller.account},
                when,
                "sts",
                "AssumeRole",
                place,
                account=role.account,
                region=region,
                request=request,
                response=response,
                resources=resources,
                extra=shared | {"requestID": made["requestID"]},
            )
        return session

    def service_role(
        self, service: str, when: datetime, role: Role, session_name: str, *, region: str, hours: int
    ) -> Caller:
        """AssumeRole by a service (`ec2`, `lambda`): a nameless caller, and nothing but credentials in the response."""
        name = f"{service}.amazonaws.com"
        session = role_session(role, session_name, self.ids.key(role.account), when, on_instance=service == "ec2")
        self.add(
            {"type": "AWSService", "invokedBy": name},
            when,
            "sts",
            "AssumeRole",
            service_place(name),
            account=role.account,
            region=region,
            request={"roleArn": role.arn, "roleSessionName": session_name},
            response={"credentials": self.credentials(str(session.key), when + timedelta(hours=hours))},
            resources=[{"accountId": role.account, "type": "AWS::IAM::Role", "ARN": role.arn}],
            extra={"sharedEventID": self.ids.event()},
        )
        return session

    def credentials(self, key: str, expires: datetime) -> Json:
        """The `credentials` of a response; the secret is never logged."""
        return {
            "accessKeyId": key,
            "sessionToken": "IQoJb3JpZ2luX2VjE" + blob(f"{key} {iso(expires)}", 180) + "==",
            "expiration": spelled_out(expires),
        }
