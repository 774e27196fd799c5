"""Changes of a text, as they come from the wire with every keystroke."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import msgspec
from msgspec import Meta, Struct, field

from idiomatic.lsp.types import VersionedTextDocumentIdentifier


class ChangeError(ValueError):
    """What came is no change; the message says why."""


class _Position(TypedDict):
    line: Annotated[int, Meta(ge=0)]
    character: Annotated[int, Meta(ge=0)]


class _Range(TypedDict):
    start: _Position
    end: _Position


class Change(Struct, frozen=True):
    """One replacement.

    Attributes:
        text: what comes in.
        place: what it replaces; `None`: everything.
    """

    text: str
    place: _Range | None = field(default=None, name="range")


class Changes(Struct, frozen=True):
    """What the client did to a text.

    Attributes:
        document: which one, with the client's number of the result.
        changes: one after the other.
    """

    document: VersionedTextDocumentIdentifier = field(name="textDocument")
    changes: tuple[Change, ...] = field(name="contentChanges")


def read(params: Any) -> Changes:
    """The parameters of `textDocument/didChange`.

    Raises:
        ChangeError: they are something else.
    """
    try:
        return msgspec.convert(params, Changes)
    except msgspec.ValidationError as error:
        raise ChangeError(str(error)) from error


def all_of(changes: Any) -> tuple[Change, ...]:
    """Replacements, one after the other.

    Raises:
        ChangeError: they are something else.
    """
    try:
        return msgspec.convert(changes, tuple[Change, ...])
    except msgspec.ValidationError as error:
        raise ChangeError(str(error)) from error
