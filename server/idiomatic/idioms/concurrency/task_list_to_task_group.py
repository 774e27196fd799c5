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
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import libcst as cst

from idiomatic.core.analysis.coroutines import suspends
from idiomatic.core.analysis.evaluation import order_fault
from idiomatic.core.analysis.exception_groups import handlers_for_group
from idiomatic.core.analysis.exceptions import builtin_is_visible
from idiomatic.core.analysis.group_effects import (
    CANCELS,
    CANCELS_ITSELF,
    caller_reasons,
    cancel_fault,
    coroutine_fault,
    coroutine_reasons,
    finally_fault,
    gather_fault,
    shown,
    surroundings_fault,
)
from idiomatic.core.analysis.scopes import BindingKind
from idiomatic.core.analysis.tasks import GATHER, started
from idiomatic.core.analysis.tree import COMPREHENSIONS, walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.writing.changes import changed, lines_above, whole
from idiomatic.core.writing.comments import comment_lines
from idiomatic.core.writing.task_group import (
    comments_between,
    create_task,
    fresh_group,
    group_block,
    loop_of,
    raising_the_first,
    to_except_star,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.exception_groups import Handlers
    from idiomatic.core.analysis.tasks import Started
    from idiomatic.core.draft import Draft
    from idiomatic.core.writing.changes import Change

KIND = Kind.IDIOM
SINCE = (3, 11)
TRIGGERS = ("create_task", "ensure_future")
ALSO = ()

MESSAGE: Final = "These tasks run on when something fails before all of them have been waited for"
TITLE: Final = "Start them in a `TaskGroup` (siblings are cancelled; raises ExceptionGroup)"
KEEP_TITLE: Final = "Start them in a `TaskGroup` and raise the first exception itself (siblings are cancelled)"

WAIT: Final = ("asyncio.wait", "asyncio.tasks.wait")


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Tasks that are started one after the other, and the variables that hold them.

    Attributes:
        made: the statement that makes each variable: one list, or a task each.
        names: the variables.
        started: the calls that start them.
        many: whether the variable is a list.
        filled: whether the list is empty at first.
        first: the first statement of the block that starts one.
    """

    made: Sequence[ast.Assign | ast.AnnAssign]
    names: Sequence[str]
    started: Sequence[Started]
    many: bool
    filled: bool
    first: ast.stmt


@dataclass(frozen=True, slots=True)
class _Wait:
    """How tasks are waited for.

    Attributes:
        statements: the neighbouring statements that do it.
        awaits: the `await` expressions.
        how: `gather`, `wait`, `each` (a loop or a comprehension) or `one` (by name).
        is_read: whether the results are.
        fault: why no group can take its place.
    """

    statements: Sequence[ast.stmt]
    awaits: Sequence[ast.Await]
    how: str
    is_read: bool
    fault: str | None = None


def detect(assignment: ast.Assign | ast.AnnAssign, code: Analysis) -> Iterator[Finding]:
    tasks = _collected(assignment, code)
    if tasks is None:
        return
    wait = _waited_for(tasks, code)
    if wait is None:
        return
    yield Finding(_place(wait), MESSAGE, tuple(_fixes(tasks, wait, code)))


def _place(wait: _Wait) -> ast.AST:
    return wait.awaits[0] if wait.how in {"gather", "wait"} else wait.statements[0]


# -- the tasks --------------------------------------------------------------------------------------------------------


def _collected(assignment: ast.Assign | ast.AnnAssign, code: Analysis) -> _Tasks | None:
    name = _target(assignment)
    function = code.function_around(assignment)
    if name is None or assignment.value is None or not isinstance(function, ast.AsyncFunctionDef):
        return None
    match assignment.value:
        # tasks = [asyncio.create_task(load(path)) for path in paths]
        case ast.ListComp(elt=ast.Call() as call) if task := started(code, call):
            return _Tasks([assignment], [name], [task], many=True, filled=False, first=assignment)
        # tasks = [asyncio.create_task(load_user()), asyncio.create_task(load_posts())]
        case ast.List(elts=[_, *_] as elements):
            all_started = [started(code, each) for each in elements]
            found = [each for each in all_started if each is not None]
            if len(found) < len(all_started):
                return None
            appended = _appended(name, assignment, code)
            more = [task for task, _ in appended or ()]
            return _Tasks([assignment], [name], [*found, *more], many=True, filled=bool(more), first=assignment)
        # tasks = []; tasks.append(asyncio.create_task(load(path)))
        case ast.List(elts=[]) | ast.Call(func=ast.Name(id="list"), args=[], keywords=[]):
            appended = _appended(name, assignment, code)
            if not appended:
                return None
            first = _sibling_around(appended[0][1], assignment, code)
            if first is None:
                return None
            return _Tasks([assignment], [name], [task for task, _ in appended], many=True, filled=True, first=first)
        # user = asyncio.create_task(load_user()); posts = asyncio.create_task(load_posts())
        case ast.Call() as call if started(code, call) and not _is_preceded(assignment, code):
            return _one_by_one(assignment, code)
        case _:
            return None


def _target(assignment: ast.stmt) -> str | None:
    match assignment:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), simple=1):
            return name
        case _:
            return None


def _is_local(name: str, at: ast.stmt, code: Analysis) -> bool:
    """Whether a variable belongs to the function around and is assigned once."""
    function = code.function_around(at)
    scope = code.scope(at)
    bound = scope.bindings.get(name, ())
    return scope.node is function and len(bound) == 1 and bound[0].kind is BindingKind.VARIABLE


def _appended(name: str, assignment: ast.stmt, code: Analysis) -> Sequence[tuple[Started, ast.stmt]] | None:
    """The tasks that are appended to a list, each with its statement."""
    found: list[tuple[Started, ast.stmt]] = []
    for use in _uses(name, assignment, code):
        method = code.parent(use)
        call = method and code.parent(method)
        match call:
            case ast.Call(func=ast.Attribute(attr="append") as function, args=[element], keywords=[]) if (
                function is method
            ):
                task = started(code, element)
                if task is None or not isinstance(code.parent(call), ast.Expr):
                    return None
                found.append((task, code.statement_of(call)))
            case _:
                pass
    return found


def _uses(name: str, assignment: ast.stmt, code: Analysis) -> Sequence[ast.Name]:
    """The reads of a variable of the function, in source order."""
    function = code.function_around(assignment)
    assert function is not None
    owner = code.scope(assignment).lookup(name)
    found = [use for use in code.uses(name, function, owner) if not isinstance(use.ctx, ast.Store)]
    return sorted(found, key=lambda use: code.span(use).start)


def _sibling_around(node: ast.stmt, of: ast.stmt, code: Analysis) -> ast.stmt | None:
    """The statement in the same block as another one that contains a node."""
    block = code.siblings(of)
    return next((each for each in (node, *code.ancestors(node)) if isinstance(each, ast.stmt) and each in block), None)


def _is_single(statement: ast.stmt, code: Analysis) -> Started | None:
    match statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=value) if _target(statement) is not None:
            return started(code, value)
        case _:
            return None


def _is_preceded(assignment: ast.stmt, code: Analysis) -> bool:
    """Whether the statement above starts a task as well: then it is found with that one."""
    block = code.siblings(assignment)
    index = block.index(assignment)
    return index > 0 and _is_single(block[index - 1], code) is not None


def _one_by_one(assignment: ast.Assign | ast.AnnAssign, code: Analysis) -> _Tasks | None:
    block = code.siblings(assignment)
    made: list[ast.Assign | ast.AnnAssign] = []
    found: list[Started] = []
    for each in block[block.index(assignment) :]:
        task = _is_single(each, code)
        if task is None or not isinstance(each, ast.Assign | ast.AnnAssign):
            break
        made.append(each)
        found.append(task)
    names = [name for each in made if (name := _target(each)) is not None]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        return None
    return _Tasks(made, names, found, many=False, filled=False, first=assignment)


# -- how they are waited for ------------------------------------------------------------------------------------------


def _waited_for(tasks: _Tasks, code: Analysis) -> _Wait | None:
    if not all(_is_local(name, tasks.made[0], code) for name in tasks.names):
        return None
    return _list_waited_for(tasks, code) if tasks.many else _singles_waited_for(tasks, code)


def _list_waited_for(tasks: _Tasks, code: Analysis) -> _Wait | None:
    """How the tasks of a list are waited for; `None` if they are not, or it can't be seen."""
    others: list[ast.Name] = []
    wait: _Wait | None = None
    for use in _uses(tasks.names[0], tasks.made[0], code):
        if wait is None and (wait := _consumed(use, code)) is not None:
            continue
        if not (tasks.filled and _is_append(use, code)):
            others.append(use)
    if wait is None:
        return None
    end = max(code.span(each).end for each in wait.statements)
    # `if tasks:` goes with what it is around.
    others = [use for use in others if code.parent(use) not in wait.statements or wait.how == "each"]
    early = [use for use in others if code.span(use).start < end and not _is_harmless(use, wait, code)]
    late = [use for use in others if code.span(use).start >= end]
    fault = wait.fault
    if early or (late and wait.how == "wait"):
        fault = fault or f"`{tasks.names[0]}` is used otherwise as well."
    return _Wait(wait.statements, wait.awaits, wait.how, wait.is_read or bool(others), fault)


def _is_append(use: ast.Name, code: Analysis) -> bool:
    match code.parent(use):
        case ast.Attribute(attr="append"):
            return True
        case _:
            return False


def _is_harmless(use: ast.Name, wait: _Wait, code: Analysis) -> bool:
    """Whether a use before the end only asks how many there are."""
    parent = code.parent(use)
    match parent:
        case ast.Call(func=ast.Name() as function) if code.is_name(function, "builtins.len"):
            return True
        case ast.If(test=test) | ast.UnaryOp(operand=test) if test is use:
            return True
        case _:
            return False


def _consumed(use: ast.Name, code: Analysis) -> _Wait | None:
    """How the tasks of a list are waited for at one of its uses."""
    parent = code.parent(use)
    around = parent and code.parent(parent)
    match parent, around:
        # await asyncio.gather(*tasks)
        case ast.Starred(), ast.Call(func=function) as call if code.is_name(function, *GATHER):
            return _gathered(call, code)
        # await asyncio.wait(tasks)
        case ast.Call(func=function, args=[first, *_]) as call, _ if first is use and code.is_name(function, *WAIT):
            return _all_waited(call, code)
        case ast.Call(func=function), _ if code.is_name(function, "asyncio.as_completed", "asyncio.tasks.as_completed"):
            statement = code.statement_of(use)
            fault = "`as_completed` gives results while others are still running; a group ends when all have ended."
            return _Wait([statement], [], "each", is_read=True, fault=fault)
        # for task in tasks: await task
        case ast.For(target=ast.Name(id=name), iter=iterable), _ if iterable is use:
            return _looped(parent, name, code)
        # [await task for task in tasks]
        case ast.comprehension(target=ast.Name(id=name), iter=iterable, ifs=[]), ast.ListComp(generators=[_]) if (
            iterable is use
        ):
            assert isinstance(around, ast.ListComp)
            return _comprehended(around, name, code)
        case _:
            return None


def _gathered(call: ast.Call, code: Analysis) -> _Wait | None:
    place = code.parent(call)
    statement = code.statement_of(call)
    if not isinstance(place, ast.Await):
        return None
    return _Wait(*_with_test(statement, place, code), "gather", _is_read(place, code), gather_fault(call))


def _with_test(statement: ast.stmt, place: ast.Await, code: Analysis) -> tuple[Sequence[ast.stmt], Sequence[ast.Await]]:
    """The statement that waits; with the `if tasks:` around, if that is all there is in it."""
    match code.parent(statement):
        case ast.If(test=ast.Name(), body=[only], orelse=[]) as around if only is statement and not _is_read(
            place, code
        ):
            return [around], [place]
        case _:
            return [statement], [place]


def _is_read(place: ast.Await, code: Analysis) -> bool:
    return not isinstance(code.parent(place), ast.Expr)


def _all_waited(call: ast.Call, code: Analysis) -> _Wait | None:
    place = code.parent(call)
    if not isinstance(place, ast.Await):
        return None
    fault = None
    if call.keywords or len(call.args) != 1:
        fault = "`asyncio.wait` may come back before all tasks have ended; a group ends when all have ended."
    elif _is_read(place, code):
        fault = "`asyncio.wait` gives sets of tasks, failed ones among them, which a group does not."
    return _Wait(*_with_test(code.statement_of(call), place, code), "wait", _is_read(place, code), fault)


def _looped(loop: ast.For, name: str, code: Analysis) -> _Wait | None:
    awaits = [node for node in walk_block(loop.body) if isinstance(node, ast.Await) and _is_name(node.value, name)]
    if not awaits:
        return None
    fault = None
    inside = list(walk_block(loop.body))
    if any(isinstance(node, ast.Try | ast.TryStar | ast.With | ast.AsyncWith) for node in inside):
        fault = "Each task is awaited in a `try` or `with` of its own, which would see no failure any more."
    elif any(isinstance(node, ast.Return | ast.Break) for node in inside) or loop.orelse:
        fault = "The loop may end before all tasks have been waited for; a group waits for all."
    elif any(suspends(node) and node not in awaits for node in inside):
        fault = "The loop awaits other things between the tasks; a group waits for all of them first."
    is_all = len(loop.body) == 1 and isinstance(loop.body[0], ast.Expr) and loop.body[0].value in awaits
    return _Wait([loop], awaits, "each", is_read=not is_all, fault=fault)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _comprehended(comprehension: ast.ListComp, name: str, code: Analysis) -> _Wait | None:
    awaits = [node for node in ast.walk(comprehension.elt) if isinstance(node, ast.Await)]
    if len(awaits) != 1 or not _is_name(awaits[0].value, name):
        return None
    statement = code.statement_of(comprehension)
    fault = order_fault(code, comprehension, statement)
    is_read = not (isinstance(statement, ast.Expr) and statement.value is comprehension)
    return _Wait([statement], awaits, "each", is_read=is_read, fault=fault)


def _singles_waited_for(tasks: _Tasks, code: Analysis) -> _Wait | None:
    """How tasks with a variable each are waited for: all by one `gather`, or one after the other."""
    uses = {name: _uses(name, tasks.made[0], code) for name in tasks.names}
    if not all(uses.values()):
        return None
    gathers = {id(call): call for each in uses.values() for use in each if (call := _gather_of(use, code))}
    if gathers:
        return _gathered_by_name(tasks, list(gathers.values()), uses, code)
    return _awaited_by_name(tasks, uses, code)


def _gather_of(use: ast.Name, code: Analysis) -> ast.Call | None:
    match code.parent(use):
        case ast.Call(func=function, args=args) as call if use in args and code.is_name(function, *GATHER):
            return call
        case _:
            return None


def _gathered_by_name(
    tasks: _Tasks, calls: Sequence[ast.Call], uses: Mapping[str, Sequence[ast.Name]], code: Analysis
) -> _Wait | None:
    call = calls[0]
    place = code.parent(call)
    names = [each.id for each in call.args if isinstance(each, ast.Name)]
    if len(calls) > 1 or not isinstance(place, ast.Await) or len(names) < len(call.args) or set(names) != set(uses):
        return None
    statement = code.statement_of(place)
    end = code.span(statement).end
    fault = gather_fault(call)
    if any(use not in call.args and code.span(use).start < end for each in uses.values() for use in each):
        fault = fault or "The tasks are used otherwise as well."
    return _Wait([statement], [place], "gather", _is_read(place, code), fault)


def _awaited_by_name(tasks: _Tasks, uses: Mapping[str, Sequence[ast.Name]], code: Analysis) -> _Wait | None:
    """The tasks awaited in neighbouring statements, each once."""
    awaits: list[ast.Await] = []
    for each in uses.values():
        match code.parent(each[0]):
            case ast.Await() as place if len(each) == 1:
                awaits.append(place)
            case _:
                return None
    awaits.sort(key=lambda each: code.span(each).start)
    statements = list(dict.fromkeys(code.statement_of(each) for each in awaits))
    block = code.siblings(statements[0])
    if not all(each in block for each in statements):
        return None
    indices = [block.index(each) for each in statements]
    if indices != list(range(indices[0], indices[0] + len(indices))):
        return None
    for statement in statements:
        inside = [node for node in walk_block([statement]) if suspends(node)]
        is_simple = isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return)
        if not is_simple or any(node not in awaits for node in inside):
            return None
    is_read = any(_is_read(each, code) for each in awaits)
    fault = order_fault(code, awaits[0], statements[0])
    return _Wait(statements, awaits, "one", is_read, fault)


