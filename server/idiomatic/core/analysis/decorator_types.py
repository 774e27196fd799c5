"""Which types have a decorator, its wrapper and the function that it wraps, and what is in the way of writing them?"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from idiomatic.core.analysis.decorating import is_used_as_decorator
from idiomatic.core.analysis.decorators import (
    Decorator,
    changes_arguments,
    decorator_of,
    is_called,
    is_starred,
    returned_names,
)
from idiomatic.core.analysis.flow import goes_on
from idiomatic.core.analysis.known_types import is_bound, type_of_value
from idiomatic.core.analysis.tree import FUNCTIONS, walk_own
from idiomatic.core.facts import FunctionFact, is_generator
from idiomatic.core.module import has_future_annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function

_SHOWN: Final = frozenset(("repr", "str", "print", "hash", "bool", "type", "id"))
_MADE: Final = _SHOWN | {"len", "sorted", "frozenset", "tuple"}
_LOGGED: Final = frozenset(("debug", "info", "warning", "error", "exception", "critical", "log"))
_OF_FUNCTIONS: Final = frozenset(
    f"__{name}__" for name in ("name", "qualname", "module", "doc", "code", "defaults", "kwdefaults", "dict", "globals")
)
"""What a type checker knows of every callable."""
_AWAITED: Final = ("asyncio.wait_for", "asyncio.shield")
_BUILTINS: Final = frozenset(("bool", "bytes", "float", "int", "str", "None"))


@dataclass(frozen=True, slots=True, eq=False)
class DecoratorTypes:
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


@dataclass(frozen=True, slots=True, eq=False)
class Untypable:
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
    if not (_says_nothing(arguments.vararg.annotation) and _says_nothing(arguments.kwarg.annotation)):
        return None
    if (decorator := decorator_of(wrapper, code)) is None:
        return None
    if _is_typed(decorator.wrapped.annotation) or _is_typed(decorator.function.returns):
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


# -- what is annotated already ----------------------------------------------------------------------------------------


def _parsed(annotation: ast.expr | None) -> ast.expr | None:
    """An annotation, out of its quotes."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


def _last_name(node: ast.expr | None) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _says_nothing(annotation: ast.expr | None) -> bool:
    return annotation is None or _last_name(_parsed(annotation)) in {"Any", "object"}


def _is_typed(annotation: ast.expr | None) -> bool:
    """Whether an annotation says of which parameters a function is."""
    parsed = _parsed(annotation)
    if _says_nothing(parsed) or _last_name(parsed) == "Callable":
        return False
    match parsed:
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[ast.Constant(value=first), _])):
            return _last_name(head) != "Callable" or first is not ...
        case _:
            return True


def _movable(annotation: ast.expr, code: Analysis) -> str | None:
    """An annotation as it can be written further out, where it is evaluated earlier; `None` if it has local names."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return f'"{annotation.value}"'
    names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    if any(code.local_bindings(name) is not None for name in names):
        return None
    is_lazy = code.target >= (3, 14) or code.ask(has_future_annotations)
    text = ast.unparse(annotation)
    return text if is_lazy or all(is_bound(name, code) for name in names) else f'"{text}"'


def _result(annotation: ast.expr | None) -> ast.expr | None:
    """The `X` of `Callable[..., X]`, if it says something."""
    match _parsed(annotation):
        case ast.Subscript(slice=ast.Tuple(elts=[_, result])) if not _says_nothing(result):
            return result
        case _:
            return None


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
    gives = _gives(decorator, code)
    if not isinstance(gives, tuple):
        return gives
    made = DecoratorTypes(decorator, factory, tuple(taken.values()), leading, *gives)
    if any(name.id != wrapper.name for name in _returned(function, code)) and made.before != made.after:
        return f"`{decorator.wrapped.arg}` is returned as it is on some paths, and the wrapper has another type."
    return made


def _is_made_typed(factory: ast.FunctionDef) -> bool:
    """Whether a factory says what kind of decorator it makes."""
    annotation = factory.returns
    if _says_nothing(annotation) or _last_name(_parsed(annotation)) == "Callable":
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
            return name in _LOGGED
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
            if (text := _movable(argument.annotation, code)) is None:
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
        not code.is_name(call.func, "asyncio.to_thread") or _last_name(given.pop(0)) != decorator.wrapped.arg
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


# -- the results ------------------------------------------------------------------------------------------------------

_Gives: TypeAlias = tuple[str, str, str]
"""What the wrapped function gives, what the wrapper's `return` annotation says, what a call of the wrapper gives."""

