"""A page of text for people: its width, its symbols, and lines that never run over it nor steer the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console, RenderableType
from rich.text import Text

from sqlgen.text import printable

DEFAULT_WIDTH = 120
MIN_WIDTH = 20
GAP = "  "

Part = tuple[str, str]
"""A piece of a line and its style (rich's style names; `""` for none)."""


@dataclass(frozen=True)
class Symbols:
    """The marks a page uses."""

    last: str
    tee: str
    bar: str
    here: str
    ellipsis: str
    ok: str
    failed: str


UNICODE = Symbols(last="└─ ", tee="├─ ", bar="│  ", here="◀ start", ellipsis="…", ok="✓", failed="✗")
ASCII = Symbols(last="`- ", tee="|- ", bar="|  ", here="<- start", ellipsis="...", ok="ok", failed="FAIL")


class Page:
    """Where lines go. Everything that comes from a row passes through `shown` before it is measured or styled."""

    def __init__(self, console: Console, symbols: Symbols, encoding: str) -> None:
        """Draw on `console` with `symbols`; text beyond `encoding` is written as escapes."""
        self.console = console
        self.width = console.width
        self.symbols = symbols
        self._encoding = encoding

    def shown(self, value: object) -> str:
        """Return `value` as one line that the terminal can show: no control characters, nothing outside its encoding."""
        text = "" if value is None else printable(str(value))
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def cut(self, text: str, cells: int) -> str:
        """Return `text` in at most `cells` cells, with an ellipsis where something is missing."""
        if cell_len(text) <= cells:
            return text
        mark = self.symbols.ellipsis[: max(cells, 0)]
        return set_cell_size(text, max(cells - cell_len(mark), 0)).rstrip() + mark

    def line(self, parts: Iterable[Part], *, first: str = "", rest: str = "", right: Part | None = None) -> None:
        """Print `parts` two blanks apart, going on below where they do not fit.

        Args:
            parts: pieces that went through `shown`; empty ones are left out.
            first: what the first line begins with.
            rest: what the others begin with.
            right: a piece for the right edge of the last line.
        """
        room = max(self.width - max(cell_len(first), cell_len(rest)), 1)
        line, empty = Text.assemble((first, "dim")), True
        for piece, style in [(chunk, style) for text, style in parts if text for chunk in chop_cells(text, room)]:
            if not empty and line.cell_len + len(GAP) + cell_len(piece) > self.width:
                self._print(line)
                line, empty = Text.assemble((rest, "dim")), True
            line.append("" if empty else GAP)
            line.append(piece, style)
            empty = False
        if right:
            mark = self.cut(right[0], self.width)
            if line.cell_len + len(GAP) + cell_len(mark) > self.width:
                self._print(line)
                line = Text("")
            line.append(" " * (self.width - line.cell_len - cell_len(mark)))
            line.append(mark, right[1])
        self._print(line)

    def long_line(self, text: str, style: str = "") -> None:
        """Print one line as long as it is: what people copy from."""
        self._print(Text(self.shown(text), style))

    def note(self, text: str, *, indent: int = 2, style: str = "") -> None:
        """Print a sentence, wrapped at words, `indent` blanks from the left (two more from its second line on)."""
        lines = Text(text, style).wrap(self.console, max(self.width - indent - 2, 1), overflow="fold")
        for number, line in enumerate(lines):
            line.rstrip()
            self._print(Text(" " * (indent if number == 0 else indent + 2)) + line)

    def entry(self, head: Part, text: str, *, indent: int) -> None:
        """Print a head and a text beside it, which begins `indent` cells from the left and goes on below there, wrapped at words."""
        lines = Text(text).wrap(self.console, max(self.width - indent, 1), overflow="fold")
        for number, line in enumerate(lines):
            line.rstrip()
            self._print(Text.assemble((head[0].ljust(indent) if number == 0 else " " * indent, head[1])) + line)

    def blank(self) -> None:
        """Print an empty line."""
        self._print(Text(""))

    def draw(self, renderable: RenderableType) -> None:
        """Print something of rich's, at most as wide as the page; its text must have gone through `shown`."""
        self._write(renderable, wrap=True)

    def _print(self, line: Text) -> None:
        if self.console.color_system is None:  # nothing to style, and rich is slow on many lines
            self.console.file.write(line.plain.rstrip() + "\n")
        else:
            self._write(line, wrap=False)

    def _write(self, renderable: RenderableType, *, wrap: bool) -> None:
        # captured, then written here: rich ends the process on a broken pipe, and pads the last column with blanks
        with self.console.capture() as captured:
            self.console.print(renderable, markup=False, highlight=False, emoji=False, soft_wrap=not wrap)
        for line in captured.get().removesuffix("\n").split("\n"):
            self.console.file.write(line.rstrip() + "\n")


def open_page(stream: TextIO, width: int | None, color: bool | None, unicode: bool | None) -> Page:
    """Return a page on `stream`; what is None is found out (see `sqlgen.output.write`)."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if unicode is None:
        unicode = _can_show(encoding, "".join(vars(UNICODE).values()))
    elif not unicode:
        encoding = "ascii"
    if color is None:
        color = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    console = Console(
        file=stream,
        width=max(width if width is not None else _width(stream), MIN_WIDTH),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        safe_box=True,
    )
    return Page(console, UNICODE if unicode else ASCII, encoding)


def _can_show(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _width(stream: TextIO) -> int:
    if stream.isatty():
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        if columns:
            return columns
    columns_set = os.environ.get("COLUMNS", "")
    return int(columns_set) if columns_set.isascii() and columns_set.isdigit() and int(columns_set) else DEFAULT_WIDTH


def widths(columns: Sequence[int], room: int, least: Sequence[int]) -> list[int]:
    """Return the widths of columns narrowed to `room` cells in all: the widest gives first, none falls under its `least`."""
    narrowed = list(columns)
    excess = sum(narrowed) - room
    while excess > 0:
        giving = [place for place, width in enumerate(narrowed) if width > least[place]]
        if not giving:
            break
        narrowed[max(giving, key=lambda place: narrowed[place])] -= 1
        excess -= 1
    return narrowed
