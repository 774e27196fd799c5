"""Start tasks that you wait for in an `asyncio.TaskGroup`, instead of collecting them in a list first.

## Why
Between starting tasks and waiting for them anything can fail: a task, the code in between, the waiting itself. Then
nobody waits for the others any more; they run on, and their failures are seen by nobody. A task group is a block that
ends when its tasks have ended, however it is left.

## Example
```python
import asyncio


async def load_all(paths):
    tasks = []
    for path in paths:
        tasks.append(asyncio.create_task(load(path)))
    return await asyncio.gather(*tasks)


async def load(path): ...
```
becomes
```python
import asyncio


async def load_all(paths):
    tasks = []
    async with asyncio.TaskGroup() as tg:
        for path in paths:
            tasks.append(tg.create_task(load(path)))
    return [task.result() for task in tasks]


async def load(path): ...
```

Where nobody reads the results, no list is needed:
```python
import asyncio


async def refresh(caches):
    tasks = [asyncio.create_task(cache.refresh()) for cache in caches]
    for task in tasks:
        await task
```
becomes
```python
import asyncio


async def refresh(caches):
    async with asyncio.TaskGroup() as tg:
        for cache in caches:
            tg.create_task(cache.refresh())
```

## Fix safety
Unsafe. When a task fails, the others are cancelled, the failure is raised after they have cleaned up, and as an
`ExceptionGroup`; an `except ValueError` around it in the same function becomes `except* ValueError` in the same edit.
The second action keeps the single exception: it raises the group's first one. What fails between starting the tasks and
waiting for them cancels them and is raised in a group as well. Awaiting tasks one by one, or with `asyncio.wait`, let
the others run on after a failure; `asyncio.wait` did not even raise it.

Refused: `return_exceptions=True`; `asyncio.wait` with a timeout or whose result is used, `as_completed`; tasks that
are used otherwise before they have been waited for (cancelled, stored, passed on); waiting in another block than they
are started in, or in the middle of an expression; a `return`, `yield`, or `break` out of the block in between; a `try`
around a single start or a single `await`; tasks of another event loop; arguments that a group's `create_task` does not
take; a coroutine that is clean-up, or has work to do when it is cancelled; and handlers that can't become `except*`.

## References
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
- [PEP 654, exception groups and `except*`](https://peps.python.org/pep-0654/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.collected_tasks import collected, waited_for
from idiomatic.core.analysis.evaluation import order_fault
from idiomatic.core.analysis.group_effects import (
    CANCELS,
    CANCELS_ITSELF,
    cancel_fault,
    coroutine_fault,
    coroutine_reasons,
    finally_fault,
    group_fixes,
    shown,
)
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused
from idiomatic.core.writing.grouped_tasks import to_task_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.collected_tasks import Tasks, Wait
    from idiomatic.core.analysis.tasks import Started

KIND = Kind.IDIOM
SINCE = (3, 11)
TRIGGERS = ("create_task", "ensure_future")
ALSO = ()

MESSAGE: Final = "These tasks run on when something fails before all of them have been waited for"
TITLE: Final = "Start them in a `TaskGroup` (siblings are cancelled; raises ExceptionGroup)"
KEEP_TITLE: Final = "Start them in a `TaskGroup` and raise the first exception itself (siblings are cancelled)"


def detect(assignment: ast.Assign | ast.AnnAssign, code: Analysis) -> Iterator[Finding]:
    tasks = collected(assignment, code)
    if tasks is None:
        return
    wait = waited_for(tasks, code)
    if wait is None:
        return
    yield Finding(_place(wait), MESSAGE, tuple(_fixes(tasks, wait, code)))


def _place(wait: Wait) -> ast.AST:
    return wait.awaits[0] if wait.how in {"gather", "wait"} else wait.statements[0]


# -- whether it can be done -------------------------------------------------------------------------------------------


def _fixes(tasks: Tasks, wait: Wait, code: Analysis) -> Iterator[Fix]:
    fault = _fault(tasks, wait, code)
    if fault is not None:
        yield Fix(TITLE, Refused(fault), code.lines(wait.statements[-1]))
        return
    block = (tasks.made[0], wait.statements[-1])
    reasons = tuple(dict.fromkeys(_reasons(tasks, wait, code)))
    rewrite = partial(to_task_group, tasks, wait)
    yield from group_fixes(code, block, (TITLE, KEEP_TITLE), reasons, rewrite, may_raise_first=wait.how != "wait")


def _fault(tasks: Tasks, wait: Wait, code: Analysis) -> str | None:
    block = code.siblings(tasks.made[0])
    last = wait.statements[-1]
    if wait.fault is not None:
        return wait.fault
    if last not in block or tasks.first not in block:
        return "They are waited for in another block than the one they are started in."
    region = block[block.index(tasks.first) : block.index(last) + 1]
    return (
        _starting_fault(tasks, region, code)
        or _region_fault(region, wait, code)
        or next((fault for each in tasks.started if (fault := _task_fault(each, code))), None)
    )


def _starting_fault(tasks: Tasks, region: Sequence[ast.stmt], code: Analysis) -> str | None:
    if not all(
        any(region_part in {each.call, *code.ancestors(each.call)} for region_part in region) for each in tasks.started
    ):
        return "Some of them are started elsewhere."
    for each in tasks.started:
        for around in code.ancestors(each.call):
            if around in region:
                break
            if isinstance(around, ast.Try | ast.TryStar):
                return "They are started in a `try` that would be inside the group."
    for statement in (tasks.made[0], *region):
        if not code.has_own_lines(statement):
            return "Its statement has no lines of its own, so no block can stand around it."
    return None


def _region_fault(region: Sequence[ast.stmt], wait: Wait, code: Analysis) -> str | None:
    between = [each for each in region if each not in wait.statements]
    for node in walk_block(between):
        if isinstance(node, ast.Return):
            return "A `return` in between would have to wait for the tasks."
        if isinstance(node, ast.Break | ast.Continue) and _leaves(node, region, code):
            return "A `break` or `continue` in between would have to wait for the tasks."
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in walk_block(region)):
        return "A `yield` in between: a task group must not be left by a generator."
    if (fault := finally_fault(code, region[0])) is not None:
        return fault
    if wait.how in {"gather", "wait"} and isinstance(wait.statements[0], ast.If):
        return None
    return order_fault(code, wait.awaits[0], wait.statements[0]) if wait.how in {"gather", "wait"} else None


def _leaves(node: ast.AST, region: Sequence[ast.stmt], code: Analysis) -> bool:
    """Whether a `break` or `continue` belongs to a loop around the block."""
    for each in code.ancestors(node):
        if isinstance(each, ast.For | ast.AsyncFor | ast.While):
            return not any(part is each or part in code.ancestors(each) for part in region)
    return True


def _task_fault(task: Started, code: Analysis) -> str | None:
    if not task.is_here:
        return "They may be tasks of another event loop, which a group can't wait for."
    if any(each.arg not in {"name", "context"} for each in task.keywords):
        return "A task group's `create_task` does not have all of these arguments."
    match task.coroutine:
        case ast.Call(func=function):
            return coroutine_fault(code, function) or cancel_fault(code, function)
        case other if task.by == "ensure_future":
            return f"`{shown(other)}` may be a task or a future: a task group takes coroutines only."
        case _:
            return None


def _reasons(tasks: Tasks, wait: Wait, code: Analysis) -> Iterator[str]:
    yield CANCELS
    if wait.how == "wait":
        yield "`asyncio.wait` does not raise what the tasks raise; the group does."
    elif wait.how != "gather":
        yield "Today, the tasks after one that fails run on."
    if wait.how != "wait":
        yield CANCELS_ITSELF
    for each in tasks.started:
        if isinstance(each.coroutine, ast.Call):
            for reason in coroutine_reasons(code, each.coroutine.func):
                if each.by == "ensure_future" or "finally" in reason:
                    yield reason
    block = code.siblings(tasks.made[0])
    between = block[block.index(tasks.first) : block.index(wait.statements[0])]
    if any(_does_something(each, tasks, code) for each in between):
        yield "What fails between starting them and waiting for them cancels them, and is raised in a group as well."


def _does_something(statement: ast.stmt, tasks: Tasks, code: Analysis) -> bool:
    """Whether a statement does anything besides starting tasks."""
    calls = {each.call for each in tasks.started}
    coroutines = {each.coroutine for each in tasks.started}
    return any(
        isinstance(node, ast.Call | ast.Await | ast.Raise)
        and node not in calls
        and node not in coroutines
        and not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append")
        for node in walk_block([statement])
    )
