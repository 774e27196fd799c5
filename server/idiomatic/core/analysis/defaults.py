"""Which parameters have a default that can be changed, and what is it made of?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function, FunctionLike

_CONSTRUCTORS: Final = {
    **{f"builtins.{name}": name for name in ("list", "dict", "set", "bytearray")},
    **{f"collections.{name}": name for name in ("defaultdict", "deque", "OrderedDict", "Counter")},
}
_CONSTANT_BUILTINS: Final = frozenset(
    f"builtins.{name}"
    for name in (
        *("list", "dict", "set", "tuple", "frozenset", "bytearray", "bytes", "str", "int", "float", "bool", "complex"),
        *("object", "type", "range", "len", "ord", "chr", "sorted", "zip", "enumerate", "reversed", "map", "sum"),
    )
)


class Default(Struct, frozen=True, eq=False):
    """A parameter with a default that can be changed.

    Attributes:
        function: whose parameter it is.
        parameter: it.
        value: its default.
        kind: the default's type: `list`, `dict`, `defaultdict`...
    """

    function: FunctionLike
    parameter: ast.arg
    value: ast.expr
    kind: str

    @property
    def name(self) -> str:
        """The parameter's."""
        return self.parameter.arg

    @property
    def noun(self) -> str:
        """What the default is, for people."""
        return self.kind if self.kind in {"list", "dict", "set"} else f"`{self.kind}`"


def mutable_defaults(function: FunctionLike, code: Analysis) -> Iterator[Default]:
    """The parameters of a function whose default is a list, a dictionary, a set or another container."""
    for parameter, value in _with_defaults(function.args):
        if (kind := _kind(value, code)) is not None:
            yield Default(function, parameter, value, kind)


def _with_defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    yield from zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for parameter, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            yield parameter, value


def _kind(value: ast.expr, code: Analysis) -> str | None:
    match value:
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Call(func=function):
            return _CONSTRUCTORS.get(code.qualified_name(function) or "")
        case _:
            return None


def is_stub(function: FunctionLike, code: Analysis) -> bool:
    """Whether the function has no body that could use a default: a stub, an overload, an abstract method."""
    if isinstance(function, ast.Lambda):
        return False
    if any(code.is_name(each, "typing.overload", "typing_extensions.overload") for each in function.decorator_list):
        return True
    for statement in function.body[1 if has_docstring(function) else 0 :]:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Raise(exc=ast.Name() as raised) | ast.Raise(exc=ast.Call(func=ast.Name() as raised)):
                if not code.is_name(raised, "builtins.NotImplementedError"):
                    return False
            case _:
                return False
    return True


def has_docstring(function: Function) -> bool:
    """Whether a function begins with a docstring."""
    return ast.get_docstring(function, clean=False) is not None


def varying(default: Default, code: Analysis) -> ast.expr | None:
    """The part of a default that may be something else when it is evaluated in the body; `None` if there is none."""
    nodes = list(ast.walk(default.value))
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    inside = code.scope_made_by(default.function).bindings
    constant = _CONSTANT_BUILTINS | _CONSTRUCTORS.keys()
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name not in own:
                # `collections` of `collections.deque` is judged with its attribute.
                whole = code.parent(node) if isinstance(code.parent(node), ast.Attribute) else node
                if code.qualified_name(whole) not in constant or name in inside:
                    return node
            case ast.Attribute() if code.qualified_name(node) not in _CONSTRUCTORS:
                return node
            case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom() | ast.Lambda():
                return node
            case _:
                pass
    return None


def has_mutable_elements(value: ast.expr, code: Analysis) -> bool:
    """Whether a default contains other containers."""
    # deque([1, 2]) copies the list.
    outer = [value, *value.args] if isinstance(value, ast.Call) else [value]
    return any(
        node not in outer and isinstance(node, ast.expr) and _kind(node, code) is not None for node in ast.walk(value)
    )


def is_empty(value: ast.expr) -> bool:
    """Whether a default is an empty container."""
    match value:
        case ast.List(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
            return not items
        case ast.Call(args=args, keywords=keywords):
            return not args and not keywords
        case _:
            return False
