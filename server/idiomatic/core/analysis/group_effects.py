"""What a task group that takes the place of something else changes for the code around, and for its coroutines."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.clean_up import CLOSING, is_clean_up
from idiomatic.core.analysis.coroutines import Gives, OnCancel, call_gives, on_cancel
from idiomatic.core.analysis.exception_groups import callers_that_catch, handlers_for_group
from idiomatic.core.analysis.exceptions import builtin_is_visible, finally_around, withs_around
from idiomatic.core.idiom import Fix, Refused, Unsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import libcst as cst

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.exception_groups import Handlers
    from idiomatic.core.draft import Draft


CANCELS: Final = "When one fails, the others are cancelled, and the exception is raised when they have cleaned up."
CANCELS_ITSELF: Final = "One that raises `CancelledError` by itself is noticed only where its result is read."


def shown(node: ast.expr) -> str:
    """An expression for a sentence: not too long."""
    text = ast.unparse(node)
    if len(text) <= 40:
        return text
    return node.attr if isinstance(node, ast.Attribute) else f"{text[:37]}..."


def coroutine_fault(code: Analysis, function: ast.expr) -> str | None:
    """Why a task group can't run what a call of a function gives."""
    if call_gives(code, function) is Gives.OTHER:
        return f"`{shown(function)}(...)` gives no coroutine, and a task group takes nothing else."
    return None


def cancel_fault(code: Analysis, function: ast.expr) -> str | None:
    """Why what a function does had better not be cancelled because something else failed."""
    if is_clean_up(function, CLOSING):
        return f"`{shown(function)}` is clean-up, from which a failure of another must not keep it."
    match on_cancel(code, function):
        case OnCancel.HANDLES:
            return f"`{shown(function)}` has work to do when it is cancelled, and another's failure would cancel it."
        case OnCancel.AWAITS:
            return f"`{shown(function)}` awaits in a `finally`, and another's failure would cancel it."
        case _:
            return None


def gather_fault(call: ast.Call) -> str | None:
    """Why a task group can't do what the other arguments of a `gather` say."""
    for given in call.keywords:
        match given:
            case ast.keyword(arg="return_exceptions", value=ast.Constant(value=False)):
                pass
            case ast.keyword(arg="return_exceptions"):
                return "With `return_exceptions` the failures are results, which a task group can't return."
            case ast.keyword(arg=str(name)):
                return f"A task group has no `{name}`."
            case _:
                return "What `**` passes on may be `return_exceptions`."
    return None


def finally_fault(code: Analysis, place: ast.AST, subject: str = "It stands") -> str | None:
    """Why a task group can't stand where several things are cleaned up."""
    if finally_around(code, place) is None:
        return None
    return f"{subject} in a `finally`, where a failure must not keep the others from cleaning up."


def coroutine_reasons(code: Analysis, function: ast.expr) -> Iterator[str]:
    """What may be different about a coroutine in a task group."""
    if call_gives(code, function) is Gives.UNKNOWN:
        yield (
            f"Whether `{shown(function)}(...)` gives a coroutine can't be seen; a task group takes no other awaitable."
        )
    if on_cancel(code, function) is OnCancel.CLEANS_UP:
        yield f"`{shown(function)}` has a `finally`, which runs earlier when it is cancelled."


def surroundings_fault(code: Analysis, place: ast.AST) -> str | None:
    """Why a `with` around a place would not work with exception groups."""
    return next(
        (fault for item in withs_around(code, place) if (fault := _manager_fault(code, item.context_expr))), None
    )


def _manager_fault(code: Analysis, manager: ast.expr) -> str | None:
    match manager:
        case ast.Call(func=function, args=[_, *_] as types):
            if all(code.is_name(each, "builtins.Exception", "builtins.BaseException") for each in types):
                return None
            suppresses = code.is_name(function, "contextlib.suppress") and code.target < (3, 12)
            expects = code.is_name(function, "pytest.raises") or (
                isinstance(function, ast.Attribute) and function.attr in {"assertRaises", "assertRaisesRegex"}
            )
            if suppresses or expects:
                return f"`{shown(manager)}` around it does not look into groups."
            return None
        case _:
            return None


def caller_reasons(code: Analysis, place: ast.AST) -> Iterator[str]:
    """Who does not see the failures any more: callers in general, and those of this file by name."""
    yield "The failures are raised as an `ExceptionGroup`: callers that catch the exception itself miss it."
    for caller, caught in _callers(code, place):
        yield f"`{caller}` catches `{caught}` around a call of this function and misses it."


def _callers(code: Analysis, place: ast.AST) -> Sequence[tuple[str, str]]:
    """The functions of this file that call the function around in a `try`, with a class that they catch."""
    function = code.function_around(place)
    if not isinstance(function, ast.AsyncFunctionDef):
        return ()
    match code.parent(function):
        case None:
            return code.ask(callers_that_catch, function.name)
        case ast.ClassDef(name=class_):
            return code.ask(callers_that_catch, f"{class_}.{function.name}")
        case _:
            return ()


# -- what is offered --------------------------------------------------------------------------------------------------


def group_fixes(
    code: Analysis,
    block: tuple[ast.stmt, ast.stmt],
    titles: tuple[str, str],
    reasons: Sequence[str],
    rewrite: Callable[[Handlers | None, Draft], Sequence[cst.BaseStatement]],
    *,
    of_groups: Sequence[str] = (),
    times_out: bool = False,
    may_raise_first: bool = True,
) -> Iterator[Fix]:
    """The two ways to put a task group somewhere: it raises a group, or the first exception of it.

    Args:
        code: the analysis of the statement around.
        block: the first and the last of the statements whose place it takes.
        titles: of both.
        reasons: why both are unsafe.
        rewrite: makes the statements, with the handlers around for groups or, without, so that none arrives there.
        of_groups: why a group is unsafe besides.
        times_out: whether the statements time out as well.
        may_raise_first: whether the second way is one.
    """
    at = block[-1]
    handlers = handlers_for_group(code, at, times_out=times_out)
    where = code.lines(handlers.convert[-1]) if handlers.convert else block
    if (fault := handlers.fault or surroundings_fault(code, at)) is not None:
        yield Fix(titles[0], Refused(fault), where)
    else:
        more = (*caller_reasons(code, at), *of_groups, *handlers.reasons)
        yield Fix(titles[0], Unsafe((*reasons, *more)), where, partial(rewrite, handlers))
    if may_raise_first and builtin_is_visible(code, "BaseExceptionGroup", at):
        yield Fix(titles[1], Unsafe(tuple(reasons)), block, partial(rewrite, None))
