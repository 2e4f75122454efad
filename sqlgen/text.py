"""Text that somebody else wrote, made safe for a terminal."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_PRESENTATION = "\ufe0f"
_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Return `text` in one line with everything that steers a terminal or hides text written as `\xNN`, `\uNNNN` or `\UNNNNNNNN`.

    Escaped are control characters (C0, DEL, C1), format characters (bidirectional overrides and isolates, zero-width ones,
    tags), line and paragraph separators, and lone surrogates. A zero-width joiner between two emoji, and ordinary text in any
    script, stay as they are. Unicode's general categories (UAX #44) decide: Cc, Cf, Cs, Zl, Zp.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(character)
        if unicodedata.category(character) in _ESCAPED_CATEGORIES and not _joins_emoji(text, position)
        else character
        for position, character in enumerate(text)
    )


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _joins_emoji(text: str, position: int) -> bool:
    """Say whether the character is the joiner inside one emoji (👩‍💻): between two symbols."""
    if text[position] != _JOINER:
        return False
    before = (
        text[:position].rstrip(_PRESENTATION)[-1:]
        if position < 64
        else text[position - 64 : position].rstrip(_PRESENTATION)[-1:]
    )
    return _is_symbol(before) and _is_symbol(text[position + 1 : position + 2])


def _is_symbol(character: str) -> bool:
    # Sk: the five skin tones; So: the pictures, the signs of the sexes
    return bool(character) and unicodedata.category(character) in {"So", "Sk"}
