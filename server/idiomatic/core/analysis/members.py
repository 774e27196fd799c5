"""How does a module use a member of a class: is it called, read, overridden, named in a string?"""

from __future__ import annotations

import ast
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.scopes import scopes
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.lazy import regex
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.tree import Function, Tree
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


class How(StrEnum):
    """What is done with a member."""

    CALLED = auto()
    """`x.name()`, with nothing between the parentheses."""
    CALLED_WITH = auto()
    """`x.name(...)`, with arguments or a comment."""
    USED = auto()
    """`x.name` in any other way: read, assigned, deleted, patched."""
    DEFINED = auto()
    """A class has a member of that name: a function, a variable, an attribute that its methods set."""
    NAMED = auto()
    """The name is a string: for `getattr`, `patch.object`, a mock."""


class MemberUse(Struct, frozen=True):
    """One thing that is done with a member of some object.

    Attributes:
        how: what.
        of: the source of the object.
        owner: the class of the object as far as the statement shows it, or the one that defines the member.
    """

    how: How
    of: str
    owner: str | None


@about(lambda name: (name,))
def member_uses(module: Module, name: str) -> tuple[MemberUse, ...]:
    """Question: all that is done in the module with members of a name, of whatever object."""
    return tuple(
        use
        for statement in module.mentioning(name)
        for part in statement.parts
        for use in part.fact(_uses).get(name, ())
    )


_EMPTY: Final = regex(r"\s*\(\s*\)")


def is_called_plainly(call: ast.Call, statement: Statement) -> bool:
    """Whether nothing stands between the parentheses of a call."""
    between = statement.text[statement.span(call.func).end : statement.span(call).end]
    return not call.args and not call.keywords and _EMPTY.fullmatch(between) is not None


def _uses(statement: Statement) -> dict[str, list[MemberUse]]:
    index = statement.fact(tree)
    found: dict[str, list[MemberUse]] = {}
    for node in index.of(ast.Attribute):
        use = MemberUse(_how(node, index, statement), statement.source(node.value), class_of(node.value, statement))
        found.setdefault(node.attr, []).append(use)
    for constant in index.of(ast.Constant):
        if isinstance(constant.value, str) and constant.value.rpartition(".")[2].isidentifier():
            found.setdefault(constant.value.rpartition(".")[2], []).append(MemberUse(How.NAMED, "", None))
    for name, owner in _defined(index, statement):
        found.setdefault(name, []).append(MemberUse(How.DEFINED, owner, owner))
    return found


def class_of(receiver: ast.expr, statement: Statement) -> str | None:
    """The name of the class of an object, if its statement says it: of `self`, `Report()`, `report: Report`."""
    index = statement.fact(tree)
    match receiver:
        case ast.Call(func=ast.Name(id=name)):
            return name if name != "super" else None
        case ast.Name(id=name):
            scope = statement.fact(scopes).at(receiver).lookup(name)
            bound = scope.bindings.get(name, []) if scope is not None else []
            if len(bound) != 1:
                return None
        case _:
            return None
    match bound[0].node:
        case ast.arg(annotation=None) as parameter:
            return _class_of_self(parameter, index)
        case ast.arg(annotation=ast.Name(id=name)) | ast.arg(annotation=ast.Constant(value=str(name))):
            return name
        case ast.Name() as target:
            match index.parents.get(target):
                case ast.Assign(targets=[_], value=ast.Call(func=ast.Name(id=name))):
                    return name
                case ast.AnnAssign(annotation=ast.Name(id=name)):
                    return name
                case _:
                    return None
        case _:
            return None


def _class_of_self(parameter: ast.arg, index: Tree) -> str | None:
    """The class in whose method a parameter is the first one."""
    ancestors = index.ancestors(parameter)
    next(ancestors)
    match next(ancestors, None):
        case ast.FunctionDef() | ast.AsyncFunctionDef() as function:
            around = index.parents.get(function)
            is_first = [*function.args.posonlyargs, *function.args.args][:1] == [parameter]
            unusual = any(isinstance(each, ast.Name) and each.id in _UNUSUAL for each in function.decorator_list)
            return around.name if isinstance(around, ast.ClassDef) and is_first and not unusual else None
        case _:
            return None


_UNUSUAL: Final = ("staticmethod", "classmethod")


def _how(node: ast.Attribute, index: Tree, statement: Statement) -> How:
    call = index.parents.get(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return How.USED
    return How.CALLED if is_called_plainly(call, statement) else How.CALLED_WITH


def _defined(index: Tree, statement: Statement) -> Iterator[tuple[str, str]]:
    """The members that class bodies define, with the names of the classes."""
    functions: list[Function] = [*index.of(ast.FunctionDef), *index.of(ast.AsyncFunctionDef)]
    for function in functions:
        if isinstance(around := index.parents.get(function), ast.ClassDef):
            yield function.name, around.name
    for name in index.of(ast.Name):
        if isinstance(name.ctx, ast.Store):
            owner = next((each for each in index.ancestors(name) if isinstance(each, (*FUNCTIONS, ast.ClassDef))), None)
            if isinstance(owner, ast.ClassDef):
                yield name.id, owner.name
