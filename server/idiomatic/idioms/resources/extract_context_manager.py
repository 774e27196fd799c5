"""Put what opens and what closes around a block into a context manager of its own.

## Why
Setup, `try`, `finally` and clean-up are one thought in four places, and whoever needs it a second time copies all of
them. As a context manager it has a name, can be used again, and can't be half forgotten.

## Example
```python
import os


def build(directory: str, target: str) -> None:
    before = os.getcwd()
    os.chdir(directory)
    try:
        run("make", target)
    finally:
        os.chdir(before)
```
becomes
```python
import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def managed_chdir(directory: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def build(directory: str, target: str) -> None:
    with managed_chdir(directory):
        run("make", target)
```

What the `finally` needs, and the statements below it, are the setup. Handlers that clean up and raise again go along,
and then run for every exception; so does a `commit()` at the end of the block, unless the block can be left before it:
```python
import contextlib


async def transfer(url: str, amount: int) -> None:
    session = Session(url)
    try:
        await session.add(amount)
        await session.commit()
    except Exception:
        await session.rollback()
        raise
    finally:
        await session.close()


class Session: ...
```
becomes
```python
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def managed_session(url: str) -> AsyncIterator["Session"]:
    session = Session(url)
    try:
        yield session
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()


async def transfer(url: str, amount: int) -> None:
    async with managed_session(url) as session:
        await session.add(amount)


class Session: ...
```

## Fix safety
Unsafe: setup and clean-up run in a function of their own, which tracebacks and everything that looks at the caller's
frame will see. Where a handler for `Exception` goes along, it also runs when the task is cancelled; a second action
leaves it as it is.

Refused: the clean-up needs a variable that the block gives a value; a variable that the clean-up sets is used
afterwards; setup or clean-up leave the function, yield, define functions or are about `nonlocal` variables; more than
three variables would have to be handed out, or more than six passed in.

Not offered: at the top of a module, whose variables live on; in a function that is a context manager already; where
one thing is opened and closed, or a lock is taken and released, which a `with` does without a function.

## References
- [`contextlib.contextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager),
  [`contextlib.asynccontextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.asynccontextmanager)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.flow import is_read_after
from idiomatic.core.analysis.setups import (
    is_simple,
    outer_statement,
    parts_of,
    scopes_around,
    setup_of,
    stays_inside,
    stored_in,
)
from idiomatic.core.analysis.tree import FUNCTIONS, walk_own
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.text import Span
from idiomatic.core.writing.extracted_manager import to_manager

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.setups import Parts
    from idiomatic.core.analysis.tree import Function

KIND = Kind.REFACTOR
SINCE = (3, 7)
TRIGGERS = ("finally",)
ALSO = ()

MANAGERS: Final = ("contextlib.contextmanager", "contextlib.asynccontextmanager")
FRAME: Final = (
    "Setup and clean-up run in a function of their own, which tracebacks and whatever looks at the caller's frame see."
)
_MOST: Final = 3
"""How many variables may be handed out."""
_MANY: Final = 6
"""How many may be passed in."""


def detect(statement: ast.Try, code: Analysis) -> Iterator[Finding]:
    function = code.function_around(statement)
    if not statement.finalbody or not isinstance(function, FUNCTIONS) or _is_manager(function, code):
        return
    setup = setup_of(statement, code)
    if not setup:
        return
    parts = parts_of(statement, function, setup, code)
    if not parts.moves_handlers and is_simple(statement, setup):
        return
    place = Span(code.span(setup[0]).start, code.span(statement).start + len("try"))
    message = "Setup and clean-up around this block can be a context manager of their own"
    title = "Extract a context manager from setup and `finally`"
    outer = outer_statement(parts, code)
    if (reason := next(_refusals(parts, code), None)) is not None:
        yield Finding(place, message, (Fix(title, Refused(reason), code.lines(statement)),))
        return
    title += " (in a function of its own)"
    fixes = [Fix(title, Unsafe((FRAME,)), code.lines(outer), partial(to_manager, parts, None))]
    widened = statement.handlers[-1] if parts.moves_handlers else None
    if widened is not None and code.is_name(widened.type, "builtins.Exception"):
        reasons = (
            FRAME,
            "The handler for `Exception` also runs when the task is cancelled or the program interrupted.",
        )
        wider = title.replace(" (in", ", for every exception (in")
        fixes.insert(0, Fix(wider, Unsafe(reasons), code.lines(outer), partial(to_manager, parts, widened)))
    yield Finding(place, message, tuple(fixes))


def _is_manager(function: Function, code: Analysis) -> bool:
    return any(code.is_name(each, *MANAGERS) for each in function.decorator_list)


# -- whether it may be done -------------------------------------------------------------------------------------------


def _refusals(parts: Parts, code: Analysis) -> Iterator[str]:
    statement = parts.statement
    if not all(map(code.has_own_lines, [*parts.setup, statement])):
        yield "It shares a line with another statement."
    for each in parts.moved:
        for node in (each, *walk_own(each)):
            match node:
                case ast.Return() | ast.Break() | ast.Continue() if not stays_inside(node, each, code):
                    yield "Setup or clean-up leave the function or a loop."
                case ast.Yield() | ast.YieldFrom():
                    yield "Setup or clean-up yield something."
                case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    yield "Setup or clean-up define a function, which would see other variables."
                case ast.Import() | ast.ImportFrom() | ast.Delete():
                    yield "Setup or clean-up import or delete something."
                case ast.Call(func=ast.Name(id="locals" | "vars" | "eval" | "exec" | "super" as called)):
                    yield f"`{called}()` depends on the function it is called in."
                case ast.Attribute(attr=attr) if parts.method is None and attr.startswith("__") and attr[-2:] != "__":
                    yield f"`{attr}` has another name outside of its class."
                case _:
                    pass
    scope = code.scope(statement)
    for name in stored_in(parts.moved):
        if scope.lookup(name) is not scope and not _is_in_comprehension(name, parts, code):
            yield f"`{name}` belongs to another function or to the module."
    yield from _variable_refusals(parts, code)
    if len(parts.given) > _MOST:
        yield f"{len(parts.given)} variables would have to be handed out."
    if len(parts.taken) > _MANY:
        yield f"{len(parts.taken)} variables would have to be passed in."


def _is_in_comprehension(name: str, parts: Parts, code: Analysis) -> bool:
    scope = code.scope(parts.statement)
    return not any(
        isinstance(node, ast.Name) and node.id == name and code.scope(node) is scope
        for each in parts.moved
        for node in ast.walk(each)
    )


def _variable_refusals(parts: Parts, code: Analysis) -> Iterator[str]:
    scope = code.scope(parts.statement)
    later = [each for each in parts.moved if each not in parts.setup]
    # In an order of its own: the first reason is the one that is told.
    read_later = dict.fromkeys(
        n.id for each in later for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    )
    stay = {id(node) for each in parts.stays for node in ast.walk(each)}
    for binding in (each for name in read_later for each in scope.bindings.get(name, ())):
        if id(binding.node) in stay:
            yield f"`{binding.name}` gets its value in the block, and the clean-up needs it."
    for binding in (each for name in read_later for each in scope.bindings.get(name, ())):
        if code.function_around(binding.node) is not parts.function and not isinstance(binding.node, ast.arg):
            yield f"A nested function changes `{binding.name}`, and the clean-up needs it."
    for name in stored_in(later):
        if is_read_after(code, parts.statement, name):
            yield f"`{name}` is set by the clean-up and used after it."
    for name in parts.taken:
        # A value from the last round of a loop, or none at all.
        bindings = [b for owner in scopes_around(scope) for b in owner.bindings.get(name, ())]
        if bindings and all(any(b.node in set(ast.walk(each)) for each in later) for b in bindings):
            yield f"`{name}` has no value before the block."
