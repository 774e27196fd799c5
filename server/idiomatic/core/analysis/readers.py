"""Where does a module read one of its variables: in which function, and to call it?"""

from __future__ import annotations

import ast
from enum import StrEnum, auto
from typing import TYPE_CHECKING

from msgspec import Struct

from idiomatic.core.analysis.scopes import scopes
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.module import about

if TYPE_CHECKING:
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


class Place(StrEnum):
    """In what code a variable is read."""

    FUNCTION = auto()
    """In a function of the module, or in one inside it."""
    METHOD = auto()
    """In a method of a class, or in a function inside it."""
    MODULE = auto()
    """In code that runs when the module is imported."""


class Reader(Struct, frozen=True):
    """One place where a variable of the module is read.

    Attributes:
        place: in what code.
        function: the name of the function or method, empty at module level.
        is_called: whether what is read is called there.
    """

    place: Place
    function: str
    is_called: bool


@about(lambda name: (name,))
def readers(module: Module, name: str) -> tuple[Reader, ...]:
    """Question: where the module reads a variable of its own; also where it writes it in a function (`global`)."""
    return tuple(
        reader
        for statement in module.mentioning(name)
        for part in statement.parts
        for reader in part.fact(_readers).get(name, ())
    )


def _readers(statement: Statement) -> dict[str, list[Reader]]:
    index, found = statement.fact(tree), dict[str, list[Reader]]()
    for node in index.of(ast.Name):
        scope = statement.fact(scopes).at(node)
        owner = scope.lookup(node.id)
        is_own_binding = not isinstance(node.ctx, ast.Load) and scope.parent is None
        if owner is None or owner.parent is not None or is_own_binding:
            continue
        call = index.parents.get(node)
        is_called = isinstance(call, ast.Call) and call.func is node
        place, function = _place(statement, node)
        found.setdefault(node.id, []).append(Reader(place, function, is_called))
    return found


def _place(statement: Statement, node: ast.AST) -> tuple[Place, str]:
    """In which function a node runs, the outermost one."""
    scope, chain = statement.fact(scopes).at(node), list[ast.AST]()
    while scope.parent is not None:
        if isinstance(scope.node, (*FUNCTIONS, ast.ClassDef)):
            chain.append(scope.node)
        scope = scope.parent
    functions = [each for each in chain if isinstance(each, FUNCTIONS)]
    if not functions:
        return Place.MODULE, ""
    is_method = isinstance(chain[-1], ast.ClassDef)
    return (Place.METHOD if is_method else Place.FUNCTION), functions[-1].name
