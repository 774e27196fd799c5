"""Await things that do not depend on each other at the same time, in an `asyncio.TaskGroup`.

## Why
`await` waits. Two requests one after the other take as long as both together, although neither needs the answer of the
other. In a task group they run at the same time, the block ends when all have ended, and when one fails, the others are
cancelled.

## Example
```python
import asyncio


async def load_page(user_id):
    user = await load_user(user_id)
    posts = await load_posts(user_id)
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

## Fix safety
Unsafe: whether one has an effect that another needs can't be seen, only that no variable goes from one to the other.
All are started, also if the first one fails. When one fails, the others are cancelled, and the failure is raised as an
`ExceptionGroup`; an `except ValueError` around it in the same function becomes `except* ValueError` in the same edit.
The second action keeps the single exception. What they are called with is evaluated before any of them runs, and each
runs in a task of its own, with its own copy of the context variables.

Offered for neighbouring statements that await a call each and keep its result, and for those that call the same
function of the project and drop its results; not in files written for another library than `asyncio`. Calls that wait,
write or clean up (`sleep`, `acquire`, `put`, `set_...`, `commit`, `close`...) are steps of an order and left alone, and
so is the same call twice.

Refused: where they use the same connection, session, cursor, queue, stream or lock, which can do one thing at a time;
in a `finally`; a coroutine that has work to do when it is cancelled; and handlers that can't become `except*`.

## References
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
- [Coroutines and tasks](https://docs.python.org/3/library/asyncio-task.html#coroutines)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.clean_up import is_clean_up
from idiomatic.core.analysis.coroutines import Gives, call_gives, definition_of
from idiomatic.core.analysis.evaluation import arguments
from idiomatic.core.analysis.group_effects import (
    cancel_fault,
    coroutine_reasons,
    finally_fault,
    group_fixes,
    shown,
)
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.names import last_name
from idiomatic.core.facts import FunctionFact
from idiomatic.core.idiom import Finding, Fix, Kind, Refused
from idiomatic.core.lazy import regex
from idiomatic.core.module import bindings
from idiomatic.core.text import Span
from idiomatic.core.writing.changes import changed
from idiomatic.core.writing.names import name_of_call, name_of_target
from idiomatic.core.writing.task_group import create_task, fresh_group, group_block, raising_the_first, to_except_star

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.exception_groups import Handlers
    from idiomatic.core.draft import Draft
    from idiomatic.core.writing.changes import Change

KIND = Kind.REFACTOR
SINCE = (3, 11)
TRIGGERS = ("await",)
ALSO = ()

MESSAGE: Final = "These {} awaits do not depend on each other"
TITLE: Final = "Run these {} at the same time in a `TaskGroup` (siblings are cancelled; raises ExceptionGroup)"
KEEP_TITLE: Final = (
    "Run these {} at the same time in a `TaskGroup` and raise the first exception itself (siblings are cancelled)"
)


class _Step(Struct, frozen=True):
    """A statement that awaits a call and does nothing else.

    Attributes:
        statement: all of it.
        place: the `await`.
        call: what it awaits.
        target: what the result is assigned to, if it is.
    """

    statement: ast.stmt
    place: ast.Await
    call: ast.Call
    target: ast.expr | None


def detect(function: ast.AsyncFunctionDef, code: Analysis) -> Iterator[Finding]:
    if code.source(function).count("await") < 2 or _is_for_another_loop(code):
        return
    for block in _blocks(function):
        for run in (run for stretch in _stretches(block) for run in _runs(stretch, code)):
            first, last = run[0].statement, run[-1].statement
            place = Span(code.span(first).start, code.span(last).end)
            yield Finding(place, MESSAGE.format(len(run)), tuple(_fixes(run, code)))


def _is_for_another_loop(code: Analysis) -> bool:
    """Whether a file is written for a library that has its own task groups."""
    return not code.ask(bindings, "asyncio") and any(code.ask(mentions, word) for word in ("anyio", "curio", "trio"))


def _blocks(function: ast.AsyncFunctionDef) -> Iterator[Sequence[ast.stmt]]:
    """The blocks of a function's own code, those of handlers and loops included."""
    waiting: list[Sequence[ast.stmt]] = [function.body]
    while waiting:
        block = waiting.pop()
        yield block
        # Only statements are looked at: walking all expressions takes ten times as long.
        for statement in block:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            parts: list[ast.AST] = [statement]
            match statement:
                case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
                    parts += handlers
                case ast.Match(cases=cases):
                    parts += cases
                case _:
                    pass
            waiting += [
                below
                for part in parts
                for name in ("body", "orelse", "finalbody")
                if (below := getattr(part, name, None)) and isinstance(below, list)
            ]


# -- what is independent ----------------------------------------------------------------------------------------------


