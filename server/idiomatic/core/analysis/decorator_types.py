"""Which types have a decorator, its wrapper and the function that it wraps, and what is in the way of writing them?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.decorating import is_used_as_decorator
from idiomatic.core.analysis.decorators import (
    Decorator,
    changes_arguments,
    decorator_of,
    is_called,
    is_starred,
    returned_names,
)
from idiomatic.core.analysis.known_types import type_of_value
from idiomatic.core.analysis.names import last_name
from idiomatic.core.analysis.tree import FUNCTIONS, walk_own
from idiomatic.core.analysis.wrapper_results import (
    LOGGED,
    SHOWN,
    is_typed,
    movable,
    parsed,
    result_types,
    says_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function

_MADE: Final = SHOWN | {"len", "sorted", "frozenset", "tuple"}
_OF_FUNCTIONS: Final = frozenset(
    f"__{name}__" for name in ("name", "qualname", "module", "doc", "code", "defaults", "kwdefaults", "dict", "globals")
)
"""What a type checker knows of every callable."""


class DecoratorTypes(Struct, frozen=True, eq=False):
    """The types of a decorator, in which `{R}` stands for a type variable and `{Any}` for an imported name.

    Attributes:
        decorator: the decorator.
        factory: the function that makes the decorator, if that takes parameters.
        taken: of the wrapper's parameters above `*args`.
        given: of what the wrapped function gets before `*args`.
        wrapped: what the wrapped function gives.
        result: what the wrapper's own `return` annotation says.
        called: what a call of the wrapper gives.
    """

    decorator: Decorator
    factory: ast.FunctionDef | None
    taken: tuple[str, ...]
    given: tuple[str, ...]
    wrapped: str
    result: str
    called: str

    @property
    def outermost(self) -> ast.FunctionDef:
        """The factory or, without parameters, the decorator itself."""
        return self.factory or self.decorator.function

    @property
    def before(self) -> str:
        """The type of what is decorated."""
        return _callable(self.given, self.wrapped)

    @property
    def after(self) -> str:
        """The type of what takes its place."""
        return _callable(self.taken, self.called)


class Untypable(Struct, frozen=True, eq=False):
    """A decorator whose types can't be written.

    Attributes:
        decorator: the decorator.
        reason: why not, a sentence.
    """

    decorator: Decorator
    reason: str


def _callable(leading: Sequence[str], returns: str) -> str:
    parameters = f"{{Concatenate}}[{', '.join([*leading, '{P}'])}]" if leading else "{P}"
    return f"{{Callable}}[{parameters}, {returns}]"


def decorator_types(wrapper: Function, code: Analysis) -> DecoratorTypes | Untypable | None:
    """The types of the decorator that returns a wrapper.

    Returns:
        `None` if it is no decorator, has types already, has another wrapper above, or one without `*args` and
        `**kwargs`.
    """
    arguments = wrapper.args
    if arguments.vararg is None or arguments.kwarg is None:
        return None
    if not (says_nothing(arguments.vararg.annotation) and says_nothing(arguments.kwarg.annotation)):
        return None
    if (decorator := decorator_of(wrapper, code)) is None:
        return None
    if is_typed(decorator.wrapped.annotation) or is_typed(decorator.function.returns):
        return None
    if not _is_for_use(decorator, code) or next(_wrappers(decorator, code), wrapper) is not wrapper:
        return None
    found = _typed(decorator, code)
    return Untypable(decorator, found) if isinstance(found, str) else found


def _is_for_use(decorator: Decorator, code: Analysis) -> bool:
    """Whether a decorator is used as one, as far as that can be seen: what is local or private is only used here."""
    outermost = _factory(decorator, code) or decorator.function
    names = {outermost.name, decorator.function.name}
    is_private = outermost.name.startswith("_") and not outermost.name.endswith("__")
    if not is_private and code.function_around(outermost) is None:
        return True
    return any(code.ask(is_used_as_decorator, name) for name in names)


def _wrappers(decorator: Decorator, code: Analysis) -> Iterator[Function]:
    """All wrappers of a decorator, in source order."""
    for node in walk_own(decorator.function):
        other = decorator_of(node, code) if isinstance(node, FUNCTIONS) else None
        if other is not None and other.function is decorator.function:
            yield other.wrapper


# -- the types --------------------------------------------------------------------------------------------------------


def _typed(decorator: Decorator, code: Analysis) -> DecoratorTypes | str | None:
    wrapper, function = decorator.wrapper, decorator.function
    factory = _factory(decorator, code)
    if factory is not None and _is_made_typed(factory):
        return None
    if any(code.is_name(_head(each), "contextlib.contextmanager") for each in wrapper.decorator_list):
        return None
    if (reason := _obstacle(decorator, factory, code)) is not None:
        return reason
    taken = _taken(decorator, code)
    given = {_given(call, decorator, taken, code) for call in decorator.calls}
    if taken is None or len(given) != 1 or None in given:
        return "The wrapper does not pass on just what it gets, in a way that can be written as a type."
    (leading,) = given
    assert leading is not None
    gives = result_types(decorator, code)
    if not isinstance(gives, tuple):
        return gives
    made = DecoratorTypes(decorator, factory, tuple(taken.values()), leading, *gives)
    if any(name.id != wrapper.name for name in _returned(function, code)) and made.before != made.after:
        return f"`{decorator.wrapped.arg}` is returned as it is on some paths, and the wrapper has another type."
    return made


def _is_made_typed(factory: ast.FunctionDef) -> bool:
    """Whether a factory says what kind of decorator it makes."""
    annotation = factory.returns
    if says_nothing(annotation) or last_name(parsed(annotation)) == "Callable":
        return False
    return annotation is not None and "..." not in ast.unparse(annotation)


def _head(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _returned(function: ast.FunctionDef, code: Analysis) -> Iterator[ast.Name]:
    for node in walk_own(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from returned_names(node.value, code)


def _factory(decorator: Decorator, code: Analysis) -> ast.FunctionDef | None:
    """The function around that returns the decorator."""
    around = code.function_around(decorator.function)
    if not isinstance(around, ast.FunctionDef):
        return None
    return around if any(name.id == decorator.function.name for name in _returned(around, code)) else None


def _obstacle(decorator: Decorator, factory: ast.FunctionDef | None, code: Analysis) -> str | None:
    """Why a decorator can't be typed, a sentence."""
    wrapper, function, wrapped = decorator.wrapper, decorator.function, decorator.wrapped
    defaults = function.args.defaults
    if defaults and wrapped in [*function.args.posonlyargs, *function.args.args][-len(defaults) :]:
        return "It can be used with and without parentheses, which takes overloads to say."
    if factory is not None:
        values = [node.value for node in walk_own(factory) if isinstance(node, ast.Return)]
        if not all(isinstance(value, ast.Name) and value.id == function.name for value in values):
            return "It can be used with and without parentheses, which takes overloads to say."
    values = [node.value for node in walk_own(function) if isinstance(node, ast.Return)]
    if any(value is None or not _are_known(value, decorator, code) for value in values):
        return "It returns something else than its wrapper on some paths."
    if len(list(_wrappers(decorator, code))) > 1:
        return "It has several wrappers, for several kinds of functions, which takes overloads to say."
    for each in wrapper.decorator_list:
        if not code.is_name(_head(each), "functools.wraps"):
            return f"`@{ast.unparse(_head(each))}` makes something else of the wrapper."
    if wrapper.args.kwonlyargs:
        return "The wrapper has keyword-only parameters of its own, which no `ParamSpec` can have besides."
    if changes_arguments(wrapper):
        return "The wrapper changes what it passes on."
    if _looks_into_arguments(wrapper, code):
        return "The wrapper looks into its arguments, of whose types nothing is known then."
    return _use_of_attributes(decorator)


