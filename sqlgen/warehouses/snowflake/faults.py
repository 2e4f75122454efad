"""What Snowflake and its connector say when something is wrong, as one line with what to do about it.

Snowflake's codes are in no one list; each here was met in public logs and in the connector's own source, and where a code varies
with the way of signing in, the words that do not are looked for instead. The first fault that fits wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlgen.text import printable
from sqlgen.warehouses.base import WarehouseError

SECRET_KEY = re.compile(r"pass|token|secret|key|proxy|session_id", re.IGNORECASE)
"""Names of a connection's keys, in connections.toml, whose values must not be shown."""

MAXIMUM_LENGTH = 400
NO_SUCH_OBJECT = frozenset({2003, 2043})
"""`does not exist or not authorized`: Snowflake does not tell the two apart, so that nobody can probe for names."""
LOST_PART = 252005
CANCELED, TIMED_OUT = 604, 630


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: told by a code or by words of the message, and what to do about it."""

    advice: str
    codes: frozenset[int] = frozenset()
    words: str = ""

    def fits(self, code: int | None, message: str) -> bool:
        """Return whether an error of this code and message is this fault."""
        return code in self.codes or bool(self.words and re.search(self.words, message, re.IGNORECASE))


FAULTS = (
    Fault(
        "sign in with a key pair, a programmatic access token or authenticator = \"externalbrowser\", or give that connection "
        "authenticator = \"username_password_mfa\"",
        words=r"multi-factor|\bMFA\b|\bDuo\b|passcode|TOTP",
    ),
    Fault("change it in Snowsight, or sign in with a key pair", words="password has expired"),
    Fault(
        "check user and password (or key) of that connection in connections.toml",
        frozenset({390100, 390144}),
        "incorrect username or password|JWT token is invalid",
    ),
    Fault("wait until Snowflake lifts the lock, or ask your administrator to", words="temporarily locked"),
    Fault(
        "sign in anew: get a fresh token, or remove the cached one",
        frozenset({390111, 390112, 390114, 390303, 390318}),
        "token (has )?expired|invalid OAuth access token|session no longer exists",
    ),
    Fault(
        "connect from an address that the account's network policy allows (VPN), or ask its administrator",
        frozenset({390422}),
        "is not allowed to access Snowflake",
    ),
    Fault(
        "give another role in the profile or in connections.toml, or have it granted to that user",
        frozenset({390189}),
        "role .* specified in the connect string",
    ),
    Fault(
        "raise the monitor's credit quota, wait for its next period, or use another warehouse",
        frozenset({90073}),
        "resource monitor",
    ),
    Fault("the account must be paid for first", frozenset({390913}), "free trial has ended|account is suspended"),
    Fault(
        "give a warehouse that the role may use, in the profile or in connections.toml",
        frozenset({606}),
        "no active warehouse|requested warehouse",
    ),
    Fault("resume it (ALTER WAREHOUSE ... RESUME) or give another one", words="warehouse.* suspended"),
    Fault(
        "give database and schema in the profile, or the table as database.schema.table",
        frozenset({90105, 90106}),
        "does not have a current (database|schema)",
    ),
    Fault("have the rights granted to the role, or give another role", frozenset({3001}), "insufficient privileges"),
    Fault(
        "check the name, as database.schema.table, and that the role has USAGE on database and schema and SELECT on the table",
        NO_SUCH_OBJECT,
        "does not exist or not authorized|requested (database|schema)",
    ),
    Fault("narrow the window (--from, --to) or allow more time", frozenset({TIMED_OUT}), "statement or warehouse timeout"),
    Fault("somebody or something stopped it in the warehouse; ask again", frozenset({CANCELED})),
    Fault("a part of the answer was lost on its way; ask again", frozenset({LOST_PART})),
    Fault(
        "check account (or host) of that connection in connections.toml, the network and the VPN",
        frozenset({250001, 250003}),
        "HTTP request failed|transport error|status 404|404 not found|deadline exceeded|timed out",
    ),
)  # fmt: skip


def secrets_of(options: Mapping[str, object]) -> tuple[str, ...]:
    """Return the values of a connection's options that no message may hold, longest first."""
    values = {str(value) for name, value in options.items() if SECRET_KEY.search(name) and str(value)}
    return tuple(sorted(values, key=len, reverse=True))


def one_line(message: str, secrets: Iterable[str] = ()) -> str:
    """Return a message of Snowflake's on one line, safe for a terminal, without its own prefixes and without secrets."""
    for secret in secrets:
        message = message.replace(secret, "***")
    line = printable(" ".join(message.split()))
    line = re.sub(
        r"^(Failed to login: |Login error: |\d{6}( \(\w+\))?: |SQL (compilation|execution) error: ?)+", "", line
    )
    line = re.sub(r", code: \d+$", "", line).rstrip(". ")
    return line if len(line) <= MAXIMUM_LENGTH else line[: MAXIMUM_LENGTH - 3] + "..."


def fault(what: str, code: int | None, message: str = "", secrets: Iterable[str] = ()) -> WarehouseError:
    """Return the error to raise: what went wrong, Snowflake's words and code, and what to do.

    Args:
        what: what was being done and went wrong, such as `Snowflake 01b2...: the statement failed`.
        code, message: as the connector gives them; without a message `what` says it all.
        secrets: texts that must not be shown.
    """
    line = one_line(message, secrets)
    advice = next((fault.advice for fault in FAULTS if fault.fits(code, line)), "")
    said = f": {line}" + (f" ({code:06d})" if code is not None and code > 0 else "") if line else ""
    return WarehouseError(what + said + (f"; {advice}" if advice else ""))
