"""Catch `BaseException` to clean up and re-raise, so that a cancelled task cleans up as well.

## Why
A task is cancelled by an `asyncio.CancelledError` raised where it awaits, and a generator is closed by a
`GeneratorExit` raised where it yields; neither is an `Exception`. So a rollback in `except Exception:` is skipped
exactly when a timeout, a shutdown or a lost client made it necessary. A handler that ends in `raise` swallows nothing,
and may catch everything.

## Example
```python
async def transfer(tx, amount):
    try:
        await tx.execute(amount)
        await tx.commit()
    except Exception:
        await tx.rollback()
        raise
```
becomes
```python
async def transfer(tx, amount):
    try:
        await tx.execute(amount)
        await tx.commit()
    except BaseException:
        await tx.rollback()
        raise
```

## Fix safety
Unsafe, because that is the point: the handler now also runs for a cancellation, `KeyboardInterrupt`, `SystemExit` and,
in a generator, `GeneratorExit`. What it awaits runs while the task is being cancelled, and a second cancellation
interrupts it. Everything else in the handler, such as logging the error, runs for them too.

Refused where the handler raises another exception, which would then hide the cancellation from whoever cancelled;
where it yields, which a closed generator must not; and where another handler below would never run again.

Only clean-up is looked for (`rollback`, `abort`, `release`, `close`, `cancel`...), around an `await` or around the
`yield` of an asynchronous generator or a context manager. Nothing is reported where a `finally` or another handler
does the same clean-up for every exception, or where a cancellation has a handler of its own; where a method logs an
error and closes its own object because of it, without having started anything; and in a class whose name says that it
blocks, because its coroutines are driven without an event loop.

## References
- [`asyncio.CancelledError`](https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError)
- [Task cancellation](https://docs.python.org/3/library/asyncio-task.html#task-cancellation)
- [`GeneratorExit`](https://docs.python.org/3/library/exceptions.html#GeneratorExit)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.blocking import is_driven_by_hand
from idiomatic.core.analysis.clean_up import is_clean_up
from idiomatic.core.analysis.coroutines import suspends
from idiomatic.core.analysis.exceptions import (
    NO_EXCEPTIONS,
    Try,
    builtin_is_visible,
    catches,
    is_reraise,
    reraises,
    tries_around,
)
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.facts import is_generator
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict

KIND = Kind.PROBLEM
SINCE = (3, 8)
TRIGGERS = ("Exception",)
ALSO = ()


def detect(handler: ast.ExceptHandler, code: Analysis) -> Iterator[Finding]:
    if not catches(code, handler, "builtins.Exception"):
        return
    around = code.parent(handler)
    clean_up = list(_clean_up(handler.body))
    if not isinstance(around, ast.Try) or not clean_up or not _ends(handler):
        return
    if is_driven_by_hand(code, around) or _only_gives_up(clean_up, handler, around, code):
        return
    skipped_by = _skipped_by(around, code)
    if not skipped_by or _is_done_elsewhere(clean_up, handler, around, code):
        return
    verdict = _verdict(handler, around, code)
    assert handler.type is not None
    yield Finding(
        handler.type,
        f"{skipped_by} skips this clean-up: it is raised as a `BaseException`",
        (
            Fix(
                "Catch `BaseException` (the clean-up also runs on cancellation)",
                verdict,
                code.lines(around),
                None if isinstance(verdict, Refused) else partial(to_base_exception, handler),
            ),
        ),
    )


# -- what is clean-up -------------------------------------------------------------------------------------------------


def _clean_up(body: Sequence[ast.stmt]) -> Iterator[ast.Call]:
    """The calls in a block that undo or give back something and whose result nobody wants."""
    for statement in walk_block(body):
        if isinstance(statement, ast.Expr):
            for node in walk_block([statement]):
                if isinstance(node, ast.Call) and is_clean_up(node.func):
                    yield node


def _ends(handler: ast.ExceptHandler) -> bool:
    """Whether every path through the handler ends in an exception: another one, if the last statement raises it."""
    if reraises(handler):
        return True
    leaves = (ast.Return, ast.Break, ast.Continue)
    return isinstance(handler.body[-1], ast.Raise) and not any(isinstance(n, leaves) for n in walk_block(handler.body))


_ITSELF: Final = frozenset({"aclose", "close", "disconnect", "shutdown", "stop", "terminate"})
_STARTS: Final = regex(
    r"(?:^|_)(?:re)?(?:accept|acquire|a?enter|begin|bind|connect|create|establish|handshake|init\w*|instantiate|launch|"
    r"listen|login|main|open|run|serve|set_?up|start)(?:_|$)"
)


def _only_gives_up(clean_up: Sequence[ast.Call], handler: ast.ExceptHandler, around: ast.Try, code: Analysis) -> bool:
    """Whether a method that has started nothing closes its own object because of an error that it logs.

    It is the error that makes the object useless: a heartbeat that is cancelled does not end the worker.
    """
    function = code.function_around(around)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or _STARTS.search(function.name):
        return False
    logs = any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"error", "exception"}
        for node in walk_block(handler.body)
    )
    return logs and all(
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.attr.strip("_") in _ITSELF
        and code.class_of_self(call.func.value) is not None
        for call in clean_up
    )


def _skipped_by(around: ast.Try, code: Analysis) -> str | None:
    """What can be raised in the `try` block by whoever cancels or closes it; `None` if nothing is."""
    function = code.function_around(around)
    own = list(walk_block(around.body))
    match function:
        case ast.AsyncFunctionDef():
            if any(suspends(node) and not isinstance(node, ast.Yield) for node in own):
                return "Cancellation"
            if any(isinstance(node, ast.Yield) for node in own):
                return "Cancellation"
            return None
        case ast.FunctionDef() if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own):
            is_manager = any(code.is_name(each, "contextlib.contextmanager") for each in function.decorator_list)
            return "Cancellation of the `with` block" if is_manager else None
        case _:
            return None


def _is_done_elsewhere(
    clean_up: Iterable[ast.Call], handler: ast.ExceptHandler, around: ast.Try, code: Analysis
) -> bool:
    """Whether a cancellation has a handler here, or a `finally` or an outer handler does the same for it."""
    if any(other.type is None or catches(code, other, *NO_EXCEPTIONS) for other in around.handlers):
        return True
    always = [
        call.func
        for each in (around, *tries_around(code, around))
        for block in _always_run(each, code)
        for call in _clean_up(block)
    ]
    done = {ast.unparse(function) for function in always}
    if all(ast.unparse(call.func) in done for call in clean_up):
        return True
    # Without an event loop hardly anything is cancelled, and what is closed in the end needs no rollback first.
    closed = {ast.unparse(function.value) for function in always if isinstance(function, ast.Attribute)}
    return isinstance(code.function_around(around), ast.FunctionDef) and all(
        isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in closed for call in clean_up
    )


def _always_run(each: Try, code: Analysis) -> Iterator[Sequence[ast.stmt]]:
    yield each.finalbody
    for handler in each.handlers:
        if handler.type is None or catches(code, handler, *NO_EXCEPTIONS):
            yield handler.body


# -- the fix ----------------------------------------------------------------------------------------------------------


def _verdict(handler: ast.ExceptHandler, around: ast.Try, code: Analysis) -> Verdict:
    if not reraises(handler):
        other = handler.body[-1]
        raised = f"`{_short(other.exc)}`" if isinstance(other, ast.Raise) and other.exc else "another exception"
        return Refused(f"The handler raises {raised}, which would hide a cancellation from whoever cancels.")
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in walk_block(handler.body)):
        return Refused("The handler yields, which a generator that is being closed must not.")
    if handler is not around.handlers[-1]:
        return Refused("The handlers below it would never run again.")
    if not builtin_is_visible(code, "BaseException", handler):
        return Refused("`BaseException` means something else here.")
    return Unsafe(tuple(_reasons(handler, around, code)))


def _reasons(handler: ast.ExceptHandler, around: ast.Try, code: Analysis) -> Iterator[str]:
    function = code.function_around(around)
    assert function is not None
    others = (
        "`KeyboardInterrupt`, `SystemExit` and `GeneratorExit`"
        if is_generator(function)
        else ("`KeyboardInterrupt` and `SystemExit`")
    )
    yield f"The clean-up now also runs for a cancellation, {others}."
    own = list(walk_block(handler.body))
    if any(suspends(node) for node in own):
        yield "What it awaits then runs while the task is being cancelled: a second cancellation interrupts it."
    if handler.name and any(
        isinstance(node, ast.Name) and node.id == handler.name and not _is_raised(node, handler, code) for node in own
    ):
        yield f"`{handler.name}` may then be a `BaseException` that is no `Exception`."
    for statement in own:
        match statement:
            case ast.Expr(value=ast.Call() as call) | ast.Expr(value=ast.Await(value=ast.Call() as call)) if not any(
                isinstance(each, ast.Call) and is_clean_up(each.func) for each in ast.walk(call)
            ):
                yield f"The rest of the handler runs for them too: `{_short(call)}`."
                return
            case _:
                pass


def _is_raised(node: ast.Name, handler: ast.ExceptHandler, code: Analysis) -> bool:
    parent = code.parent(node)
    return isinstance(parent, ast.Raise) and is_reraise(parent, handler)


def _short(node: ast.expr) -> str:
    """A call without its arguments; anything else as it is."""
    return f"{ast.unparse(node.func)}(...)" if isinstance(node, ast.Call) else ast.unparse(node)


def to_base_exception(handler: ast.ExceptHandler, draft: Draft) -> Sequence[cst.BaseStatement]:
    around = draft.code.parent(handler)
    assert isinstance(around, ast.Try)
    old = draft.node(around, cst.Try).handlers[around.handlers.index(handler)].type
    assert old is not None
    return draft.replaced({old: cst.Name("BaseException")})
