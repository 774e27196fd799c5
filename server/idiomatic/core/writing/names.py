"""Names for what new code binds, taken from the code it is made of: `users_task` for `load_users()`."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from typing import TYPE_CHECKING, Final

from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis

_VERBS: Final = regex(r"(?:async|fetch|find|get|load|query|read|retrieve)_(?=[a-z])")
_PASSED_ON: Final = ("asyncio.to_thread", "asyncio.wait_for")


def name_of_target(target: ast.expr) -> str | None:
    """A word for what is assigned to a target: `users` for `self.users`."""
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return snake_case(name)
        case _:
            return None


def name_of_call(argument: ast.expr, code: Analysis) -> str:
    """A word for what a coroutine gives: `users` for `load_users()`."""
    match argument:
        case ast.Starred(value=ast.ListComp(elt=element) | ast.GeneratorExp(elt=element)):
            return name_of_call(element, code)
        case ast.Starred(value=ast.Call(args=[ast.Name(id=name) | ast.Attribute(attr=name), *_])):
            return _word(name)
        case ast.Starred():
            return "running"
        case ast.Call(func=function, args=[first, *_]) if code.is_name(function, *_PASSED_ON):
            return name_of_call(first if isinstance(first, ast.Call) else ast.Call(first, [], []), code)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return _word(name)
        case ast.IfExp(body=body):
            return name_of_call(body, code)
        case ast.Name(id=name):
            return _word(re.sub(r"_(?:coro|coroutine)$", "", name))
        case _:
            return "first"


def name_of_task(coroutine: ast.expr, code: Analysis) -> str:
    """A name for the task that runs a coroutine: `users_task` for `load_users()`."""
    base = name_of_call(coroutine, code)
    if base in {"first", "coro", "coroutine"}:
        return "task"
    return base if base.endswith("task") else f"{base}_task"


def _word(name: str) -> str:
    snake = snake_case(name) or "first"
    return _VERBS.sub("", snake, count=1) if _VERBS.match(snake) else snake


def snake_case(name: str) -> str | None:
    """A name without leading underscores, in lower case with underscores; `None` if nothing is left."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_")).lower()
    return words if words.isidentifier() else None


def class_case(name: str) -> str:
    """A name in capitals or with underscores, as that of a class: `OrderState` for `ORDER_STATE`."""
    words = re.findall(r"[^_]+", name)
    hidden = name[: len(name) - len(name.lstrip("_"))]
    return hidden + "".join(f"{word[0].upper()}{word[1:].lower() if word.isupper() else word[1:]}" for word in words)


def one_of(iterable: ast.expr) -> str:
    """A name for an element: `user` for `users`, `item` where the name says nothing."""
    match iterable:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            pass
        case _:
            return "item"
    name = name.strip("_")
    single = f"{name[:-3]}y" if name.endswith("ies") else name[:-1] if re.search(r"[^sui]s$", name) else ""
    taken = keyword.iskeyword(single) or keyword.issoftkeyword(single) or hasattr(builtins, single)
    return single if len(single) > 1 and single.isidentifier() and not taken else "item"
