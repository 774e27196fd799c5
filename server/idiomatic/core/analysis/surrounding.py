"""Does a plain wrapper do something around the calls of the function that it wraps, or after them?

If it does, it is over before a coroutine function that it wraps has begun. Asked of the syntax tree alone: what is
known of a function of another file has to say it, too.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.tree import own_statements, walk, walk_block, walk_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.tree import Function

KIND_TESTS: Final = frozenset(
    (
        *("iscoroutinefunction", "isasyncgenfunction", "isgeneratorfunction", "iscoroutine", "isawaitable"),
        *("is_async_callable", "ensure_future", "markcoroutinefunction", "_is_coroutine", "CO_COROUTINE"),
    )
)
"""What mentions one of these knows that there are several kinds of functions."""


def words(node: ast.AST) -> set[str]:
    """The variables and attributes below a node, by name."""
    return {
        each.id if isinstance(each, ast.Name) else each.attr
        for each in walk(node)
        if isinstance(each, (ast.Name, ast.Attribute))
    }


def is_wrapped_in_plain(function: Function) -> bool:
    """Whether a function is a decorator, or makes one, whose plain wrapper does something around the calls."""
    if isinstance(function, ast.AsyncFunctionDef):
        return False
    return any(
        _is_plain_wrapper_of(inner, function) or any(_is_plain_wrapper_of(each, inner) for each in _returned(inner))
        for inner in _returned(function)
    )


def _returned(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """The functions inside that a function returns."""
    own = [node for node in own_statements(function.body) if isinstance(node, (ast.FunctionDef, ast.Return))]
    inner = [node for node in own if isinstance(node, ast.FunctionDef)]
    if inner:
        values = [node.value for node in own if isinstance(node, ast.Return)]
        names = {value.id for value in values if isinstance(value, ast.Name)}
        yield from (each for each in inner if each.name in names)


def _is_plain_wrapper_of(wrapper: ast.FunctionDef, function: ast.FunctionDef) -> bool:
    given = {argument.arg for argument in (*function.args.posonlyargs, *function.args.args)}
    called = {
        node.func.id for node in walk_own(wrapper) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return any(acts_around(wrapper, name) for name in given & called) and not words(function) & KIND_TESTS


def acts_around(wrapper: Function, name: str) -> bool:
    """Whether a wrapper does something around or after the calls of a variable, and hands on what they give."""
    calls = [
        node
        for node in walk(wrapper)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]
    found = dict(_direct(wrapper.body, name, inside=False))
    if not calls or any(call not in found for call in calls):
        return False
    if any(isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)) for node in walk_own(wrapper)):
        return False
    return any(found.values())


def _direct(block: Sequence[ast.stmt], name: str, *, inside: bool) -> Iterator[tuple[ast.Call, bool]]:
    """The calls whose result is returned, assigned or dropped, with whether something happens around or after them."""
    for index, statement in enumerate(block):
        match statement:
            case ast.Return(value=ast.Call(func=ast.Name(id=called)) as call) if called == name:
                yield call, inside
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id=called)) as call) if (
                called == name
            ):
                match block[index + 1 :]:
                    # result = func(); return result
                    case [ast.Return(value=ast.Name(id=returned))] if returned == target:
                        yield call, inside
                    case _:
                        # Whoever looks at it may know what it is.
                        if _is_only_returned(target, [*block[index + 1 :]]):
                            yield call, True
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
                yield from _direct(body, name, inside=True)
                for handler in handlers:
                    yield from _direct(handler.body, name, inside=inside or bool(finalbody))
                yield from _direct(orelse, name, inside=inside or bool(finalbody))
                yield from _direct(finalbody, name, inside=inside)
            case ast.With(body=body):
                yield from _direct(body, name, inside=True)
            case (
                ast.If(body=body, orelse=orelse)
                | ast.For(body=body, orelse=orelse)
                | ast.While(body=body, orelse=orelse)
            ):
                yield from _direct([*body], name, inside=inside)
                yield from _direct(orelse, name, inside=inside)
            case _:
                pass


def _is_only_returned(target: str, following: Sequence[ast.stmt]) -> bool:
    """Whether a result is shown and returned, and nothing else is done with it."""
    for statement in following:
        for node in walk_block([statement]):
            match node:
                case ast.Attribute(value=ast.Name(id=used)) | ast.Subscript(value=ast.Name(id=used)) if used == target:
                    return False
                case ast.Await() | ast.For(iter=ast.Name(id=_)):
                    return False
                case _:
                    pass
    return True
