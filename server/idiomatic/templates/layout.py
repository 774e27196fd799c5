"""From code at the left margin to text at a place: indentation, and tab stops in LSP's snippet syntax."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from idiomatic.core.document import Document
    from idiomatic.core.text import Edit
    from idiomatic.templates.places import Site

_UNIT: Final = "    "
"""What templates indent with."""


def unit(document: Document) -> str:
    """What the document indents with."""
    text = re.sub(r"\r\n?", "\n", document.text)
    found = re.search(r"^[^\s#].*:[ \t]*(?:#.*)?\n([ \t]+)\S", text, flags=re.MULTILINE)
    return found[1] if found else _UNIT


def indented(code: str, indentation: str, own_unit: str) -> str:
    """The code at the indentation of the place, all lines but the first, in units of the document."""
    result: list[str] = []
    for number, line in enumerate(code.splitlines()):
        text = line.lstrip(" ")
        depth, rest = divmod(len(line) - len(text), len(_UNIT))
        own = own_unit * depth + " " * rest + text
        result.append(own if not number or not text else indentation + own)
    return "\n".join(result) + "\n"


def apart(document: Document, at: Site, edits: Iterable[Edit]) -> tuple[Sequence[Edit], str]:
    """The edits elsewhere, and as text what would have to be inserted right before the template."""
    line = at.span.start - document.position(at.span.start)[1]
    elsewhere: list[Edit] = []
    head: list[str] = []
    for edit in edits:
        if edit.span.end >= line and edit.span.start <= at.span.end:
            head.append(edit.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n"))
        else:
            elsewhere.append(edit)
    return elsewhere, "\n".join(head) + "\n\n\n" if head else ""


def snippet(text: str, stops: Iterable[re.Match[str]], order: Sequence[str]) -> str:
    """The text in LSP's snippet syntax: the words to fill in are tab stops, the cursor ends up behind it.

    Args:
        text: as it is inserted.
        stops: what is to be filled in; the same words are filled in together.
        order: the words in the order in which they are come to.
    """
    found = sorted(stops, key=lambda each: each.start())
    there = {stop[0] for stop in found}
    numbers = {word: number for number, word in enumerate((word for word in order if word in there), 1)}
    seen: set[str] = set()
    result: list[str] = []
    end = 0
    for stop in found:
        if stop.start() < end:
            continue
        result.append(escaped(text[end : stop.start()]))
        end, word = stop.end(), stop[0]
        if word in seen:
            # A digit after it would belong to the number.
            result.append(f"${{{numbers[word]}}}" if text[end : end + 1].isdigit() else f"${numbers[word]}")
        else:
            seen.add(word)
            result.append(f"${{{numbers[word]}:{escaped(word)}}}")
    return "".join([*result, escaped(text[end:]), "$0"])


def escaped(text: str) -> str:
    """A text that stands for itself in a snippet."""
    return re.sub(r"[\\$}]", lambda match: f"\\{match[0]}", text)
