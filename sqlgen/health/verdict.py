"""What was found of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True)
class Verdict:
    """One thing that was looked at.

    `says`: what was found; `do`: what mends it, where it failed; `details`: what else is worth knowing, a sentence each.
    `skipped`: it could not be looked at, for the reason that `says` gives.
    """

    check: str
    state: State
    says: str
    do: str = ""
    details: tuple[str, ...] = ()


def ok(check: str, says: str, *details: str) -> Verdict:
    """Return that a thing is well."""
    return Verdict(check, "ok", says, details=details)


def failed(check: str, says: str, do: str, *details: str) -> Verdict:
    """Return that a thing is not well, and what mends it."""
    return Verdict(check, "failed", says, do, details)


def skipped(check: str, says: str) -> Verdict:
    """Return that a thing was not looked at, and why."""
    return Verdict(check, "skipped", says)
