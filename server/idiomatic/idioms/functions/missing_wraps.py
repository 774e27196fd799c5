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
stored somewhere besides, or has decorators of its own that see the new name; where other decorators stand above this
one in the file, which may register functions by their name; where a class is wrapped; where the wrapped function is
bound again; where the wrapper's name stands in a string; and where the module reads `__wrapped__`.

Refused where the wrapper is returned on some paths only, and for classes that are decorators, which need
`functools.update_wrapper`.

Not found where the decorator sets the wrapper's `__name__`, `__doc__` or the like itself, hands both functions to
something else (`update_wrapper`, `wrapt`, `decorator`), asks for the wrapper's name in a string, or has a comment about
`wraps`.

## References
- [`functools.wraps`](https://docs.python.org/3/library/functools.html#functools.wraps)
- [`inspect.signature` follows `__wrapped__`](https://docs.python.org/3/library/inspect.html#inspect.signature)
"""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.decorating import decorators_above, is_used_as_decorator
from idiomatic.core.analysis.decorators import (
    KEEPS_METADATA,
    Decorator,
    changes_arguments,
    decorator_of,
    is_called,
    is_returned_always,
    passes_on,
    passes_on_stars,
    span_of_name,
)
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.surrounding import words
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.facts import is_generator
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

KIND = Kind.PROBLEM
SINCE = (3, 2)
TRIGGERS = ("def ",)
ALSO = ()

INDIFFERENT: Final = frozenset(
    (
        *("staticmethod", "classmethod", "property", "setter", "abstractmethod", "override", "final", "overload"),
        *("cache", "lru_cache", "cached_property", "contextmanager", "asynccontextmanager", "patch", "object", "skip"),
        *("skipIf", "skipUnless", "expectedFailure", "wraps"),
    )
)
"""Decorators for which the name of a function is no key."""
RUNNERS: Final = frozenset(("run", "run_until_complete", "run_coroutine_threadsafe", "run_sync", "async_to_sync"))


def detect(definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    match definition:
        # class traced: def __call__(self, *args, **kwargs): return self.func(*args, **kwargs)
        case ast.ClassDef():
            if (function := _kept_function(definition)) is not None and code.ask(is_used_as_decorator, definition.name):
                yield _class_finding(definition, function, code)
        # def traced(func): def wrapper(*args, **kwargs): ...func(*args, **kwargs); return wrapper
        case _ if (decorator := decorator_of(definition, code)) is not None and not _keeps_metadata(decorator, code):
            message = f"`{definition.name}` hides the name, docstring and signature of the function that it wraps"
            yield Finding(span_of_name(definition, code), message, (_fix(decorator, code),))
        case _:
            return


def _fix(decorator: Decorator, code: Analysis) -> Fix:
    title = f"Add `@functools.wraps({decorator.wrapped.arg})`"
    where = code.lines(decorator.wrapper)
    if not is_returned_always(decorator, code):
        reason = f"`{decorator.wrapper.name}` is returned on some paths only."
        return Fix(title, Refused(reason), where)
    reasons = list(_reasons(decorator, code))
    consequence = f" ({reasons[0][1]})" if reasons else ""
    verdict = safe_unless(reason for reason, _ in reasons)
    return Fix(title + consequence, verdict, where, partial(add_wraps, decorator))


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
            # "patched_start" in str(func)
            case ast.Constant(value=str(text)) if text == wrapper.name:
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
    elif not all(passes_on(call, decorator) for call in decorator.calls) or changes_arguments(wrapper):
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
    for above in _others_above(decorator, code):
        yield (
            f"`@{above}`, which stands above it here, sees the name of the function from now on, not `{wrapper.name}`.",
            "changes the name that decorators see",
        )
    if code.ask(is_in_a_string, wrapper.name):
        yield (
            f"`{wrapper.name}` stands in a string of this file: who knows the wrapper by that name does no longer.",
            "changes the name",
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
            not is_called(call, decorator) for call in decorator.calls
        ):
            return "The wrapper is a coroutine function, the wrapped function does not seem to be one."
    elif any(_is_run(call, code) for call in decorator.calls):
        return "The wrapper is a plain function, the wrapped one a coroutine function."
    return None


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


def _others_above(decorator: Decorator, code: Analysis) -> Iterator[str]:
    """The decorators above this one in the file for which the name of the function may be a key."""
    function = decorator.function
    factory = code.function_around(function)
    names = [function.name, *([factory.name] if isinstance(factory, ast.FunctionDef) else [])]
    found = dict.fromkeys(above for name in names for above in code.ask(decorators_above, name))
    yield from (above for above in found if above.rpartition(".")[2] not in INDIFFERENT)


@about(lambda name: (name,))
def is_in_a_string(module: Module, name: str) -> bool:
    """Question: whether a name stands in a string, alone or with dots and the like."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return any(
        any(word.search(text) for text in statement.fact(_names_in_strings)) for statement in module.mentioning(name)
    )


def _names_in_strings(statement: Statement) -> tuple[str, ...]:
    """The strings of a statement that are values, and no text."""
    index = statement.fact(tree)
    return tuple(
        each.value
        for each in index.of(ast.Constant)
        if isinstance(each.value, str) and each.value.split() == [each.value]
    )


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
    if words(definition) & {"update_wrapper", "wraps", "__wrapped__", "__name__", "__doc__", "__dict__"}:
        return None
    given = {argument.arg for argument in initialize.args.args[1:2]}
    called = {
        ast.unparse(node.func) for node in ast.walk(call) if isinstance(node, ast.Call) and passes_on_stars(node, call)
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
    return Finding(span_of_name(definition, code), message, (fix,))


# -- the rewrite ------------------------------------------------------------------------------------------------------


def add_wraps(decorator: Decorator, draft: Draft) -> Sequence[cst.BaseStatement]:
    wrapper = draft.node(decorator.wrapper, cst.FunctionDef)
    wraps = cst.Call(draft.expression("functools.wraps", decorator.wrapper), [cst.Arg(cst.Name(decorator.wrapped.arg))])
    # Nearest to the function, so that its other decorators get one that has its final name already.
    return draft.replaced({wrapper: wrapper.with_changes(decorators=[*wrapper.decorators, cst.Decorator(wraps)])})
