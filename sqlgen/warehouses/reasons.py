"""Why a query failed on Trino or Athena, which is Trino: the engine's own first line, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from sqlgen.text import printable

LONGEST_REASON = 400
OURS = "sqlgen: "
"""How a text begins that our own SQL fails with (templates/parts/fold_walk.sql)."""

# What stands in the first line of a reason, and what helps; the first that is found counts.
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
    "MEMORY_LIMIT": "ask for a shorter window (--from, --to)",
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


def failure(reason: str) -> str:
    """Return why a query failed, by the reason that the engine gives, and what to do."""
    line = first_line(reason)
    if OURS in line:
        return line.partition(OURS)[2]
    for start, advice in REASONS.items():
        if start in line:
            return f"{line}: {advice}"
    return line
