"""Changes of a text, as they come from the wire.

The message that is sent at every keystroke is read by hand: with its types it would take longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idiomatic.lsp.types import Position, Range


class ChangeError(ValueError):
    """What came is no change; the message says why."""


class Change(Struct, frozen=True):
    """One replacement.

    Attributes:
        place: what is replaced; `None`: everything.
        text: by what.
    """

    place: Range | None
    text: str


class Changes(Struct, frozen=True):
    """What the client did to a text.

    Attributes:
        uri: which one.
        version: the client's number of the result.
        changes: one after the other.
    """

    uri: str
    version: int
    changes: tuple[Change, ...]


def read(params: Any) -> Changes:
    """The parameters of `textDocument/didChange`.

    Raises:
        ChangeError: they are something else.
    """
    match params:
        case {"textDocument": {"uri": str(uri), "version": int(version)}, "contentChanges": list(changes)}:
            return Changes(uri, version, all_of(changes))
        case _:
            raise ChangeError("expected a versioned document and a list of changes")


def all_of(changes: Iterable[Any]) -> tuple[Change, ...]:
    """Replacements, one after the other.

    Raises:
        ChangeError: one of them is something else.
    """
    return tuple(_change(change) for change in changes)


def _change(change: Any) -> Change:
    match change:
        case {"range": {"start": start, "end": end}, "text": str(text)}:
            return Change({"start": _position(start), "end": _position(end)}, text)
        case {"range": None, "text": str(text)}:
            return Change(None, text)
        case {"text": str(text)} if "range" not in change:
            return Change(None, text)
        case _:
            raise ChangeError("expected a change with a range and a text")


def _position(position: Any) -> Position:
    match position:
        case {"line": int(line), "character": int(character)} if line >= 0 and character >= 0:
            return {"line": line, "character": character}
        case _:
            raise ChangeError("expected a position that counts from 0")
