"""sqlgen: who did it, what did they do, from where - AWS CloudTrail investigations as SQL for the warehouse the log is in.

    import sqlgen
    text = sqlgen.render("session-summary", dialect="snowflake", parameters={"access_key": "ASIA..."}).sql
    answer = sqlgen.run("identity-chain", sources=["logs/"], parameters={"access_key": "ASIA..."})

Names are resolved when they are first asked for, so that `sqlgen --help` loads no engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlgen.render import Rendered, render
    from sqlgen.run import Result, run

__all__ = ["Rendered", "Result", "render", "run"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    homes = {"Rendered": "sqlgen.render", "render": "sqlgen.render", "Result": "sqlgen.run", "run": "sqlgen.run"}
    if name not in homes:
        raise AttributeError(f"module 'sqlgen' has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)
