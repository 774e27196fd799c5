"""Give a decorator's wrapper the name, docstring and signature of what it wraps with `functools.wraps`.

## Why
A decorator puts another function in the place of the one below it. Without `functools.wraps` that one is called
`wrapper` in tracebacks, logs, profiles and metrics, has no docstring for `help()`, and shows `(*args, **kwargs)` to
everything that looks at signatures: editors, documentation tools, web frameworks, pytest.

## Example
```python
import functools
import time


def timed(func):
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return func(*args, **kwargs)
        finally:
            print(func.__name__, time.perf_counter() - start)

    return wrapper
```
becomes
```python
import functools
import time


def timed(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return func(*args, **kwargs)
        finally:
            print(func.__name__, time.perf_counter() - start)

    return wrapper
```

## Fix safety
A decorator is recognised by what it does: its one required parameter is called by an inner function, which it returns.
To tell it from other functions that return functions, it also has to be used as a decorator in the file, or the inner
function passes on all of its `*args` and `**kwargs`, or the parameter is called `func`, `fn`, `method`... or annotated
as a `Callable`, gets exactly the inner function's own arguments, and the inner function returns its result.

Safe where the wrapper takes `*args` and `**kwargs` and passes on everything it is given, unchanged: then the signature
of the wrapped function is the truth.

Unsafe where the wrapper's own signature is another one or it adds, removes or changes arguments; where an `async`
wrapper runs a plain function or the other way round; where the wrapper has a docstring of its own, is registered or
stored somewhere besides, or has decorators of its own that see the new name; where a class is wrapped; where the
wrapped function is bound again; and where the module reads `__wrapped__`.

Refused where the wrapper is returned on some paths only, and for classes that are decorators, which need
`functools.update_wrapper`.

Not found where the decorator sets the wrapper's `__name__`, `__doc__` or the like itself, hands both functions to
something else (`update_wrapper`, `wrapt`, `decorator`), or has a comment about `wraps`.

## References
- [`functools.wraps`](https://docs.python.org/3/library/functools.html#functools.wraps)
- [`inspect.signature` follows `__wrapped__`](https://docs.python.org/3/library/inspect.html#inspect.signature)
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.decorating import is_used_as_decorator
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.tree import FUNCTIONS, Function, walk_own
from idiomatic.core.facts import is_generator, parameters
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 2)
TRIGGERS = ("def ",)
ALSO = ()

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
KIND_TESTS: Final = frozenset(
    (
        "iscoroutinefunction",
        "isasyncgenfunction",
        "isgeneratorfunction",
        "iscoroutine",
        "isawaitable",
        "is_async_callable",
    )
)
RUNNERS: Final = frozenset(("run", "run_until_complete", "run_coroutine_threadsafe", "run_sync", "async_to_sync"))
CHANGING: Final = frozenset(("pop", "popitem", "setdefault", "update", "clear", "__setitem__", "__delitem__"))


@dataclass(frozen=True, slots=True, eq=False)
class Decorator:
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


def detect(definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    match definition:
        # class traced: def __call__(self, *args, **kwargs): return self.func(*args, **kwargs)
        case ast.ClassDef():
            if (function := _kept_function(definition)) is not None and code.ask(is_used_as_decorator, definition.name):
                yield _class_finding(definition, function, code)
        # def traced(func): def wrapper(*args, **kwargs): ...func(*args, **kwargs); return wrapper
        case _ if (decorator := _decorator(definition, code)) is not None:
            message = f"`{definition.name}` hides the name, docstring and signature of the function that it wraps"
            yield Finding(_name(definition, code), message, (_fix(decorator, code),))
        case _:
            return


def _fix(decorator: Decorator, code: Analysis) -> Fix:
    title = f"Add `@functools.wraps({decorator.wrapped.arg})`"
    where = code.lines(decorator.wrapper)
    if not _is_returned_always(decorator, code):
        reason = f"`{decorator.wrapper.name}` is returned on some paths only."
        return Fix(title, Refused(reason), where)
    reasons = list(_reasons(decorator, code))
    consequence = f" ({reasons[0][1]})" if reasons else ""
    verdict = safe_unless(reason for reason, _ in reasons)
    return Fix(title + consequence, verdict, where, partial(add_wraps, decorator))


def _name(definition: Function | ast.ClassDef, code: Analysis) -> Span | ast.AST:
    """The name of a definition; underlining all of it would say too much."""
    span = code.span(definition)
    found = re.compile(rf"(?:async\s+)?(?:def|class)[\s\\]+({re.escape(definition.name)})\b").match(
        code.statement.text, span.start, span.end
    )
    return Span(*found.span(1)) if found else definition


# -- is it a decorator? -----------------------------------------------------------------------------------------------


def _decorator(wrapper: Function, code: Analysis) -> Decorator | None:
    """The decorator that returns a function, if it is a wrapper without metadata."""
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
    return decorator if _is_evident(decorator, code) and not _keeps_metadata(decorator, code) else None


def _is_returned(wrapper: Function, function: ast.FunctionDef, code: Analysis) -> bool:
    return any(
        name.id == wrapper.name
        for node in walk_own(function)
        if isinstance(node, ast.Return) and node.value is not None
        for name in _returned_names(node.value, code)
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


def _returned_names(value: ast.expr, code: Analysis) -> Iterator[ast.Name]:
    """The variables that a `return` may give back: `wrapper`, `cast(F, wrapper)`, `wrapper if ... else func`."""
    match value:
        case ast.Name():
            yield value
        case ast.Call(func=function, args=[_, ast.Name() as name]) if code.is_name(function, "typing.cast"):
            yield name
        case ast.IfExp(body=one, orelse=other):
            yield from _returned_names(one, code)
            yield from _returned_names(other, code)
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
                    if any(_is_starred(arg, vararg.arg) for arg in args):
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


def _is_starred(argument: ast.expr, name: str) -> bool:
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
        return any(
            _passes_on_stars(call, wrapper) and (named or _is_called(call, decorator)) for call in decorator.calls
        )
    return (
        named
        and any(parameters(wrapper.args))
        and any(_passes_on(call, decorator) and _is_result(call, decorator, code) for call in decorator.calls)
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


def _passes_on_stars(call: ast.Call, wrapper: Function) -> bool:
    vararg, kwarg = wrapper.args.vararg, wrapper.args.kwarg
    assert vararg is not None
    assert kwarg is not None
    return any(_is_starred(argument, vararg.arg) for argument in call.args) and any(
        keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == kwarg.arg
        for keyword in call.keywords
    )


def _passes_on(call: ast.Call, decorator: Decorator) -> bool:
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


def _keeps_metadata(decorator: Decorator, code: Analysis) -> bool:
    """Whether the decorator takes care of the wrapper's name itself, one way or another."""
    wrapper, wrapped = decorator.wrapper, decorator.wrapped.arg
    if re.search(r"#.*\bwraps\b", code.source(decorator.function)):
        # A comment that says why not.
        return True
    if any(_mentions(each, wrapped) or _is_wraps(each, code) for each in wrapper.decorator_list):
        return True
    for node in ast.walk(decorator.function):
        match node:
            # wrapper.__name__ = ..., wrapper.__dict__.update(...)
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=context) if name == wrapper.name:
                if attr.startswith("__") and (isinstance(context, ast.Store) or attr == "__dict__"):
                    return True
            # update_wrapper(wrapper, func), setattr(wrapper, "__name__", ...), copy(func, to=wrapper)
            case ast.Call() if node not in decorator.calls and _mentions_own(node, wrapper.name):
                if _mentions_own(node, wrapped) or any(
                    isinstance(argument, ast.Constant) and str(argument.value).startswith("__")
                    for argument in node.args
                ):
                    return True
            case _:
                pass
    return False


