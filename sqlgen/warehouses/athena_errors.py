"""What went wrong at Athena, each as one line that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping

from botocore import exceptions as aws
from pyathena.error import Error as PyAthenaError

from sqlgen.warehouses.reasons import first_line

ACTION = re.compile(r"not authorized to perform: ([\w:*]+)(?: on (?:the )?resource: (\S+))?")

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
REJECTED = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
OF_GLUE = "MetadataException"
"""How Athena's catalog calls tell of whatever went wrong at Glue."""
THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException"}
)
INTERNAL = frozenset({"InternalServerException", "InternalFailure", "ServiceUnavailable"})

SERVICES = {"athena": "Athena", "scheduler": "EventBridge Scheduler"}
SIGN_IN = "sign in again (`aws sso login`, `aws login`, or new keys in the environment), then ask again"
WAIT = "wait a minute and ask again, or let boto3 try for longer (AWS_MAX_ATTEMPTS=12, AWS_RETRY_MODE=adaptive)"
NO_KEYS = "run `aws configure` or `aws sso login`, or name a profile (AWS_PROFILE, or connection.aws_profile)"


def cause(error: BaseException) -> BaseException:
    """Return the error of boto3 behind one of pyathena's, where there is one."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, aws.ClientError | aws.BotoCoreError):
        inner = inner.__cause__
    return inner or error


def aws_error(error: BaseException) -> Mapping[str, str]:
    """Return the `Code` and `Message` that AWS answered with, empty where it did not answer."""
    told = getattr(cause(error), "response", {}).get("Error", {})
    return {name: str(told.get(name, "")) for name in ("Code", "Message")}


def explain(error: BaseException, workgroup: str = "primary", service: str = "athena") -> str:
    """Return what an error of boto3 or pyathena means, and what to do. `service`: whom of `SERVICES` boto3 had asked."""
    error = cause(error)
    if isinstance(error, aws.ClientError):
        return _answered(error, workgroup, service)
    if isinstance(error, aws.ProfileNotFound):
        return f"{error}: look at connection.aws_profile and ~/.aws/config"
    if isinstance(error, aws.NoRegionError):
        return "no AWS region: set connection.region in the profile, or AWS_DEFAULT_REGION"
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return f"no AWS credentials were found: {NO_KEYS}"
    if isinstance(error, aws.TokenRetrievalError | aws.SSOError | aws.CredentialRetrievalError):
        return f"the AWS credentials cannot be had ({first_line(str(error))}): {SIGN_IN}"
    if isinstance(
        error, aws.ConnectionError | aws.HTTPClientError
    ):  # none, a lost one, no answer in time, TLS, a proxy
        return f"AWS cannot be reached ({first_line(str(error))}): look at the network, the proxy and the region"
    return first_line(str(error) or type(error).__name__)


def _answered(error: aws.ClientError, workgroup: str, service: str) -> str:
    """Explain an error that AWS answered with."""
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), first_line(str(told.get("Message", "")))
    operation = f"{service}:{error.operation_name}"
    if code in EXPIRED:
        return f"the AWS credentials have expired: {SIGN_IN}"
    if code in REJECTED:
        return f"AWS does not accept these credentials ({message}): {NO_KEYS}"
    if is_denied(error):
        match = ACTION.search(message)
        resource = f" on {match[2]}" if match and match[2] else ""
        return f"AWS denies {match[1] if match else operation}{resource}: ask for that right"
    if code in THROTTLED:
        attempts = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1
        return f"AWS throttles {operation} ({message}), {attempts} attempts made: {WAIT}"
    if code in INTERNAL or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return f"{SERVICES[service]} has a fault of its own ({message}): ask again"
    lowered = message.lower()
    if "workgroup" in lowered and "not found" in lowered:
        return f"there is no workgroup {workgroup} in this region: look at connection.workgroup and connection.region"
    if "workgroup" in lowered and "disabled" in lowered:
        return f"the workgroup {workgroup} is disabled: enable it, or name another (connection.workgroup)"
    if "output location" in lowered:
        return (
            f"the workgroup {workgroup} has no place for answers: set connection.output_location to s3://bucket/prefix/"
        )
    return f"{SERVICES[service]} refused: {message}"


def is_denied(error: BaseException) -> bool:
    """Say whether a right was lacking; Glue's own denials are told in the message."""
    told = aws_error(error)
    return told["Code"] in DENIED or (told["Code"] == OF_GLUE and ACTION.search(told["Message"]) is not None)


def ends_all(error: BaseException) -> bool:
    """Say whether the next request would fare no better: no connection, no credentials that hold, a rate that stays exceeded."""
    error = cause(error)
    if isinstance(error, aws.ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) in EXPIRED | REJECTED | THROTTLED
    return isinstance(error, aws.BotoCoreError) and not isinstance(error, aws.ParamValidationError)


ERRORS = (PyAthenaError, aws.ClientError, aws.BotoCoreError)
"""What boto3 and pyathena raise."""
