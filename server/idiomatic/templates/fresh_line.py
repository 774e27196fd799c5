"""Where a template goes if the cursor stands on a line that is not empty: on a new line below it.

Below the whole statement, or as the first one of a block if the cursor is on the block's head.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from msgspec import Struct

from idiomatic.core.text import Span
from idiomatic.templates.layout import unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.document import Document, Statement


class FreshLine(Struct, frozen=True):
    """A document with a new line.

    Attributes:
        document: it.
        span: what is new in it, the line end included.
        offset: where a statement can begin on the new line.
    """

    document: Document
    span: Span
    offset: int

    def before(self, span: Span) -> Span:
        """A span of the document, in the one without the new line."""
        length = self.span.end - self.span.start
        return Span(
            *(
                each if each <= self.span.start else max(self.span.start, each - length)
                for each in (span.start, span.end)
            )
        )


def fresh_line(document: Document, offset: int) -> FreshLine:
    """The document with a new line for a statement, below what stands at an offset."""
    below, indentation = _below(document, offset)
    lines = document.lines
    number = lines.position(below)[0]
    newline = document.newline
    if number + 1 < len(lines):
        start = lines.starts[number + 1]
        return FreshLine(
            document.edit(Span(start, start), indentation + newline),
            Span(start, start + len(indentation + newline)),
            start + len(indentation),
        )
    end = len(document)
    text = newline + indentation
    return FreshLine(document.edit(Span(end, end), text), Span(end, end + len(text)), end + len(text))


def _below(document: Document, offset: int) -> tuple[int, str]:
    """An offset on the line below which is room, and the indentation there."""
    lines = document.lines
    number = lines.position(offset)[0]
    line = lines.line(number)
    indentation = _indentation(line)
    first, last = lines.starts[number] + len(indentation), lines.starts[number] + len(line)
    around = [
        (place, node, statement)
        for statement, node in _statements(document, Span(first, last))
        if (place := _place(document, statement, node)).start <= last
        and place.end >= first
        # What stands behind something else, such as `if x:`, is no place of its own.
        and place.start == _line_start(document, place.start)
    ]
    if not around:
        opens = line.rstrip().endswith(":") and not line.lstrip().startswith("#")
        return last, indentation + document.fact(unit) if opens else indentation
    place, node, statement = max(around, key=lambda each: (each[0].start, -each[0].end))
    start = lines.position(place.start)[0]
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        inner = _place(document, statement, body[0])
        inside = lines.position(inner.start)[0]
        if inside > start and inner.start == _line_start(document, inner.start):
            if _is_docstring(node, body[0]):
                return inner.end, _indentation(lines.line(inside))
            head = inside - 1
            while head > start and lines.line(head).lstrip().startswith(("#", "\r", "\n")):
                head -= 1  # comments above the first statement stay above it
            return lines.starts[head], _indentation(lines.line(inside))
    return place.end, _indentation(lines.line(start))


def _statements(document: Document, span: Span) -> Iterator[tuple[Statement, ast.stmt]]:
    for statement in document.between(span):
        for root in statement.nodes:
            for node in ast.walk(root):
                if isinstance(node, ast.stmt):
                    yield statement, node


def _line_start(document: Document, offset: int) -> int:
    """The offset of the first character of a line that is no white space."""
    number = document.lines.position(offset)[0]
    return document.lines.starts[number] + len(_indentation(document.lines.line(number)))


def _place(document: Document, statement: Statement, node: ast.stmt) -> Span:
    """Where a statement stands, its decorators included."""
    place = document.place(statement, statement.span(node))
    if decorators := getattr(node, "decorator_list", None):
        # A decorator's `@` is no node.
        first = document.place(statement, statement.span(decorators[0])).start
        return Span(_line_start(document, first), place.end)
    return place


def _is_docstring(node: ast.stmt, first: ast.stmt) -> bool:
    has_one = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return has_one and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t\f"))]