def _stretches(block: Sequence[ast.stmt]) -> Iterator[Sequence[ast.stmt]]:
    """Neighbouring statements that await a call each, two or more: what they call is looked up only for those."""
    stretch: list[ast.stmt] = []
    for statement in block:
        match statement:
            case ast.Expr(value=ast.Await(value=ast.Call())) | ast.AnnAssign(value=ast.Await(value=ast.Call())):
                stretch.append(statement)
            case ast.Assign(targets=[_], value=ast.Await(value=ast.Call())):
                stretch.append(statement)
            case _:
                if len(stretch) > 1:
                    yield stretch
                stretch = []
    if len(stretch) > 1:
        yield stretch


def _runs(block: Sequence[ast.stmt], code: Analysis) -> Iterator[Sequence[_Step]]:
    run: list[_Step] = []
    for statement in block:
        step = _step(statement, code)
        if step is not None and any(ast.dump(step.call) == ast.dump(other.call) for other in run):
            # Who calls the same thing twice wants what is next, or to know what has changed in between.
            run = []
            continue
        if step is not None and not any(_depends(step, other) or not _are_alike(step, other) for other in run):
            run.append(step)
            continue
        if len(run) > 1:
            yield run
        run = [step] if step is not None else []
    if len(run) > 1:
        yield run


def _step(statement: ast.stmt, code: Analysis) -> _Step | None:
    match statement:
        # user = await load_user()
        case ast.Assign(targets=[target], value=ast.Await(value=ast.Call() as call) as place):
            pass
        # user: User = await load_user()
        case ast.AnnAssign(target=target, value=ast.Await(value=ast.Call() as call) as place):
            pass
        # await load_user()
        case ast.Expr(value=ast.Await(value=ast.Call() as call) as place):
            return _Step(statement, place, call, None) if _is_work(call, code) else None
        case _:
            return None
    if any(isinstance(node, ast.Subscript | ast.Starred) for node in ast.walk(target)):
        return None
    return _Step(statement, place, call, target) if _is_plain(call, code) else None


_STEPS: Final = regex(
    r"(?:acquire|begin|commit|connect|dequeue|disconnect|drain|enqueue\w*|expire\w*|flush|join|lock|login|open|pop\w*|"
    r"publish\w*|push\w*|put\w*|read\w*|recv\w*|receive\w*|release|reserve\w*|rollback|set_\w+|sleep|start|stop|unlock|"
    r"wait\w*|write\w*|__aenter__|__aexit__|anext|__anext__)"
)


def _is_plain(call: ast.Call, code: Analysis) -> bool:
    """Whether a call may be made at the same time as others, as far as can be seen from it alone."""
    name = last_name(call.func)
    if not name or _STEPS.fullmatch(name.lstrip("_")) or is_clean_up(call.func):
        return False
    if call_gives(code, call.func) is Gives.OTHER:
        return False
    inside = [each for each in ast.walk(call) if each is not call]
    return not any(isinstance(each, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr) for each in inside)


def _is_work(call: ast.Call, code: Analysis) -> bool:
    """Whether a call whose result is dropped is one of the project's own functions."""
    return _is_plain(call, code) and isinstance(definition_of(code, call.func), FunctionFact)


def _are_alike(step: _Step, other: _Step) -> bool:
    """Whether both have a result, or both have none and are the same work on something else.

    What has no result has an effect: different ones are likely to be meant in this order.
    """
    if step.target is not None or other.target is not None:
        return step.target is not None and other.target is not None
    return ast.dump(step.call.func) == ast.dump(other.call.func)


def _depends(step: _Step, other: _Step) -> bool:
    """Whether a step reads, or assigns again, what one before it assigns."""
    if other.target is None:
        return False
    words = {last_name(each) for each in ast.walk(other.target) if isinstance(each, ast.Name | ast.Attribute)}
    if isinstance(other.target, ast.Attribute):
        words = {other.target.attr}
    read = [step.call, *([step.target] if step.target is not None else [])]
    if isinstance(step.target, ast.Attribute) and isinstance(other.target, ast.Attribute):
        read = [step.call, ast.Name(step.target.attr)]
    return any(
        isinstance(each, ast.Name | ast.Attribute) and last_name(each) in words
        for node in read
        for each in ast.walk(node)
    )


# -- what is offered --------------------------------------------------------------------------------------------------


def _fixes(run: Sequence[_Step], code: Analysis) -> Iterator[Fix]:
    first, last = run[0].statement, run[-1].statement
    title, keep_title = TITLE.format(len(run)), KEEP_TITLE.format(len(run))
    if (fault := _fault(run, code)) is not None:
        yield Fix(title, Refused(fault), code.lines(first))
        return
    reasons = tuple(dict.fromkeys(_reasons(run, code)))
    yield from group_fixes(code, (first, last), (title, keep_title), reasons, partial(to_task_group, run))


