"""Which calls start a task, and of what?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.coroutines import definition_of
from idiomatic.core.analysis.flow import is_left_early
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.scopes import bound_by
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.facts import FunctionFact
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.module import Module

CREATE: Final = ("asyncio.create_task", "asyncio.tasks.create_task")
ENSURE: Final = ("asyncio.ensure_future", "asyncio.tasks.ensure_future")
GATHER: Final = ("asyncio.gather", "asyncio.tasks.gather")
GROUP: Final = ("asyncio.TaskGroup", "asyncio.taskgroups.TaskGroup")
WAIT_FOR: Final = ("asyncio.wait_for", "asyncio.tasks.wait_for")
_LOOPS: Final = ("asyncio.get_running_loop", "asyncio.get_event_loop")
_NEW_LOOPS: Final = ("asyncio.new_event_loop", "uvloop.new_event_loop")
_LOOP_TYPES: Final = ("asyncio.AbstractEventLoop", "asyncio.BaseEventLoop", "asyncio.events.AbstractEventLoop")
_NAMED_LOOP: Final = regex(r"_*(?:(?:io|main|event|running|current|async|asyncio)_?)?(?:loop|LOOP)")


class Started(Struct, frozen=True):
    """A call that starts a task.

    Attributes:
        call: all of it.
        coroutine: what the task runs.
        keywords: the other arguments: `name=`, `context=`...
        by: the function as one calls it.
        is_here: whether it is provably the loop that runs this code.
    """

    call: ast.Call
    coroutine: ast.expr
    keywords: Sequence[ast.keyword]
    by: str
    is_here: bool


def started(code: Analysis, call: ast.expr | None) -> Started | None:
    """The task that a call starts, of `asyncio` or on an event loop; `None` if it starts none that is known.

    A task group's own `create_task` is none of these: the group keeps its tasks and waits for them.
    """
    match call:
        # asyncio.create_task(work()), asyncio.ensure_future(work())
        case ast.Call(func=function, args=[ast.expr() as coroutine], keywords=keywords) if code.is_name(
            function, *CREATE, *ENSURE
        ):
            is_ensure = code.is_name(function, *ENSURE)
            is_here = not any(each.arg == "loop" for each in keywords)
            return Started(call, coroutine, keywords, "ensure_future" if is_ensure else "create_task", is_here)
        # loop.create_task(work())
        case ast.Call(
            func=ast.Attribute(value=loop, attr="create_task"), args=[ast.expr() as coroutine], keywords=keywords
        ) if (is_own := _is_loop(code, loop)) is not None:
            return Started(call, coroutine, keywords, "create_task", is_own)
        case _:
            return None


def _is_loop(code: Analysis, loop: ast.expr) -> bool | None:
    """Whether it is the event loop that runs this code, for what is one; `None` for everything else."""
    match loop:
        case ast.Call(func=function) if code.is_name(function, *_LOOPS):
            return isinstance(code.function_around(loop), ast.AsyncFunctionDef)
        case ast.Call(func=function) if code.is_name(function, *_NEW_LOOPS):
            return False
        case ast.Name():
            return _is_loop_variable(code, loop)
        case ast.Attribute(attr=name):
            return False if _NAMED_LOOP.fullmatch(name) and _is_asyncio(code) else None
        case _:
            return None


def _is_loop_variable(code: Analysis, loop: ast.Name) -> bool | None:
    bound = code.local_bindings(loop)
    if bound is not None and len(bound) == 1:
        match bound[0].node:
            case ast.arg(annotation=ast.expr() as annotation) if code.is_name(annotation, *_LOOP_TYPES):
                return False
            case ast.arg(annotation=ast.expr()):
                return None
            case ast.Name() as target:
                match code.parent(target):
                    case ast.Assign(value=ast.Call(func=function)) if code.is_name(function, *_LOOPS):
                        around = code.function_around(loop)
                        return isinstance(around, ast.AsyncFunctionDef) and around is code.function_around(target)
                    case _:
                        pass
            case _:
                pass
    return False if _NAMED_LOOP.fullmatch(loop.id) and _is_asyncio(code) else None


def _is_asyncio(code: Analysis) -> bool:
    return code.ask(mentions, "asyncio") or code.ask(mentions, "uvloop")


# -- how long it runs -------------------------------------------------------------------------------------------------


def runs_forever(code: Analysis, coroutine: ast.expr) -> bool:
    """Whether a coroutine, if its function is in this file, has a loop that nothing in it ends."""
    match coroutine:
        case ast.Call(func=ast.Attribute(attr="serve_forever" | "run_forever")):
            return True
        case ast.Call(func=ast.Name(id=name) as function):
            local = code.local_bindings(function)
            if local is None:
                return code.ask(_is_endless, name)
            found = [binding.node for binding in local if isinstance(binding.node, FUNCTIONS)]
        case ast.Call(func=ast.Attribute(value=ast.Name() as receiver, attr=name)):
            class_ = code.class_of_self(receiver)
            found = (
                [each for each in class_.body if isinstance(each, FUNCTIONS) and each.name == name] if class_ else []
            )
        case _:
            return False
    return bool(found) and _never_ends(found[-1])


def _is_endless(module: Module, name: str) -> bool:
    """Question: whether a function at module level has a loop that nothing in it ends."""
    for statement in module.statements:
        if name in statement.text and "while" in statement.text:
            for binding in bound_by(statement, name):
                if isinstance(binding.node, FUNCTIONS):
                    return _never_ends(binding.node)
    return False


def _never_ends(function: Function) -> bool:
    for node in walk_block(function.body):
        match node:
            case ast.While(test=ast.Constant(value=value)) if value and not is_left_early(node):
                return True
            case ast.Await(value=ast.Call(func=ast.Attribute(attr="serve_forever"))):
                return True
            case _:
                pass
    return False


def is_visible(code: Analysis, coroutine: ast.expr) -> bool:
    """Whether the function that a coroutine comes from has been found, in this file or the project."""
    match coroutine:
        case ast.Call(func=function):
            return isinstance(definition_of(code, function), FunctionFact)
        case _:
            return False