# -- whether it can be done -------------------------------------------------------------------------------------------


def _fixes(tasks: _Tasks, wait: _Wait, code: Analysis) -> Iterator[Fix]:
    fault = _fault(tasks, wait, code)
    if fault is not None:
        yield Fix(TITLE, Refused(fault), code.lines(wait.statements[-1]))
        return
    last = wait.statements[-1]
    handlers = handlers_for_group(code, last)
    where = code.lines(handlers.convert[-1]) if handlers.convert else (tasks.made[0], last)
    common = tuple(dict.fromkeys(_reasons(tasks, wait, code)))
    group_fault = handlers.fault or surroundings_fault(code, last)
    if group_fault is not None:
        yield Fix(TITLE, Refused(group_fault), where)
    else:
        reasons = (*common, *caller_reasons(code, last), *handlers.reasons)
        yield Fix(TITLE, Unsafe(reasons), where, partial(to_task_group, tasks, wait, handlers))
    if wait.how != "wait" and builtin_is_visible(code, "BaseExceptionGroup", last):
        yield Fix(KEEP_TITLE, Unsafe(common), (tasks.made[0], last), partial(to_task_group, tasks, wait, None))


def _fault(tasks: _Tasks, wait: _Wait, code: Analysis) -> str | None:
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


def _starting_fault(tasks: _Tasks, region: Sequence[ast.stmt], code: Analysis) -> str | None:
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


