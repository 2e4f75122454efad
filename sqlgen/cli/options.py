"""The options that several commands share, and those of the questions, stated once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sqlgen.errors import UsageError

if TYPE_CHECKING:
    from sqlgen.profiles import Profile

QueryName = Annotated[str, typer.Argument(metavar="QUERY", help="The question; `sqlgen list` names them.")]
DialectName = Annotated[str, typer.Option("--dialect", help="The engine; `sqlgen list` names them.")]
DialectOrProfile = Annotated[
    str | None, typer.Option("--dialect", help="The engine; `sqlgen list` names them. Or give --profile.")
]
LayoutName = Annotated[str | None, typer.Option("--layout", help="How the table stores CloudTrail: its columns.")]
TableName = Annotated[str | None, typer.Option("--table", metavar="TABLE", help="The log's table, database.table.")]
Partitions = Annotated[
    list[str] | None,
    typer.Option(
        "--partition",
        metavar="SPEC",
        help="How the table is partitioned: timestamp=yyyy/MM/dd | year,month,day | time_dt | region=NAME,...",
    ),
]
ProfileName = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="A profile of sqlgen.toml: the warehouse and its log.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The profiles; default: sqlgen.toml, found upwards.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result there instead of stdout.")
]

QUERY_OPTIONS: dict[str, Any] = {
    "access_key": Annotated[
        list[str] | None,
        typer.Option("--access-key", metavar="ID", help="Access key id; several where the query takes several."),
    ],
    "session_id": Annotated[
        list[str] | None,
        typer.Option("--session-id", metavar="ID", help="Session: <principal id>@<creation>, or a long-term key's id."),
    ],
    "arn": Annotated[str | None, typer.Option("--arn", help="ARN of the identity, exact or with *.")],
    "login_event_id": Annotated[
        str | None, typer.Option("--login-event-id", metavar="ID", help="eventID of a sign-in.")
    ],
    "at": Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="A time, to choose among uses of a recycled key.")
    ],
    "direction": Annotated[str | None, typer.Option("--direction", help="origin, derived or both.")],
    "max_depth": Annotated[int | None, typer.Option("--max-depth", help="How many hops to follow, 0 to 100.")],
    "account": Annotated[str | None, typer.Option("--account", metavar="ID", help="Account id of the identity.")],
    "source_ip": Annotated[
        str | None, typer.Option("--source-ip", metavar="ADDRESS", help="Address of a call, exact or with *.")
    ],
    "user_agent": Annotated[
        str | None,
        typer.Option("--user-agent", metavar="TEXT", help="Part of a user agent, in any case; * for anything."),
    ],
    "denied_only": Annotated[
        bool | None, typer.Option("--denied-only", help="Only sessions that were refused something.")
    ],
    "own_account": Annotated[
        list[str] | None,
        typer.Option(
            "--own-account", metavar="ID", help="Account of yours; several. Default: those whose logs these are."
        ),
    ],
    "own_endpoint": Annotated[
        list[str] | None, typer.Option("--own-endpoint", metavar="ID", help="VPC endpoint of yours; several.")
    ],
    "own_range": Annotated[
        list[str] | None,
        typer.Option("--own-range", metavar="RANGE", help="Addresses of yours, such as 203.0.113.0/24; several."),
    ],
}
"""One option for each parameter that any query takes, by the parameter's name; a query refuses those that it does not take."""

WINDOW_OPTIONS: dict[str, Any] = {
    "window_from": Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Begin of the window (inclusive), ISO 8601, UTC unless it says otherwise."
        ),
    ],
    "window_to": Annotated[str | None, typer.Option("--to", metavar="TIME", help="End of the window (exclusive).")],
}


@dataclass(frozen=True)
class Asked:
    """What a command line asks of a query: its parameters that were given, and its window."""

    parameters: dict[str, object]
    window_from: str | None
    window_to: str | None


def profile_or_dialect(profile: str | None, config: Path | None, dialect: str | None) -> tuple[Profile | None, str]:
    """Return the profile if one is named, or none but there is a file of them, and the dialect; UsageError where neither is, or they differ."""
    from sqlgen.settings import find_file, load_profile

    wanted = profile or config or (dialect is None and find_file() is not None)
    place = load_profile(profile, config) if wanted else None
    if place is None:
        if dialect is None:
            raise UsageError("say for which engine: --dialect NAME (`sqlgen list` names them), or --profile NAME")
        return None, dialect
    if dialect not in (None, place.dialect):
        raise UsageError(f"profile {place.name} is of dialect {place.dialect}: leave --dialect out")
    return place, place.dialect


def takes_question(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` the options of all queries and the window; it gets them as one keyword argument `asked`."""
    options = QUERY_OPTIONS | WINDOW_OPTIONS
    signature = inspect.signature(command)
    own = [parameter for name, parameter in signature.parameters.items() if name != "asked"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in options.items()
    ]

    @functools.wraps(command)
    def call(**given: Any) -> None:
        values = {name: given.pop(name) for name in QUERY_OPTIONS}
        window = [given.pop(name) for name in WINDOW_OPTIONS]
        parameters = {name: value for name, value in values.items() if value not in (None, [], False)}
        command(**given, asked=Asked(parameters, *window))

    hints = inspect.get_annotations(command, eval_str=True)
    hints.pop("asked")
    call.__annotations__ = hints | options
    # typer reads the signature and the annotations; the function's own options come first
    own_keywords = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name]) for parameter in own
    ]
    call.__signature__ = signature.replace(parameters=[*own_keywords, *added])  # type: ignore[attr-defined]
    return call
