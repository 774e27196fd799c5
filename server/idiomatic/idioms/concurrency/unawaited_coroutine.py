"""Await a coroutine, or nothing of it runs.

## Why
Calling an `async def` function runs none of its code: it makes a coroutine, which runs when it is awaited or started
as a task. A call as a statement of its own throws the coroutine away. Nothing fails, and the only trace is a warning
(`coroutine ... was never awaited`) whenever the garbage collector comes by.

## Example
```python
async def close(connection):
    flush(connection)
    await connection.close()


async def flush(connection): ...
```
becomes
```python
async def close(connection):
    await flush(connection)
    await connection.close()


async def flush(connection): ...
```

The first call of a program needs an event loop:
```python
async def main(): ...


if __name__ == "__main__":
    main()
```
becomes
```python
import asyncio


async def main(): ...


if __name__ == "__main__":
    asyncio.run(main())
```

## Fix safety
Unsafe, because that is the point: the code of the coroutine runs now, what follows waits for it, its exceptions are
raised here, and the task can be cancelled meanwhile. In a notebook, where an event loop is running, a call at module
level is awaited too.

Refused in a function that is not asynchronous, where nothing can be awaited; in a generator expression or class body;
in a `with` block of a lock of a thread, which would be held while other tasks run; and at module level in a file that
uses another library than `asyncio`.

Found are calls of `async def` functions and methods of this file and of the project, of those of `asyncio`, and the
coroutines that close a session, client or pool of a known library. A function with a decorator that is not known to
leave it a coroutine, one that is defined twice and an asynchronous generator are not.

Nothing is reported where a comment tells a type checker that an unused coroutine is right, and in the other one of
two forms of a file (`if _IS_SYNC:`, the `else` of an `if True:`).

## References
- [Coroutines](https://docs.python.org/3/library/asyncio-task.html#coroutines)
- [Detecting coroutines that were never
  awaited](https://docs.python.org/3/library/asyncio-dev.html#detect-never-awaited-coroutines)
"""

from __future__ import annotations

import ast
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.blocking import event_library, held_lock, is_never_run
from idiomatic.core.analysis.coroutines import COROUTINE_FUNCTIONS, Gives, call_gives
from idiomatic.core.analysis.instances import instance_of
from idiomatic.core.analysis.resources import MANAGERS
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.lazy import regex
from idiomatic.core.module import is_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 7)
TRIGGERS = ("async", "__main__", "main()")
ALSO = ()

AWAIT: Final = "Await it (its code runs)"
RUN: Final = "Run it with `asyncio.run` (its code runs)"


def detect(statement: ast.Expr, code: Analysis) -> Iterator[Finding]:
    match statement.value:
        case ast.Call(func=ast.Name() | ast.Attribute() as function) as call if _gives_coroutine(
            call, code
        ) and not _is_meant(statement, code):
            message = f"`{ast.unparse(function)}(...)` makes a coroutine that nobody awaits: none of its code runs"
            yield Finding(call, message, (_fix(call, code),))
        case _:
            pass


def _is_meant(statement: ast.Expr, code: Analysis) -> bool:
    """Whether it is never run, or a type checker has been told that it is right."""
    lines, span = code.statement.lines, code.span(statement)
    text = code.statement.text[span.start : lines.line_span(lines.position(span.end)[0]).end]
    return _FOR_CHECKERS.search(text) is not None or is_never_run(code, statement)


_FOR_CHECKERS: Final = regex(r"#.*(?:unused-coroutine|reportUnusedCoroutine)")


def _gives_coroutine(call: ast.Call, code: Analysis) -> bool:
    function = call.func
    qualified = code.qualified_name(function)
    if qualified is not None:
        if qualified in COROUTINE_FUNCTIONS:
            return True
        if qualified.lstrip(".").partition(".")[0] in _KNOWN_MODULES:
            return False
        # Another file is looked into only where it can make a difference.
        if not isinstance(code.function_around(call), ast.AsyncFunctionDef):
            return False
    if call_gives(code, function) is Gives.COROUTINE:
        return True
    return isinstance(function, ast.Attribute) and _closes(function, code)


_KNOWN_MODULES: Final = sys.stdlib_module_names | {"builtins"}


def _closes(function: ast.Attribute, code: Analysis) -> bool:
    """Whether it is the coroutine that closes an object of a known type."""
    if function.attr not in _CLOSERS:
        return False
    found = instance_of(code, function.value)
    manager = MANAGERS.get(found.of) if found is not None else None
    return manager is not None and any(f"await {function.attr}()" in calls for calls in manager.exits)


_CLOSERS: Final = frozenset(
    call.removeprefix("await ").removesuffix("()")
    for manager in MANAGERS.values()
    for calls in manager.exits
    for call in calls
    if call.startswith("await ")
)


def _fix(call: ast.Call, code: Analysis) -> Fix:
    where = code.lines(call)
    function = code.function_around(call)
    if function is None and code.enclosing(call, ast.ClassDef) is None:
        if code.ask(is_notebook):
            reason = "Its code runs now: what follows waits for it, and its exceptions are raised here."
            return Fix(AWAIT, Unsafe((reason,)), where, partial(to_await, call))
        library = code.ask(event_library)
        if library not in {None, "asyncio"}:
            return Fix(RUN, Refused(f"This file uses `{library}`, which runs coroutines in its own way."), where)
        reason = "Its code runs now, in an event loop of its own, and the program waits for it."
        return Fix(RUN, Unsafe((reason,)), where, partial(to_run, call))
    if not isinstance(function, ast.AsyncFunctionDef):
        place = f"`{function.name}`" if isinstance(function, ast.FunctionDef) else "The code around"
        return Fix(AWAIT, Refused(f"{place} is not asynchronous: nothing can be awaited there."), where)
    if (held := held_lock(code, call)) is not None:
        reason = f"`{held}` would be held while other tasks run, and one that waits for it stops all of them."
        return Fix(AWAIT, Refused(reason), where)
    reasons = (
        "Its code runs now: what follows waits for it, and its exceptions are raised here.",
        "Other tasks run meanwhile, and the task can be cancelled there.",
    )
    return Fix(AWAIT, Unsafe(reasons), where, partial(to_await, call))


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_await(call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(call, cst.Call)
    return draft.replaced({old: cst.Await(old)})


def to_run(call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(call, cst.Call)
    return draft.replaced({old: cst.Call(draft.expression("asyncio.run", call, as_module=True), [cst.Arg(old)])})
