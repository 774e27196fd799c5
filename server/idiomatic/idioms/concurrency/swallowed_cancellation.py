"""Let a cancellation pass: after an `except` that has caught it, `raise` it again.

## Why
A task is cancelled by a `CancelledError` raised where it awaits. A handler that catches it and does not raise it
again has not stopped the task but refused to stop: the task goes on, or ends as if it had finished its work.
`asyncio.timeout` then raises no `TimeoutError`, a task group waits for a task that it has cancelled already, and a
server does not shut down.

## Example
```python
import asyncio


async def consume(queue):
    try:
        while True:
            print(await queue.get())
    except asyncio.CancelledError:
        print("cancelled")
```
becomes
```python
import asyncio


async def consume(queue):
    try:
        while True:
            print(await queue.get())
    except asyncio.CancelledError:
        print("cancelled")
        raise
```

A handler that catches more than that lets only the cancellation pass:
```python
import asyncio


async def send(socket, data):
    try:
        await socket.send(data)
    except BaseException:
        print("not sent")
```
becomes
```python
import asyncio


async def send(socket, data):
    try:
        await socket.send(data)
    except asyncio.CancelledError:
        raise
    except BaseException:
        print("not sent")
```

## Fix safety
Unsafe, because that is the point: the task ends as cancelled, and whoever awaits it gets a `CancelledError`. What
follows the `try` no longer runs for a cancellation. In a handler of nothing but cancellations, a `return`, `break` or
`continue` becomes a `raise`, and one is put at its end. Before a handler of other exceptions too, a handler of its
own raises the cancellation; of a bare `except:` or `except BaseException:` the second action makes an `except
Exception:`.

Refused, with the reason, where clean-up follows that would then be skipped (it belongs into a `finally`), or stands in
the handler of other exceptions too; and where the handler returns something that it computes.

Nothing is reported where a cancellation may be meant to end: what is awaited is a task, which may itself have been
cancelled, or the function has called `cancel()` before; the handler raises or returns on one of its paths only,
returns a value or keeps one in a variable, is one for `KeyboardInterrupt` too, calls `uncancel()`, hands the
exception on, or has a comment that explains it; in a `finally` or another handler, where an exception is on its way
already; in what `asyncio.run` runs, where nobody is left to be told; and in tests.

## References
- [Task cancellation](https://docs.python.org/3/library/asyncio-task.html#task-cancellation)
- [`asyncio.CancelledError`](https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError)
"""

from __future__ import annotations

import ast
import builtins
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.blocking import event_library
from idiomatic.core.analysis.clean_up import is_clean_up
from idiomatic.core.analysis.coroutines import suspends
from idiomatic.core.analysis.exceptions import CANCELLED, builtin_is_visible, catches, caught
from idiomatic.core.analysis.flow import goes_on, leaving
from idiomatic.core.analysis.meant_cancellations import is_meant, is_settled
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.text import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict

KIND = Kind.PROBLEM
SINCE = (3, 8)
TRIGGERS = ("except",)
ALSO = ()

MESSAGE: Final = "A cancellation ends here: the task goes on as if nobody had cancelled it"
ENDS: Final = "The task then ends as cancelled: whoever awaits it gets a `CancelledError`."
LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_LIBRARY_ERRORS: Final = {
    "asyncio": "asyncio.CancelledError",
    "anyio": "anyio.get_cancelled_exc_class",
    "trio": "trio.Cancelled",
}


def detect(around: ast.Try, code: Analysis) -> Iterator[Finding]:
    handler = next((each for each in around.handlers if _catches_cancellation(each, code)), None)
    if handler is None or not isinstance(code.function_around(around), ast.AsyncFunctionDef):
        return
    if is_settled(handler) or not _can_be_cancelled(around, code) or is_meant(around, handler, code):
        return
    start = code.span(handler).start
    place = handler.type if handler.type is not None else Span(start, start + len("except"))
    yield Finding(place, MESSAGE, tuple(_fixes(around, handler, code)))


def _catches_cancellation(handler: ast.ExceptHandler, code: Analysis) -> bool:
    return handler.type is None or catches(code, handler, "builtins.BaseException", *CANCELLED)