def _are_known(value: ast.expr, decorator: Decorator, code: Analysis) -> bool:
    """Whether what is returned is the wrapper, or the wrapped function as it is."""
    if isinstance(value, ast.Call):
        return False
    names = list(returned_names(value, code))
    parts = 2 if isinstance(value, ast.IfExp) else 1
    return len(names) >= parts and {name.id for name in names} <= {decorator.wrapper.name, decorator.wrapped.arg}


def _looks_into_arguments(wrapper: Function, code: Analysis) -> bool:
    """Whether a wrapper does more with what it gets than to pass it on, to compare and to show it."""
    arguments = wrapper.args
    assert arguments.vararg is not None
    assert arguments.kwarg is not None
    owner = code.scope_made_by(wrapper)
    for statement in wrapper.body:
        for name in (arguments.vararg.arg, arguments.kwarg.arg):
            for use in code.uses(name, statement, owner):
                match code.parent(use):
                    case ast.Starred() | ast.keyword() | ast.FormattedValue() | ast.Tuple() | ast.Compare():
                        pass
                    case ast.Call(func=function) if function is not use:
                        pass
                    case ast.If() | ast.BoolOp() | ast.UnaryOp():
                        pass
                    # CACHE[args]
                    case ast.Subscript(slice=key) if key is use:
                        pass
                    case ast.Subscript() | ast.Attribute() as part if not _is_shown(part, code):
                        return True
                    case ast.Subscript() | ast.Attribute():
                        pass
                    case _:
                        return True
    return False


