"""Wrap coroutine functions in coroutine functions: a plain wrapper is over before they begin.

## Why
To call an `async def` only makes a coroutine. A wrapper that measures the time, tries again, holds a lock or handles
exceptions around that call measures nothing, sees no exception and has given the lock back before the first line of the
function runs; nothing tells that it does not work. A second wrapper that awaits the function does what was meant.

## Example
```python
import functools
import logging


def logged(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        try:
            return func(*args, **kwargs)
        except OSError:
            logging.exception("%s failed", func.__name__)
            raise

    return wrapper


@logged
async def fetch(client, url):
    return await client.get(url)
```
becomes
```python
import functools
import inspect
import logging


def logged(func):
    if inspect.iscoroutinefunction(func):
        @functools.wraps(func)
        async def async_wrapper(*args, **kwargs):
            try:
                return await func(*args, **kwargs)
            except OSError:
                logging.exception("%s failed", func.__name__)
                raise

        return async_wrapper

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        try:
            return func(*args, **kwargs)
        except OSError:
            logging.exception("%s failed", func.__name__)
            raise

    return wrapper


@logged
async def fetch(client, url):
    return await client.get(url)
```

## Fix safety
Always unsafe: what the wrapper does now happens while the coroutine function runs. Exceptions are handled, calls
repeated, times longer, and what is held is held while it waits. `time.sleep` becomes `asyncio.sleep` in the new
wrapper.

Refused where the wrapper is not simply defined and returned, is used besides or has decorators of its own, and where it
calls the function inside another function, a lambda or a comprehension.

Found where the decorator stands right above an `async def` of the same file. Where it comes from another file of the
project, the decorated function is pointed out, without a fix. Not found where the wrapper only does something before
the call, or where the decorator knows of coroutines: it asks for the kind of function or of result, or runs what it
gets.

## References
- [`inspect.iscoroutinefunction`](https://docs.python.org/3/library/inspect.html#inspect.iscoroutinefunction)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.decorating import decorated_coroutines
from idiomatic.core.analysis.decorators import Decorator, decorator_of, span_of_name
from idiomatic.core.analysis.surrounding import KIND_TESTS, acts_around, words
from idiomatic.core.facts import FunctionFact
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.writing.changes import changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.writing.changes import Change

KIND = Kind.PROBLEM
SINCE = (3, 5)
TRIGGERS = ("def ",)
ALSO = ()

AWAITS: Final = (
    "What the wrapper does around a coroutine function now happens while that runs: it sees the exceptions, the time "
    "and the result, none of which it sees today."
)
HOLDS: Final = "What its `with` block holds is held for as long as the coroutine waits."
SLEEPS: Final = "`time.sleep` becomes `asyncio.sleep` in the new wrapper: other tasks run meanwhile."
INNER: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)


def detect(definition: ast.FunctionDef | ast.AsyncFunctionDef, code: Analysis) -> Iterator[Finding]:
    match definition:
        # @timed
        # async def load(): ...
        case ast.AsyncFunctionDef(decorator_list=[*_, decorator]):
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if _is_imported_and_plain(called, code):
                message = f"`{ast.unparse(called)}` is over before the coroutine of `{definition.name}` begins"
                yield Finding(decorator, message)
        # def timed(func): def wrapper(*args): try: return func(*args) ...; return wrapper
        case ast.FunctionDef() if (decorator_found := decorator_of(definition, code)) is not None:
            yield from _findings(decorator_found, code)
        case _:
            return


def _is_imported_and_plain(decorator: ast.expr, code: Analysis) -> bool:
    """Whether a decorator of another file wraps what it gets in a plain function, and acts around the calls."""
    if code.qualified_name(decorator) is None:
        return False
    definition = code.definition(decorator)
    return isinstance(definition, FunctionFact) and definition.wraps_plainly


def _findings(decorator: Decorator, code: Analysis) -> Iterator[Finding]:
    wrapper, function = decorator.wrapper, decorator.function
    if not acts_around(wrapper, decorator.wrapped.arg) or words(function) & KIND_TESTS:
        return
    coroutines = [*code.ask(decorated_coroutines, function.name)]
    factory = code.function_around(function)
    outermost = function
    if not coroutines and isinstance(factory, ast.FunctionDef) and not words(factory) & KIND_TESTS:
        coroutines, outermost = [*code.ask(decorated_coroutines, factory.name)], factory
    if coroutines:
        message = f"The wrapper of `{outermost.name}` is over before the coroutine of `{coroutines[0]}` begins"
        yield Finding(span_of_name(wrapper, code), message, (_fix(decorator, code),))


def _fix(decorator: Decorator, code: Analysis) -> Fix:
    title = "Add a wrapper for coroutine functions"
    where = code.lines(decorator.wrapper)
    if (reason := _obstacle(decorator, code)) is not None:
        return Fix(title, Refused(reason), where)
    inside = [node for statement in decorator.wrapper.body for node in ast.walk(statement)]
    reasons = [AWAITS]
    if any(isinstance(node, ast.With) for node in inside):
        reasons.append(HOLDS)
    if any(isinstance(node, ast.Call) and code.is_name(node.func, "time.sleep") for node in inside):
        reasons.append(SLEEPS)
    return Fix(f"{title} (awaits in it)", Unsafe(tuple(reasons)), where, partial(add_wrapper, decorator))


def _obstacle(decorator: Decorator, code: Analysis) -> str | None:
    """Why there is no second wrapper to be written, a sentence."""
    wrapper, function = decorator.wrapper, decorator.function
    block = code.siblings(wrapper)
    match block[block.index(wrapper) + 1 :]:
        case [ast.Return(value=ast.Name(id=name))] if name == wrapper.name and code.parent(wrapper) is function:
            pass
        case _:
            return f"More is done with `{wrapper.name}` than to return it."
    if not code.has_own_lines(wrapper):
        return f"`{wrapper.name}` shares its lines with something else."
    uses = [use for each in function.body for use in code.uses(wrapper.name, each, code.scope_made_by(function))]
    if len(uses) > 1:
        return f"More is done with `{wrapper.name}` than to return it."
    for each in wrapper.decorator_list:
        if not code.is_name(each.func if isinstance(each, ast.Call) else each, "functools.wraps"):
            return f"`{wrapper.name}` has decorators of its own, which may be made for plain functions."
    if any(isinstance(around, INNER) for call in decorator.calls for around in _up_to(wrapper, call, code)):
        return f"`{decorator.wrapped.arg}` is called inside another function, where it can't be awaited."
    return None


def _up_to(wrapper: ast.AST, node: ast.AST, code: Analysis) -> Iterator[ast.AST]:
    for around in code.ancestors(node):
        if around is wrapper:
            return
        yield around


# -- the rewrite ------------------------------------------------------------------------------------------------------


def add_wrapper(decorator: Decorator, draft: Draft) -> Sequence[cst.BaseStatement]:
    wrapper, function = decorator.wrapper, decorator.function
    old = draft.node(wrapper, cst.FunctionDef)
    stem = wrapper.name.lstrip("_")
    prefix = wrapper.name.removesuffix(stem)
    name = draft.fresh(f"{prefix}async_{stem}", within=function)
    asynchronous = _asynchronous(decorator, name, draft)
    test = cst.Call(
        draft.expression("inspect.iscoroutinefunction", wrapper, as_module=True),
        [cst.Arg(cst.Name(decorator.wrapped.arg))],
    )
    result: cst.BaseExpression = cst.Name(name)
    if function.returns is not None:
        # Whoever says what the decorator gives means the coroutine function, too.
        said = ast.unparse(function.returns)
        is_quoted = isinstance(function.returns, ast.Constant) or '"' in said or "'" in said
        type_ = cst.parse_expression(said) if is_quoted else cst.SimpleString(f'"{said}"')
        result = cst.Call(draft.expression("typing.cast", wrapper), [cst.Arg(type_), cst.Arg(result)])
    returned = cst.SimpleStatementLine([cst.Return(result)], leading_lines=[cst.EmptyLine(indent=False)])
    blank = [line for line in old.leading_lines if line.comment is None][:1]
    branch = cst.If(test, cst.IndentedBlock([asynchronous, returned]), leading_lines=blank)

    def both(node: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
        plain = cst.ensure_type(node, cst.FunctionDef)
        lines = plain.leading_lines if blank else [cst.EmptyLine(indent=False), *plain.leading_lines]
        return cst.FlattenSentinel([branch, plain.with_changes(leading_lines=lines)])

    change: Change = both
    return changed(draft, {old: change})


def _asynchronous(decorator: Decorator, name: str, draft: Draft) -> cst.FunctionDef:
    """The wrapper as a coroutine function, which awaits what it calls."""
    code, wrapper = draft.code, decorator.wrapper
    new: dict[cst.CSTNode, Change] = {}
    for call in decorator.calls:
        new[draft.node(call, cst.Call)] = lambda node: cst.Await(cst.ensure_type(node, cst.Call))
    for node in (node for statement in wrapper.body for node in ast.walk(statement)):
        if isinstance(node, ast.Call) and code.is_name(node.func, "time.sleep"):
            sleep = draft.expression("asyncio.sleep", node, as_module=True)
            new[draft.node(node, cst.Call)] = partial(_sleeping, sleep)
    old = draft.node(wrapper, cst.FunctionDef)
    (made,) = changed(draft, new, [old])
    function = cst.ensure_type(made, cst.FunctionDef)
    returns = function.returns
    if returns is not None and (wrapper.returns is not None and ast.unparse(wrapper.returns) != "None"):
        returns = cst.Annotation(draft.expression("typing.Any", wrapper))
    return function.with_changes(
        name=cst.Name(name), asynchronous=cst.Asynchronous(), leading_lines=[], returns=returns
    )


def _sleeping(sleep: cst.BaseExpression, node: cst.CSTNode) -> cst.Await:
    return cst.Await(cst.ensure_type(node, cst.Call).with_changes(func=sleep))
