"""What the user has already and a template would define again: a logger, a base class, the thing it is about."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from idiomatic.core.module import Module
from idiomatic.templates.reading import defined
from idiomatic.templates.type_parameters import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from idiomatic.core.document import Document
    from idiomatic.templates.template import Needed, Reusable

_CALL: Final = "call of "
_BASE: Final = "class with the base "
_NAMED: Final = "something named "


def same(reusable: Reusable, document: Document, offset: int, needs: Mapping[str, Needed]) -> str | None:
    """What the user calls something that can stand in for a definition of a template; `None` if there is nothing.

    Args:
        reusable: what the template defines.
        document: the user's module.
        offset: in the module, below which nothing counts.
        needs: what the template imports, by name.
    """
    wanted = _wanted(reusable, tuple(needs.values()))
    imported = {binding.qualified for binding in document.fact(Module).bound.get(reusable.name, ())}
    if imported and None not in imported:
        return reusable.name
    found = [name for start, name in document.fact(_by_kind).get(wanted or "", ()) if start < offset]
    return reusable.name if reusable.name in found else next(iter(found), None)


@lru_cache(maxsize=512)
def _wanted(reusable: Reusable, needs: tuple[Needed, ...]) -> str | None:
    qualified = {need.name: need.qualified for need in needs}
    # Mixins come first; the last base is what makes a class what it is.
    return next(reversed(_kinds(parsed(reusable.code).body[0], qualified.get)), None)


def _by_kind(document: Document) -> Mapping[str, Sequence[tuple[int, str]]]:
    """What a module defines, each with its place, by what it is recognised by."""
    module = document.fact(Module)
    found: dict[str, list[tuple[int, str]]] = {}
    for statement in document.statements:
        for node in statement.nodes:
            if isinstance(node, (ast.Assign, ast.AnnAssign, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                for kind in _kinds(node, lambda name: _qualified(module, name)):
                    places = ((document.offset(statement), name) for name in defined(node))
                    found.setdefault(kind, []).extend(places)
    return found


def without(code: str, name: str) -> str:
    """The code without a definition, and the comments right above it."""
    lines = code.splitlines(keepends=True)
    for node in parsed(code).body:
        if name in defined(node):
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 2
            while first and lines[first - 1].startswith("#"):
                first -= 1
            del lines[first : (node.end_lineno or node.lineno) - 1]
            break
    return re.sub(r"\n{4,}", "\n\n\n", "".join(lines)).strip("\n") + "\n"


def _kinds(node: ast.AST, qualified: Callable[[str], str | None]) -> Sequence[str]:
    """By what a definition is recognised, whatever its name is."""
    match node:
        case ast.Assign(value=ast.Call(func=function)) | ast.AnnAssign(value=ast.Call(func=function)):
            name = _dotted(function, qualified)
            return [] if name is None else [f"{_CALL}{name}"]
        case ast.ClassDef(name=name, bases=[ast.Name(id="Exception"), *_]) if name.endswith("Error"):
            return [f"{_BASE}Exception"]
        case ast.ClassDef(name=name, bases=bases):
            library = [found for base in bases if (found := _dotted(base, qualified)) is not None]
            return [f"{_BASE}{each}" for each in library] or [f"{_NAMED}{name}"]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [f"{_NAMED}{name}"]
        case _:
            names = defined(node) if isinstance(node, ast.stmt) else []
            return [f"{_NAMED}{names[0]}"] if names else []


def _dotted(node: ast.expr, qualified: Callable[[str], str | None]) -> str | None:
    """The full name of what an expression means, if that is imported."""
    match node:
        case ast.Name(id=name):
            return qualified(name)
        case ast.Attribute(value=value, attr=attribute):
            inner = _dotted(value, qualified)
            return inner and f"{inner}.{attribute}"
        case ast.Subscript(value=value):
            return _dotted(value, qualified)
        case _:
            return None


def _qualified(module: Module, name: str) -> str | None:
    bound = module.bound.get(name, ())
    return bound[0].qualified if bound else None
