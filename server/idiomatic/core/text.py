r"""Offsets, lines and columns: the one place that converts between the ways of counting characters.

Three conventions meet here:

- **offsets** count code points from the start of a text; all spans in `idiomatic.core` are offsets;
- **`ast` columns** count UTF-8 bytes from the start of a line, and its lines count from 1;
- **LSP positions** count lines from 0 and columns in UTF-16 units (or UTF-8 bytes, or code points, as negotiated).

A line ends with `\n`, `\r\n` or `\r` and with nothing else: form feeds, U+2028 and the like are characters of a
line ([Python's lexical analysis](https://docs.python.org/3/reference/lexical_analysis.html#physical-lines)).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from idiomatic.core.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

BOM = "\ufeff"

_LINE_END = re.compile(r"\r\n|\r|\n")


class Span(Struct, frozen=True, order=True):
    """A half-open range of code-point offsets."""

    start: int
    end: int

    def shifted(self, by: int) -> Self:
        """The same range `by` code points further on."""
        return type(self)(self.start + by, self.end + by)

    def overlaps(self, other: Span) -> bool:
        """Whether the ranges share a character, or one is empty and lies strictly inside the other."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly inside."""
        return self.start <= other.start and other.end <= self.end


class Edit(Struct, frozen=True):
    """Replace the characters of `span` with `text`."""

    span: Span
    text: str

    def shifted(self, by: int) -> Self:
        """The same edit `by` code points further on."""
        return type(self)(self.span.shifted(by), self.text)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` made at once.

    Args:
        text: what the spans of `edits` refer to.
        edits: in any order; several insertions at one offset are made in the order given.

    Raises:
        ValueError: two edits overlap, or one lies outside the text.
    """
    pieces: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        if edit.span.start < done or not edit.span.start <= edit.span.end <= len(text):
            msg = f"edit {edit.span} overlaps another one or lies outside the text"
            raise ValueError(msg)
        pieces += text[done : edit.span.start], edit.text
        done = edit.span.end
    return "".join([*pieces, text[done:]])


class Lines:
    """The lines of a text, for conversions between offsets and (line, column) pairs, all counted from 0."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if "\r" in text:
            self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        else:
            # Several times as fast, and it happens at each keystroke.
            lengths = map(len, text.split("\n"))
            self.starts = list(accumulate(map((1).__add__, lengths), initial=0))[:-1]

    def __len__(self) -> int:
        return len(self.starts)

    def line_span(self, line: int) -> Span:
        """The range of a line, its line ending included."""
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text)
        return Span(self.starts[line], end)

    def line(self, line: int) -> str:
        """The text of a line, without its line ending."""
        span = self.line_span(line)
        return self.text[span.start : span.end].rstrip("\r\n")

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (code points) of an offset."""
        line = bisect_right(self.starts, offset) - 1
        return line, offset - self.starts[line]

    def offset(self, line: int, column: int, unit: Unit = Unit.UTF32) -> int:
        """The offset of a position; one past the end of its line or of the text is taken as that end."""
        if line < 0:
            return 0
        if line >= len(self.starts):
            return len(self.text)
        return self.starts[line] + unit.prefix(self.line(line), column)

    def byte_offset(self, line: int, column: int) -> int:
        """The offset of an `ast` position whose line was already made to count from 0."""
        start = self.starts[line]
        head = self.text[start : start + column]
        if head.isascii():
            return start + column
        return start + Unit.UTF8.prefix(self.line(line), column)


def newline_of(text: str, default: str = "\n") -> str:
    """The line ending a text uses first, `default` if it has none."""
    match = _LINE_END.search(text)
    return match.group() if match else default