def _is_wraps(expression: ast.expr, code: Analysis) -> bool:
    called = expression.func if isinstance(expression, ast.Call) else expression
    name = code.qualified_name(called) or ""
    return name.rpartition(".")[2] in {"wraps", "decorator"} or name.startswith("wrapt.")


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))


def _mentions_own(call: ast.Call, name: str) -> bool:
    """Whether the arguments of a call contain a variable."""
    return any(_mentions(each, name) for each in (*call.args, *(keyword.value for keyword in call.keywords)))


def _is_returned_always(decorator: Decorator, code: Analysis) -> bool:
    """Whether the wrapper is what the decorator returns wherever it gets as far as to define it."""
    around = list(code.ancestors(decorator.wrapper))
    for node in walk_own(decorator.function):
        if not isinstance(node, ast.Return) or node.value is None or isinstance(node.value, ast.IfExp):
            continue
        if not any(name.id == decorator.wrapper.name for name in _returned_names(node.value, code)):
            continue
        parent = code.parent(node)
        if parent in around:
            return True
        # if inspect.iscoroutinefunction(func): return async_wrapper
        if isinstance(parent, ast.If) and _words(parent.test) & KIND_TESTS:
            return True
    return False


def _words(node: ast.AST) -> set[str]:
    """The variables and attributes below a node, by name."""
    return {
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node)
        if isinstance(each, (ast.Name, ast.Attribute))
    }


