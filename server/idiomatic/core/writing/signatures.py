"""The first lines of a new function, broken as formatters do it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.module import bindings, has_future_annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft

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


def parameters_without_self(method: Function, code: Analysis) -> Iterator[str]:
    """The parameters of a method but for the first, stars and slashes included."""
    declared = method.args
    positional = [*declared.posonlyargs, *declared.args]
    defaults = [None] * (len(positional) - len(declared.defaults)) + [*declared.defaults]
    for index, (each, default) in enumerate(zip(positional, defaults, strict=True)):
        if index:
            yield parameter(each, default, code)
        if index and index + 1 == len(declared.posonlyargs):
            yield "/"
    if declared.vararg is not None:
        yield f"*{parameter(declared.vararg, None, code)}"
    elif declared.kwonlyargs:
        yield "*"
    for each, default in zip(declared.kwonlyargs, declared.kw_defaults, strict=True):
        yield parameter(each, default, code)
    if declared.kwarg is not None:
        yield f"**{parameter(declared.kwarg, None, code)}"


def on_one_line(node: ast.expr, code: Analysis) -> str:
    """The source of an expression, written anew if it has several lines."""
    source = code.source(node)
    return source if len(source.splitlines()) == 1 else ast.unparse(node)


def are_annotations_lazy(code: Analysis) -> bool:
    """Whether annotations are not evaluated when a function is defined."""
    return code.target >= (3, 14) or code.ask(has_future_annotations)


def generic(name: str, at: ast.AST, draft: Draft) -> str:
    """How to write `Iterator` or another generic of `collections.abc` in an annotation."""
    code = draft.code
    bound = code.ask(bindings, name)
    if {each.qualified for each in bound} & {f"collections.abc.{name}", f"typing.{name}"} and len(bound) == 1:
        (only,) = bound
        if are_annotations_lazy(code) or not only.type_checking:
            return name
    return draft.reference(f"{'collections.abc' if code.target >= (3, 9) else 'typing'}.{name}", at)
