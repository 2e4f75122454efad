"""sqlgen: who did it, what did they do, from where - AWS CloudTrail investigations as SQL for the warehouse the log is in.

    import sqlgen
    text = sqlgen.render("session-summary", dialect="snowflake", parameters={"access_key": "ASIA..."}).sql
    answer = sqlgen.run("identity-chain", sources=["logs/"], parameters={"access_key": "ASIA..."})
    with sqlgen.ask("identity-chain", sqlgen.load_profile("prod"), parameters={"access_key": "ASIA..."}, window_from="2021-08-27") as answer:
        rows = list(answer.rows)

Names are resolved when they are first asked for, so that `sqlgen --help` loads no engine. No module of the package has the name of
one of these: the import system would put the module in the function's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlgen.answers import WarehouseAnswer, ask
    from sqlgen.profiles import Profile
    from sqlgen.renderer import Rendered, render
    from sqlgen.runner import Result, run
    from sqlgen.saving import Saved, save
    from sqlgen.settings import load_profile

__all__ = ["Profile", "Rendered", "Result", "Saved", "WarehouseAnswer", "ask", "load_profile", "render", "run", "save"]

_HOMES = {
    "Profile": "sqlgen.profiles",
    "Rendered": "sqlgen.renderer",
    "Result": "sqlgen.runner",
    "Saved": "sqlgen.saving",
    "WarehouseAnswer": "sqlgen.answers",
    "ask": "sqlgen.answers",
    "load_profile": "sqlgen.settings",
    "render": "sqlgen.renderer",
    "run": "sqlgen.runner",
    "save": "sqlgen.saving",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'sqlgen' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
