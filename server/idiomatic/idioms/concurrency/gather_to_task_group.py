"""Wait for several coroutines in an `asyncio.TaskGroup` instead of with `asyncio.gather`.

## Why
When one coroutine fails, `gather` raises at once and lets the others run on: nobody waits for them any more, nobody
sees their exceptions, and they work on with resources that are being closed. A task group ends when all its tasks have
ended: a failure cancels the others, and an `ExceptionGroup` tells of every failure.

## Example
```python
import asyncio


async def load_page(user_id):
    user, posts = await asyncio.gather(load_user(user_id), load_posts(user_id))
    return render(user, posts)


async def load_user(user_id): ...


async def load_posts(user_id): ...
```
becomes
```python
import asyncio


async def load_page(user_id):
    async with asyncio.TaskGroup() as tg:
        user_task = tg.create_task(load_user(user_id))
        posts_task = tg.create_task(load_posts(user_id))
    user = user_task.result()
    posts = posts_task.result()
    return render(user, posts)


async def load_user(user_id): ...


async def load_posts(user_id): ...
```

A starred comprehension becomes a list of tasks:
```python
import asyncio


async def load_all(paths):
    return await asyncio.gather(*[load(path) for path in paths])


async def load(path): ...
```
becomes
```python
import asyncio


async def load_all(paths):
    async with asyncio.TaskGroup() as tg:
        tasks = [tg.create_task(load(path)) for path in paths]
    return [task.result() for task in tasks]


async def load(path): ...
```

## Fix safety
Unsafe. When a coroutine fails, the others are cancelled, the failure is raised after they have cleaned up, and as an
`ExceptionGroup`: a caller's `except ValueError` does not match it. An `except ValueError` around it in the same
function becomes `except* ValueError` in the same edit. A coroutine that cancels itself is noticed only where its result
is read. The second action keeps the single exception: it raises the group's first one.

A task group takes coroutines and nothing else. What is called is looked up in the file, in the project and in the
standard library; the reasons name each call that can't be seen.

`wait_for` directly around it becomes an `asyncio.timeout` in the same statement. A single argument is awaited directly;
it then runs in the same task, with the same context variables.

Refused: `return_exceptions=True`; tasks, futures and other awaitables; a `gather` that is not awaited on the spot, or
in an expression of which another part comes first; in a `finally`, where every clean-up must have its turn; an argument
that yields; a coroutine that is clean-up, or has work to do when it is cancelled; and handlers that can't become
`except*`, because they return, break or continue, use the exception they caught, or stand next to one that must not.

## References
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
- [`asyncio.gather`](https://docs.python.org/3/library/asyncio-task.html#asyncio.gather)
- [PEP 654, exception groups and `except*`](https://peps.python.org/pep-0654/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.awaitables import functions_called
from idiomatic.core.analysis.evaluation import has_room_above, order_fault
from idiomatic.core.analysis.exception_groups import Handlers
from idiomatic.core.analysis.group_effects import (
    CANCELS,
    CANCELS_ITSELF,
    cancel_fault,
    coroutine_fault,
    coroutine_reasons,
    finally_fault,
    gather_fault,
    group_fixes,
    shown,
)
from idiomatic.core.analysis.tasks import GATHER, WAIT_FOR
from idiomatic.core.analysis.tree import COMPREHENSIONS
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.writing.arguments import awaited_arguments, dedented, indent_of
from idiomatic.core.writing.changes import changed
from idiomatic.core.writing.task_group import block_changes, raising_the_first, to_except_star

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.IDIOM
SINCE = (3, 11)
# Below `from asyncio import gather as g`, the name itself is nowhere else.
TRIGGERS = ("gather", "await")
ALSO = ()

MESSAGE: Final = "`gather` leaves the others running when one fails"
TITLE: Final = "Use a `TaskGroup` (siblings are cancelled; raises ExceptionGroup)"
KEEP_TITLE: Final = "Use a `TaskGroup` and raise the first exception itself (siblings are cancelled)"
AWAIT_TITLE: Final = "Await it directly (in this task)"


def detect(node: ast.Await | ast.Call, code: Analysis) -> Iterator[Finding]:
    match node:
        # await asyncio.gather(load_user(), load_posts())
        case ast.Await(value=ast.Call(args=[_, *_]) as call) if _is_gather(call, code):
            yield from _found(node, call, code)
        # await asyncio.wait_for(asyncio.gather(load_user(), load_posts()), 5)
        case ast.Await(value=ast.Call(args=[ast.Call() as call, *_])) if _is_gather(call, code) and _is_limited(
            node, call, code
        ):
            yield from _found(node, call, code)
        # asyncio.gather(load_user(), load_posts()), awaited elsewhere or not at all
        case ast.Call(func=ast.Attribute(attr="gather") | ast.Name(id="gather"), args=[_, *_]) if _is_gather(
            node, code
        ) and not _is_awaited(node, code):
            reason = "It is not awaited here: a task group is a block that waits for its tasks itself."
            yield Finding(node, MESSAGE, (Fix(TITLE, Refused(reason), code.lines(node)),))
        case _:
            pass


def _is_gather(call: ast.Call, code: Analysis) -> bool:
    match call.func:
        case ast.Attribute(attr="gather") | ast.Name():
            return code.is_name(call.func, *GATHER)
        case _:
            return False


def _limit(place: ast.Await, call: ast.Call, code: Analysis) -> ast.expr | None:
    """How long `wait_for`, called directly around, waits; `None` if it isn't."""
    match place.value:
        case ast.Call(func=function, args=[first, limit], keywords=[]) if first is call:
            pass
        case ast.Call(func=function, args=[first], keywords=[ast.keyword(arg="timeout", value=limit)]) if first is call:
            pass
        case _:
            return None
    return limit if code.is_name(function, *WAIT_FOR) else None


