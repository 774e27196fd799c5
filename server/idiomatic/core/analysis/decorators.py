"""Which function is a decorator, and what does its wrapper do with the function that it wraps?

A decorator is recognised by what it does: its one required parameter is called by an inner function, which it returns.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.decorating import is_used_as_decorator
from idiomatic.core.analysis.surrounding import KIND_TESTS, words
from idiomatic.core.analysis.tree import FUNCTIONS, Function, walk_own
from idiomatic.core.facts import parameters
from idiomatic.core.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.code import Analysis

CALLABLE_NAMES: Final = frozenset(
    (
        *("f", "fn", "fun", "func", "function", "meth", "method", "callable", "wrapped", "decorated"),
        *("coro", "coroutine", "generator", "genfunc", "view", "view_func", "user_function"),
    )
)
KEEPS_METADATA: Final = (
    "contextlib.contextmanager",
    "contextlib.asynccontextmanager",
    "functools.lru_cache",
    "functools.cache",
    "typing.no_type_check",
    "typing.cast",
)
CHANGING: Final = frozenset(("pop", "popitem", "setdefault", "update", "clear", "__setitem__", "__delitem__"))


class Decorator(Struct, frozen=True, eq=False):
    """A decorator and its wrapper.

    Attributes:
        function: the decorator.
        wrapped: its parameter for the function that it wraps.
        wrapper: the function that it returns.
        calls: where the wrapper calls the wrapped function, or has it called (`to_thread(func, *args, **kwargs)`).
    """

    function: ast.FunctionDef
    wrapped: ast.arg
    wrapper: Function
    calls: tuple[ast.Call, ...]


def decorator_of(wrapper: Function, code: Analysis) -> Decorator | None:
    """The decorator that returns a function, if there is one."""
    parent = code.parent(wrapper)
    if parent is None or isinstance(parent, ast.ClassDef):
        return None
    function = code.function_around(wrapper)
    if not isinstance(function, ast.FunctionDef) or (wrapped := _wrapped_parameter(function, code)) is None:
        return None
    calls = tuple(_calls(wrapped, wrapper, code))
    if not calls or not _is_returned(wrapper, function, code) or not _is_only_function(wrapper, code):
        return None
    decorator = Decorator(function, wrapped, wrapper, calls)
    return decorator if _is_evident(decorator, code) else None


def _is_returned(wrapper: Function, function: ast.FunctionDef, code: Analysis) -> bool:
    return any(
        name.id == wrapper.name
        for node in walk_own(function)
        if isinstance(node, ast.Return) and node.value is not None
        for name in returned_names(node.value, code)
    )


def _wrapped_parameter(function: ast.FunctionDef, code: Analysis) -> ast.arg | None:
    """The parameter that can be the decorated function: the only one that has to be given."""
    if any(
        not code.is_name(decorator, "builtins.staticmethod", "builtins.classmethod", *KEEPS_METADATA)
        for decorator in function.decorator_list
    ):
        # A fixture, a command...: not called with a function by `@`.
        return None
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = positional[: len(positional) - len(arguments.defaults)]
    is_static = any(code.is_name(each, "builtins.staticmethod") for each in function.decorator_list)
    is_method = isinstance(code.parent(function), ast.ClassDef) and not is_static
    if is_method and required and (len(required) > 1 or required[0].arg in {"self", "cls"}):
        required, positional = required[1:], positional[1:]
    if len(required) > 1 or not positional or any(default is None for default in arguments.kw_defaults):
        return None
    return positional[0]


def returned_names(value: ast.expr, code: Analysis) -> Iterator[ast.Name]:
    """The variables that a `return` may give back: `wrapper`, `cast(F, wrapper)`, `wrapper if ... else func`."""
    match value:
        case ast.Name():
            yield value
        case ast.Call(func=function, args=[_, ast.Name() as name]) if code.is_name(function, "typing.cast"):
            yield name
        case ast.IfExp(body=one, orelse=other):
            yield from returned_names(one, code)
            yield from returned_names(other, code)
        case _:
            return


def _is_only_function(wrapper: Function, code: Analysis) -> bool:
    """Whether its name stands for nothing but functions (`wrapper = update_wrapper(wrapper, func)` does not)."""
    bindings = code.scope(wrapper).bindings.get(wrapper.name, ())
    return all(isinstance(binding.node, FUNCTIONS) for binding in bindings)


def _calls(wrapped: ast.arg, wrapper: Function, code: Analysis) -> Iterator[ast.Call]:
    owner = code.scope(wrapper).lookup(wrapped.arg)
    vararg = wrapper.args.vararg
    for statement in wrapper.body:
        for use in code.uses(wrapped.arg, statement, owner):
            if _is_in_result(use, wrapper, code):
                continue
            match code.parent(use):
                # func(...)
                case ast.Call(func=function) as call if function is use:
                    yield call
                # to_thread(func, *args, **kwargs)
                case ast.Call(args=args) as call if use in args and vararg is not None:
                    if any(is_starred(arg, vararg.arg) for arg in args):
                        yield call
                case _:
                    pass


def _is_in_result(node: ast.AST, wrapper: Function, code: Analysis) -> bool:
    """Whether it stands in a function that the wrapper makes and returns: then the wrapper is a factory."""
    around = code.function_around(node)
    while around is not None and around is not wrapper:
        if isinstance(around, ast.Lambda):
            if isinstance(code.parent(around), ast.Return):
                return True
        elif any(
            isinstance(each, ast.Return) and isinstance(each.value, ast.Name) and each.value.id == around.name
            for each in walk_own(wrapper)
        ):
            return True
        around = code.function_around(around)
    return False


def is_starred(argument: ast.expr, name: str) -> bool:
    """Whether an argument is `*name`."""
    return isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Name) and argument.value.id == name


def _is_evident(decorator: Decorator, code: Analysis) -> bool:
    """Whether there is more to say for a decorator than the shape."""
    function, wrapper = decorator.function, decorator.wrapper
    if code.ask(is_used_as_decorator, function.name):
        return True
    factory = code.function_around(function)
    if isinstance(factory, ast.FunctionDef) and code.ask(is_used_as_decorator, factory.name):
        return True
    named = decorator.wrapped.arg.strip("_") in CALLABLE_NAMES or _is_callable(decorator.wrapped.annotation, code)
    if wrapper.args.vararg and wrapper.args.kwarg:
        # func(*args, **kwargs), but not make(name, *args, **kwargs)
        return any(passes_on_stars(call, wrapper) and (named or is_called(call, decorator)) for call in decorator.calls)
    return (
        named
        and any(parameters(wrapper.args))
        and any(passes_on(call, decorator) and _is_result(call, decorator, code) for call in decorator.calls)
    )


def _is_result(call: ast.Call, decorator: Decorator, code: Analysis) -> bool:
    """Whether the wrapper returns what a call gives, at once or after it was assigned to a variable."""
    value: ast.AST = call
    parent = code.parent(value)
    if isinstance(parent, ast.Await):
        value, parent = parent, code.parent(parent)
    match parent:
        case ast.Return() | ast.YieldFrom():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return any(
                isinstance(node, ast.Return) and isinstance(node.value, ast.Name) and node.value.id == name
                for node in walk_own(decorator.wrapper)
            )
        case _:
            return False


def _is_callable(annotation: ast.expr | None, code: Analysis) -> bool:
    match annotation:
        case ast.Subscript(value=value):
            return _is_callable(value, code)
        case ast.Constant(value=str(text)):
            return "Callable[" in text
        case _:
            return code.is_name(annotation, "typing.Callable", "collections.abc.Callable")


def passes_on_stars(call: ast.Call, wrapper: Function) -> bool:
    """Whether a call passes on `*args` and `**kwargs` of a wrapper that has both, and maybe more."""
    vararg, kwarg = wrapper.args.vararg, wrapper.args.kwarg
    assert vararg is not None
    assert kwarg is not None
    return any(is_starred(argument, vararg.arg) for argument in call.args) and any(
        keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == kwarg.arg
        for keyword in call.keywords
    )


def passes_on(call: ast.Call, decorator: Decorator) -> bool:
    """Whether a call passes on the wrapper's arguments, all of them, each in its place, and nothing else."""
    arguments = decorator.wrapper.args
    expected = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    expected += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    expected += [f"{argument.arg}={argument.arg}" for argument in arguments.kwonlyargs]
    expected += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    given = [ast.unparse(argument) for argument in call.args]
    if not (isinstance(call.func, ast.Name) and call.func.id == decorator.wrapped.arg):
        given = given[given.index(decorator.wrapped.arg) + 1 :]
    given += [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in call.keywords if keyword.arg is not None]
    given += [f"**{ast.unparse(keyword.value)}" for keyword in call.keywords if keyword.arg is None]
    return given == expected


