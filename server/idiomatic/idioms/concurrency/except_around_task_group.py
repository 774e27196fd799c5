"""Handle what the tasks of a group raise with `except*`: an `except` never sees it.

## Why
A task group raises an `ExceptionGroup`, even if a single task has failed. `except ValueError` does not match a group
that holds a `ValueError`: the handler is dead code, and the group goes on to whoever calls the function. `except*
ValueError` matches, and leaves the other exceptions of the group to other handlers.

## Example
```python
import asyncio


async def load(urls):
    try:
        async with asyncio.TaskGroup() as tg:
            for url in urls:
                tg.create_task(fetch(url))
    except ConnectionError:
        print("not all pages could be loaded")


async def fetch(url): ...
```
becomes
```python
import asyncio


async def load(urls):
    try:
        async with asyncio.TaskGroup() as tg:
            for url in urls:
                tg.create_task(fetch(url))
    except* ConnectionError:
        print("not all pages could be loaded")


async def fetch(url): ...
```

What a handler does with the exception it does with each one of the group:
```python
import asyncio


async def load(urls):
    try:
        async with asyncio.TaskGroup() as tg:
            for url in urls:
                tg.create_task(fetch(url))
    except ConnectionError as error:
        print(f"not loaded: {error}")


async def fetch(url): ...
```
becomes
```python
import asyncio


async def load(urls):
    try:
        async with asyncio.TaskGroup() as tg:
            for url in urls:
                tg.create_task(fetch(url))
    except* ConnectionError as group:
        for error in group.exceptions:
            print(f"not loaded: {error}")


async def fetch(url): ...
```

## Fix safety
Unsafe, because that is the point: the handler runs, where today the group is raised past it. Every `except*` that
matches runs, not only the first, and one that uses its exception runs what it does once for each; the exceptions of a
task group inside a task arrive there as a group of their own. The second action leaves the handlers alone: it raises
the first exception of the group instead of the group, and the others are lost.

`except*` is refused where the handler returns, breaks or continues, which it must not; where a handler that uses its
exception also raises one; next to a bare `except:`, a handler for groups or one for cancellations.

Nothing is reported where the handler may be about something else: another statement of the `try` that can raise, a
context manager between the `try` and the group, `TimeoutError` around an `asyncio.timeout`. `Exception`,
`BaseException` and groups match; cancellations and `KeyboardInterrupt` are raised as they are. So are all exceptions
of `trio.open_nursery(strict_exception_groups=False)`.

## References
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
- [PEP 654, exception groups and `except*`](https://peps.python.org/pep-0654/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.exception_groups import (
    TIMEOUTS,
    TIMERS,
    conversion_fault,
    conversion_reasons,
    misses_groups,
    uses_name,
)
from idiomatic.core.analysis.exceptions import builtin_is_visible, caught
from idiomatic.core.analysis.flow import can_raise
from idiomatic.core.analysis.tasks import GROUP
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.writing.task_group import raising_the_first
from idiomatic.core.writing.task_group import to_except_star as with_except_star

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict

KIND = Kind.PROBLEM
SINCE = (3, 11)
TRIGGERS = ("async",)
ALSO = ()

GROUPS: Final = (*GROUP, "anyio.create_task_group", "trio.open_nursery")
STAR: Final = "Use `except*` (the handler runs)"
FIRST: Final = "Raise the first exception itself (the others are lost)"


def detect(around: ast.Try, code: Analysis) -> Iterator[Finding]:
    if not isinstance(code.function_around(around), ast.AsyncFunctionDef):
        return
    group = _group(around.body, code)
    if group is None:
        return
    block, times_out = group
    missing = [
        handler
        for handler in around.handlers
        if misses_groups(code, handler)
        and not (times_out and any(code.is_name(each, *TIMEOUTS) for each in caught(handler)))
    ]
    if not missing:
        return
    handler = missing[0]
    assert handler.type is not None
    classes = ", ".join(ast.unparse(each) for each in caught(handler))
    message = f"`except {classes}` does not match the `ExceptionGroup` that the task group raises"
    yield Finding(handler.type, message, tuple(_fixes(around, block, code)))


def _group(body: Sequence[ast.stmt], code: Analysis) -> tuple[ast.AsyncWith, bool] | None:
    """The block of a task group that all exceptions of a `try` block come out of, and whether it also times out."""
    blocks = [each for each in body if not _is_harmless(each)]
    match blocks:
        case [ast.AsyncWith(items=items) as block]:
            pass
        case _:
            return None
    times_out = False
    for item in items:
        manager = item.context_expr
        if not isinstance(manager, ast.Call):
            return None
        if code.is_name(manager.func, *TIMERS):
            times_out = True
        elif code.is_name(manager.func, *GROUPS):
            # `strict_exception_groups=False`, or whatever else it takes.
            return (block, times_out) if not manager.keywords else None
        else:
            return None
    found = _group(block.body, code)
    return (found[0], True) if found is not None else None


def _is_harmless(statement: ast.stmt) -> bool:
    """Whether a statement of the `try` raises nothing: it reads results of tasks that have succeeded, if anything."""
    if not can_raise(statement):
        return True
    match statement:
        case ast.Assign(targets=[ast.Name()], value=value) | ast.Return(value=value) | ast.Expr(value=value):
            return value is None or _is_result(value)
        case _:
            return False


def _is_result(value: ast.expr) -> bool:
    match value:
        case ast.Name() | ast.Constant():
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr="result"), args=[], keywords=[]):
            return True
        case ast.Tuple(elts=each) | ast.List(elts=each):
            return all(map(_is_result, each))
        case ast.ListComp(elt=element, generators=[ast.comprehension(iter=ast.Name(), ifs=[])]):
            return _is_result(element)
        case _:
            return False


# -- the fixes --------------------------------------------------------------------------------------------------------


def _fixes(around: ast.Try, block: ast.AsyncWith, code: Analysis) -> Iterator[Fix]:
    where = code.lines(around)
    verdict = _verdict(around, code)
    yield Fix(STAR, verdict, where, None if isinstance(verdict, Refused) else partial(to_except_star, around))
    if builtin_is_visible(code, "BaseExceptionGroup", around) and code.has_own_lines(block):
        reasons = (
            "The handlers run, where today the group is raised past them.",
            "Of several exceptions only the first is raised, as itself: the others are lost.",
        )
        yield Fix(FIRST, Unsafe(reasons), where, partial(to_first_exception, block))


def _verdict(around: ast.Try, code: Analysis) -> Verdict:
    if (fault := conversion_fault(code, around, adapts=True)) is not None:
        return Refused(fault.replace("would not see the group", "does not see the group"))
    reasons = ["The handler runs, where today the group is raised past it.", *conversion_reasons(around)]
    for handler in around.handlers:
        if not uses_name(handler):
            continue
        if any(isinstance(node, ast.Raise) for node in walk_block(handler.body)):
            return Refused(f"`{handler.name}` would be a group, of which the handler could raise only one exception.")
        if _is_kept(handler):
            return Refused(f"`{handler.name}` would be a group, and the handler keeps it.")
        reasons.append(f"What is done with `{handler.name}` is done once for each exception of the group.")
        reasons.append("Exceptions of a task group inside a task arrive in a group of their own.")
    return Unsafe(tuple(dict.fromkeys(reasons)))


def _is_kept(handler: ast.ExceptHandler) -> bool:
    """Whether a handler assigns something: of several exceptions only the last would be left."""
    return any(
        isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
        for node in walk_block(handler.body)
    )


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_except_star(around: ast.Try, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(around, cst.Try)
    new = cst.ensure_type(with_except_star(old), cst.TryStar)
    handlers = list(new.handlers)
    for index, handler in enumerate(around.handlers):
        if uses_name(handler):
            group = draft.fresh("group", "exception_group", within=draft.code.function_around(around))
            handlers[index] = _for_each(handlers[index], group)
    return draft.replaced({old: new.with_changes(handlers=handlers)})


def _for_each(handler: cst.ExceptStarHandler, group: str) -> cst.ExceptStarHandler:
    """The handler with its body in a loop over the exceptions of the group."""
    name = handler.name
    assert name is not None
    assert isinstance(name.name, cst.Name)
    body = handler.body
    if isinstance(body, cst.SimpleStatementSuite):
        body = cst.IndentedBlock([cst.SimpleStatementLine(body.body, trailing_whitespace=body.trailing_whitespace)])
    assert isinstance(body, cst.IndentedBlock)
    header, inner = body.header, body.with_changes(header=cst.TrailingWhitespace())
    loop = cst.For(cst.Name(name.name.value), cst.Attribute(cst.Name(group), cst.Name("exceptions")), inner)
    return handler.with_changes(
        name=name.with_changes(name=cst.Name(group)), body=cst.IndentedBlock([loop], header=header)
    )


def to_first_exception(block: ast.AsyncWith, draft: Draft) -> Sequence[cst.BaseStatement]:
    name = draft.fresh("group", "exception_group", within=draft.code.function_around(block))
    old = draft.node(block, cst.With)
    return draft.replaced({old: raising_the_first(name, old)})
