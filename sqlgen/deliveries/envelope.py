"""What a JSON value of a delivery file is: a record, or something that holds records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sqlgen.deliveries.columns import COLUMNS
from sqlgen.deliveries.problems import FileReport

_Part = msgspec.Raw | msgspec.UnsetType

Record: Any = msgspec.defstruct("Record", [(name, _Part, msgspec.UNSET) for name in COLUMNS])
"""One record, its fields as raw JSON: decoding and encoding it drops other fields, and doubled ones (the last counts)."""


class Envelope(msgspec.Struct):
    """What records come in: a delivery file, LookupEvents output or one of its events, an EventBridge event, a digest."""

    Records: _Part = msgspec.UNSET
    Events: _Part = msgspec.UNSET
    CloudTrailEvent: _Part = msgspec.UNSET
    detail: _Part = msgspec.UNSET
    digestS3Bucket: _Part = msgspec.UNSET


class NotJsonError(ValueError):
    """Bytes that were taken for one JSON value are none."""


_record = msgspec.json.Decoder(Record)
_envelope = msgspec.json.Decoder(Envelope)
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder(msgspec.Raw)
_text = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode
_DEEPEST = 3  # an EventBridge event in a list in a file; deeper nesting is nothing that AWS writes
_NO_RECORD = "not a CloudTrail record (no eventName, eventSource, userIdentity or eventID)"
_KINDS = {b"n": "null", b"t": "true", b"f": "false", b'"': "a text", b"[": "a list", b"{": "an object"}


def records_in(value: bytes | msgspec.Raw, report: FileReport, depth: int = 0) -> Iterator[bytes]:
    """Give the records of one JSON value, each as one line of JSON; what holds none is reported.

    Raises:
        NotJsonError: at once, before anything is given or reported, where `value` is not well-formed JSON.
    """
    try:
        try:
            record = _record.decode(value)
        except msgspec.ValidationError:
            _any.decode(value)  # the one above stops at the first byte that is no brace
            return _records_in_other(value, report, depth)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotJsonError(_why(error)) from error
    unset = msgspec.UNSET
    if (
        record.eventName is unset
        and record.eventSource is unset
        and record.userIdentity is unset
        and record.eventID is unset
    ):
        return _records_in_envelope(_envelope.decode(value), value, report, depth)
    try:
        line = _one_line(_encode(record))
    except RecursionError as error:
        raise NotJsonError(_why(error)) from error
    report.seen += 1
    report.records += 1
    return iter((_in_utf8(line, report),))


def records_or_loss(value: bytes | msgspec.Raw, report: FileReport, depth: int = 0) -> Iterator[bytes]:
    """Give the records of one JSON value; where it is none (nested too deeply, for the parser here) it is a lost record."""
    try:
        return records_in(value, report, depth)
    except NotJsonError as error:
        lose(report, f"not valid JSON: {error}")
        return iter(())


def _records_in_other(value: bytes | msgspec.Raw, report: FileReport, depth: int) -> Iterator[bytes]:
    """A list at the top of a file holds records; anything else that is no object is a lost one."""
    if depth == 0 and _kind(value) == "a list":
        yield from _each(value, report, depth)
    else:
        lose(report, f"{_kind(value)}, not a CloudTrail record")


def _records_in_envelope(
    envelope: Envelope, value: bytes | msgspec.Raw, report: FileReport, depth: int
) -> Iterator[bytes]:
    if envelope.digestS3Bucket is not msgspec.UNSET:
        report.skipped = True
    elif depth >= _DEEPEST:
        lose(report, _NO_RECORD)
    elif (held := _first(envelope.Records, envelope.Events)) is not None:
        yield from _each(held, report, depth)
    elif isinstance(envelope.detail, msgspec.Raw):
        yield from records_or_loss(envelope.detail, report, depth + 1)
    elif isinstance(envelope.CloudTrailEvent, msgspec.Raw):
        yield from _records_in_text(envelope.CloudTrailEvent, report, depth)
    elif depth == 0 and not bytes(value).strip(b"{} \t\r\n"):
        report.add("an object without Records: no record is in it")
    else:
        lose(report, _NO_RECORD)


def _first(*parts: msgspec.Raw | msgspec.UnsetType) -> msgspec.Raw | None:
    return next((part for part in parts if isinstance(part, msgspec.Raw)), None)


def _each(held: bytes | msgspec.Raw, report: FileReport, depth: int) -> Iterator[bytes]:
    if _kind(held) == "null":
        report.add("Records is null: no record is in it")
    elif _kind(held) != "a list":
        report.add(f"Records is {_kind(held)}, not a list", lost=None)
    else:
        for element in _elements.decode(held):
            yield from records_or_loss(element, report, depth + 1)


def _records_in_text(event: msgspec.Raw, report: FileReport, depth: int) -> Iterator[bytes]:
    """LookupEvents gives each record as JSON in a text (docs: API_Event, CloudTrailEvent)."""
    try:
        text = _text.decode(event).encode()
        yield from records_in(text, report, depth + 1)
    except msgspec.ValidationError:
        lose(report, f"CloudTrailEvent is {_kind(event)}, not a text")
    except (NotJsonError, UnicodeError):
        lose(report, "the text of CloudTrailEvent is not JSON")


def lose(report: FileReport, reason: str, lost: int | None = 1) -> None:
    """Count a record that is lost, and report it by its number."""
    report.seen += 1
    report.add(reason, record=report.seen, lost=lost)


def _kind(value: bytes | msgspec.Raw) -> str:
    return _KINDS.get(bytes(memoryview(value)[:64]).lstrip()[:1], "a number")


def _one_line(record: bytes) -> bytes:
    return msgspec.json.format(record, indent=-1) if b"\n" in record or b"\r" in record else record


def _in_utf8(record: bytes, report: FileReport) -> bytes:
    """The record in valid UTF-8: msgspec passes raw parts on as they came, without looking at their bytes."""
    if not record.isascii():
        try:
            record.decode()
        except UnicodeDecodeError:
            report.add("bytes that are not UTF-8 were replaced by U+FFFD", record=report.seen)
            record = record.decode(errors="replace").encode()
    return record


_BYTE_PLACE = re.compile(r" \(byte \d+\)$")


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return _BYTE_PLACE.sub("", str(error))
