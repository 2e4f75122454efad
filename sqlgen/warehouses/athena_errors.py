"""What went wrong at Athena, each as one line that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping

from botocore import exceptions as aws
from pyathena.error import Error as PyAthenaError

from sqlgen.text import printable

LONGEST_REASON = 400
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
THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException"}
)
INTERNAL = frozenset({"InternalServerException", "InternalFailure", "ServiceUnavailable"})

SIGN_IN = "sign in again (`aws sso login`, `aws login`, or new keys in the environment), then ask again"
WAIT = "wait a minute and ask again, or let boto3 try for longer (AWS_MAX_ATTEMPTS=12, AWS_RETRY_MODE=adaptive)"
NO_KEYS = "run `aws configure` or `aws sso login`, or name a profile (AWS_PROFILE, or connection.aws_profile)"

# The beginnings of StateChangeReason, and what helps; the first that is found in the reason's first line.
REASONS: Mapping[str, str] = {
    "TABLE_NOT_FOUND": "look at the profile's table; `sqlgen check` says what is there",
    "SCHEMA_NOT_FOUND": "look at the database of the profile's table; `sqlgen check` says what is there",
    "CATALOG_NOT_FOUND": "look at connection.catalog in the profile",
    "COLUMN_NOT_FOUND": "the layout does not fit the table: `sqlgen check` names the one that does",
    "TYPE_MISMATCH": "the layout does not fit the table: `sqlgen check` names the one that does",
    "HIVE_BAD_DATA": "a file under the table is not what the table says: look at its location and SerDe",
    "HIVE_CURSOR_ERROR": "a file under the table cannot be read: look at its location and SerDe",
    "HIVE_PATH_ALREADY_EXISTS": "the location of the new table is not empty: empty it, or take another",
    "not authorized to perform": "ask for that right",
    "ermission denied": "ask for the right to read that place",
    "ccess Denied": "ask for the right to read the bucket of the log, and to write that of the answers",
    "EXCEEDED_MEMORY_LIMIT": "ask for a shorter window (--from, --to)",
    "xhausted resources": "ask for a shorter window (--from, --to)",
    "EXCEEDED_TIME_LIMIT": "ask for a shorter window (--from, --to)",
    "timeout": "ask for a shorter window (--from, --to)",
    "No output location": "set connection.output_location in the profile",
}


def first_line(text: str) -> str:
    """Return the first line of what somebody else wrote, safe for a terminal and not too long."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no reason was given")
    line = printable(line)
    return line if len(line) <= LONGEST_REASON else line[:LONGEST_REASON] + "..."


def cause(error: BaseException) -> BaseException:
    """Return the error of boto3 behind one of pyathena's, where there is one."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, aws.ClientError | aws.BotoCoreError):
        inner = inner.__cause__
    return inner or error


def explain(error: BaseException, workgroup: str = "primary") -> str:
    """Return what an error of boto3 or pyathena means, and what to do."""
    error = cause(error)
    if isinstance(error, aws.ClientError):
        return _answered(error, workgroup)
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


def _answered(error: aws.ClientError, workgroup: str) -> str:
    """Explain an error that AWS answered with."""
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), first_line(str(told.get("Message", "")))
    operation = f"athena:{error.operation_name}"
    if code in EXPIRED:
        return f"the AWS credentials have expired: {SIGN_IN}"
    if code in REJECTED:
        return f"AWS does not accept these credentials ({message}): {NO_KEYS}"
    if code in DENIED:
        match = ACTION.search(message)
        resource = f" on {match[2]}" if match and match[2] else ""
        return f"AWS denies {match[1] if match else operation}{resource}: ask for that right"
    if code in THROTTLED:
        attempts = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1
        return f"AWS throttles {operation} ({message}), {attempts} attempts made: {WAIT}"
    if code in INTERNAL or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return f"Athena has a fault of its own ({message}): ask again"
    lowered = message.lower()
    if "workgroup" in lowered and "not found" in lowered:
        return f"there is no workgroup {workgroup} in this region: look at connection.workgroup and connection.region"
    if "workgroup" in lowered and "disabled" in lowered:
        return f"the workgroup {workgroup} is disabled: enable it, or name another (connection.workgroup)"
    if "output location" in lowered:
        return (
            f"the workgroup {workgroup} has no place for answers: set connection.output_location to s3://bucket/prefix/"
        )
    return f"Athena refused: {message}"


def failure(reason: str) -> str:
    """Return why a query failed, by its StateChangeReason, and what to do."""
    line = first_line(reason)
    for start, advice in REASONS.items():
        if start in line:
            return f"{line}: {advice}"
    return line


ERRORS = (PyAthenaError, aws.ClientError, aws.BotoCoreError)
"""What boto3 and pyathena raise."""
