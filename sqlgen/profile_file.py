"""A profile written into `sqlgen.toml`, beside what others have written there: their profiles, comments and order stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from sqlgen.errors import SqlgenError, UsageError
from sqlgen.profiles import Profile
from sqlgen.settings import profile_of, read_file


def write_profile(path: Path, name: str, entry: Mapping[str, Any], *, replace: bool = False) -> tuple[Profile, str]:
    """Put the profile `name` into the file at `path`, which is made if there is none, and return it and its text.

    `entry`: its keys as in the file, without those that are None or empty; what the file has no key for keeps its default.
    The file is replaced in one step, with the mode that it had.

    Raises:
        UsageError: the file is malformed, has a profile of that name already (and not `replace`), or the entry is not one.
        SqlgenError: the file cannot be written.
    """
    profile = profile_of(name, entry, f"profile {name}")
    if not replace:
        refuse_taken(path, name)
    document = tomlkit.document()
    if path.is_file():
        read_file(path)
        try:
            document = tomlkit.parse(path.read_text(encoding="utf-8"))
        except (OSError, TOMLKitError) as error:
            raise UsageError(f"{path} cannot be read: {error}") from error
    profiles = document.get("profiles")
    if profiles is None:
        document["default_profile"] = name
        profiles = document["profiles"] = tomlkit.table(is_super_table=True)
    table = _table(entry)
    profiles[name] = table
    _replace(path, tomlkit.dumps(document))
    alone = tomlkit.document()
    alone["profiles"] = tomlkit.table(is_super_table=True)
    alone["profiles"][name] = _table(entry)
    return profile, tomlkit.dumps(alone)


def set_key(path: Path, name: str, key: str, value: str) -> None:
    """Set a text of the profile `name` in the file at `path`; all else stays as it is.

    Raises UsageError: the file is malformed or has no such profile; SqlgenError: it cannot be written.
    """
    if name not in read_file(path).get("profiles", {}):
        raise UsageError(f"{path} has no profile {name!r}: put {key} = {value!r} where it is said")
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    entry = document["profiles"][name]
    entry[key] = value
    _replace(path, tomlkit.dumps(document))


def refuse_taken(path: Path, name: str) -> None:
    """Raise UsageError where the file at `path` has a profile of that name."""
    if path.is_file() and name in read_file(path).get("profiles", {}):
        raise UsageError(f"{path} has a profile {name} already: --force writes it anew, or choose another --profile")


def _table(entry: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for key, value in entry.items():
        table[key] = _table(value) if isinstance(value, Mapping) else value
    return table


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; a link stays one."""
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".sqlgen-", delete=False
        ) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).chmod(mode)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise SqlgenError(f"{path} cannot be written: {error.strerror}; give --config another file") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