# -- what changes -----------------------------------------------------------------------------------------------------


def _reasons(decorator: Decorator, code: Analysis) -> Iterator[tuple[str, str]]:
    """Each reason against the fix, with its consequence in a few words."""
    wrapper, wrapped = decorator.wrapper, decorator.wrapped.arg
    arguments = wrapper.args
    if not (arguments.vararg and arguments.kwarg):
        yield (
            f"The wrapper has a signature of its own; `inspect.signature` would show that of `{wrapped}` in its place.",
            "shows another signature",
        )
    elif not all(_passes_on(call, decorator) for call in decorator.calls) or _changes_arguments(wrapper):
        yield (
            f"The wrapper does not pass on just what it gets; `inspect.signature` would show what `{wrapped}` takes.",
            "shows another signature",
        )
    if (kinds := _differing_kinds(decorator, code)) is not None:
        yield (
            f"{kinds} Tools that look behind `__wrapped__` take one for the other.",
            "mixes async and plain functions",
        )
    if ast.get_docstring(wrapper, clean=False) is not None:
        yield (f"The wrapper's own docstring gives way to that of `{wrapped}`.", "replaces the docstring")
    for each in wrapper.decorator_list:
        called = each.func if isinstance(each, ast.Call) else each
        if not code.is_name(called, *KEEPS_METADATA):
            yield (
                f"`@{ast.unparse(called)}` on the wrapper then sees the name and attributes of `{wrapped}`.",
                "changes the name that decorators see",
            )
    if _is_kept(decorator, code):
        yield (
            "The wrapper is also stored or registered here, where its name may serve as a key.",
            "changes the name it is registered under",
        )
    if _is_class(decorator.wrapped, code):
        yield (
            f"`{wrapped}` is a class: its attributes and methods are copied to the wrapper too.",
            "copies the attributes of the class",
        )
    bindings = code.scope_made_by(decorator.function).bindings.get(wrapped, ())
    if len(bindings) > 1:
        yield (
            f"`{wrapped}` is bound again here and may be something else when the wrapper is made.",
            "changes the name",
        )
    for word in ("__wrapped__", "inspect.unwrap"):
        if code.ask(mentions, word):
            yield (f"This module uses `{word}`, which finds `{wrapped}` from now on.", "sets `__wrapped__`")


def _changes_arguments(wrapper: Function) -> bool:
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


