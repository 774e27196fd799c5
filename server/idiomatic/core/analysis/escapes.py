"""How does an object get out of the code that uses it?

For whoever moves the moment an object is closed: what has left can be used after that.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.names import last_name
from idiomatic.core.analysis.tree import FUNCTIONS, walk
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

KEEPING: Final = frozenset(
    {
        "add", "add_callback", "append", "appendleft", "callback", "enter_async_context", "enter_context", "extend",
        "insert", "push", "push_async_callback", "put", "put_nowait", "register", "setdefault",
    }
)  # fmt: skip
"""Methods that keep what they are given."""

ELSEWHERE: Final = frozenset(
    {
        "Process", "Thread", "Timer", "apply_async", "call_later", "call_soon", "call_soon_threadsafe", "create_task",
        "ensure_future", "map_async", "run_coroutine_threadsafe", "start_new_thread", "start_soon", "submit",
    }
)  # fmt: skip
"""Functions that run what they are given later or somewhere else."""


def escapes(code: Analysis, name: str, within: ast.AST, besides: Iterable[ast.AST] = ()) -> Iterator[str]:
    """The ways in which the object that a variable holds gets out of some code, as sentences.

    Passing it to a function is none: nearly all functions are done with their arguments when they return.

    Args:
        code: the analysis of the statement around.
        name: the variable.
        within: the code.
        besides: parts of it whose uses do not count.
    """
    left_out = {id(node) for each in besides for node in walk(each)}
    for use in code.uses(name, within):
        if id(use) in left_out:
            continue
        match _taker(use, code):
            # return file
            case ast.Return():
                yield f"`{name}` is returned."
            # yield file
            case ast.Yield() if not _is_manager(use, code):
                yield f"`{name}` is handed out by `yield`, and may be used after it is closed."
            # self.file = file
            # again = file
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                yield f"`{name}` is stored elsewhere."
            # files += [file], but not lines += file
            case ast.AugAssign(value=value) if value is not use:
                yield f"`{name}` is stored elsewhere."
            case ast.Lambda():
                yield f"A nested function uses `{name}`, and may do so after it is closed."
            # files.append(file), but not file.send(file)
            case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if method in KEEPING and not (
                isinstance(receiver, ast.Name) and receiver.id == name
            ):
                yield f"`{name}` is stored elsewhere."
            case _:
                pass
        if (function := _runs_elsewhere(use, within, code)) is not None:
            yield f"`{name}` is handed to `{function}`, which may use it after it is closed."


def _runs_elsewhere(use: ast.expr, within: ast.AST, code: Analysis) -> str | None:
    """The function among the calls around that runs its arguments in a thread or task, unless that ends in time."""
    child: ast.AST = use
    for ancestor in code.ancestors(use):
        if isinstance(ancestor, ast.stmt):
            return None
        if isinstance(ancestor, ast.Call) and child is not ancestor.func and last_name(ancestor.func) in ELSEWHERE:
            return None if _is_waited_for(ancestor, within, code) else last_name(ancestor.func)
        child = ancestor
    return None


_WAITING: Final = (
    "asyncio.TaskGroup",
    "anyio.create_task_group",
    "trio.open_nursery",
    "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor",
)


def _is_waited_for(call: ast.Call, within: ast.AST, code: Analysis) -> bool:
    """Whether what a call starts is awaited at once, or by a task group or executor whose block is inside the code."""
    if isinstance(code.parent(call), ast.Await):
        return True
    match call.func:
        case ast.Attribute(value=ast.Name() as group):
            bound = code.local_bindings(group) or ()
            items = [code.parent(binding.node) for binding in bound]
            return bool(items) and all(
                isinstance(item, ast.withitem)
                and within in code.ancestors(item)
                and isinstance(item.context_expr, ast.Call)
                and code.is_name(item.context_expr.func, *_WAITING)
                for item in items
            )
        case _:
            return False


def _taker(use: ast.expr, code: Analysis) -> ast.AST | None:
    """What takes the value of an expression: tuples, conditional expressions and the like are looked through."""
    child: ast.AST = use
    parent = code.parent(child)
    while True:
        match parent:
            case ast.Tuple() | ast.List() | ast.Set() | ast.Dict() | ast.BoolOp() | ast.keyword():
                pass
            case ast.IfExp() if child is not parent.test:
                pass
            case _:
                return parent
        child, parent = parent, code.parent(parent)


MANAGER_MAKERS: Final = (
    "contextlib.contextmanager",
    "contextlib.asynccontextmanager",
    "pytest.fixture",
    "pytest.yield_fixture",
    "pytest_asyncio.fixture",
)


def _is_manager(use: ast.expr, code: Analysis) -> bool:
    """Whether the function around is the generator of a context manager, fixture or dependency: yielding is its job."""
    function = code.function_around(use)
    if not isinstance(function, FUNCTIONS):
        return False
    for decorator in function.decorator_list:
        if code.is_name(decorator.func if isinstance(decorator, ast.Call) else decorator, *MANAGER_MAKERS):
            return True
    return code.parent(function) is None and code.ask(is_dependency, function.name)


@about(lambda name: (name,))
def is_dependency(module: Module, name: str) -> bool:
    """Question: whether the module passes a function to FastAPI's `Depends`."""
    word = re.compile(rf"\bDepends\(\s*{re.escape(name)}\b")
    return any("Depends" in each.text and word.search(each.text) for each in module.statements)


@about(lambda name, besides: (name,))
def is_used_elsewhere(module: Module, name: str, besides: Statement) -> bool:
    """Question: whether a word occurs in another statement of the module than the one given."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return any(
        name in statement.text and word.search(statement.text) is not None
        for statement in module.statements
        if statement != besides
    )