def _is_limited(place: ast.Await, call: ast.Call, code: Analysis) -> bool:
    """Whether it is `await wait_for(gather(...), limit)`, of several awaitables."""
    is_several = len(call.args) > 1 or any(isinstance(each, ast.Starred) for each in call.args)
    return is_several and _limit(place, call, code) is not None


def _is_awaited(call: ast.Call, code: Analysis) -> bool:
    """Whether the `await` is found instead."""
    parent = code.parent(call)
    around = parent and code.parent(parent)
    return isinstance(parent, ast.Await) or (isinstance(around, ast.Await) and _is_limited(around, call, code))


def _found(place: ast.Await, call: ast.Call, code: Analysis) -> Iterator[Finding]:
    around = code.function_around(place)
    if around is not None and not isinstance(around, ast.AsyncFunctionDef):
        return
    match call.args:
        case [ast.expr() as only] if not isinstance(only, ast.Starred):
            yield Finding(place, "`gather` of a single awaitable is an `await`", (_single(place, call, code),))
        case _:
            yield Finding(place, MESSAGE, tuple(_fixes(place, call, code)))


def _single(place: ast.Await, call: ast.Call, code: Analysis) -> Fix:
    if (fault := gather_fault(call)) is not None:
        return Fix(AWAIT_TITLE, Refused(fault), code.lines(place))
    reason = "It no longer runs as a task of its own: it starts at once and shares this task's context variables."
    return Fix(AWAIT_TITLE, Unsafe((reason,)), code.lines(place), partial(to_await, place, call))


def _fixes(place: ast.Await, call: ast.Call, code: Analysis) -> Iterator[Fix]:
    statement = code.statement_of(place)
    fault = _fault(place, call, statement, code)
    if fault is not None:
        yield Fix(TITLE, Refused(fault), code.lines(place))
        return
    yield from group_fixes(
        code,
        (statement, statement),
        (TITLE, KEEP_TITLE),
        tuple(_common_reasons(place, call, code)),
        partial(to_task_group, place, call),
        of_groups=tuple(_group_reasons(call, code)),
        times_out=place.value is not call,
    )


# -- whether it can be done -------------------------------------------------------------------------------------------


def _fault(place: ast.Await, call: ast.Call, statement: ast.stmt, code: Analysis) -> str | None:
    """Why it can't be a task group, whatever is done about the exceptions."""
    return (
        gather_fault(call)
        or _place_fault(place, statement, code)
        or _limit_fault(_limit(place, call, code))
        or _twice_fault(call)
        or next((fault for argument in call.args if (fault := _argument_fault(argument, code))), None)
        or next(
            (
                fault
                for argument in call.args
                for function in functions_called(code, argument) or ()
                if (fault := cancel_fault(code, function))
            ),
            None,
        )
    )


def _place_fault(place: ast.Await, statement: ast.stmt, code: Analysis) -> str | None:
    if isinstance(code.scope(place).node, COMPREHENSIONS):
        return "It stands in a comprehension, where no block can."
    if (fault := finally_fault(code, place)) is not None:
        return fault
    if any(isinstance(node, ast.Yield) for node in ast.walk(place)):
        return "An argument yields, and a task group must not be left by a generator."
    if not has_room_above(code, statement):
        return "Its statement has no lines of its own, so no block can stand before it."
    return order_fault(code, place, statement)


