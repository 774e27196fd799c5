"""New variables of a module: where they go."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.scopes import BindingKind, scopes
from idiomatic.core.imports import top
from idiomatic.core.lazy import regex
from idiomatic.core.text import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.document import Document
    from idiomatic.core.statement import Statement

_BLANK: Final = regex(r"[ \t\f]*(?:\r\n|\r|\n)")
_DEFINITION: Final = regex(r"@|(?:async +)?def |class ")
_BLANKS: Final = regex(rf"(?:{_BLANK.pattern})*")


def new_constants(document: Document, before: Statement, assignments: Sequence[str]) -> Edit:
    """The edit that assigns new variables below the imports, in any case above a statement.

    Args:
        document: which gets them.
        before: the statement that uses them.
        assignments: a line each; one of several lines is a definition, apart from the others by blank lines.
    """
    at = _below_imports(document, before)
    newline, text = document.newline, document.text
    lines = [each for each in assignments if "\n" not in each]
    definitions = [each.strip("\n") for each in assignments if "\n" in each]
    apart = "\n\n\n".join(["\n".join(lines), *definitions] if lines else definitions)
    block = f"{apart}\n".replace("\n", newline)
    around, start = document.around(before)
    blank = _BLANKS.match(text, start + top(around) if at is None else at)
    present = len(_BLANK.findall(blank.group())) if blank else 0
    if at is None:
        at = start + top(around)
        wanted = 2 if definitions or _is_definition(around.statements[0]) else 1
        return Edit(Span(at, at), block + newline * max(0, wanted - present))
    if definitions:
        above = newline * (1 if lines or not _DEFINITION.match(definitions[0]) else 2)
        below = newline * max(0, 2 - present) if text[at:].strip() else ""
        lead = "" if text[:at].endswith(("\n", "\r")) else newline
        return Edit(Span(at, at), lead + above + block + below)
    if not text[:at].endswith(("\n", "\r")):
        block = newline + block
    # A block of their own between the imports and what follows.
    follows = _BLANK.match(text, at) or not text[at:].strip()
    return Edit(Span(at, at), newline + block + ("" if follows else newline))


def _below_imports(document: Document, before: Statement) -> int | None:
    """The end of the last statement that imports, or of the docstring; `None` if there is none."""
    found: int | None = None
    for index, statement in enumerate(document.statements):
        if statement == before:
            break
        if _is_docstring(statement, index) or _imports(statement):
            found = document.offset(statement) + len(statement.text)
    return found


def _imports(statement: Statement) -> bool:
    return "import" in statement.text and any(
        binding.kind is BindingKind.IMPORT
        for bound in statement.fact(scopes).by_node[None].bindings.values()
        for binding in bound
    )


def _is_docstring(statement: Statement, index: int) -> bool:
    match statement.nodes:
        case (ast.Expr(value=ast.Constant(value=str())),) if index == 0:
            return True
        case _:
            return False


def _is_definition(statement: Statement) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in statement.nodes)