_ONE_AT_A_TIME: Final = regex(
    r"(?:\w*_)?(?:channel|conn|connection|cur|cursor|db|file|lock|pipe|queue|reader|session|sock|socket|stream|"
    r"transaction|tx|txn|websocket|writer|ws)"
)


def _fault(run: Sequence[_Step], code: Analysis) -> str | None:
    seen: dict[str, _Step] = {}
    for step in run:
        for name in _objects(step.call):
            if seen.setdefault(name, step) is not step and _ONE_AT_A_TIME.fullmatch(name.rpartition(".")[2].lower()):
                return f"They use `{name}`, which may be able to do only one thing at a time."
    if (fault := finally_fault(code, run[0].statement, "They stand")) is not None:
        return fault
    if not all(code.has_own_lines(step.statement) for step in run):
        return "A statement has no lines of its own, so no block can stand around it."
    return next((fault for step in run if (fault := cancel_fault(code, step.call.func))), None)


def _objects(call: ast.Call) -> set[str]:
    """The objects that a call uses: what its method belongs to, and its arguments."""
    found: set[str] = set()
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    for each in (receiver, *arguments(call)):
        while isinstance(each, ast.Call):
            each = getattr(each.func, "value", None)
        if isinstance(each, ast.Name | ast.Attribute):
            found.add(ast.unparse(each))
    return found


def _reasons(run: Sequence[_Step], code: Analysis) -> Iterator[str]:
    yield "They run at the same time: whether one has an effect that another needs can't be seen."
    yield "All are started, also if the first one fails; when one fails, the others are cancelled."
    shared = sorted(
        name
        for name in {name for step in run for name in _receivers(step.call, code)}
        if sum(name in _receivers(step.call, code) for step in run) > 1
    )
    for name in shared:
        yield f"`{name}` has to be able to do several things at the same time."
    for step in run[1:]:
        early = next((each for each in arguments(step.call) if not isinstance(each, ast.Constant | ast.Name)), None)
        if early is not None:
            yield f"`{shown(early)}` is evaluated before the calls above it have ended."
            break
    for step in run:
        yield from coroutine_reasons(code, step.call.func)


def _receivers(call: ast.Call, code: Analysis) -> set[str]:
    match call.func:
        case ast.Attribute(value=ast.Name() | ast.Attribute() as receiver) if code.qualified_name(receiver) is None:
            is_self = isinstance(receiver, ast.Name) and code.class_of_self(receiver) is not None
            return set() if is_self else {ast.unparse(receiver)}
        case _:
            return set()


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_task_group(run: Sequence[_Step], handlers: Handlers | None, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The block and the results; without `handlers`, in a `try` that raises the first exception itself."""
    function = draft.code.function_around(run[0].place)
    group = fresh_group(run[0].statement, draft)
    body: list[cst.BaseStatement] = []
    results: list[cst.BaseStatement] = []
    for step in run:
        line = draft.node(step.statement, cst.SimpleStatementLine)
        start: cst.BaseExpression = cst.Call(create_task(group), [cst.Arg(draft.node(step.call, cst.Call))])
        if step.target is None:
            body.append(line.with_changes(body=[cst.Expr(start)]))
            continue
        name = draft.fresh(_task_name(step, draft.code), within=function)
        body.append(line.with_changes(body=[cst.Assign([cst.AssignTarget(cst.Name(name))], start)]))
        assignment = line.body[0]
        assert isinstance(assignment, cst.Assign | cst.AnnAssign)
        result = cst.parse_expression(f"{name}.result()")
        results.append(cst.SimpleStatementLine([assignment.with_changes(value=result)]))
    lines = body[0].leading_lines if isinstance(body[0], cst.SimpleStatementLine) else ()
    body[0] = body[0].with_changes(leading_lines=())
    block = group_block(group, body, run[0].statement, draft).with_changes(leading_lines=lines)
    around: cst.BaseStatement = block
    if handlers is None:
        around = raising_the_first(draft.fresh("group", "exception_group", within=function), block)
    new = cst.FlattenSentinel([around, *results])
    changes: dict[cst.CSTNode, Change] = {}
    for step in run:
        changes[draft.node(step.statement, cst.SimpleStatementLine)] = lambda _: cst.RemoveFromParent()
    changes[draft.node(run[0].statement, cst.SimpleStatementLine)] = lambda _: new
    for each in handlers.convert if handlers is not None else ():
        changes[draft.node(each, cst.Try)] = to_except_star
    return changed(draft, changes)


def _task_name(step: _Step, code: Analysis) -> str:
    assert step.target is not None
    base = name_of_target(step.target) or name_of_call(step.call, code)
    return base if base.endswith("task") else f"{base}_task"
