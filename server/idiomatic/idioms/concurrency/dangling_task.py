"""Keep a reference to every task you start, or wait for it.

## Why
The event loop itself holds only a weak reference to a task. A task that nothing else refers to can be collected as
garbage in the middle of its work: it just stops, at a moment nobody can foresee. A set holds on to the tasks until
they have ended; a task group does that too, and also waits for them and raises what they raise.

## Example
In a class, the object holds its tasks:
```python
import asyncio


class Cache:
    def __init__(self, source):
        self.source = source

    def get(self, key):
        asyncio.create_task(self.refresh(key))
        return self.source[key]

    async def refresh(self, key): ...
```
becomes
```python
import asyncio


class Cache:
    def __init__(self, source):
        self.source = source
        self._background_tasks = set()

    def get(self, key):
        refresh_task = asyncio.create_task(self.refresh(key))
        self._background_tasks.add(refresh_task)
        refresh_task.add_done_callback(self._background_tasks.discard)
        return self.source[key]

    async def refresh(self, key): ...
```

A function that goes on waiting for other things can wait for its tasks as well:
```python
import asyncio


async def load_page(path):
    asyncio.create_task(count_visit(path))
    return await read_page(path)


async def count_visit(path): ...
```
becomes
```python
import asyncio


async def load_page(path):
    async with asyncio.TaskGroup() as tg:
        tg.create_task(count_visit(path))
        return await read_page(path)


async def count_visit(path): ...
```

Elsewhere, the module holds the tasks:
```python
import asyncio


def on_message(message):
    asyncio.ensure_future(store(message))


async def store(message): ...
```
becomes
```python
import asyncio

background_tasks = set()


def on_message(message):
    store_task = asyncio.ensure_future(store(message))
    background_tasks.add(store_task)
    store_task.add_done_callback(background_tasks.discard)


async def store(message): ...
```

## Fix safety
A set is safe: the tasks run as before, they only can't vanish any more. Their exceptions are still not seen by anybody
but the event loop's handler, which logs them. A set that is there already is used again. The set of a module is shared
by all event loops that run in it, one after the other or in threads.

An object holds its tasks as long as something holds the object, which is why `__del__` leaves them to the module. The
set is made in the class's own `__init__`; a class that inherits from nothing gets one if it has none and is not
a class of tests. It is unsafe if the class inherits from what can't be seen, which may use the same name, if a subclass
in this file does not call the `__init__` of its base class, or if objects of the class are pickled or copied.

The task group is unsafe: the block waits for the task, cancels it when something else in it fails, and raises failures
as an `ExceptionGroup`. It is refused where it can't wait, in a function that is not `async` or yields, and for a task
with an endless loop or of another event loop; in a `while` or `async for` loop, in a loop that is left early, and in a
`try` whose handlers would get a group.

Nothing is reported if the result is used in any way, for a task of a task group, or for what only looks like a task.

## References
- [`asyncio.create_task`](https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task)
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.coroutines import Gives, call_gives, suspends
from idiomatic.core.analysis.exceptions import finally_around, tries_around
from idiomatic.core.analysis.flow import can_raise
from idiomatic.core.analysis.task_sets import SET, against_attribute, home_of, set_of_module
from idiomatic.core.analysis.tasks import is_visible, runs_forever, started
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, Unsafe, safe_unless
from idiomatic.core.module import bindings, has_star_import
from idiomatic.core.writing.changes import changed
from idiomatic.core.writing.kept_task import kept_in_module, kept_in_object
from idiomatic.core.writing.task_group import create_task, fresh_group, group_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tasks import Started
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 8)
TRIGGERS = ("create_task", "ensure_future")
ALSO = ("RUF006",)

MESSAGE: Final = "Nothing refers to this task: it can be collected as garbage before it has ended"
IN_CLASS_TITLE: Final = "Keep the task in `self.{}` until it has ended"
IN_MODULE_TITLE: Final = "Keep the task in a set of the module, `{}`, until it has ended"
GROUP_TITLE: Final = "Wait for it in a `TaskGroup` (the block waits; raises ExceptionGroup)"
GROUP_SINCE: Final = (3, 11)


def detect(statement: ast.Expr | ast.Assign | ast.Lambda, code: Analysis) -> Iterator[Finding]:
    match statement:
        # loop.add_signal_handler(SIGTERM, lambda: asyncio.create_task(stop()))
        case ast.Lambda(body=ast.Call() as call) if (task := started(code, call)) and _is_callback(statement, code):
            if _is_task(task, code):
                reason = Refused("A `lambda` has no room for the statements that keep the task.")
                yield Finding(call, MESSAGE, (Fix(IN_MODULE_TITLE.format(SET), reason, code.lines(statement)),))
            return
        # asyncio.create_task(work()).add_done_callback(report)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call() as call, attr="add_done_callback"))) if (
            task := started(code, call)
        ):
            pass
        # asyncio.create_task(work())
        case ast.Expr(value=ast.Call() as call) if (task := started(code, call)) is not None:
            pass
        # task = asyncio.create_task(work()), and the function is done
        case ast.Assign(targets=[ast.Name() as target], value=ast.Call() as call) if (
            task := started(code, call)
        ) is not None and _is_forgotten(statement, target, code):
            pass
        case _:
            return
    if _is_task(task, code):
        yield Finding(call, MESSAGE, tuple(_fixes(statement, task, code)))


_CALLBACKS: Final = frozenset(
    {
        "add_done_callback", "add_reader", "add_signal_handler", "add_writer", "call_at", "call_later", "call_soon",
        "call_soon_threadsafe",
    }
)  # fmt: skip


def _is_callback(function: ast.Lambda, code: Analysis) -> bool:
    """Whether the event loop calls a `lambda` and drops what it gives."""
    match code.parent(function):
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _CALLBACKS
        case _:
            return False


def _is_task(task: Started, code: Analysis) -> bool:
    """Whether a task is made: `ensure_future` gives a future back as it is, and whoever made it may hold it."""
    if task.by != "ensure_future":
        return True
    match task.coroutine:
        case ast.Call(func=function):
            return call_gives(code, function) is not Gives.OTHER
        case _:
            return False


def _is_forgotten(statement: ast.Assign, target: ast.Name, code: Analysis) -> bool:
    """Whether nothing reads the variable, and its function does not wait for anything that would keep it alive."""
    function = code.function_around(statement)
    local = code.local_bindings(target)
    if not isinstance(function, FUNCTIONS) or local is None:
        return False
    owner = code.scope(target).lookup(target.id)
    if owner is None or owner.node is not function:
        return False
    if any(not isinstance(use.ctx, ast.Store) for use in code.uses(target.id, function, owner)):
        return False
    if isinstance(function, ast.FunctionDef):
        return not any(
            isinstance(node, ast.Yield | ast.YieldFrom) or _blocks(node) for node in walk_block(function.body)
        )
    later = set(_after(statement, code))
    return not any(suspends(node) for each in later for node in (each, *walk_block([each])))


def _blocks(node: ast.AST) -> bool:
    """Whether a loop is run inside a function: the variable lives on until that ends."""
    return isinstance(node, ast.Attribute) and node.attr in {"run_until_complete", "run_forever"}


def _after(statement: ast.stmt, code: Analysis) -> Iterator[ast.AST]:
    """What may run after a statement in its function: what follows, and all of a loop around."""
    child: ast.AST = statement
    for parent in code.ancestors(statement):
        if isinstance(parent, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            block = parent.body if isinstance(parent.body, list) else []
            yield from block[block.index(child) + 1 :] if child in block else ()
            return
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While | ast.AsyncWith):
            yield parent
        elif isinstance(child, ast.stmt):
            block = list(code.siblings(child))
            yield from block[block.index(child) + 1 :]
        if isinstance(parent, ast.Try | ast.TryStar):
            yield from [*parent.handlers, *parent.orelse, *parent.finalbody]
        child = parent


# -- what is offered --------------------------------------------------------------------------------------------------


def _fixes(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Iterator[Fix]:
    """The ways to hold on to the task, the best first: the object, the function that waits, the module."""
    if not code.has_own_lines(statement):
        yield Fix(
            IN_MODULE_TITLE.format(SET),
            Refused("Its statement has no lines of its own, so no others can be put below it."),
            code.lines(statement),
        )
        return
    in_class = _in_class(statement, task, code)
    group = _in_group(statement, task, code) if code.target >= GROUP_SINCE else None
    in_module = _in_module(statement, task, code)
    waits = group is not None and not isinstance(group.verdict, Refused) and _goes_on_waiting(statement, code)
    order = [in_class, group, in_module] if waits else [in_class, in_module, group]
    yield from (fix for fix in order if fix is not None)


def _goes_on_waiting(statement: ast.stmt, code: Analysis) -> bool:
    """Whether the function awaits something after it has started the task."""
    _, region = _region(statement, code)
    return any(suspends(node) for each in region for node in walk_block([each]))


# -- a set ------------------------------------------------------------------------------------------------------------


def _in_class(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Fix | None:
    home = home_of(statement, code)
    if home is None:
        return None
    method = next(
        each
        for each in (statement, *code.ancestors(statement))
        if isinstance(each, ast.stmt) and each in home.class_.body
    )
    where: tuple[ast.stmt, ast.stmt]
    if home.exists:
        where = (statement, statement)
    elif home.init is not None:
        body = home.class_.body
        first, last = sorted((home.init, method), key=body.index)
        where = (first, last)
    else:
        where = (home.class_, home.class_)
    if not home.exists and not all(code.has_own_lines(each) for each in where):
        return None
    verdict = Safe() if home.exists else safe_unless(against_attribute(home, code))
    return Fix(IN_CLASS_TITLE.format(home.attribute), verdict, where, partial(kept_in_object, statement, task, home))


def _in_module(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Fix:
    name, is_there = set_of_module(code, statement)
    title = IN_MODULE_TITLE.format(name)
    where = code.lines(statement)
    if not is_there and (code.ask(bindings, "set") or code.ask(has_star_import)):
        return Fix(title, Refused("`set` may mean something else here."), where)
    return Fix(title, Safe(), where, partial(kept_in_module, statement, task, name, is_new=not is_there))


# -- a task group -----------------------------------------------------------------------------------------------------


def _in_group(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Fix | None:
    function = code.function_around(statement)
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    outer, region = _region(statement, code)
    fault = _group_fault(statement, task, outer, region, function, code)
    where = (region[0], region[-1])
    if fault is None and not all(code.has_own_lines(each) for each in where):
        fault = "Its statement has no lines of its own, so no block can stand around it."
    if fault is not None:
        return Fix(GROUP_TITLE, Refused(fault), code.lines(statement))
    reasons = tuple(_group_reasons(task, region, code))
    return Fix(GROUP_TITLE, Unsafe(reasons), where, partial(to_group, statement, task, region))


def _region(statement: ast.stmt, code: Analysis) -> tuple[ast.stmt, Sequence[ast.stmt]]:
    """What the group goes around: the statement, or the loops around it, and what follows in that block."""
    outer = statement
    for each in code.ancestors(statement):
        if isinstance(each, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            break
        if isinstance(each, ast.For | ast.AsyncFor | ast.While):
            outer = each
    block = code.siblings(outer)
    region = block[block.index(outer) :]
    if len(region) > 1 and _is_plain_return(region[-1]):
        region = region[:-1]
    return outer, region


def _is_plain_return(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and (statement.value is None or not can_raise(ast.Expr(statement.value)))


def _group_fault(
    statement: ast.Expr | ast.Assign,
    task: Started,
    outer: ast.stmt,
    region: Sequence[ast.stmt],
    function: ast.AsyncFunctionDef,
    code: Analysis,
) -> str | None:
    """Why the function can't wait for the task."""
    inside = set(walk_block(region))
    if runs_forever(code, task.coroutine):
        return "The task has an endless loop: the group would wait for it forever."
    if not task.is_here:
        return "It may be the task of another event loop, which a group can't wait for."
    if isinstance(statement, ast.Assign):
        return "The task is assigned to a variable."
    if statement.value is not task.call:
        return "Something is told already when the task has ended."
    if not isinstance(task.coroutine, ast.Call) or call_gives(code, task.coroutine.func) is Gives.OTHER:
        return "A task group takes coroutines only."
    if any(each.arg not in {"name", "context"} for each in task.keywords):
        return "A task group's `create_task` does not have all of these arguments."
    if any(isinstance(node, ast.Yield) for node in walk_block(function.body)):
        return "The function yields, and a task group must not be left by a generator."
    if finally_around(code, statement) is not None:
        return "It stands in a `finally`, where a failure must not keep the rest from cleaning up."
    if next(tries_around(code, statement), None) is not None or _is_in_handler(statement, code):
        return "The `try` around it would get an exception group."
    if any(
        isinstance(each, ast.While | ast.AsyncFor) for each in (outer, *code.ancestors(statement)) if each in inside
    ):
        return "It stands in a loop of unknown length: the group would end only after the loop."
    if outer is not statement and any(
        isinstance(node, ast.Return | ast.Break | ast.Continue) for node in walk_block([outer])
    ):
        return "The loop around it is left early, and would have to wait for the tasks then."
    return None


