"""In what the columns of a text can be counted; `idiomatic.core.text` has what is done with it.

A file of its own, because a server and its client agree on it before anything else is loaded.
"""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """How a client counts columns: the values are LSP's `PositionEncodingKind`."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"

    def width(self, text: str) -> int:
        """The number of these units in `text`."""
        if self is Unit.UTF32 or text.isascii():
            return len(text)
        if self is Unit.UTF8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    def prefix(self, text: str, units: int) -> int:
        """How many code points of `text` lie before column `units`; past the end means the end.

        A column in the middle of a character counts as the column before that character.
        """
        if self is Unit.UTF32 or text.isascii():
            return max(0, min(units, len(text)))
        seen = 0
        for index, character in enumerate(text):
            seen += self.width(character)
            if seen > units:
                return index
        return len(text)
