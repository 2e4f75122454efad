"""How tests of a whole command call it, and read what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Called = tuple[int, str, str]
"""The exit status, stdout and stderr of a call."""
Call = Callable[..., Called]
"""The fixture `call`: takes a command and its arguments."""


def verdicts(out: str) -> dict[str, dict[str, Any]]:
    """Return what `check --format json` found, by what was looked at."""
    return {verdict["check"]: verdict for verdict in json.loads(out)}
