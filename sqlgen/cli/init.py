"""`init`: a profile asked for, looked up where the warehouse tells, and written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sqlgen.cli.app import app
from sqlgen.cli.options import ConfigFile, DialectOrProfile, LayoutName, Partitions, TableName
from sqlgen.cli.streams import note, write_text
from sqlgen.errors import SqlgenError, UsageError
from sqlgen.text import printable

if TYPE_CHECKING:
    from sqlgen.warehouses.base import TableColumn, Warehouse

ASKED_LISTS = {
    "own_accounts": "your own AWS accounts, parted by commas (origins tells others from them)",
    "own_endpoints": "your own VPC endpoints, vpce-...",
    "own_ranges": "your own address ranges, 203.0.113.0/24",
}
MOST_SHOWN = 20
Told = TypeVar("Told")


@app.command("init")
def init_command(
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="What the profile is to be called.")
    ] = None,
    dialect: DialectOrProfile = None,
    table: TableName = None,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="NAME", help="Where to look for the log's table: a database or schema."),
    ] = None,
    layout: LayoutName = None,
    partition: Partitions = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Another key of the profile or its connection: workgroup=security; lists by commas.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take what is given and what is found.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not connect: write what is given.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write a profile of that name anew.")] = False,
    config: ConfigFile = None,
) -> None:
    """Write a profile into sqlgen.toml: asks, looks which table holds CloudTrail, and leaves other profiles as they are."""
    from sqlgen.profile_file import refuse_taken, write_profile
    from sqlgen.settings import FILE_NAME, KEYS, find_file

    path = config if config is not None else find_file() or Path(FILE_NAME)
    dialogue = Dialogue(quiet=yes)
    name = dialogue.ask("profile", profile, default="default")
    if not force:
        refuse_taken(path, name)
    given = {"table": table, "layout": layout, "partitions": partition}
    entry = _entry(dialogue, dialect, _settings(setting)) | {key: value for key, value in given.items() if value}
    warehouse = None if offline else _opened(name, entry)
    try:
        _look_up(dialogue, name, entry, database, warehouse)
    finally:
        if warehouse is not None:
            warehouse.close()
    for key, about in ASKED_LISTS.items():
        if key not in entry:
            entry[key] = _items(dialogue.ask(about, None, default=""))
    keys = sorted(KEYS, key=lambda key: key == "connection")  # a table of its own, behind the rest
    _, text = write_profile(path, name, {key: entry[key] for key in keys if entry.get(key)}, replace=force)
    write_text(text, None)
    note(f"profile {name} is written to {path}; `sqlgen check --profile {name}` looks at it")


@dataclass
class Dialogue:
    """Questions on stderr, answers from stdin; when `quiet`, none: an answer is what was given, else the default."""

    quiet: bool = False

    def ask(self, about: str, given: str | None, default: str | None = None) -> str:
        """Return the answer; UsageError where nothing is asked and there is none."""
        if given is not None:
            return given
        if self.quiet:
            if default is None:
                raise UsageError(f"{about} is missing: with --yes nothing is asked")
            return default
        answer: str = typer.prompt(printable(about), default=default, show_default=bool(default), err=True)
        return answer.strip()

    def choose(self, about: str, given: str | None, options: Sequence[str], default: str | None) -> str:
        """Return one of `options`, by its name or number, or another name; the default is an option or None."""
        if given is None and not self.quiet:
            for number, option in enumerate(options[:MOST_SHOWN], 1):
                sys.stderr.write(f"  {number:>2}  {printable(option)}\n")
            if len(options) > MOST_SHOWN:
                sys.stderr.write(f"      and {len(options) - MOST_SHOWN} more\n")
        answer = self.ask(about, given, default)
        return options[int(answer) - 1] if answer.isdigit() and 0 < int(answer) <= len(options) else answer


def _settings(given: Sequence[str] | None) -> dict[str, str]:
    settings: dict[str, str] = {}
    for text in given or ():
        key, separator, value = text.partition("=")
        if not separator or not key or not value:
            raise UsageError(f"--set takes KEY=VALUE, not {text!r}")
        settings[key] = value
    return settings


def _entry(dialogue: Dialogue, dialect: str | None, settings: dict[str, str]) -> dict[str, Any]:
    """Return what is set of the profile: its dialect, connection, and keys that were given by --set."""
    from sqlgen.profiles import CONNECTION_KEYS
    from sqlgen.resources import pick
    from sqlgen.settings import KEYS, LISTS

    names = sorted(CONNECTION_KEYS)
    dialect = pick("dialect", dialogue.choose("dialect", dialect, names, "athena"), names)
    keys = CONNECTION_KEYS[dialect]
    entry: dict[str, Any] = {"dialect": dialect}
    connection: dict[str, str | int] = {}
    for key, value in settings.items():
        if key not in keys and key in KEYS and key not in ("name", "connection"):
            entry[key] = _items(value) if key in LISTS else value
        else:  # unknown ones are refused, with advice, when the profile is read
            connection[key] = int(value) if key == "port" and value.isdigit() else value
    for key, about in keys.items():
        if key not in connection and (answer := dialogue.ask(f"{key}: {about}", None, default="")):
            connection[key] = int(answer) if key == "port" and answer.isdigit() else answer
    entry["connection"] = connection
    return entry


def _look_up(
    dialogue: Dialogue, name: str, entry: dict[str, Any], database: str | None, warehouse: Warehouse | None
) -> None:
    """Put table, layout and partitions into the entry where they were not given, as the warehouse shows them."""
    from sqlgen.dialects import load_dialect
    from sqlgen.resources import pick
    from sqlgen.tree import table_node

    if "table" not in entry:
        entry["table"] = _table(dialogue, warehouse, database)
    table_node(entry["table"])  # refuses what is no name of a table
    columns = _asked(lambda: warehouse.describe(entry["table"])) if warehouse else None
    if warehouse and columns is None:
        note(f"{entry['table']} cannot be described: layout and partitions are as given")
    if "layout" not in entry:
        entry["layout"] = _layout(dialogue, entry["dialect"], columns)
    pick(f"layout of {entry['dialect']}", entry["layout"], load_dialect(entry["dialect"]).layouts)
    if "partitions" not in entry:
        entry["partitions"] = _partitions(dialogue, name, entry, columns, warehouse)


def _opened(name: str, entry: dict[str, Any]) -> Warehouse | None:
    """Return a connection, None (and why) where there is none."""
    from sqlgen.settings import profile_of
    from sqlgen.warehouses import open_warehouse

    profile = profile_of(name, {"table": "log", **entry}, f"profile {name}")
    warehouse = _asked(lambda: open_warehouse(profile))
    told = _asked(warehouse.identity) if warehouse else None
    if warehouse is None or told is None:
        return None
    note("connected: " + ", ".join(f"{key} {value}" for key, value in told.items()))
    return warehouse


def _asked(ask: Callable[[], Told]) -> Told | None:
    """Return what the warehouse tells, None where it cannot be asked: a profile may be written all the same."""
    try:
        return ask()
    except SqlgenError as error:
        note(f"not looked up: {error}")
        return None


def _table(dialogue: Dialogue, warehouse: Warehouse | None, database: str | None) -> str:
    from sqlgen.discovery import databases, log_tables

    if warehouse is None:
        return dialogue.ask("table of the log, database.table", None)
    names = _asked(lambda: databases(warehouse)) or []
    if database is None and dialogue.quiet and len(names) != 1:
        raise UsageError("--table is missing: name it, or give --database and take the one table there that fits")
    database = dialogue.choose("database that holds the log", database, names, names[0] if len(names) == 1 else None)
    tables = _asked(lambda: log_tables(warehouse, database)) or []
    told = ", ".join(f"{table.name} ({table.fit.layout})" for table in tables)
    none = f"no table of {database} looks like CloudTrail"
    seen = f"these tables of {database} look like CloudTrail: {told}" if tables else none
    if dialogue.quiet and len(tables) != 1:
        raise UsageError(f"{seen}: name one with --table, or make one with `sqlgen ddl`")
    note(seen)
    options = [table.name for table in tables]
    return dialogue.choose("table of the log, database.table", None, options, options[0] if options else None)


def _layout(dialogue: Dialogue, dialect: str, columns: Sequence[TableColumn] | None) -> str:
    from sqlgen.dialects import load_dialect
    from sqlgen.fit import layout_fits

    engine = load_dialect(dialect)
    default = engine.default_layout
    if columns is not None:
        best = layout_fits(dialect, columns)[0]
        default = best.layout
        if not best.fits:
            lacks = ", ".join((*best.lacking, *best.mistyped)[:6])
            note(f"no layout fits the table; {best.layout} comes nearest, and lacks {lacks}")
    return dialogue.choose("layout", None, engine.layouts, default)


def _partitions(
    dialogue: Dialogue,
    name: str,
    entry: dict[str, Any],
    columns: Sequence[TableColumn] | None,
    warehouse: Warehouse | None,
) -> list[str]:
    from datetime import UTC, datetime

    from sqlgen.dialects import load_layout
    from sqlgen.health.examine import CHEAP
    from sqlgen.health.live import live_row
    from sqlgen.health.partitions import propose
    from sqlgen.settings import profile_of

    proposed = load_layout(entry["dialect"], entry["layout"]).partitions
    if columns is not None and warehouse is not None and any(column.partition for column in columns):
        profile = profile_of(name, {**entry, "partitions": list(propose(columns, {}))}, f"profile {name}")
        now = datetime.now(UTC).replace(tzinfo=None)
        row = _asked(lambda: live_row(profile, entry["layout"], columns, warehouse, CHEAP, now))
        proposed = propose(columns, row.partitions if row else {})
    answer = dialogue.ask(
        "partitions, parted by semicolons (timestamp=yyyy/MM/dd; region=us-east-1,...)",
        None,
        default="; ".join(proposed),
    )
    return [part.strip() for part in answer.split(";") if part.strip()]


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
