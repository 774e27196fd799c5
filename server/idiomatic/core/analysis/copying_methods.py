"""Which methods give an object like `self`, except for some fields: what `dataclasses.replace` does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.constructors import methods, without_docstring
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.generated_methods import ClassShape

_COPIES: Final = regex(
    r"_{0,2}(?:replace|copy|clone|evolve|updated?|changed|but|but_.*|with_.*|copy_.*|clone_.*)_{0,2}$"
)


class Copying(Struct, frozen=True, eq=False):
    """A copy that a method makes by calling the class.

    Attributes:
        method: the method.
        call: the call of the class, in a `return` statement.
        receiver: what the method calls `self`.
        changes: the fields that get other values, with these.
        others: the variable that has more of them by name; empty if there is none.
        before: the statements that build the arguments of the call, directly before it.
        differences: how `dataclasses.replace` does something else, a sentence each.
    """

    method: ast.FunctionDef
    call: ast.Call
    receiver: str
    changes: tuple[tuple[str, ast.expr], ...]
    others: str = ""
    before: tuple[ast.stmt, ...] = ()
    differences: tuple[str, ...] = ()


def copying_methods(shape: ClassShape, code: Analysis) -> Iterator[Copying]:
    """The copies that the methods of a class make of themselves.

    Args:
        shape: the class.
        code: the analysis.
    """
    for method in methods(shape.node):
        if (
            isinstance(method, ast.FunctionDef)
            and _COPIES.match(method.name)
            and not method.decorator_list
            and (parameters := [*method.args.posonlyargs, *method.args.args])
            and (found := _copying(method, parameters[0].arg, shape, code))
            and "#" not in "".join(code.source(each) for each in (*found.before, found.call))
        ):
            yield found


def _copying(method: ast.FunctionDef, receiver: str, shape: ClassShape, code: Analysis) -> Copying | None:
    match without_docstring(method.body):
        # return Point(x, self.y)
        case [ast.Return(value=ast.Call(func=function, keywords=keywords) as call)] if not any(
            keyword.arg is None for keyword in keywords
        ):
            changes = _changes(call, receiver, shape)
            if changes is None:
                return None
            return (
                Copying(method, call, receiver, changes, differences=_differences(function, receiver, shape))
                if (_is_own_class(function, receiver, shape, code))
                else None
            )
        # return type(self)(**{**self.__dict__, **changes})
        case [
            ast.Return(value=ast.Call(func=function, args=[], keywords=[ast.keyword(arg=None, value=values)]) as call)
        ]:
            others = _merged(values, receiver, shape, code)
            before: tuple[ast.stmt, ...] = ()
        # values = dict(self.__dict__)
        # values.update(changes)
        # return type(self)(**values)
        case [
            ast.Assign(targets=[ast.Name(id=variable)], value=start) as assignment,
            ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id=updated), attr="update"),
                    args=[ast.Name(id=given)],
                    keywords=[],
                )
            ) as update,
            ast.Return(
                value=ast.Call(
                    func=function, args=[], keywords=[ast.keyword(arg=None, value=ast.Name(id=passed))]
                ) as call
            ),
        ] if variable == updated == passed:
            others = given if _is_all(start, receiver, shape, code) else ""
            before = (assignment, update)
        case _:
            return None
    if not others or method.args.kwarg is None or method.args.kwarg.arg != others:
        return None
    if not _is_own_class(function, receiver, shape, code):
        return None
    return Copying(method, call, receiver, (), others, before, _differences(function, receiver, shape))


def _is_own_class(function: ast.expr, receiver: str, shape: ClassShape, code: Analysis) -> bool:
    match function:
        case ast.Name(id=name):
            return name == shape.node.name and code.local_bindings(function) is None and not shape.is_nested
        case ast.Attribute(value=ast.Name(id=name), attr="__class__"):
            return name == receiver
        case ast.Call(func=called, args=[ast.Name(id=name)], keywords=[]):
            return name == receiver and code.is_name(called, "builtins.type")
        case _:
            return False


def _differences(function: ast.expr, receiver: str, shape: ClassShape) -> tuple[str, ...]:
    if isinstance(function, ast.Name) and not shape.is_closed:
        return ("A copy of an object of a subclass is of that subclass too.",)
    return ()


def _changes(call: ast.Call, receiver: str, shape: ClassShape) -> tuple[tuple[str, ast.expr], ...] | None:
    """The fields that a call gives other values; `None` if it does not give a value to all, or copies none."""
    if any(isinstance(argument, ast.Starred) for argument in call.args) or len(call.args) > len(shape.positional):
        return None
    given: Mapping[str, ast.expr] = {
        **dict(zip(shape.positional, call.args, strict=False)),
        **{keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None},
    }
    if set(given) != set(shape.fields):
        return None
    changes = tuple((name, value) for name, value in given.items() if shape.field(value, receiver) != name)
    return changes if len(changes) < len(given) else None


def _merged(values: ast.expr, receiver: str, shape: ClassShape, code: Analysis) -> str:
    """The variable whose items take the place of the fields' in a dictionary."""
    match values:
        # {**self.__dict__, **changes}
        case ast.Dict(keys=[None, None], values=[start, ast.Name(id=others)]):
            pass
        # {"x": self.x, "y": self.y, **changes}
        case ast.Dict(keys=[*keys, None], values=[*own, ast.Name(id=others)]):
            start = ast.Dict(keys, own)
        # dict(self.__dict__, **changes)
        case ast.Call(func=function, args=[start], keywords=[ast.keyword(arg=None, value=ast.Name(id=others))]) if (
            code.is_name(function, "builtins.dict")
        ):
            pass
        # self.__dict__ | changes
        case ast.BinOp(left=start, op=ast.BitOr(), right=ast.Name(id=others)):
            pass
        case _:
            return ""
    return others if _is_all(start, receiver, shape, code) else ""


def _is_all(values: ast.expr, receiver: str, shape: ClassShape, code: Analysis) -> bool:
    """Whether a dictionary has all fields of the object by name."""
    match values:
        # {"x": self.x, "y": self.y}
        case ast.Dict(keys=keys, values=own):
            names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
            return sorted(map(str, names)) == sorted(shape.fields) and all(
                shape.field(value, receiver) == name for name, value in zip(names, own, strict=True)
            )
        # dict(x=self.x, y=self.y)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=[_, *_] as keywords):
            return sorted(str(keyword.arg) for keyword in keywords) == sorted(shape.fields) and all(
                shape.field(keyword.value, receiver) == keyword.arg for keyword in keywords
            )
        # dict(self.__dict__)
        case ast.Call(func=ast.Name(id="dict"), args=[inner], keywords=[]):
            return _is_all(inner, receiver, shape, code)
        # self.__dict__.copy()
        case ast.Call(func=ast.Attribute(value=inner, attr="copy"), args=[], keywords=[]):
            return _is_all(inner, receiver, shape, code)
        case ast.Call(func=ast.Name(id="vars"), args=[ast.Name(id=name)], keywords=[]):
            return name == receiver and shape.has_only_fields and not shape.hidden
        case ast.Attribute(value=ast.Name(id=name), attr="__dict__"):
            return name == receiver and shape.has_only_fields and not shape.hidden
        case _:
            return False
