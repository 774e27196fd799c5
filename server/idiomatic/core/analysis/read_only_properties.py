"""Which attributes of a class are private and shown by a property of their name that only returns them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from msgspec import Struct

from idiomatic.core.analysis.scopes import scopes
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Tree
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


def read_only_properties(node: ast.ClassDef, code: Analysis) -> Mapping[str, ast.FunctionDef]:
    """The properties that only return the attribute of their name with an underscore, by that attribute."""
    defined = [member.name for member in node.body if isinstance(member, FUNCTIONS)]
    found: dict[str, ast.FunctionDef] = {}
    for member in node.body:
        match member:
            # @property
            # def x(self): return self._x
            case ast.FunctionDef(decorator_list=[decorator], args=ast.arguments(args=[receiver])) if (
                defined.count(member.name) == 1
                and (attribute := _returned(member, receiver.arg))
                and attribute in {f"_{member.name}", f"__{member.name}"}
                and code.is_name(decorator, "builtins.property")
            ):
                found[attribute] = member
            case _:
                pass
    return found


def _returned(method: ast.FunctionDef, receiver: str) -> str:
    match method.body:
        case [ast.Return(value=ast.Attribute(value=ast.Name(id=name), attr=attribute))] | [
            ast.Expr(value=ast.Constant(value=str())),
            ast.Return(value=ast.Attribute(ast.Name(name), attribute)),
        ] if name == receiver:
            return attribute
        case _:
            return ""


class Access(Struct, frozen=True):
    """A place where a private attribute is named.

    Attributes:
        attribute: its name.
        owner: the class whose method names it of its own `self` or of the other operand of an operator; `None` for any
            other object, and for a string.
    """

    attribute: str
    owner: str | None


@about(lambda attributes: attributes)
def accesses(module: Module, attributes: tuple[str, ...]) -> frozenset[Access]:
    """Question: where private attributes of these names are read, written or named in a string."""
    return frozenset(
        access
        for statement in module.statements
        if any(statement.mentions(attribute) for attribute in attributes)
        for access in statement.fact(_accesses)
        if access.attribute in attributes
    )


def _accesses(statement: Statement) -> frozenset[Access]:
    index = statement.fact(tree)
    named = {node.value for node in index.of(ast.Constant) if isinstance(node.value, str) and node.value.isidentifier()}
    slots = {each for node in index.of(ast.Assign) for each in _slots(node)}
    found = {Access(name, None) for name in named - slots if name.startswith("_")}
    for node in index.of(ast.Attribute):
        if node.attr.startswith("_") and not node.attr.endswith("__"):
            found.add(Access(node.attr, _owner(node.value, statement, index)))
    return frozenset(found)


def _slots(node: ast.Assign) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id="__slots__")], value=ast.Tuple(elts=elements) | ast.List(elts=elements)):
            yield from (
                each.value for each in elements if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
        case _:
            pass


def _owner(receiver: ast.expr, statement: Statement, index: Tree) -> str | None:
    """The class of which an object surely is, as far as its methods say so."""
    if not isinstance(receiver, ast.Name):
        return None
    scope = statement.fact(scopes).at(receiver).lookup(receiver.id)
    if scope is None or not isinstance(scope.node, FUNCTIONS) or len(scope.bindings[receiver.id]) != 1:
        return None
    method = scope.node
    class_ = index.parents.get(method)
    if not isinstance(class_, ast.ClassDef):
        return None
    names = [parameter.arg for parameter in (*method.args.posonlyargs, *method.args.args)]
    is_static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in method.decorator_list)
    is_operator = method.name.startswith("__") and method.name.endswith("__") and len(names) == 2
    own = names[:2] if is_operator and method.name != "__contains__" else names[:1]
    return class_.name if receiver.id in own and not is_static else None
