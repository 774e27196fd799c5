"""Between the offsets of a document and the positions of a client.

Lines are counted by statement: after an edit only the touched statements are looked at again, however long the file is.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from idiomatic.core.text import Span

if TYPE_CHECKING:
    from idiomatic.core.document import Document
    from idiomatic.core.text import Edit
    from idiomatic.core.unit import Unit
    from idiomatic.lsp import types


class PositionError(ValueError):
    """A range that can't be meant; the message says why."""


class Positions:
    """The positions of one version of a document.

    Attributes:
        document: that version.
        unit: what the client counts columns in.
    """

    def __init__(self, document: Document, unit: Unit) -> None:
        self.document = document
        self.unit = unit
        self._offsets = [0, *document.ends]
        self._lines = document.rows

    @property
    def _last_line(self) -> int:
        return self._lines[-1]

    def position(self, offset: int) -> types.Position:
        """The position of an offset; one past the end is the end."""
        if not self.document.leaves:
            return {"line": 0, "character": 0}
        index, local = self.document.within_leaf(offset)
        statement = self.document.leaves[index]
        line, column = statement.lines.position(local)
        before = statement.text[local - column : local]
        return {"line": self._lines[index] + line, "character": self.unit.width(before)}

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return {"start": self.position(span.start), "end": self.position(span.end)}

    def offset(self, position: types.Position) -> int:
        """The offset of a position; a column past the end of its line is that end, a line past the last one the end."""
        statements = self.document.leaves
        line = position["line"]
        index = bisect_right(self._lines, line) - 1
        if index >= len(statements):
            # The last line, if nothing stands behind the last line ending, or one that does not exist.
            if line > self._last_line or not statements or statements[-1].text.endswith(("\n", "\r")):
                return self._offsets[-1]
            index = len(statements) - 1
        statement = statements[index]
        return self._offsets[index] + statement.lines.offset(
            line - self._lines[index], position["character"], self.unit
        )

    def span(self, place: types.Range) -> Span:
        """The span of a range of the client's.

        Raises:
            PositionError: it begins behind the last line, or ends before it begins.
        """
        first = place["start"]["line"]
        if first > self._last_line:
            raise PositionError(f"line {first} of a text whose last line is {self._last_line}")
        span = Span(self.offset(place["start"]), self.offset(place["end"]))
        if span.end < span.start:
            raise PositionError(f"the range {place} ends before it begins")
        return span

    def has(self, span: Span) -> bool:
        """Whether a span is in what the client asks about, which may be one cell of a notebook."""
        return True

    def is_behind(self, offset: int) -> bool:
        """Whether an offset is on a line below the client's last one, as there is one in each cell of a notebook."""
        return False

    def edit(self, edit: Edit) -> types.TextEdit:
        """An edit of the document, for the client."""
        return {"range": self.range(edit.span), "newText": edit.text}
