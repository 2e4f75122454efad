"""Where profiles come from: `sqlgen.toml`, found upwards from the working directory, then in the user's configuration folder.

    default_profile = "prod"

    [profiles.prod]
    dialect = "athena"
    table = "security.cloudtrail"
    partitions = ["timestamp=yyyy/MM/dd"]

    [profiles.prod.connection]
    workgroup = "security"

A variable `SQLGEN_<KEY>` (`SQLGEN_TABLE`, `SQLGEN_WORKGROUP`, ...) replaces that key of the profile; `SQLGEN_PROFILE` names the profile and
`SQLGEN_CONFIG` the file. Secrets have no place in it: a key that looks like one is refused.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import typer

from sqlgen.errors import UsageError
from sqlgen.partitions import parse_partition
from sqlgen.profiles import CONNECTION_KEYS, Profile

FILE_NAME = "sqlgen.toml"
ENVIRONMENT = "SQLGEN_"
ENVIRONMENT_PROFILE = "environment"
LISTS = ("partitions", "own_accounts", "own_endpoints", "own_ranges")
KEYS = tuple(field.name for field in fields(Profile) if field.name != "name")
SECRET_WORDS = ("password", "secret", "token", "passphrase", "private_key")


def user_file() -> Path:
    """Return the place of the user's own profiles: the configuration folder that the system has for it."""
    return Path(typer.get_app_dir("sqlgen")) / FILE_NAME


def find_file(given: Path | None = None, start: Path | None = None) -> Path | None:
    """Return the file of profiles: the given one, `$SQLGEN_CONFIG`, the nearest `sqlgen.toml` upwards from `start` (default: the
    working directory), the user's; None where there is none. Raises UsageError where a named one does not exist."""
    named = given or (Path(name) if (name := os.environ.get(f"{ENVIRONMENT}CONFIG")) else None)
    if named is not None:
        if not named.is_file():
            raise UsageError(f"{named} does not exist; `sqlgen init --config {named}` writes one")
        return named
    folder = (start or Path.cwd()).absolute()
    places = [*(place / FILE_NAME for place in (folder, *folder.parents)), user_file()]
    return next((place for place in places if place.is_file()), None)


def read_file(path: Path) -> Mapping[str, Any]:
    """Return the content of a file of profiles, checked down to the names of the profiles; UsageError where it is malformed."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    _known(content, ("default_profile", "profiles"), str(path))
    profiles = content.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(entry, dict) for entry in profiles.values()):
        raise UsageError(f"{path}: profiles are tables, [profiles.NAME]")
    return content


def load_profile(name: str | None = None, config: Path | None = None) -> Profile:
    """Return the profile `name` (default: `$SQLGEN_PROFILE`, the file's default_profile, its only one).

    Raises UsageError: no file, no such profile, a key that is unknown, of the wrong kind or looks like a secret.
    """
    path = find_file(config)
    content = read_file(path) if path is not None else {}
    profiles: Mapping[str, Mapping[str, Any]] = content.get("profiles", {})
    name = name or os.environ.get(f"{ENVIRONMENT}PROFILE") or content.get("default_profile")
    if name is None and len(profiles) == 1:
        name = next(iter(profiles))
    if name is None and not profiles and f"{ENVIRONMENT}DIALECT" in os.environ:
        return profile_of(ENVIRONMENT_PROFILE, {}, "the environment")
    if path is None:
        raise UsageError(f"there is no {FILE_NAME} here, above or in {user_file().parent}; `sqlgen init` writes one")
    if name is None:
        raise UsageError(f"say which profile of {path}: --profile {' | '.join(sorted(profiles)) or 'NAME'}")
    if name not in profiles:
        raise UsageError(f"{path} has no profile {name!r}; there is: {', '.join(sorted(profiles)) or 'none'}")
    return profile_of(name, profiles[name], f"{path}, profile {name}")


def profile_of(name: str, entry: Mapping[str, Any], place: str) -> Profile:
    """Return the profile that an entry of the file says, variables of the environment before it; UsageError naming `place` where it is none."""
    entry = dict(entry)
    _known(entry, KEYS, place)
    for key in KEYS:
        if key != "connection" and (value := os.environ.get(f"{ENVIRONMENT}{key.upper()}")) is not None:
            # a partition may have commas of its own: those are parted by semicolons
            parted = value.split(";" if key == "partitions" else ",")
            entry[key] = [part.strip() for part in parted if part.strip()] if key in LISTS else value
    for key in ("dialect", "table"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise UsageError(f"{place}: {key} is missing; `sqlgen init` asks for all that is needed")
    if entry["dialect"] not in CONNECTION_KEYS:
        raise UsageError(f"{place}: dialect is one of {', '.join(sorted(CONNECTION_KEYS))}, not {entry['dialect']!r}")
    for key in LISTS:
        entry[key] = _texts(entry.get(key, []), key, place)
    for key in ("layout", "edges", "home"):
        if entry.get(key) is not None and not isinstance(entry[key], str):
            raise UsageError(f"{place}: {key} is a text")
    for network in entry["own_ranges"]:
        try:
            ip_network(network, strict=False)
        except ValueError as error:
            raise UsageError(f"{place}: own_ranges holds {network!r}, which is no network (203.0.113.0/24)") from error
    entry["partitions"] = tuple(parse_partition(text) for text in entry["partitions"])
    entry["connection"] = _connection(entry["dialect"], entry.get("connection", {}), place)
    return Profile(name=name, **entry)


def _connection(dialect: str, entry: object, place: str) -> Mapping[str, str | int | bool]:
    if not isinstance(entry, dict):
        raise UsageError(f"{place}: connection is a table")
    keys = CONNECTION_KEYS[dialect]
    _known(entry, tuple(keys), f"{place}, connection of {dialect}")
    connection = dict(entry)
    for key in keys:
        if (value := os.environ.get(f"{ENVIRONMENT}{key.upper()}")) is not None:
            connection[key] = value
    for key, value in connection.items():
        if not isinstance(value, (str, int, bool)):
            raise UsageError(f"{place}: {key} of the connection is a text or a number")
    return connection


def _texts(value: object, key: str, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise UsageError(f"{place}: {key} is a list of texts")
    return tuple(value)


def _known(entry: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in entry:
        if key in known:
            continue
        if any(word in key.lower() for word in SECRET_WORDS):
            raise UsageError(f"{place}: {key} looks like a secret, and sqlgen keeps none: name the connection instead")
        near = get_close_matches(key, known, 1)
        meant = f"did you mean {near[0]}?" if near else f"there is: {', '.join(known)}"
        raise UsageError(f"{place}: unknown key {key!r}; {meant}")
