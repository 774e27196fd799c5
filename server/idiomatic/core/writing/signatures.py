"""The first lines of a new function, broken as formatters do it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idiomatic.core.analysis.code import Analysis

_WIDE: Final = 88


def signature(head: str, parameters: Iterable[str], returns: str, indent: str = "    ") -> str:
    """`async def name(a, b) -> Type:`, on as many lines as it needs.

    Args:
        head: `async def name`.
        parameters: as they are written, stars and slashes included.
        returns: the annotation of the result, empty if there is none.
        indent: what a level is indented by.
    """
    listed = list(parameters)
    end = f") -> {returns}:" if returns else "):"
    joined = ", ".join(listed)
    line = f"{head}({joined}{end}"
    if len(line) <= _WIDE or not listed:
        return line
    if len(indent.expandtabs(4)) + len(joined) <= _WIDE:
        return f"{head}(\n{indent}{joined}\n{end}"
    return "\n".join([f"{head}(", *(f"{indent}{each}," for each in listed), end])


def parameter(argument: ast.arg, default: ast.expr | None, code: Analysis) -> str:
    """A parameter with annotation and default, as the user wrote them."""
    annotation = f": {on_one_line(argument.annotation, code)}" if argument.annotation is not None else ""
    if default is None:
        return f"{argument.arg}{annotation}"
    equals = " = " if annotation else "="
    return f"{argument.arg}{annotation}{equals}{on_one_line(default, code)}"


def on_one_line(node: ast.expr, code: Analysis) -> str:
    """The source of an expression, written anew if it has several lines."""
    source = code.source(node)
    return source if len(source.splitlines()) == 1 else ast.unparse(node)