_FORMS: Final = {"called": "%s", "awaited": "{Awaitable}[%s]", "run": "{Coroutine}[{Any}, {Any}, %s]"}


def _gives(decorator: Decorator, code: Analysis) -> _Gives | str | None:
    """The types of results; a sentence if they are not known, `None` if they are typed by hand."""
    wrapper, wrapped = decorator.wrapper, decorator.wrapped.arg
    own, declared = _result(decorator.wrapped.annotation), _result(decorator.function.returns)
    if declared is not None and (own is None or ast.unparse(own) != ast.unparse(declared)):
        return None
    if is_generator(wrapper):
        return _generated(decorator, code) if own is None else None
    kinds = {_kind(call, decorator, code) for call in decorator.calls}
    if len(kinds) != 1:
        return f"The wrapper does different things with what `{wrapped}` gives."
    (kind,) = kinds
    variable = "{R}" if own is None else _inner(own, kind)
    if variable is None or kind is None:
        return f"The type of what `{wrapped}` gives does not become clear."
    if own is None and any(not _stays_open(_given_by(call, code), decorator, code) for call in decorator.calls):
        return f"The wrapper does more with what `{wrapped}` gives than to return it, so that it can't be of any type."
    if not _says_nothing(wrapper.returns):
        assert wrapper.returns is not None
        if (moved := _movable(wrapper.returns, code)) is None:
            return "The type of what the wrapper returns is only known inside."
        result = moved
    else:
        parts = _returned_types(decorator, variable, code)
        if isinstance(parts, str):
            return parts
        result = " | ".join(parts)
        if own is None and variable not in parts:
            variable = "object"
    is_async = isinstance(wrapper, ast.AsyncFunctionDef)
    return _FORMS[kind] % variable, result, _FORMS["run"] % result if is_async else result


def _inner(own: ast.expr, kind: str | None) -> str | None:
    """The type of the result in the annotation `own` of what the wrapped function gives."""
    match own:
        case _ if kind == "called":
            return ast.unparse(own)
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[_, _, result])) if _last_name(head) == "Coroutine":
            return ast.unparse(result)
        case ast.Subscript(value=head, slice=result) if kind == "awaited" and _last_name(head) == "Awaitable":
            return ast.unparse(result)
        case _:
            return None


def _given_by(call: ast.Call, code: Analysis) -> ast.expr:
    """The expression that is the result of a call: with its `await`, or with the `asyncio.run` around it."""
    match code.parent(call):
        case ast.Await() as awaited:
            return awaited
        case ast.Call(args=[first, *_], func=function) as around if first is call:
            if code.is_name(function, *_AWAITED) and isinstance(outside := code.parent(around), ast.Await):
                return outside
            if code.is_name(function, "asyncio.run") or _last_name(function) == "run_until_complete":
                return around
            return call
        case _:
            return call


def _kind(call: ast.Call, decorator: Decorator, code: Analysis) -> str | None:
    """How the result of the wrapped function is got: by calling it, by awaiting or by running what that gives."""
    match _given_by(call, code):
        case ast.Await():
            return "awaited" if is_called(call, decorator) else "called"
        case given if given is not call:
            return "run"
        case _:
            return "called" if is_called(call, decorator) else None


def _stays_open(given: ast.expr, decorator: Decorator, code: Analysis) -> bool:
    """Whether a result is only returned, kept and shown, which can be done with any object."""
    match code.parent(given):
        case ast.Return() | ast.Expr() | ast.FormattedValue() | ast.Compare() | ast.If():
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            uses = (
                use
                for statement in decorator.wrapper.body
                for use in code.uses(name, statement, code.scope_made_by(decorator.wrapper))
            )
            return all(not isinstance(use.ctx, ast.Load) or _stays_open(use, decorator, code) for use in uses)
        # cache[key] = result
        case ast.Assign(targets=[ast.Subscript()]):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _SHOWN
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _LOGGED
        case _:
            return False


