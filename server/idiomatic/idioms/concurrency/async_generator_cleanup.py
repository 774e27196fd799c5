"""Close an asynchronous generator with `contextlib.aclosing` where a loop over it can be left early.

## Why
A loop that ends with `break` or `return` leaves an asynchronous generator where it is, in the middle of its `try` or
`with`. What it has to clean up, a connection or a transaction, it does when the garbage collector comes by: in
another task, at a time nobody knows, with exceptions that nobody sees, and not at all if the event loop has ended by
then. `aclosing` closes it where the loop is left.

## Example
```python
async def first(pool):
    async for row in rows(pool):
        if row.is_open:
            return row


async def rows(pool):
    async with pool.acquire() as connection:
        async for row in connection.cursor("select * from orders"):
            yield row
```
becomes
```python
import contextlib


async def first(pool):
    async with contextlib.aclosing(rows(pool)) as generator:
        async for row in generator:
            if row.is_open:
                return row


async def rows(pool):
    async with pool.acquire() as connection:
        async for row in connection.cursor("select * from orders"):
            yield row
```

## Fix safety
Safe: a loop that runs to its end is not affected, since the generator is closed already. Where the loop is left
early, by an exception or a cancellation too, the generator cleans up at once and in this task, and an exception of
its clean-up is raised here instead of being logged.

Found are loops with a `break` or `return` over a call of an `async def` generator of this file or of the project that
yields inside a `with` block or a `try` with a `finally`. One without either has nothing to clean up. A generator that
is kept in a variable may be closed, or used again, later.

## References
- [`contextlib.aclosing`](https://docs.python.org/3/library/contextlib.html#contextlib.aclosing)
- [PEP 525, asynchronous generators: finalization](https://peps.python.org/pep-0525/#finalization)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.analysis.coroutines import Gives, call_gives, definition_of
from idiomatic.core.analysis.flow import is_left_early
from idiomatic.core.facts import FunctionFact
from idiomatic.core.idiom import Finding, Fix, Kind, Safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 10)
TRIGGERS = ("async",)
ALSO = ()


def detect(loop: ast.AsyncFor, code: Analysis) -> Iterator[Finding]:
    match loop.iter:
        case ast.Call(func=ast.Name() | ast.Attribute() as function) as call if is_left_early(loop):
            pass
        case _:
            return
    if not isinstance(code.function_around(loop), ast.AsyncFunctionDef) or not _cleans_up(function, code):
        return
    message = f"Left early, `{ast.unparse(function)}(...)` is not closed here: it cleans up later, or never"
    fix = Fix("Close it with `contextlib.aclosing`", Safe(), code.lines(loop), partial(to_aclosing, loop))
    yield Finding(call, message, (fix,))


def _cleans_up(function: ast.expr, code: Analysis) -> bool:
    match definition_of(code, function):
        case FunctionFact(cleans_up=True):
            # Not with a decorator that makes something else of it.
            return call_gives(code, function) is Gives.OTHER
        case _:
            return False


def to_aclosing(loop: ast.AsyncFor, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(loop, cst.For)
    name = draft.fresh("generator", "async_generator", within=draft.code.function_around(loop))
    closing = cst.Call(draft.expression("contextlib.aclosing", loop, as_module=True), [cst.Arg(old.iter)])
    inner = old.with_changes(iter=cst.Name(name), leading_lines=[])
    made = cst.With(
        [cst.WithItem(closing, cst.AsName(cst.Name(name)))],
        cst.IndentedBlock([inner]),
        asynchronous=cst.Asynchronous(),
        leading_lines=old.leading_lines,
    )
    return draft.replaced({old: made})
