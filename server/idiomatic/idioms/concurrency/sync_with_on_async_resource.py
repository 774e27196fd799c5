"""Enter what has an asynchronous exit with `async with`: `with` fails.

## Why
An `aiohttp.ClientSession`, an `asyncio.Lock` or an `@asynccontextmanager` function waits when it is entered or left,
so it has `__aenter__` and `__aexit__` and nothing that `with` could call. The statement raises a `TypeError` (an
`AttributeError` in old versions of Python) the first time it runs, which for a rare branch is in production.

## Example
```python
import aiohttp


async def load(url):
    with aiohttp.ClientSession() as session:
        response = await session.get(url)
        return await response.text()
```
becomes
```python
import aiohttp


async def load(url):
    async with aiohttp.ClientSession() as session:
        response = await session.get(url)
        return await response.text()
```

Where one `with` has both kinds, it becomes two:
```python
import asyncio

lock = asyncio.Lock()


async def append(path, line):
    with lock, open(path, "a") as file:
        file.write(line)
```
becomes
```python
import asyncio

lock = asyncio.Lock()


async def append(path, line):
    async with lock:
        with open(path, "a") as file:
            file.write(line)
```

## Fix safety
Safe where the type is known: the statement can only fail today. Known are the asynchronous context managers of
`asyncio`, `contextlib` and the common drivers and clients, functions of this file and of the project with
`@asynccontextmanager`, and classes of this file that have `__aenter__` and no `__enter__`, their base classes
included.

Unsafe where an annotation is all that says so, or the definition is in another file.

Nothing is reported in functions that are not asynchronous, and in a `with pytest.raises(...)`, where it is meant to
fail.

## References
- [Asynchronous context managers](https://docs.python.org/3/reference/datamodel.html#asynchronous-context-managers)
- [`async with`](https://docs.python.org/3/reference/compound_stmts.html#async-with)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.exceptions import expects_exception, withs_around
from idiomatic.core.analysis.instances import callee, declaration, instance_of
from idiomatic.core.analysis.resources import FACTORIES, LOCKS, MANAGERS, ONLY_ASYNC, Creation
from idiomatic.core.facts import FunctionFact
from idiomatic.core.idiom import Finding, Fix, Kind, safe_unless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 7)
TRIGGERS = ("async",)
ALSO = ()

ASYNC_MAKERS: Final = frozenset(
    {"asynccontextmanager", "contextlib.asynccontextmanager", "contextlib2.asynccontextmanager"}
)


class Manager(Struct, frozen=True):
    """Something that is only an asynchronous context manager.

    Attributes:
        name: what it is called.
        doubt: why that is not certain, a sentence.
    """

    name: str
    doubt: str | None = None


def detect(statement: ast.With, code: Analysis) -> Iterator[Finding]:
    if not isinstance(code.function_around(statement), ast.AsyncFunctionDef):
        return
    found = {item: manager for item in statement.items if (manager := _manager(item.context_expr, code)) is not None}
    if not found or _is_meant_to_fail(statement, code):
        return
    first = next(iter(found))
    name = found[first].name
    verdict = safe_unless(manager.doubt for manager in found.values() if manager.doubt is not None)
    indices = frozenset(index for index, item in enumerate(statement.items) if item in found)
    fix = Fix("Use `async with`", verdict, code.lines(statement), partial(to_async_with, statement, indices))
    yield Finding(first.context_expr, f"`{name}` can only be entered with `async with`: `with` fails", (fix,))


def _manager(expression: ast.expr, code: Analysis) -> Manager | None:
    """What an expression is, if it is known to be an asynchronous context manager and no other."""
    if isinstance(expression, ast.Call) and (called := _called(expression, code)) is not None:
        return called
    found = instance_of(code, expression)
    if found is None:
        return None
    if found.is_own:
        is_only = bool(found.protocols) and all(each.is_async for each in found.protocols) and not found.is_open
        if not is_only:
            return None
        is_seen = all(each.is_seen for each in found.protocols)
        return Manager(found.of, None if is_seen else f"`{found.of}` is defined in another file.")
    known = MANAGERS.get(found.of)
    if LOCKS.get(found.of) is True or (known is not None and known.is_async):
        # What a class assigns to its attribute is as good as a variable, what an annotation says is not.
        is_declared = found.declared is not None and found.declared != ast.unparse(expression)
        doubt = f"That `{ast.unparse(expression)}` is a `{found.of}` is only declared." if is_declared else None
        return Manager(found.of, doubt)
    return None


def _called(call: ast.Call, code: Analysis) -> Manager | None:
    """What a call gives that is entered directly."""
    name = callee(code, call.func)
    if name is not None:
        factory = FACTORIES.get(name)
        if name in ONLY_ASYNC or (factory is not None and factory.creation is Creation.NOT_AWAITED):
            declared = declaration(code, call.func)
            is_declared = declared is not None and not declared.startswith("self.")
            return Manager(name, f"That it is `{name}` rests on the annotation `{declared}`." if is_declared else None)
    match code.definition(call.func):
        case FunctionFact(decorators=(decorator,), is_async=True) as fact if decorator in ASYNC_MAKERS:
            is_here = isinstance(call.func, ast.Attribute) or code.qualified_name(call.func) is None
            return Manager(fact.name, None if is_here else f"`{fact.name}` is defined in another file.")
        case _:
            return None


def _is_meant_to_fail(statement: ast.With, code: Analysis) -> bool:
    return any(expects_exception(code, item) for item in (*statement.items, *withs_around(code, statement)))


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_async_with(statement: ast.With, indices: frozenset[int], draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(statement, cst.With)
    runs: list[tuple[bool, list[cst.WithItem]]] = []
    for index, item in enumerate(old.items):
        is_async = index in indices
        if not runs or runs[-1][0] is not is_async:
            runs.append((is_async, []))
        runs[-1][1].append(item)
    if len(runs) == 1:
        return draft.replaced({old: old.with_changes(asynchronous=cst.Asynchronous())})
    body = old.body
    made: cst.With | None = None
    for is_async, items in reversed(runs):
        bare = [*items[:-1], items[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
        made = cst.With(bare, body, asynchronous=cst.Asynchronous() if is_async else None)
        body = cst.IndentedBlock([made])
    assert made is not None
    return draft.replaced({old: made.with_changes(leading_lines=old.leading_lines)})
