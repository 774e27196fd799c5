"""Of which types are the arguments with which a module calls one of its classes?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.scopes import Binding, scopes
from idiomatic.core.analysis.tree import tree
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

_CONSTANTS: Final = {str: "str", int: "int", float: "float", bool: "bool", bytes: "bytes", complex: "complex"}
_CALLS: Final = frozenset(_CONSTANTS.values())


@about(lambda name, position, keyword: (name,))
def argument_types(module: Module, name: str, position: int | None, keyword: str) -> tuple[str, ...]:
    """Question: the builtin types of what the calls of a name pass to one parameter, each once; none if one is unknown.

    Args:
        module: the module.
        name: of the class.
        position: of the parameter; `None` if it is keyword-only.
        keyword: its name.
    """
    found: dict[str, None] = {}
    for statement in module.statements:
        if name in statement.text:
            for called, positional, named in statement.fact(_calls):
                if called != name:
                    continue
                if position is not None and "*" in positional[: position + 1]:
                    return ()
                if position is not None and position < len(positional):
                    found |= dict.fromkeys(positional[position].split(" | "))
                elif keyword in dict(named):
                    found |= dict.fromkeys(dict(named)[keyword].split(" | "))
                elif "*" in positional or "**" in dict(named):
                    return ()
    return () if "" in found else tuple(found)


def _calls(statement: Statement) -> tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...]:
    return tuple(
        (
            node.func.id,
            tuple(_given(argument, statement) for argument in node.args),
            tuple((keyword.arg or "**", _given(keyword.value, statement)) for keyword in node.keywords),
        )
        for node in statement.fact(tree).of(ast.Call)
        if isinstance(node.func, ast.Name)
    )


def _given(node: ast.expr, statement: Statement) -> str:
    """The builtin types, with a bar between them, of a literal or a parameter that is annotated with them."""
    if not isinstance(node, ast.Name):
        return type_of_literal(node)
    scope = statement.fact(scopes).at(node).lookup(node.id)
    match scope.bindings.get(node.id) if scope is not None and scope.parent is not None else None:
        # def f(name: str | None): C(name)
        case [Binding(node=ast.arg(annotation=ast.expr() as annotation) as parameter)]:
            arguments = statement.fact(tree).parents[parameter]
            is_several = isinstance(arguments, ast.arguments) and parameter in (arguments.vararg, arguments.kwarg)
            types = _alternatives(annotation)
            return "" if is_several or "" in types else " | ".join(types)
        case _:
            return ""


def _alternatives(annotation: ast.expr) -> tuple[str, ...]:
    """The builtin types that an annotation consists of; an empty one if there are others."""
    match annotation:
        case ast.Name(id=name):
            return (name if name in _CALLS else "",)
        case ast.Constant(value=None):
            return ("None",)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return *_alternatives(left), *_alternatives(right)
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return *_alternatives(inner), "None"
        case _:
            return ("",)


def type_of_literal(node: ast.expr) -> str:
    """The builtin type of a literal, with those of its items; empty if it is none, `*` for a starred argument."""
    match node:
        case ast.Starred():
            return "*"
        case ast.Constant(value=None):
            return "None"
        case ast.Constant(value=value):
            return _CONSTANTS.get(type(value), "")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return type_of_literal(operand)
        case ast.JoinedStr():
            return "str"
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return ""
        case ast.List(elts=elements):
            return _container("list", elements)
        case ast.Set(elts=elements):
            return _container("set", elements)
        case ast.Dict(keys=[_, *_] as keys, values=values) if None not in keys:
            key, value = _common(filter(None, keys)), _common(values)
            return f"dict[{key}, {value}]" if key and value else ""
        case ast.Tuple(elts=[_, *_] as elements):
            types = [type_of_literal(element) for element in elements]
            return f"tuple[{', '.join(types)}]" if all(types) and "*" not in types else ""
        # int(text)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            return name
        case _:
            return ""


def _container(name: str, elements: Iterable[ast.expr]) -> str:
    item = _common(elements)
    return f"{name}[{item}]" if item else ""


def _common(elements: Iterable[ast.expr]) -> str:
    types = {type_of_literal(element) for element in elements}
    return types.pop() if len(types) == 1 and "*" not in types else ""
