"""Where in a file that is not Python is the user, and may a template stand there?"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from idiomatic.core.text import Span
from idiomatic.templates.places import Site
from idiomatic.templates.template import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.document import Document
    from idiomatic.templates.template import Template

_LINE: Final = re.compile(r"([ \t]*)([\w-]*)")
# What follows would belong to the new table, if it is no table of its own.
_ENDS: Final = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?[\r\n]+)*[ \t]*(?:\[|#[^\r\n]*\Z|\Z)")
_KEY: Final = re.compile(r"^([\w-]+)[ \t]*:", re.MULTILINE)
_HEADER: Final = re.compile(r"\[\[?[^\[\]\n]+\]\]?[ \t]*(?:#.*)?")


def text_site(document: Document, offset: int, place: Place) -> Site | None:
    """Where an offset is in a configuration file, if a table or an entry can begin there.

    Args:
        document: as it is, the typed prefix included.
        offset: of the cursor.
        place: which file it is.
    """
    text, lines = document.text, document.lines
    line, _ = lines.position(offset)
    start = lines.starts[line]
    end = start + len(lines.line(line))
    typed = _LINE.fullmatch(text[start:offset].lstrip("\ufeff"))
    if typed is None or text[offset:end].strip():
        return None
    indentation, word = typed.groups()
    if indentation and place is Place.PYPROJECT:
        return None
    span = Span(offset - len(word), offset)
    if place is Place.PYPROJECT and not (_is_outside(text[: span.start]) and _ENDS.match(text, end)):
        return None
    return Site(place, span, indentation, frozenset(), 0)


def _is_outside(head: str) -> bool:
    """Whether a new table can begin after a text: no string or list is open."""
    try:
        tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        # A fault further up is somebody else's; what is not closed is noticed at the end only.
        return "end of document" not in str(error)
    return True


def has_room(template: Template, document: Document, at: Site) -> bool:
    """Whether a file lacks what a template would add: no table, or no key of its top level, is there twice then."""
    before, after = document.text[: at.span.start], document.text[at.span.end :]
    if at.place is not Place.PYPROJECT:
        return set(_KEY.findall(template.code)).isdisjoint(_KEY.findall(f"{before}\n{after}"))
    if not set(_tables(template.code)).isdisjoint(_tables(before + after)):
        return False
    # Tables have other spellings: `tool.ruff.line-length = 88`.
    return not _is_toml(before + after) or _is_toml(f"{before}{template.code}\n{after}")


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _tables(text: str) -> Iterator[str]:
    """The headers of the tables in a text, without the `[[tables]]` of which there may be several."""
    for line in text.splitlines():
        if _HEADER.fullmatch(line.strip()) and not line.strip().startswith("[["):
            yield re.sub(r"\s|\"|'|#.*", "", line)
