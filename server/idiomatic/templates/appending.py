"""Where in a whole file a template goes, if nobody points at a place: to its end."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from idiomatic.core.document import Document
from idiomatic.core.text import Edit, apply_edits
from idiomatic.templates.context import kind, places
from idiomatic.templates.insertion import forget, has_room_at, insertion
from idiomatic.templates.template import Place

if TYPE_CHECKING:
    from idiomatic.templates.context import Context
    from idiomatic.templates.template import Template


class UnfitError(Exception):
    """A template can't be added to a file, and why.

    Attributes:
        is_file: whether it is the content of the file, and not its name, that is in the way.
    """

    def __init__(self, message: str, *, is_file: bool = False) -> None:
        super().__init__(message)
        self.is_file = is_file


class _Gap(Struct, frozen=True):
    """Where something is added.

    Attributes:
        text: the file's, with blank lines where it is added.
        offset: between them.
    """

    text: str
    offset: int


def appended(template: Template, text: str, context: Context) -> str:
    """The text of a file with a template at its end; above the call of a main program, if it ends with one.

    Args:
        template: that is added.
        text: the file's; empty for a new one.
        context: what counts for the file.

    Raises:
        UnfitError: it can't be added.
    """
    at = kind(context.path)
    if places(Place.MODULE if at.is_python else at, context.path).isdisjoint(template.where):
        raise UnfitError(_elsewhere(template))
    if template.since > context.target:
        raise UnfitError(f"it needs Python {'.'.join(map(str, template.since))}")
    document = Document.parse(text)
    if at.is_python and (fault := document.fault) is not None:
        line = fault.line + 1
        raise UnfitError(f"line {line}: {fault.message}", is_file=True)
    gap = _gap(document) if at.is_python else _Gap(*_below(text, document.newline, 1, _entry(template, text)))
    document = Document.parse(gap.text)
    if not has_room_at(template, document, gap.offset, context):
        raise UnfitError("it has what the template would add", is_file=True)
    made = insertion(template, document, gap.offset, context)
    result = apply_edits(gap.text, [Edit(made.span, made.plain), *made.edits])
    forget()
    return result if result.endswith(("\n", "\r")) else result + document.newline


def _elsewhere(template: Template) -> str:
    names = {
        Place.TEST_MODULE: "test_*.py or *_test.py",
        Place.CONFTEST: "conftest.py",
        Place.PYPROJECT: "pyproject.toml",
        Place.PRE_COMMIT: ".pre-commit-config.yaml",
    }
    files = [names[place] for place in sorted(template.where) if place in names]
    if Place.MODULE in template.where:
        files.insert(0, "a Python file")
    if files:
        return f"it is for {' or '.join(files)}"
    around = " or ".join(sorted(template.where))
    return f"it stands in {'an' if around.startswith('a') else 'a'} {around}: an editor inserts it there"


def _entry(template: Template, text: str) -> str:
    """The indentation of an entry of a list, where a template is one."""
    entries = re.findall(r"^([ \t]*)- ", text, re.MULTILINE)
    return min(entries, key=len) if entries and template.code.startswith("- ") else ""


def _below(text: str, newline: str, blank: int, indentation: str = "") -> tuple[str, int]:
    head = text.rstrip()
    if not head.lstrip("\ufeff"):
        return head, len(head)
    head += newline * (blank + 1) + indentation
    return head + newline, len(head)


def _gap(document: Document) -> _Gap:
    newline = document.newline
    last = document.statements[-1] if document.statements else None
    if last is None or not _is_main(last.nodes):
        return _Gap(*_below(document.text, newline, 2))
    start = document.offset(last)
    start += len(last.text) - len(last.text.lstrip())
    head, offset = _below(document.text[:start], newline, 2)
    return _Gap(head + newline * 2 + document.text[start:], offset)


def _is_main(nodes: tuple[ast.stmt, ...]) -> bool:
    """Whether statements are `if __name__ == "__main__":`."""
    match nodes:
        case (ast.If(test=ast.Compare(left=ast.Name(id="__name__"))),):
            return True
        case _:
            return False