def _returned_types(decorator: Decorator, variable: str, code: Analysis) -> list[str] | str:
    """The types of what the wrapper returns, `None` last; a sentence if they are not known."""
    wrapper = decorator.wrapper
    found: dict[str, None] = {}
    for node in walk_own(wrapper):
        if isinstance(node, ast.Return):
            types = _types(node.value, decorator, variable, code)
            if types is None:
                assert node.value is not None
                return f"The type of what the wrapper returns is not known: `{_short(node.value)}`."
            found |= dict.fromkeys(types)
    if goes_on(wrapper.body):
        if set(found) > {"None"} or (found and "None" not in found):
            return "The wrapper can come to its end without a `return`, which its type would have to say."
        return ["None"]
    if not found:
        return "The wrapper never returns."
    return sorted(found, key=lambda each: (each == "None", each != variable))


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 and "\n" not in text else f"{text[:37]}..."


def _types(value: ast.expr | None, decorator: Decorator, variable: str, code: Analysis) -> Sequence[str] | None:
    """The types that a value may have; `None` if they are not known."""
    match value:
        case None | ast.Constant(value=None):
            return ["None"]
        case _ if any(_given_by(call, code) is value for call in decorator.calls):
            return [variable]
        case ast.Name():
            found: list[str] = []
            for binding in code.local_bindings(value) or ():
                match code.parent(binding.node):
                    case ast.Assign(targets=[target], value=assigned) if (
                        target is binding.node and code.function_around(target) is decorator.wrapper
                    ):
                        if (
                            isinstance(assigned, ast.Name)
                            or (types := _types(assigned, decorator, variable, code)) is None
                        ):
                            return None
                        found += types
                    case _:
                        return None
            return found or None
        case ast.IfExp(body=one, orelse=other):
            first, second = (_types(each, decorator, variable, code) for each in (one, other))
            return [*first, *second] if first and second else None
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return ["bool"]
        case ast.Call(func=function) if isinstance(made := code.definition(function), FunctionFact):
            is_here = not made.is_async and not made.is_generator and not made.decorators
            return [made.returns] if is_here and made.returns in _BUILTINS else None
        case _:
            known = type_of_value(value, code)
            return [known] if known and known not in {"list", "dict", "set", "tuple", "frozenset"} else None


def _generated(decorator: Decorator, code: Analysis) -> _Gives | str:
    """The types of a wrapper that is a generator."""
    wrapper, wrapped = decorator.wrapper, decorator.wrapped.arg
    loops: list[ast.For | ast.AsyncFor] = []
    for call in decorator.calls:
        match code.parent(call):
            case ast.YieldFrom() as delegated if isinstance(code.parent(delegated), ast.Expr):
                pass
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable) as loop if iterable is call:
                loops.append(loop)
            case _:
                return f"The wrapper does more with what `{wrapped}` gives than to yield it."
    names = {loop.target.id for loop in loops if isinstance(loop.target, ast.Name)}
    for node in walk_own(wrapper):
        match node:
            case ast.Yield(value=ast.Name(id=name)) if name in names and isinstance(code.parent(node), ast.Expr):
                pass
            case ast.Yield() | ast.Return(value=ast.expr()):
                return f"The wrapper does not yield just what `{wrapped}` gives."
            case ast.YieldFrom(value=value) if value not in decorator.calls:
                return f"The wrapper does not yield just what `{wrapped}` gives."
            case ast.Name(id=name, ctx=ast.Load()) if name in names:
                if not isinstance(code.parent(node), ast.Yield) and not _stays_open(node, decorator, code):
                    return f"The wrapper does more with what `{wrapped}` gives than to yield it."
            case _:
                pass
    if len({type(loop) for loop in loops}) > 1:
        return f"The wrapper does different things with what `{wrapped}` gives."
    before = "{AsyncIterable}[{R}]" if loops and isinstance(loops[0], ast.AsyncFor) else "{Iterable}[{R}]"
    after = "{AsyncIterator}[{R}]" if isinstance(wrapper, ast.AsyncFunctionDef) else "{Iterator}[{R}]"
    return before, after, after
