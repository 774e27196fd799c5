"""What becomes of the handlers around a block that raises an exception group where it raised a single exception.

`except ValueError` does not match a group that holds a `ValueError`; `except* ValueError` does, and matches a single
one too. Not every handler can be written with `except*` ([PEP 654](https://peps.python.org/pep-0654/)).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from idiomatic.core.analysis.exceptions import (
    CANCELLED,
    NO_EXCEPTIONS,
    catches,
    catches_every_exception,
    caught,
    tries_around,
    withs_around,
)
from idiomatic.core.analysis.flow import leaving
from idiomatic.core.analysis.names import last_name
from idiomatic.core.analysis.tree import FUNCTIONS, tree, walk_block
from idiomatic.core.lazy import regex
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

GROUPS: Final = ("builtins.ExceptionGroup", "builtins.BaseExceptionGroup")
TIMEOUTS: Final = ("builtins.TimeoutError", "asyncio.TimeoutError", "asyncio.exceptions.TimeoutError")
TIMERS: Final = (
    "asyncio.timeout",
    "asyncio.timeout_at",
    "async_timeout.timeout",
    "async_timeout.timeout_at",
    "anyio.fail_after",
)


class Handlers(Struct, frozen=True):
    """What has to be done about the handlers.

    Attributes:
        convert: the `try` statements whose handlers have to become `except*`, the innermost first.
        reasons: what changes in the handlers around, one sentence each.
        fault: why the handlers can't be converted, a sentence, if they can't.
    """

    convert: tuple[ast.Try, ...] = ()
    reasons: tuple[str, ...] = field(default=())
    fault: str | None = None


def handlers_for_group(code: Analysis, node: ast.AST, *, times_out: bool = False) -> Handlers:
    """What has to be done about the handlers of this function if `node` raises groups from now on.

    Args:
        code: the analysis of the statement around.
        node: what raises.
        times_out: whether it raises a plain `TimeoutError` as well.
    """
    convert: list[ast.Try] = []
    reasons: list[str] = []
    for around in tries_around(code, node):
        if isinstance(around, ast.TryStar):
            continue
        for handler in around.handlers:
            reasons += _said_of(code, handler)
        affected = [handler for handler in around.handlers if misses_groups(code, handler)]
        if affected and only_times_out(code, node, around, affected, times_out=times_out):
            reasons.append(
                f"`except {_types(affected[0])}` still sees the timeout, but no longer one that a task raises itself."
            )
        elif affected:
            if (fault := conversion_fault(code, around)) is not None:
                return Handlers(fault=fault)
            convert.append(around)
            reasons += conversion_reasons(around)
        if any(catches_every_exception(code, handler) and not _raises(handler) for handler in around.handlers):
            break
    return Handlers(tuple(convert), tuple(dict.fromkeys(reasons)))


def _types(handler: ast.ExceptHandler) -> str:
    return ast.unparse(handler.type) if handler.type else ""


def misses_groups(code: Analysis, handler: ast.ExceptHandler) -> bool:
    """Whether a handler would catch exceptions of tasks that it does not catch in a group."""
    if catches_every_exception(code, handler) or catches(code, handler, *GROUPS):
        return False
    # From the package `exceptiongroup`, for old versions of Python, perhaps under another name.
    if any(last_name(each).endswith("ExceptionGroup") for each in caught(handler)):
        return False
    plain = [
        each
        for each in caught(handler)
        if code.is_name(each.func if isinstance(each, ast.Call) else each, *NO_EXCEPTIONS)
    ]
    return len(plain) < len(caught(handler))


def _said_of(code: Analysis, handler: ast.ExceptHandler) -> Iterator[str]:
    if catches(code, handler, *GROUPS):
        yield f"`except {_types(handler)}` now catches every failure, not only groups that a coroutine raises itself."
    elif catches_every_exception(code, handler) and uses_name(handler):
        yield f"In `except {_types(handler)} as {handler.name}`, `{handler.name}` is now the group."


def only_times_out(
    code: Analysis, node: ast.AST, around: ast.Try, affected: Sequence[ast.ExceptHandler], *, times_out: bool
) -> bool:
    """Whether the handlers wait for the timeout of the node or of an `async with asyncio.timeout()` in between."""
    is_for_timeouts = all(code.is_name(each, *TIMEOUTS) for handler in affected for each in caught(handler))
    return is_for_timeouts and (
        times_out
        or any(
            isinstance(item.context_expr, ast.Call)
            and code.is_name(item.context_expr.func, *TIMERS)
            and around in code.ancestors(item)
            for item in withs_around(code, node)
        )
    )


def conversion_fault(code: Analysis, around: ast.Try, *, adapts: bool = False) -> str | None:
    """Why the handlers of a `try` statement can't become `except*`.

    Args:
        code: the analysis of the statement around.
        around: the `try`.
        adapts: whether what the handlers do with the exception is changed too.
    """
    for handler in around.handlers:
        head = f"except {_types(handler)}"
        if handler.type is None:
            return "The bare `except:` around it has no `except*` form, and the two kinds can't be mixed."
        if catches(code, handler, *GROUPS):
            return f"`except*` can't take the place of `{head}`."
        if catches(code, handler, *NO_EXCEPTIONS):
            what = "the cancellation" if catches(code, handler, *CANCELLED) else "the exception"
            return f"`{head}` would become `except*` with the others and get {what} in a group."
        if (left := next(leaving(handler.body), None)) is not None:
            word = type(left).__name__.lower()
            return f"`{head}` would not see the group, and can't become `except*` because of its `{word}`."
        if not adapts and uses_name(handler):
            return (
                f"`{head} as {handler.name}` would not see the group, "
                f"and with `except*` its `{handler.name}` would be a group."
            )
    return None


def conversion_reasons(around: ast.Try) -> Iterator[str]:
    """What changes where the handlers of a `try` statement become `except*`."""
    for handler in around.handlers:
        yield f"`except {_types(handler)}` becomes `except* {_types(handler)}`."
    if len(around.handlers) > 1:
        yield "Every `except*` that matches runs, not only the first."
    raises = [node for handler in around.handlers for node in walk_block(handler.body) if isinstance(node, ast.Raise)]
    if any(node.exc is None for node in raises):
        yield "The bare `raise` in `except*` raises a group, whatever was caught."
    if any(node.exc is not None for node in raises):
        yield "What an `except*` raises arrives in a group if other exceptions are left over."


def uses_name(handler: ast.ExceptHandler) -> bool:
    """Whether a handler does something with the exception it catches."""
    return handler.name is not None and any(
        isinstance(node, ast.Name) and node.id == handler.name for each in handler.body for node in ast.walk(each)
    )


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in walk_block(handler.body))


# -- callers ----------------------------------------------------------------------------------------------------------


def _guarded_calls(statement: Statement) -> dict[str, tuple[tuple[str, str], ...]]:
    """What is called where exceptions are expected: by its name, the function around and what is caught there."""
    index = statement.fact(tree)
    found: dict[str, list[tuple[str, str]]] = {}
    guards: list[tuple[ast.stmt, Sequence[ast.stmt], str | None]] = [
        (each, each.body, next((_types(handler) for handler in each.handlers if _is_specific(handler)), None))
        for each in index.of(ast.Try)
    ]
    blocks: list[ast.With | ast.AsyncWith] = [*index.of(ast.With), *index.of(ast.AsyncWith)]
    for block in blocks:
        expected = [named for item in block.items if (named := _expected(item.context_expr)) is not None]
        guards.append((block, block.body, expected[0] if expected else None))
    for guard, body, specific in guards:
        function = next((node for node in index.ancestors(guard) if isinstance(node, FUNCTIONS)), None)
        if function is None or specific is None:
            continue
        class_ = index.parents.get(function)
        for call in walk_block(body):
            if isinstance(call, ast.Call) and (name := _called(call, function, class_)) is not None:
                found.setdefault(name, []).append((function.name, specific))
    return {name: tuple(dict.fromkeys(pairs)) for name, pairs in found.items()}


_EXPECTING: Final = frozenset({"assertRaises", "assertRaisesRegex", "raises", "suppress"})
_EXPECTS: Final = regex(r"except|assertRaises|raises|suppress")


def _expected(manager: ast.expr) -> str | None:
    """The class that a `with` block expects or ignores: `ValueError` for `pytest.raises(ValueError)`."""
    match manager:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[type_, *_]) if name in _EXPECTING:
            names = {last_name(each) for each in (type_.elts if isinstance(type_, ast.Tuple) else [type_])}
            return ast.unparse(type_) if not names & {*_SEES_GROUPS, ""} else None
        case _:
            return None


def _called(call: ast.Call, function: Function, class_: ast.AST | None) -> str | None:
    """The name of a function, or `Class.method` for what is called on an object whose class is plain to see."""
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if isinstance(class_, ast.ClassDef):
            return f"{class_.name}.{name}"
        case ast.Attribute(value=ast.Name(id=variable), attr=name):
            made = _class_of(variable, function)
            return f"{made}.{name}" if made is not None else None
        case _:
            return None


def _class_of(variable: str, function: Function) -> str | None:
    """The class that a parameter is annotated with, or that a variable is made an instance of."""
    for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        if each.arg == variable:
            return each.annotation.id if isinstance(each.annotation, ast.Name) else None
    for node in walk_block(function.body):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id=class_))) if (
                target == variable
            ):
                return class_
            case _:
                pass
    return None


_SEES_GROUPS: Final = frozenset(
    {"BaseException", "BaseExceptionGroup", "CancelledError", "Exception", "ExceptionGroup", "KeyboardInterrupt"}
)


def _is_specific(handler: ast.ExceptHandler) -> bool:
    """Whether a handler names nothing, by the last part of its name, that it would still see."""
    names = {last_name(each) for each in caught(handler)}
    return bool(names) and not names & _SEES_GROUPS


@about(lambda name: (name.rpartition(".")[2],))
def callers_that_catch(module: Module, name: str) -> tuple[tuple[str, str], ...]:
    """Question: the functions of this file that call a function where they expect an exception, each with its class.

    Args:
        module: the file.
        name: of a function at module level, or `Class.method`.
    """
    last = name.rpartition(".")[2]
    return tuple(
        pair
        for statement in module.statements
        if last in statement.text and _EXPECTS.search(statement.text)
        for pair in statement.fact(_guarded_calls).get(name, ())
    )