def _limit_fault(limit: ast.expr | None) -> str | None:
    if limit is None or _is_simple(limit):
        return None
    return f"`{shown(limit)}` would be evaluated before the arguments: the order would change."


def _argument_fault(argument: ast.expr, code: Analysis) -> str | None:
    functions = functions_called(code, argument)
    if functions is None:
        text = f"`{shown(argument)}`"
        if isinstance(argument, ast.Starred):
            return f"What {text} holds can't be seen: a task group takes coroutines only, no tasks or futures."
        return f"{text} may be a task or a future: a task group takes coroutines only."
    return next((fault for function in functions if (fault := coroutine_fault(code, function))), None)


def _twice_fault(call: ast.Call) -> str | None:
    names = [argument.id for argument in call.args if isinstance(argument, ast.Name)]
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"`{twice}` is passed twice: `gather` runs it once, a task group would fail." if twice else None


# -- what changes -----------------------------------------------------------------------------------------------------


def _common_reasons(place: ast.Await, call: ast.Call, code: Analysis) -> Iterator[str]:
    if place.value is not call:
        yield "`asyncio.timeout` takes the place of `wait_for`."
    yield CANCELS
    yield CANCELS_ITSELF
    for argument in call.args:
        for function in functions_called(code, argument) or ():
            yield from coroutine_reasons(code, function)
    if any(
        isinstance(node, ast.Await) or _is_async_comprehension(node) for each in call.args for node in ast.walk(each)
    ):
        yield "An argument is awaited while the tasks before it already run."


def _is_async_comprehension(node: ast.AST) -> bool:
    return isinstance(node, ast.comprehension) and bool(node.is_async)


def _group_reasons(call: ast.Call, code: Analysis) -> Iterator[str]:
    if not all(_is_plain(argument, code) for argument in call.args):
        yield "If evaluating an argument fails, that is raised in a group as well."


def _is_plain(argument: ast.expr, code: Analysis) -> bool:
    """Whether evaluating an argument can hardly fail: a call of a coroutine function with names and constants."""
    match argument:
        case ast.Starred(value=value):
            return _is_plain(value, code)
        case ast.ListComp(elt=element, generators=generators) | ast.GeneratorExp(elt=element, generators=generators):
            return _is_plain(element, code) and all(_is_simple(each.iter) and not each.ifs for each in generators)
        case ast.Call(func=function, args=args, keywords=keywords):
            given = [function, *args, *(each.value for each in keywords)]
            return all(_is_simple(each.value if isinstance(each, ast.Starred) else each) for each in given)
        case _:
            return _is_simple(argument)


def _is_simple(expression: ast.expr) -> bool:
    match expression:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return _is_simple(value)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(_is_simple(each) for each in elements)
        case _:
            return False


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_await(place: ast.Await, call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    """`x = [await f()]` for `x = await gather(f())`."""
    old = draft.node(place, cst.Await)
    only = awaited_arguments(draft.node(call, cst.Call))[0].value
    awaited = old.with_changes(expression=dedented(only, indent_of(call.args[0], place, draft)))
    listed = cst.List([cst.Element(awaited.with_changes(lpar=[], rpar=[]))])
    match draft.code.parent(place):
        case ast.Expr():
            return draft.replaced({old: awaited})
        case ast.Assign(targets=[ast.Tuple(elts=[target]) | ast.List(elts=[target])]) as assignment if not isinstance(
            target, ast.Starred
        ):
            line = draft.node(assignment, cst.Assign)
            sequence = line.targets[0].target
            assert isinstance(sequence, cst.Tuple | cst.List)
            return draft.replaced({old: awaited, sequence: sequence.elements[0].value})
        case ast.Subscript(slice=ast.Constant(value=0)) as first:
            whole = draft.code.parent(first)
            is_alone = isinstance(whole, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr | ast.keyword)
            bare = awaited.with_changes(lpar=[], rpar=[]) if is_alone else awaited
            return draft.replaced({draft.node(first, cst.Subscript): bare})
        case _:
            return draft.replaced({old: listed})


def to_task_group(
    place: ast.Await, call: ast.Call, handlers: Handlers | None, draft: Draft
) -> Sequence[cst.BaseStatement]:
    """The block and the results; without `handlers`, in a `try` that raises the first exception itself."""
    limit = _limit(place, call, draft.code)
    if handlers is None:
        group = draft.fresh("group", "exception_group", within=draft.code.function_around(place))
        return changed(draft, block_changes(place, call, limit, draft, partial(raising_the_first, group)))
    changes = block_changes(place, call, limit, draft, lambda block: block)
    for each in handlers.convert:
        changes[draft.node(each, cst.Try)] = to_except_star
    return changed(draft, changes)