def is_returned_always(decorator: Decorator, code: Analysis) -> bool:
    """Whether the wrapper is what the decorator returns wherever it gets as far as to define it."""
    around = list(code.ancestors(decorator.wrapper))
    for node in walk_own(decorator.function):
        if not isinstance(node, ast.Return) or node.value is None or isinstance(node.value, ast.IfExp):
            continue
        if not any(name.id == decorator.wrapper.name for name in returned_names(node.value, code)):
            continue
        parent = code.parent(node)
        if parent in around:
            return True
        # if inspect.iscoroutinefunction(func): return async_wrapper
        if isinstance(parent, ast.If) and words(parent.test) & KIND_TESTS:
            return True
    return False


def changes_arguments(wrapper: Function) -> bool:
    """Whether the wrapper changes its `kwargs` or binds its parameters again."""
    names = {argument.arg for argument in parameters(wrapper.args)}
    for node in ast.walk(ast.Module(wrapper.body, [])):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if name in names:
                return True
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if name in names:
                return True
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in names and attr in CHANGING:
                kwarg = wrapper.args.kwarg
                if kwarg is not None and name == kwarg.arg:
                    return True
            case _:
                pass
    return False


def is_called(call: ast.Call, decorator: Decorator) -> bool:
    """Whether it is the wrapped function itself that is called, not something that gets it as an argument."""
    return isinstance(call.func, ast.Name) and call.func.id == decorator.wrapped.arg


def span_of_name(definition: Function | ast.ClassDef, code: Analysis) -> Span | ast.AST:
    """The name of a definition; underlining all of it would say too much."""
    span = code.span(definition)
    found = re.compile(rf"(?:async\s+)?(?:def|class)[\s\\]+({re.escape(definition.name)})\b").match(
        code.statement.text, span.start, span.end
    )
    return Span(*found.span(1)) if found else definition
