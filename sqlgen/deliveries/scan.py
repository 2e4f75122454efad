"""The patient way through a file that is not what it should be: value by value, over what is broken to the next record."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from sqlgen.deliveries.columns import COLUMNS
from sqlgen.deliveries.envelope import NotJsonError, lose, records_in
from sqlgen.deliveries.problems import FileReport

LOOKAHEAD = 1024 * 1024
"""How many characters are at hand at least; a record is at most 256 kB, or 1 MB where the trail says so."""

_MOST = 32 * LOOKAHEAD
_STEP = 256 * 1024
_NEAR = 16 * 1024
_MOST_VAIN = 64 * LOOKAHEAD  # characters read in vain while looking for a next record, before that is given up
_SPACE = re.compile(r"[ \t\r\n,\ufeff]*")
_MEMBER = re.compile(r'\s*,\s*"(?:[^"\\]|\\.){0,200}"\s*:\s*', re.DOTALL)
OPENING = r'\{(?:\s*"[^"\\]{0,200}"\s*:\s*(?:"(?:[^"\\]|\\.){0,10000}"|[\w.+-]{1,40})\s*,){0,20}\s*"(?:Records|Events)"\s*:\s*\['
"""How an envelope begins: `{"Records":[`, with plain members before it or none."""

_OPENING = re.compile(rf"{OPENING}|\[", re.DOTALL)
FIRST_NAMES = "|".join([*COLUMNS, "EventId", "version", "id", "detail-type"])
"""What the first member of a record (or of the LookupEvents or EventBridge event around it) may be."""

_START = re.compile(rf'(?<=\n)\{{|\{{\s*"(?:{FIRST_NAMES}|Records|Events)"\s*:')
_BLANKS = re.compile(r"\s*")
_AFTER_ELEMENT = re.compile(rf'\s*(?:\]|,\s*(?:[^\s{{]|\{{\s*(?:\}}|"(?:{FIRST_NAMES})")))')
_WORD = re.compile(r'[^\s,\[\]{}"]+(?=\s*[,\]])')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}"]', re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PIECE_OF_STRING = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.|[\x00-\x1f]",
    re.DOTALL,
)
_NOT_UTF8 = re.compile("[\udc80-\udcff]+")
_OPENS = {"}": "{", "]": "["}
_NOT_JSON = "not JSON: no CloudTrail record can be found in it"
_SIGNS = ("eventVersion", "eventTime", "eventSource", "eventName", "eventID", "userIdentity", "awsRegion")
_FEWEST_SIGNS = 2  # a record found by searching must look like one: members of a broken record may be objects too


def scan(pieces: Iterator[bytes], report: FileReport, *, opened: bytes = b"") -> Iterator[bytes]:
    """Give every record that can be saved from `pieces`, and report what is lost, in memory for some MB.

    `opened` is what stood before the pieces where they begin inside a list of records: `{"Records":[` or `[`.
    """
    return _Scan(pieces, report, opened).records()


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _pass(_: str) -> None:
    """Numbers are only walked over: as Python numbers the long ones would fail or lose digits."""


_decoder = json.JSONDecoder(strict=False, parse_constant=_refuse, parse_int=_pass, parse_float=_pass)


class _Scan:
    """The text at hand, the place in it, and whether that is inside a list of records."""

    def __init__(self, pieces: Iterator[bytes], report: FileReport, opened: bytes) -> None:
        self.pieces = (piece[at : at + _STEP] for piece in pieces for at in range(0, len(piece), _STEP))
        self.report = report
        self.in_list = bool(opened)
        self.in_envelope = opened.startswith(b"{")
        self.text = ""
        self.at = 0
        self.ended = False
        self.searched = False
        self.vain = self.walked = 0  # characters read for nothing: in search of a record, of an element's end
        self.opened = bool(opened)
        self.utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def records(self) -> Iterator[bytes]:
        while True:
            self.fill(LOOKAHEAD)
            self.at = _end(_SPACE, self.text, self.at)
            if self.at >= len(self.text):
                if not self.ended:
                    continue
                break
            if self.text[self.at] == "]" and self.in_list:
                self.leave_list()
            elif not self.in_list and (opening := _OPENING.match(self.text, self.at)):
                self.at, self.in_list = opening.end(), True
                self.in_envelope = opening.group() != "["
                self.opened = True
            else:
                yield from self.value()
        if self.in_list and not self.report.damage:
            self.report.add("the file ends inside its list of records", lost=None)
        if not (self.opened or self.report.seen or self.report.problems or self.report.skipped or self.report.damage):
            self.report.add(_NOT_JSON, lost=None)

    def fill(self, wanted: int) -> None:
        """Have `wanted` characters at hand, or all that are left, and not many behind: the parser's errors count lines there."""
        if self.at > LOOKAHEAD:
            self.text, self.at = self.text[self.at :], 0
        if self.ended or len(self.text) - self.at >= wanted:
            return
        parts, size = [self.text[self.at :]], len(self.text) - self.at
        self.at = 0
        while size < wanted + LOOKAHEAD and not self.ended:
            piece = next(self.pieces, None)
            self.ended = piece is None
            parts.append(self.utf8.decode(piece or b"", final=self.ended))
            size += len(parts[-1])
        self.text = "".join(parts)

    def leave_list(self) -> None:
        """Go over the end of the list, and of the envelope around it with the members that follow."""
        self.in_list = False
        self.at += 1
        if not self.in_envelope:
            return
        self.in_envelope = False
        self.fill(LOOKAHEAD)
        while member := _MEMBER.match(self.text, self.at):
            try:
                _, self.at = _decoder.raw_decode(self.text, member.end())
            except (ValueError, RecursionError):
                break
        self.at = _end(_BLANKS, self.text, self.at)
        if self.text.startswith("}", self.at):
            self.at += 1
        else:
            self.report.add("what follows the list of records is broken")
            self.searched = True

    def value(self) -> Iterator[bytes]:
        """Read one value and give its records; or go over what is none."""
        while True:
            try:
                _, end = _decoder.raw_decode(self.text, self.at)
                flaw = None
            except (ValueError, RecursionError) as error:
                flaw, end = error, self.place(error)
            if end >= len(self.text) - _NEAR and not self.ended and len(self.text) - self.at < _MOST:
                self.fill(_MOST)  # it may go on in what is not at hand yet
            elif flaw is None:
                value, self.at = self.text[self.at : end], end
                return self.saved(value)
            else:
                self.skip(_reason(flaw), end + _NEAR)
                return iter(())

    def place(self, error: Exception) -> int:
        """Return where the parser stopped, as far as it says so."""
        if isinstance(error, json.JSONDecodeError):
            return len(self.text) if error.msg.startswith("Unterminated") else error.pos
        self.vain += LOOKAHEAD // 16
        return min(self.at + LOOKAHEAD, len(self.text) - _NEAR - 1)

    def saved(self, value: str) -> Iterator[bytes]:
        """Give the records of a value that is JSON, or nearly so."""
        reasons = []
        if _NOT_UTF8.search(value):
            value = _NOT_UTF8.sub("\ufffd", value)
            reasons.append("bytes that are not UTF-8 were replaced by U+FFFD")
        try:
            found = records_in(value.encode(), self.report)
        except NotJsonError:
            value = _STRING.sub(_mended, value)
            reasons.append("characters that JSON does not allow in a text were escaped or replaced")
            try:
                found = records_in(value.encode(), self.report)
            except NotJsonError as error:
                lose(self.report, f"not valid JSON: {error}", 1)
                return iter(())
        for reason in reasons:
            self.report.add(reason, record=self.report.seen or None)
        return found

    def skip(self, reason: str, near: int) -> None:
        """Go over what is no JSON: one broken element where its end is plain, else all up to the next record."""
        if self.in_list and (end := self.balanced_end(near)) is not None:
            lose(self.report, f"not valid JSON: {reason}", 1)
            self.at = end
            return
        begun = self.text[self.at] in "{[" or self.in_list
        after = self.report.seen > 0
        if self.next_record():
            lose(self.report, f"not valid JSON: {reason}; what stands before the next whole record is lost", None)
            self.searched = True
        elif begun and not (self.searched and not self.in_list):
            if not self.report.damage:
                lose(self.report, f"cut off, or not valid JSON ({reason}); nothing can be read from here on", None)
            self.in_list = False
        elif after:
            if not self.searched:
                self.report.add("something that is no record stands after the last one")
        else:
            self.report.add(_NOT_JSON, lost=None)

    def balanced_end(self, near: int) -> int | None:
        """Return the end, before `near`, of a broken element whose brackets and quotes are whole: before a comma or the list's end."""
        if self.text[self.at] not in "{[":
            word = _WORD.match(self.text, self.at)
            return word.end() if word else None
        if self.walked > _MOST_VAIN:
            return None
        stack = []
        end = near
        for token in _TOKEN.finditer(self.text, self.at, near):
            sign, end = token.group(), token.end()
            if sign in ("{", "["):
                stack.append(sign)
            elif sign == '"' or (sign in ("}", "]") and stack.pop() != _OPENS[sign]):
                break
            elif not stack:
                if _AFTER_ELEMENT.match(self.text, end):
                    return end
                break
        self.walked += end - self.at
        return None

    def next_record(self) -> bool:
        """Go to the next place where a whole record begins; False: to the end, there is none."""
        self.at += 1
        while True:
            for start in _START.finditer(self.text, self.at):
                if self.is_record(start.start()):
                    self.at = start.start()
                    return True
            if self.ended:
                self.at = len(self.text)
                return False
            self.at = max(self.at, len(self.text) - LOOKAHEAD)
            self.fill(_MOST)

    def is_record(self, start: int) -> bool:
        if self.vain > _MOST_VAIN:
            return False
        if _OPENING.match(self.text, start):
            self.in_list = False
            return True
        try:
            value, _ = _decoder.raw_decode(self.text, start)
        except (ValueError, RecursionError) as error:
            self.vain += error.pos - start if isinstance(error, json.JSONDecodeError) else LOOKAHEAD
            return False
        if isinstance(value.get("detail"), dict):
            value = value["detail"]
        return "CloudTrailEvent" in value or sum(sign in value for sign in _SIGNS) >= _FEWEST_SIGNS


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _mended(string: re.Match[str]) -> str:
    return _PIECE_OF_STRING.sub(_mended_piece, string.group())


def _mended_piece(found: re.Match[str]) -> str:
    piece = found.group()
    if len(piece) == 1:
        return f"\\u{ord(piece):04x}"
    return "\\ufffd" if len(piece) == 6 else piece


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return error.msg[:1].lower() + error.msg[1:] if isinstance(error, json.JSONDecodeError) else str(error)