def _differing_kinds(decorator: Decorator, code: Analysis) -> str | None:
    """In what the wrapper differs from the wrapped function: one is a coroutine or generator function, one is not."""
    wrapper = decorator.wrapper
    around = [code.parent(call) for call in decorator.calls]
    is_async = isinstance(wrapper, ast.AsyncFunctionDef)
    if is_generator(wrapper):
        iterated = (ast.YieldFrom, ast.For, ast.AsyncFor, ast.comprehension)
        if not any(isinstance(parent, iterated) for parent in around):
            return "The wrapper is a generator function, the wrapped function does not seem to be one."
    elif is_async:
        if not any(isinstance(parent, ast.Await) and parent.value in decorator.calls for parent in around) or any(
            not _is_called(call, decorator) for call in decorator.calls
        ):
            return "The wrapper is a coroutine function, the wrapped function does not seem to be one."
    elif any(_is_run(call, code) for call in decorator.calls):
        return "The wrapper is a plain function, the wrapped one a coroutine function."
    return None


def _is_called(call: ast.Call, decorator: Decorator) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == decorator.wrapped.arg


def _is_run(call: ast.Call, code: Analysis) -> bool:
    """Whether it is `asyncio.run(func(...))` or the like."""
    match code.parent(call):
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in RUNNERS
        case _:
            return False


def _is_kept(decorator: Decorator, code: Analysis) -> bool:
    """Whether the decorator does more with the wrapper than to return it and to set attributes on it."""
    for statement in decorator.function.body:
        for use in code.uses(decorator.wrapper.name, statement, code.scope(decorator.wrapper)):
            match code.parent(use):
                case ast.Return() | ast.IfExp():
                    pass
                case ast.Attribute(ctx=ast.Store()):
                    pass
                case ast.Call(func=function) if code.is_name(function, "typing.cast"):
                    pass
                case _:
                    return True
    return False


def _is_class(parameter: ast.arg, code: Analysis) -> bool:
    annotation = parameter.annotation
    head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return parameter.arg.strip("_") in {"cls", "klass", "class"} or code.is_name(head, "builtins.type", "typing.Type")


# -- classes ----------------------------------------------------------------------------------------------------------


def _kept_function(definition: ast.ClassDef) -> str | None:
    """The parameter of `__init__` that is kept and gets all arguments of `__call__`, in a class without metadata."""
    methods = {node.name: node for node in definition.body if isinstance(node, FUNCTIONS)}
    initialize, call = methods.get("__init__"), methods.get("__call__")
    if initialize is None or call is None or not (call.args.vararg and call.args.kwarg):
        return None
    if _words(definition) & {"update_wrapper", "wraps", "__wrapped__", "__name__", "__doc__", "__dict__"}:
        return None
    given = {argument.arg for argument in initialize.args.args[1:2]}
    called = {
        ast.unparse(node.func) for node in ast.walk(call) if isinstance(node, ast.Call) and _passes_on_stars(node, call)
    }
    for node in ast.walk(initialize):
        match node:
            # self.func = func
            case ast.Assign(targets=[ast.Attribute() as kept], value=ast.Name(id=name)):
                if name in given and ast.unparse(kept) in called:
                    return name
            case _:
                pass
    return None


def _class_finding(definition: ast.ClassDef, function: str, code: Analysis) -> Finding:
    reason = (
        f"A class needs `functools.update_wrapper(self, {function})` in its `__init__`, "
        f"which also puts the attributes of `{function}` on its instances."
    )
    fix = Fix(f"Add `@functools.wraps({function})`", Refused(reason), code.lines(definition))
    message = f"`{definition.name}` hides the name, docstring and signature of the function that it wraps"
    return Finding(_name(definition, code), message, (fix,))


# -- the rewrite ------------------------------------------------------------------------------------------------------


def add_wraps(decorator: Decorator, draft: Draft) -> Sequence[cst.BaseStatement]:
    wrapper = draft.node(decorator.wrapper, cst.FunctionDef)
    wraps = cst.Call(draft.expression("functools.wraps", decorator.wrapper), [cst.Arg(cst.Name(decorator.wrapped.arg))])
    # Nearest to the function, so that its other decorators get one that has its final name already.
    return draft.replaced({wrapper: wrapper.with_changes(decorators=[*wrapper.decorators, cst.Decorator(wraps)])})