def _region_fault(region: Sequence[ast.stmt], wait: _Wait, code: Analysis) -> str | None:
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


def _reasons(tasks: _Tasks, wait: _Wait, code: Analysis) -> Iterator[str]:
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


def _does_something(statement: ast.stmt, tasks: _Tasks, code: Analysis) -> bool:
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


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_task_group(tasks: _Tasks, wait: _Wait, handlers: Handlers | None, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The block; without `handlers`, in a `try` that raises the first exception itself."""
    code = draft.code
    block = code.siblings(tasks.made[0])
    region = block[block.index(tasks.first) : block.index(wait.statements[0])]
    group = fresh_group(tasks.first, draft)
    starts: dict[cst.CSTNode, Change] = {
        draft.node(each.call, cst.Call): lambda new: new.with_changes(func=create_task(group)) for each in tasks.started
    }
    is_needed = wait.is_read or not tasks.many
    if not is_needed:
        starts |= _without_list(tasks, draft)
    elif not tasks.many:
        starts |= _without_unread(tasks, wait, draft)
    body = [new for each in region for new in _rewritten(each, starts, draft)]
    after, left = _results(tasks, wait, draft)
    first = body[0]
    dropped = tasks.made[0] if tasks.filled and not is_needed and tasks.made[0] is not tasks.first else None
    lost = comment_lines(whole(dropped, draft)) if dropped is not None else []
    lines = [*lost, *lines_above(first)]
    inner = [first.with_changes(leading_lines=()), *body[1:]]
    made = group_block(group, inner, tasks.first, draft, footer=left).with_changes(leading_lines=lines)
    around: cst.BaseStatement = made
    if handlers is None:
        name = draft.fresh("group", "exception_group", within=code.function_around(tasks.first))
        around = raising_the_first(name, made)
    changes: dict[cst.CSTNode, Change] = {}
    new = cst.FlattenSentinel([around, *after])
    for each in [*region, *wait.statements]:
        changes[whole(each, draft)] = lambda _: cst.RemoveFromParent()
    changes[whole(region[0], draft)] = lambda _: new
    if dropped is not None:
        changes[whole(dropped, draft)] = lambda _: cst.RemoveFromParent()
    for converted in handlers.convert if handlers is not None else ():
        changes[draft.node(converted, cst.Try)] = to_except_star
    return changed(draft, changes)


def _rewritten(statement: ast.stmt, changes: Mapping[cst.CSTNode, Change], draft: Draft) -> Sequence[cst.BaseStatement]:
    return changed(draft, changes, [whole(statement, draft)])


def _without_list(tasks: _Tasks, draft: Draft) -> dict[cst.CSTNode, Change]:
    """The changes that start tasks without collecting them."""
    code = draft.code
    changes: dict[cst.CSTNode, Change] = {}
    if tasks.filled:
        for each in tasks.started:
            append = code.parent(each.call)
            if isinstance(append, ast.Call):
                changes[draft.node(append, cst.Call)] = _only_argument
    made = tasks.made[0]
    if made is not tasks.first:
        return changes
    match made.value:
        case ast.ListComp() as comprehension if _is_free(comprehension, code):
            changes[whole(made, draft)] = _as_loop
        case ast.List() if not comment_lines(draft.node(made.value, cst.List)):
            changes[whole(made, draft)] = _as_lines
        case _:
            pass
    return changes


def _only_argument(node: cst.CSTNode) -> cst.CSTNode:
    call = cst.ensure_type(node, cst.Call)
    if any(comment_lines(each) for each in (call.whitespace_before_args, call.args[0].whitespace_after_arg)):
        return call
    return call.args[0].value


def _value(line: cst.CSTNode) -> cst.BaseExpression:
    assignment = cst.ensure_type(line, cst.SimpleStatementLine).body[0]
    assert isinstance(assignment, cst.Assign | cst.AnnAssign)
    assert assignment.value is not None
    return assignment.value


def _as_loop(node: cst.CSTNode) -> cst.CSTNode:
    line = cst.ensure_type(node, cst.SimpleStatementLine)
    comprehension = cst.ensure_type(_value(line), cst.ListComp)
    body = cst.SimpleStatementLine([cst.Expr(comprehension.elt)], trailing_whitespace=line.trailing_whitespace)
    loop = cst.ensure_type(loop_of(comprehension.for_in, body), cst.For)
    return loop.with_changes(leading_lines=[*line.leading_lines, *comments_between(comprehension)])


def _as_lines(node: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
    line = cst.ensure_type(node, cst.SimpleStatementLine)
    lines = [
        cst.SimpleStatementLine([cst.Expr(each.value)]) for each in cst.ensure_type(_value(line), cst.List).elements
    ]
    lines[0] = lines[0].with_changes(leading_lines=line.leading_lines)
    lines[-1] = lines[-1].with_changes(trailing_whitespace=line.trailing_whitespace)
    return cst.FlattenSentinel(lines)


def _as_expression(node: cst.CSTNode) -> cst.CSTNode:
    line = cst.ensure_type(node, cst.SimpleStatementLine)
    return line.with_changes(body=[cst.Expr(_value(line))])


def _is_free(comprehension: ast.ListComp, code: Analysis) -> bool:
    """Whether a comprehension can be a loop: its variables are nothing else in the function, and nothing keeps them."""
    function = code.function_around(comprehension)
    inside = set(ast.walk(comprehension))
    if function is None or any(
        isinstance(node, (ast.Lambda, ast.NamedExpr, *COMPREHENSIONS)) and node is not comprehension for node in inside
    ):
        return False
    names = set(code.scope_made_by(comprehension).bindings)
    return not any(
        (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.arg) and node.arg in names)
        for node in ast.walk(function)
        if node not in inside
    )


def _without_unread(tasks: _Tasks, wait: _Wait, draft: Draft) -> dict[cst.CSTNode, Change]:
    """The changes that start those tasks without a variable whose results nobody reads."""
    code = draft.code
    if wait.how != "one":
        return {}
    unread = {
        place.value.id for place in wait.awaits if isinstance(place.value, ast.Name) and not _is_read(place, code)
    }
    return {
        whole(made, draft): _as_expression for made, name in zip(tasks.made, tasks.names, strict=True) if name in unread
    }


# -- the results ------------------------------------------------------------------------------------------------------


def _results(tasks: _Tasks, wait: _Wait, draft: Draft) -> tuple[Sequence[cst.BaseStatement], Sequence[cst.EmptyLine]]:
    """What stands below the block, and the comments of what does not any more."""
    after: list[cst.BaseStatement] = []
    left: list[cst.EmptyLine] = []
    for statement in wait.statements:
        line = whole(statement, draft)
        if _goes(statement, wait, draft.code):
            left += comment_lines(line)
            continue
        changes: dict[cst.CSTNode, Change] = {}
        for place in wait.awaits:
            if statement in draft.code.ancestors(place):
                new = _result(tasks, wait, place)
                changes[draft.node(place, cst.Await)] = partial(_replaced_by, new)
        after += _separate(tasks, wait, statement, draft) or changed(draft, changes, [line])
    return after, left


def _replaced_by(new: cst.BaseExpression, _: cst.CSTNode) -> cst.CSTNode:
    return new


def _goes(statement: ast.stmt, wait: _Wait, code: Analysis) -> bool:
    """Whether a statement does nothing but wait."""
    match statement:
        case ast.Expr(value=ast.Await() as place):
            return place in wait.awaits
        case ast.Expr(value=ast.ListComp(elt=ast.Await() as place)):
            return place in wait.awaits
        case ast.For(body=[ast.Expr(value=ast.Await() as place)]):
            return place in wait.awaits
        case ast.If(body=[ast.Expr(value=ast.Await() as place)]):
            return place in wait.awaits
        case _:
            return False


def _result(tasks: _Tasks, wait: _Wait, place: ast.Await) -> cst.BaseExpression:
    if wait.how != "gather":
        assert isinstance(place.value, ast.Name)
        return cst.parse_expression(f"{place.value.id}.result()")
    if tasks.many:
        each = "task" if tasks.names[0] != "task" else "each"
        return cst.parse_expression(f"[{each}.result() for {each} in {tasks.names[0]}]")
    given = [cast("ast.Name", each).id for each in cast("ast.Call", place.value).args]
    return cst.parse_expression(f"[{', '.join(f'{each}.result()' for each in given)}]")


def _separate(tasks: _Tasks, wait: _Wait, statement: ast.stmt, draft: Draft) -> Sequence[cst.BaseStatement]:
    """`user = user_task.result()` and so on, for `user, posts = await asyncio.gather(user_task, posts_task)`."""
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets) | ast.List(elts=targets)], value=ast.Await() as place) if (
            wait.how == "gather" and not tasks.many and place in wait.awaits
        ):
            given = cast("ast.Call", place.value).args
        case _:
            return ()
    names = [each.id for each in targets if isinstance(each, ast.Name)]
    tasks_read = [cast("ast.Name", each).id for each in given]
    line = cst.ensure_type(whole(statement, draft), cst.SimpleStatementLine)
    is_simple = len(set(names)) == len(targets) == len(tasks_read) and not set(names) & set(tasks_read)
    if not is_simple or line.trailing_whitespace.comment is not None:
        return ()
    lines = [cst.parse_statement(f"{name} = {task}.result()") for name, task in zip(names, tasks_read, strict=True)]
    lines[0] = lines[0].with_changes(leading_lines=line.leading_lines)
    return lines