def _is_shown(part: ast.expr, code: Analysis) -> bool:
    """Whether an element is only shown, or taken as a part of a key."""
    around = code.parent(part)
    if isinstance(part, ast.Attribute) and isinstance(around, ast.Call) and around.func is part:
        around = code.parent(around)
    match around:
        case ast.FormattedValue():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _MADE
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in LOGGED
        case _:
            return False


def _use_of_attributes(decorator: Decorator) -> str | None:
    """What says that the functions have attributes that no type of theirs has."""
    for node in ast.walk(decorator.function):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=context):
                if name == decorator.wrapper.name and attr not in _OF_FUNCTIONS:
                    return f"The wrapper has an attribute, `{attr}`, which takes a protocol to say."
                if name == decorator.wrapped.arg and (attr not in _OF_FUNCTIONS or not isinstance(context, ast.Load)):
                    return f"`{name}` has to have an attribute, `{attr}`, which takes a protocol to say."
            case _:
                pass
    return None


# -- the parameters ---------------------------------------------------------------------------------------------------


def _taken(decorator: Decorator, code: Analysis) -> dict[str, str] | None:
    """The types of the wrapper's parameters above `*args`, by name."""
    arguments = decorator.wrapper.args
    if arguments.defaults:
        return None
    found: dict[str, str] = {}
    passed_on = {ast.unparse(argument) for call in decorator.calls for argument in call.args}
    for argument in (*arguments.posonlyargs, *arguments.args):
        if argument.annotation is not None and argument.arg not in passed_on:
            if (text := movable(argument.annotation, code)) is None:
                return None
            found[argument.arg] = text
        # What is decorated may be a method of a subclass, or take a subclass.
        elif argument.annotation is not None:
            found[argument.arg] = "{Any}"
        elif not found and _is_only_passed_on(argument.arg, decorator, code):
            found[argument.arg] = "{S}"
        else:
            found[argument.arg] = "{Any}"
    return found


def _is_only_passed_on(name: str, decorator: Decorator, code: Analysis) -> bool:
    owner = code.scope_made_by(decorator.wrapper)
    return all(
        code.parent(use) in decorator.calls
        for statement in decorator.wrapper.body
        for use in code.uses(name, statement, owner)
    )


def _given(
    call: ast.Call, decorator: Decorator, taken: dict[str, str] | None, code: Analysis
) -> tuple[str, ...] | None:
    """The types of what a call passes on before `*args`; `None` if the rest is anything but `*args, **kwargs`."""
    arguments = decorator.wrapper.args
    assert arguments.vararg is not None
    assert arguments.kwarg is not None
    given = list(call.args)
    if not is_called(call, decorator) and (
        not code.is_name(call.func, "asyncio.to_thread") or last_name(given.pop(0)) != decorator.wrapped.arg
    ):
        return None
    match call.keywords:
        case [ast.keyword(arg=None, value=ast.Name(id=name))] if name == arguments.kwarg.arg:
            pass
        case _:
            return None
    if not given or not is_starred(given.pop(), arguments.vararg.arg):
        return None
    found: list[str] = []
    for each in given:
        match each:
            case ast.Starred():
                return None
            case ast.Name(id=name) if taken is not None and name in taken:
                found.append(taken[name])
            case _:
                found.append(type_of_value(each, code) if isinstance(each, ast.Constant) else "{Any}")
    return tuple(found)
