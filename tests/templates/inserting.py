"""How the tests insert templates: `|` in a text is the cursor."""

from __future__ import annotations

from idiomatic.core.document import Document
from idiomatic.core.text import Edit, apply_edits
from idiomatic.templates.catalogue import load
from idiomatic.templates.insertion import Insertion, fitting, insertion

Version = tuple[int, int]


def offered(marked: str, target: Version = (3, 13)) -> list[str]:
    """The names of the templates that fit at the cursor."""
    text, offset = marked.replace("|", ""), marked.index("|")
    return [template.name for template in fitting(Document.parse(text), offset, target)]


def made(name: str, marked: str, target: Version = (3, 13)) -> tuple[Insertion, str]:
    """The insertion of a template at the cursor, and the whole text after it."""
    text, offset = marked.replace("|", ""), marked.index("|")
    found = insertion(load()[name], Document.parse(text), offset, target)
    return found, apply_edits(text, [Edit(found.span, found.plain), *found.edits])


def inserted(name: str, marked: str, target: Version = (3, 13)) -> str:
    """The whole text after a template was inserted at the cursor."""
    return made(name, marked, target)[1]
