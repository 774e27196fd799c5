"""Run a program with `asyncio.run`, and ask for the running loop where there is one.

## Why
`asyncio.run` makes an event loop, runs a coroutine in it and cleans up: tasks that are left over are cancelled,
asynchronous generators and the executor's threads are shut down, and the loop is closed. By hand that takes ten lines,
of which most programs have four. `get_event_loop` without a running loop is an error since Python 3.14; in a coroutine,
`get_running_loop` says what is meant.

## Example
```python
import asyncio


async def main(): ...


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
```
becomes
```python
import asyncio


async def main(): ...


if __name__ == "__main__":
    asyncio.run(main())
```

```python
import asyncio


async def later(seconds, function):
    asyncio.get_event_loop().call_later(seconds, function)
```
becomes
```python
import asyncio


async def later(seconds, function):
    asyncio.get_running_loop().call_later(seconds, function)
```

## Fix safety
`get_running_loop` in a coroutine is safe: the loop that runs it is what `get_event_loop` returns there.

`asyncio.run` is unsafe: the coroutine runs in a loop of its own, so locks, futures and connections that were made for
another one don't work in it; tasks that are left over are cancelled, and afterwards there is no current event loop.
More than one `run_until_complete`, or one in a loop, becomes a `with asyncio.Runner()`, which keeps its event loop
from one coroutine to the next (since Python 3.11).

Refused: a loop that is used for anything else (`call_soon`, `create_task`, `run_forever`, passing it on); a task or
future, which `asyncio.run` does not take; a coroutine that is passed in from elsewhere, or a method of an object that
may have been used in the same loop before; and `get_event_loop` next to a `set_event_loop` with a loop of another
kind.

In a notebook only `get_event_loop` in a coroutine is found: an event loop is running there, and `asyncio.run` fails.

## References
- [`asyncio.run`](https://docs.python.org/3/library/asyncio-runner.html#asyncio.run)
- [`asyncio.Runner`](https://docs.python.org/3/library/asyncio-runner.html#asyncio.Runner)
- [`asyncio.get_running_loop`](https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_running_loop)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.coroutines import Gives, call_gives
from idiomatic.core.analysis.escapes import is_used_elsewhere
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, Unsafe
from idiomatic.core.module import is_notebook
from idiomatic.core.writing.changes import changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict
    from idiomatic.core.writing.changes import Change

KIND = Kind.IDIOM
SINCE = (3, 7)
TRIGGERS = ("event_loop",)
ALSO = ()

GET: Final = ("asyncio.get_event_loop", "asyncio.events.get_event_loop")
NEW: Final = ("asyncio.new_event_loop", "asyncio.events.new_event_loop")
SET: Final = ("asyncio.set_event_loop", "asyncio.events.set_event_loop")
MESSAGE: Final = "`asyncio.run` makes an event loop, runs the coroutine and cleans up"
TITLE: Final = "Use `asyncio.run` (in an event loop of its own)"
RUNNER: Final = "Use `asyncio.Runner` (an event loop of its own)"
OTHER_IS_SET: Final = "Another event loop is set here, which `asyncio.run` would not use."
_SHUT_DOWN: Final = frozenset({"shutdown_asyncgens", "shutdown_default_executor"})
_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)


class ByHand(Struct, frozen=True, eq=False):
    """An event loop in a variable.

    Attributes:
        assignment: makes it.
        runs: the calls that run something in it.
        dropped: the statements that are no longer needed.
        last: the last statement of the block in which it is used.
        is_new: whether it was made here.
    """

    assignment: ast.Assign
    runs: tuple[ast.Call, ...]
    dropped: tuple[ast.stmt, ...]
    last: ast.stmt
    is_new: bool


def detect(call: ast.Call, code: Analysis) -> Iterator[Finding]:
    is_get = code.is_name(call.func, *GET)
    if call.args or call.keywords or not (is_get or code.is_name(call.func, *NEW)):
        return
    function = code.function_around(call)
    if isinstance(function, ast.AsyncFunctionDef):
        if is_get:
            fix = Fix("Use `get_running_loop`", Safe(), code.lines(call), partial(to_running_loop, call))
            yield Finding(call.func, "In a coroutine, `get_event_loop` is `get_running_loop`", (fix,))
        return
    if code.ask(is_notebook):
        return
    attribute = code.parent(call)
    match attribute and code.parent(attribute):
        # asyncio.get_event_loop().run_until_complete(main())
        case ast.Call(func=ast.Attribute(value=value, attr="run_until_complete"), args=[ran], keywords=[]) as run if (
            value is call
        ):
            verdict = _verdict([ran], code, is_new=not is_get)
            if is_get and _sets_another(call, (), code):
                verdict = Refused(OTHER_IS_SET)
            rewrite = None if isinstance(verdict, Refused) else partial(to_run, run)
            yield Finding(call, MESSAGE, (Fix(TITLE, verdict, code.lines(run), rewrite),))
            return
        case _:
            pass
    match attribute:
        # loop = asyncio.new_event_loop()
        case ast.Assign(targets=[ast.Name() as variable], value=value) if value is call:
            yield from _in_variable(variable, attribute, call, code, is_new=not is_get)
        case _:
            pass


def _in_variable(
    variable: ast.Name, assignment: ast.Assign, call: ast.Call, code: Analysis, *, is_new: bool
) -> Iterator[Finding]:
    found = _by_hand(variable, assignment, code, is_new=is_new)
    if found is None:
        return
    several = len(found.runs) > 1 or any(_is_repeated(each, assignment, code) for each in found.runs)
    title = RUNNER if several else TITLE
    if isinstance(found, Other):
        if found.runs:
            yield Finding(call, MESSAGE, (Fix(title, Refused(found.reason), code.lines(assignment)),))
        return
    if several and code.target < (3, 11):
        return
    block = code.siblings(assignment)
    places = block[block.index(assignment) : block.index(found.last) + 1]
    if not all(code.has_own_lines(each) for each in (*places, *found.dropped)):
        return
    verdict = _verdict([each.args[0] for each in found.runs], code, is_new=is_new)
    if not is_new and _sets_another(call, found.dropped, code):
        verdict = Refused(OTHER_IS_SET)
    rewrite = to_runner if several else to_run_once
    done = None if isinstance(verdict, Refused) else partial(rewrite, found)
    yield Finding(call, MESSAGE, (Fix(title, verdict, (assignment, found.last), done),))


class Other(Struct, frozen=True, eq=False):
    """An event loop that is used for something else too.

    Attributes:
        reason: for what, a sentence.
        runs: the calls that run something in it.
    """

    reason: str
    runs: tuple[ast.Call, ...]


def _by_hand(variable: ast.Name, assignment: ast.Assign, code: Analysis, *, is_new: bool) -> ByHand | Other | None:
    name = variable.id
    owner = code.scope(variable).lookup(name)
    if owner is None or owner.node is not code.function_around(assignment):
        return None
    if len(owner.bindings.get(name, ())) != 1 and owner.parent is not None:
        return None
    # A block of the module; a single statement of it has no neighbours here.
    if code.parent(assignment) is None:
        return None
    within = owner.node if owner.node is not None else code.enclosing(assignment, ast.If)
    if within is None:
        return None
    if owner.parent is None and code.ask(is_used_elsewhere, name, code.statement):
        return Other(f"`{name}` is used elsewhere in the module too.", ())
    runs: list[ast.Call] = []
    dropped: list[ast.stmt] = []
    fault: str | None = None
    block = code.siblings(assignment)
    last: ast.stmt = assignment
    for use in code.uses(name, within, owner):
        if use is variable:
            continue
        statement = code.statement_of(use)
        top = _in_block(statement, block, code)
        if top is None or block.index(top) < block.index(assignment) or use.ctx.__class__ is not ast.Load:
            fault = f"`{name}` is used elsewhere too."
            continue
        last = top if block.index(top) > block.index(last) else last
        if code.function_around(use) is not code.function_around(assignment):
            fault = f"`{name}` is used in a nested function too."
        elif _is_dropped(statement, use, code):
            if statement not in dropped:
                dropped.append(statement)
        elif (run := _run(use, code)) is not None:
            runs.append(run)
        else:
            fault = f"`{name}` is used for something else too: `{_short(statement)}`."
    if fault is not None:
        return Other(fault, tuple(runs))
    return ByHand(assignment, tuple(runs), tuple(dropped), last, is_new) if runs else None


def _short(statement: ast.stmt) -> str:
    text = ast.unparse(statement).partition("\n")[0]
    return text if len(text) <= 60 else f"{text[:57]}..."


def _in_block(statement: ast.stmt, block: Sequence[ast.stmt], code: Analysis) -> ast.stmt | None:
    for each in (statement, *code.ancestors(statement)):
        if isinstance(each, ast.stmt) and each in block:
            return each
    return None


def _is_dropped(statement: ast.stmt, use: ast.Name, code: Analysis) -> bool:
    """Whether a statement does with the loop what `asyncio.run` does by itself."""
    match statement:
        # loop.close()
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr="close"), args=[])) if value is use:
            return True
        # asyncio.set_event_loop(loop)
        case ast.Expr(value=ast.Call(func=function, args=[value])) if value is use:
            return code.is_name(function, *SET)
        # loop.run_until_complete(loop.shutdown_asyncgens())
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(), attr="run_until_complete"),
                args=[ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr))],
            )
        ):
            return name == use.id and attr in _SHUT_DOWN
        case _:
            return False


def _run(use: ast.Name, code: Analysis) -> ast.Call | None:
    attribute = code.parent(use)
    match attribute and code.parent(attribute):
        case (
            ast.Call(
                func=ast.Attribute(attr="run_until_complete") as function, args=[ast.expr() as ran], keywords=[]
            ) as call
        ) if function is attribute and not isinstance(ran, ast.Starred):
            return call
        case _:
            return None


def _is_repeated(call: ast.Call, assignment: ast.Assign, code: Analysis) -> bool:
    outside = set(code.ancestors(assignment))
    return any(isinstance(each, _LOOPS) and each not in outside for each in code.ancestors(call))


# -- whether it may be done -------------------------------------------------------------------------------------------


def _verdict(ran: Sequence[ast.expr], code: Analysis, *, is_new: bool) -> Verdict:
    reasons = [
        "The coroutine runs in a new event loop: what was made for another one does not work in it.",
        "Tasks that are left over are cancelled, and there is no current event loop afterwards.",
    ]
    for each in ran:
        match each:
            case ast.Call(func=ast.Name() | ast.Attribute() as function):
                gives = call_gives(code, function)
                if gives is Gives.OTHER:
                    return Refused(
                        f"`{ast.unparse(function)}(...)` gives no coroutine, and `asyncio.run` takes no other."
                    )
                if not is_new and _is_of_self(function, code):
                    return Refused(f"What `{ast.unparse(function)}` uses may belong to the event loop there is.")
                if gives is Gives.UNKNOWN:
                    reasons.append(f"That `{ast.unparse(function)}(...)` gives a coroutine can't be seen.")
            case _:
                return Refused(
                    f"`{ast.unparse(each)}` may be a task or a future, and `asyncio.run` takes coroutines only."
                )
    return Unsafe(tuple(dict.fromkeys(reasons)))


def _sets_another(place: ast.Call, dropped: Sequence[ast.stmt], code: Analysis) -> bool:
    """Whether a `set_event_loop` in the same function says which event loop is meant."""
    function = code.function_around(place)
    return any(
        code.is_name(each.func, *SET)
        and code.statement_of(each) not in dropped
        and code.function_around(each) is function
        for each in code.nodes(ast.Call)
    )


def _is_of_self(function: ast.expr, code: Analysis) -> bool:
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and code.class_of_self(function) is not None


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_running_loop(call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(call.func, cst.BaseExpression)  # type: ignore[type-abstract]
    match old:
        case cst.Attribute():
            return draft.replaced({old: old.with_changes(attr=cst.Name("get_running_loop"))})
        case _:
            return draft.replaced({old: draft.expression("asyncio.get_running_loop", call)})


def to_run(run: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(run, cst.Call)
    return draft.replaced({old: old.with_changes(func=draft.expression("asyncio.run", run, as_module=True))})


def to_run_once(found: ByHand, draft: Draft) -> Sequence[cst.BaseStatement]:
    (run,) = found.runs
    function = draft.expression("asyncio.run", run, as_module=True)
    return _without_loop(found, function, draft)


def to_runner(found: ByHand, draft: Draft) -> Sequence[cst.BaseStatement]:
    name = draft.fresh("runner", within=draft.code.function_around(found.assignment))
    function = cst.Attribute(cst.Name(name), cst.Name("run"))
    body = _without_loop(found, function, draft)
    made = cst.With(
        [cst.WithItem(cst.Call(draft.expression("asyncio.Runner", found.assignment)), cst.AsName(cst.Name(name)))],
        cst.IndentedBlock([body[0].with_changes(leading_lines=[]), *body[1:]]),
        leading_lines=body[0].leading_lines,  # type: ignore[attr-defined]
    )
    return [made]


def _without_loop(found: ByHand, function: cst.BaseExpression, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The statements with `function` for `run_until_complete`, and without what goes with the loop."""
    changes: dict[cst.CSTNode, Change] = {}

    def run(node: cst.CSTNode) -> cst.CSTNode:
        return node.with_changes(func=function)

    def remove(node: cst.CSTNode) -> cst.CSTNode:
        return cst.RemoveFromParent()  # type: ignore[return-value]

    def without_finally(node: cst.CSTNode) -> cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]:
        new = cst.ensure_type(node, cst.Try)
        if new.handlers:
            return new.with_changes(finalbody=None)
        first, *others = new.body.body
        if isinstance(first, cst.BaseSmallStatement):
            first = cst.SimpleStatementLine([first])
        return cst.FlattenSentinel([first.with_changes(leading_lines=new.leading_lines), *others])

    for each in found.runs:
        changes[draft.node(each, cst.Call)] = run
    assignment = draft.node(found.assignment, cst.SimpleStatementLine)
    changes[assignment] = remove
    for statement in found.dropped:
        around = draft.code.parent(statement)
        if isinstance(around, ast.Try) and around.finalbody and set(around.finalbody) <= set(found.dropped):
            changes[draft.node(around, cst.Try)] = without_finally
        else:
            changes[draft.node(statement, cst.SimpleStatementLine)] = remove
    made = list(changed(draft, changes))
    lines = [*assignment.leading_lines, *made[0].leading_lines]  # type: ignore[attr-defined]
    made[0] = made[0].with_changes(leading_lines=lines)
    return made