def _is_only_that(handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether a handler catches nothing but cancellations."""
    return bool(caught(handler)) and all(_is_cancelled(each, code) for each in caught(handler))


def _is_cancelled(class_: ast.expr, code: Analysis) -> bool:
    return code.is_name(class_.func if isinstance(class_, ast.Call) else class_, *CANCELLED)


def _can_be_cancelled(around: ast.Try, code: Analysis) -> bool:
    """Whether a cancellation from outside can arrive in the `try` block, or at the `yield` of a context manager."""
    function = code.function_around(around)
    assert isinstance(function, ast.AsyncFunctionDef)
    own = list(walk_block(around.body))
    if any(isinstance(node, ast.Yield) for node in own):
        return any(code.is_name(each, "contextlib.asynccontextmanager") for each in function.decorator_list)
    return any(suspends(node) for node in own)


# -- the fixes --------------------------------------------------------------------------------------------------------


def _fixes(around: ast.Try, handler: ast.ExceptHandler, code: Analysis) -> Iterator[Fix]:
    where = code.lines(around)
    if _is_only_that(handler, code):
        verdict = _verdict(around, handler, code)
        yield Fix(
            "Raise the cancellation again (the task ends as cancelled)",
            verdict,
            where,
            None if isinstance(verdict, Refused) else partial(to_raise, around, handler),
        )
        return
    title = "Let the cancellation pass in a handler of its own (the task ends as cancelled)"
    undone = next(
        (node for node in walk_block(handler.body) if isinstance(node, ast.Call) and is_clean_up(node.func)), None
    )
    if undone is not None:
        yield Fix(title, Refused(f"`{_short(undone)}` would be skipped for a cancellation."), where)
        return
    reasons = (ENDS, "The handler no longer runs for a cancellation.")
    yield Fix(title, Unsafe(reasons), where, partial(to_handler, around, handler))
    if len(caught(handler)) <= 1 and builtin_is_visible(code, "Exception", handler):
        others = "`KeyboardInterrupt`, `SystemExit` and `GeneratorExit` are no longer caught either."
        yield Fix(
            "Catch `Exception` only (the task ends as cancelled)",
            Unsafe((*reasons, others)),
            where,
            partial(to_exception, around, handler),
        )


def _short(call: ast.Call) -> str:
    return f"{ast.unparse(call.func)}(...)" if call.args or call.keywords else ast.unparse(call)


def _verdict(around: ast.Try, handler: ast.ExceptHandler, code: Analysis) -> Verdict:
    reasons = [ENDS]
    skipped = list(_skipped(around, handler, code))
    for statement in skipped:
        for node in walk_block([statement]):
            if isinstance(node, ast.Call) and is_clean_up(node.func):
                return Refused(
                    f"`{_short(node)}` comes after it and would be skipped: what has to be done in any case belongs "
                    "into a `finally`."
                )
    if skipped:
        text = ast.unparse(skipped[0]).partition("\n")[0]
        reasons.append(f"What follows is skipped then: `{text if len(text) < 60 else text[:57] + '...'}`.")
    return Unsafe(tuple(reasons))


def _skipped(around: ast.Try, handler: ast.ExceptHandler, code: Analysis) -> Iterator[ast.stmt]:
    """What runs after the handler today, up to the end of the function, in loops only what comes after."""
    exits = list(leaving(handler.body))
    passes = goes_on(handler.body)
    breaks = any(isinstance(each, ast.Break) for each in exits)
    current: ast.AST = around
    while isinstance(current, ast.stmt):
        if passes:
            block = code.siblings(current)
            yield from block[block.index(current) + 1 :]
        parent = code.parent(current)
        while parent is not None and not isinstance(parent, (ast.stmt, ast.Module)):
            parent = code.parent(parent)
        if parent is None or isinstance(parent, (*FUNCTIONS, ast.ClassDef)):
            return
        if isinstance(parent, LOOPS):
            passes, breaks = passes or breaks, False
        current = parent


# -- the rewrites -----------------------------------------------------------------------------------------------------


def _raising() -> cst.CSTTransformer:
    """Raises where control left the handler."""

    class Raising(cst.CSTTransformer):
        loops = 0

        def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
            return False

        def visit_ClassDef(self, node: cst.ClassDef) -> bool:
            return False

        def visit_Lambda(self, node: cst.Lambda) -> bool:
            return False

        def visit_For_body(self, node: cst.For) -> None:
            self.loops += 1

        def leave_For_body(self, node: cst.For) -> None:
            self.loops -= 1

        def visit_While_body(self, node: cst.While) -> None:
            self.loops += 1

        def leave_While_body(self, node: cst.While) -> None:
            self.loops -= 1

        def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.BaseSmallStatement:
            return cst.Raise(semicolon=updated_node.semicolon)

        def leave_Break(self, original_node: cst.Break, updated_node: cst.Break) -> cst.BaseSmallStatement:
            return updated_node if self.loops else cst.Raise(semicolon=updated_node.semicolon)

        def leave_Continue(self, original_node: cst.Continue, updated_node: cst.Continue) -> cst.BaseSmallStatement:
            return updated_node if self.loops else cst.Raise(semicolon=updated_node.semicolon)

    return Raising()


def to_raise(around: ast.Try, handler: ast.ExceptHandler, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(around, cst.Try).handlers[around.handlers.index(handler)]
    body = old.body.visit(_raising())
    assert isinstance(body, cst.BaseSuite)
    if goes_on(handler.body):
        body = _with_raise(body, handler)
    return draft.replaced({old: old.with_changes(body=body)})


def _with_raise(body: cst.BaseSuite, handler: ast.ExceptHandler) -> cst.BaseSuite:
    """A block with a `raise` at its end, in the place of a `pass`."""
    if _does_nothing(handler.body[-1]):
        match body:
            case cst.SimpleStatementSuite():
                return body.with_changes(body=[*body.body[:-1], cst.Raise()])
            case cst.IndentedBlock(body=[*others, cst.SimpleStatementLine() as line]):
                return body.with_changes(body=[*others, line.with_changes(body=[*line.body[:-1], cst.Raise()])])
            case _:
                pass
    if isinstance(body, cst.SimpleStatementSuite):
        return body.with_changes(body=[*body.body, cst.Raise()])
    assert isinstance(body, cst.IndentedBlock)
    return body.with_changes(body=[*body.body, cst.SimpleStatementLine([cst.Raise()])])


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        # pass
        # ...
        case ast.Pass() | ast.Expr(value=ast.Constant(value=builtins.Ellipsis)):
            return True
        case _:
            return False


def to_handler(around: ast.Try, handler: ast.ExceptHandler, draft: Draft) -> Sequence[cst.BaseStatement]:
    """`except asyncio.CancelledError: raise` before a handler of other exceptions too."""
    code = draft.code
    whole = draft.node(around, cst.Try)
    index = around.handlers.index(handler)
    old = whole.handlers[index]
    own = next((each for each in caught(handler) if _is_cancelled(each, code)), None)
    new = old
    if own is not None and isinstance(old.type, cst.Tuple):
        kept = [
            element
            for element, each in zip(old.type.elements, caught(handler), strict=True)
            if not _is_cancelled(each, code)
        ]
        error = draft.node(own, cst.Call if isinstance(own, ast.Call) else cst.BaseExpression).deep_clone()
        new = old.with_changes(type=_one_or_several(old.type, kept), whitespace_after_except=cst.SimpleWhitespace(" "))
    else:
        name = _LIBRARY_ERRORS[code.ask(event_library) or "asyncio"]
        error = draft.expression(name, handler, as_module=True)
        if name.endswith("_class"):
            error = cst.Call(error)
    raising = cst.ExceptHandler(
        cst.IndentedBlock([cst.SimpleStatementLine([cst.Raise()])]), error, leading_lines=old.leading_lines
    )
    handlers = [*whole.handlers[:index], raising, new.with_changes(leading_lines=[]), *whole.handlers[index + 1 :]]
    return draft.replaced({whole: whole.with_changes(handlers=handlers)})


def _one_or_several(old: cst.Tuple, kept: Sequence[cst.BaseElement]) -> cst.BaseExpression:
    if len(kept) == 1:
        return kept[0].value
    return old.with_changes(elements=[*kept[:-1], kept[-1].with_changes(comma=old.elements[-1].comma)])


def to_exception(around: ast.Try, handler: ast.ExceptHandler, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(around, cst.Try).handlers[around.handlers.index(handler)]
    new = old.with_changes(type=cst.Name("Exception"), whitespace_after_except=cst.SimpleWhitespace(" "))
    return draft.replaced({old: new})
