"""Makes one docstring of those of a class and of its constructor."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.draft import DraftError
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis


def joined_docstring(
    class_: ast.ClassDef, function: ast.FunctionDef, first: cst.BaseStatement, code: Analysis
) -> cst.BaseStatement | None:
    """The docstring of a class with the constructor's; `None` if there is nothing to change.

    Args:
        class_: the class.
        function: its constructor.
        first: the first statement of the class body.
        code: the analysis.

    Raises:
        DraftError: they can't be joined.
    """
    text = ast.get_docstring(function)
    if text is None or _SAYS_NOTHING.match(text):
        return None
    made = _moved(function, code)
    if ast.get_docstring(class_) is not None:
        made = _merged(with_line_feeds(code.source(class_.body[0])), made, indentation(function, code))
    if "\r\n" in code.statement.text:
        made = made.replace("\n", "\r\n")
    line = cst.parse_statement(made)
    if not isinstance(line, cst.SimpleStatementLine):
        raise DraftError("The docstrings of the class and of its constructor can't be joined.")
    if ast.get_docstring(class_) is not None and isinstance(first, cst.SimpleStatementLine):
        return first.with_changes(body=line.body)
    return line


def docstring_line(function: ast.FunctionDef, code: Analysis) -> cst.SimpleStatementLine:
    """The docstring of a method, as a statement where the method stands."""
    made = _moved(function, code)
    if "\r\n" in code.statement.text:
        made = made.replace("\n", "\r\n")
    return cst.ensure_type(cst.parse_statement(made), cst.SimpleStatementLine)


def _moved(function: ast.FunctionDef, code: Analysis) -> str:
    """The source of a method's docstring, indented like the method."""
    inner = function.body[0]
    old, new = indentation(inner, code), indentation(function, code)
    return re.sub(rf"(?<=\n){re.escape(old)}", new, with_line_feeds(code.source(inner)))


_SAYS_NOTHING: Final = regex(
    r"(?:initiali[sz]\w*|init|constructor?|constructs?|creates?|set up|instantiates?|make|build)\b[^\n]{0,60}$",
    re.IGNORECASE,
)
_TRIPLE: Final = regex(r"([rRuU]?)(\"\"\"|''')(.*)\2$", re.DOTALL)


def indentation(statement: ast.stmt, code: Analysis) -> str:
    """The white space at the start of the line of a statement."""
    line = code.statement.lines.line(code.statement.line(statement))
    return line[: len(line) - len(line.lstrip(" \t"))]


def with_line_feeds(text: str) -> str:
    """A text whose lines end with line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _merged(outer: str, inner: str, indent: str) -> str:
    """One docstring out of two."""
    first, second = _TRIPLE.match(outer), _TRIPLE.match(inner)
    if first is None or second is None or first[1].lower() != second[1].lower() or first[2] != second[2]:
        raise DraftError("The docstrings of the class and of its constructor can't be joined.")
    ours, theirs = first[3].strip(), second[3].strip()
    # What both say is said once.
    above = "" if theirs.startswith(ours) else f"{first[3].rstrip()}\n\n{indent}"
    text = f"{above}{theirs}\n{indent}"
    return f"{first[1]}{first[2]}{text}{first[2]}"