def _is_in_handler(statement: ast.stmt, code: Analysis) -> bool:
    for each in code.ancestors(statement):
        if isinstance(each, (*FUNCTIONS, ast.Lambda)):
            return False
        if isinstance(each, ast.ExceptHandler):
            return True
    return False


def _group_reasons(task: Started, region: Sequence[ast.stmt], code: Analysis) -> Iterator[str]:
    yield "The block waits until the task has ended."
    yield "A failure of the task cancels the rest of the block and is raised as an `ExceptionGroup`."
    if len(region) > 1:
        yield "What fails in the rest of the block cancels the task, and is raised in a group as well."
    assert isinstance(task.coroutine, ast.Call)
    shown = f"`{ast.unparse(task.coroutine.func)}(...)`"
    if call_gives(code, task.coroutine.func) is Gives.UNKNOWN:
        yield f"Whether {shown} gives a coroutine can't be seen; a task group takes no other awaitable."
    if not is_visible(code, task.coroutine):
        yield f"Whether {shown} ever ends can't be seen."


def to_group(
    statement: ast.stmt, task: Started, region: Sequence[ast.stmt], draft: Draft
) -> Sequence[cst.BaseStatement]:
    """The statements in an `async with` that the task belongs to."""
    name = fresh_group(statement, draft)
    old = draft.node(task.call, cst.Call)
    body = changed(draft, {old: lambda new: new.with_changes(func=create_task(name))})
    return [group_block(name, body, statement, draft)]
