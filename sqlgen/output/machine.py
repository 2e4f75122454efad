"""Answers for programs: JSON, JSON lines and CSV, written row by row."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TextIO

from sqlgen.output.answer import AnswerLike, ColumnLike, Row
from sqlgen.text import printable

_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")
_CONTROLS = re.compile(r"[\x00-\x1f]")
# OWASP, "CSV Injection": a spreadsheet takes a cell that begins with one of these for a formula
_FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def write_json(answer: AnswerLike, stream: TextIO) -> None:
    """Write one array of objects, an object a line; `[]` when there are no rows."""
    ascii_only = not _is_utf(stream)
    separator = "[\n"
    for row in answer.rows:
        stream.write(separator + _object(answer.columns, row, ascii_only))
        separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


def write_jsonl(answer: AnswerLike, stream: TextIO) -> None:
    """Write one object a line; nothing when there are no rows."""
    ascii_only = not _is_utf(stream)
    for row in answer.rows:
        stream.write(_object(answer.columns, row, ascii_only) + "\n")


def write_csv(answer: AnswerLike, stream: TextIO) -> None:
    """Write CSV (RFC 4180) with a header; arrays are JSON text, null is nothing at all.

    Text is for spreadsheets too: what they would take for a formula gets a leading apostrophe, and control characters are
    written as escapes, so a cell is always one line. `--format json` is the one without loss.
    """
    columns = answer.columns
    writer = csv.writer(_Encodable(stream))
    writer.writerow([column.name for column in columns])
    for row in answer.rows:
        writer.writerow([_cell(row.get(column.name), column.type) for column in columns])


def plain(value: object) -> object:
    """Return `value` as JSON has it: times as `YYYY-MM-DDTHH:MM:SSZ` text, whole decimals as integers, the rest as it is."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def json_text(value: object, *, ascii_only: bool = False) -> str:
    r"""Return `value` as JSON text; what hides or steers (control, format and separator characters, lone surrogates) as `\uNNNN`."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    return text.replace("\x7f", "\\u007f") if ascii_only else safe_json(text)


def safe_json(text: str) -> str:
    r"""Return JSON `text` with what hides or steers as `\uNNNN`: outside its strings there is none, inside the meaning stays."""
    if text.isascii() and text.isprintable():
        return text
    return _BEYOND_ASCII.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    # json's own escape has the surrogate pairs of what is beyond the BMP
    return character if printable(character) == character else _unit_escapes(character)


def _unit_escapes(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _object(columns: Sequence[ColumnLike], row: Row, ascii_only: bool) -> str:
    return json_text({column.name: plain(row.get(column.name)) for column in columns}, ascii_only=ascii_only)


def _cell(value: object, kind: str) -> str:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        return json_text(value)
    if kind == "json":  # valid JSON has bare control characters only as white space between its parts
        value = safe_json(_CONTROLS.sub(" ", value))
    text = printable(value)
    return f"'{text}" if value[:1] in _FORMULA_STARTS and value else text


def _is_utf(stream: TextIO) -> bool:
    """Say whether the stream takes any text; one without an encoding (io.StringIO) does."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-").startswith("utf")


class _Encodable:
    r"""Passes text on to a stream, with what its encoding lacks written as `\uNNNN`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = None if _is_utf(stream) else stream.encoding

    def write(self, text: str) -> int:
        if self._encoding:
            text = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        return self._stream.write(text)
