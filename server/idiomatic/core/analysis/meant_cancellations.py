"""Is a cancellation that a handler catches meant to end there?"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.coroutines import suspends
from idiomatic.core.analysis.exception_groups import TIMERS
from idiomatic.core.analysis.exceptions import caught
from idiomatic.core.analysis.flow import leaving
from idiomatic.core.analysis.tool_comments import FOR_TOOLS
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.lazy import regex
from idiomatic.core.module import about

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.module import Module


_ENDS_IT: Final = frozenset(
    {"os._exit", "sys.exit", "exit", "pytest.fail", "trio.aclose_forcefully", "aclose_forcefully"}
)


def is_settled(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises on one of its paths, leaves on some only, or ends the process."""
    exits: set[ast.AST] = set(leaving(handler.body))
    for node in walk_block(handler.body):
        match node:
            case ast.Raise():
                return True
            case ast.Call(func=function) if ast.unparse(function) in _ENDS_IT:
                return True
            case ast.If() if not exits.isdisjoint(walk_block([*node.body, *node.orelse])):
                return True
            case _:
                pass
    return False


def is_meant(around: ast.Try, handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether the code around, a comment or what the handler does says that the cancellation is to end there."""
    function = code.function_around(around)
    assert isinstance(function, ast.AsyncFunctionDef)
    return (
        _is_in_a_test(around, code)
        or _waits_for_that(around, code)
        or _is_explained(handler, code)
        or _gives_an_outcome(handler)
        or _is_handed_on(handler)
        or _is_noted(around, handler, function, code)
        or _speaks_of_cancelling(function, code.span(handler).start, code)
        or _is_on_its_way(around, code)
        or (code.parent(function) is None and code.ask(is_run, function.name))
    )


def _is_in_a_test(node: ast.AST, code: Analysis) -> bool:
    return any(isinstance(each, FUNCTIONS) and each.name.startswith("test_") for each in code.ancestors(node))


_WAITERS: Final = frozenset({"gather", "shield", "wait", "wait_for"})


def _awaits_tasks(around: ast.Try, code: Analysis) -> bool:
    """Whether all that is awaited are objects, not calls: tasks, of which any may have been cancelled by itself."""
    awaited = [node for node in walk_block(around.body) if suspends(node) and not _is_timer(node, code)]
    return all(isinstance(node, ast.Await) and _is_a_task(node.value) for node in awaited)


def _is_timer(node: ast.AST, code: Analysis) -> bool:
    return isinstance(node, ast.AsyncWith) and all(
        isinstance(item.context_expr, ast.Call) and code.is_name(item.context_expr.func, *TIMERS) for item in node.items
    )


_FOR_EVER: Final = regex(
    r"sleep\((?:math\.)?inf\)|sleep\(float\(['\"]inf['\"]\)\)|sleep_forever\(\)|Future\(\)|Event\(\)\.wait\(\)"
)


def _waits_for_that(around: ast.Try, code: Analysis) -> bool:
    """Whether the cancellation is what is awaited: of a task, or in a sleep without end."""
    match around.body:
        case [ast.Expr(value=ast.Await(value=value))] if _FOR_EVER.search(ast.unparse(value)):
            return True
        case _:
            return _awaits_tasks(around, code)


def _is_explained(handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether a comment in the handler, for people, says why it is right."""
    lines, span = code.statement.lines, code.span(handler)
    text = code.statement.text[span.start : lines.line_span(lines.position(span.end)[0]).end]
    return any(not FOR_TOOLS.match(comment) and not _TO_DO.search(comment) for comment in _COMMENT.findall(text))


# A `#` in a string only keeps a finding from being shown.
_TO_DO: Final = regex(r"\b(?:TODO|FIXME|XXX|HACK)\b")


_COMMENT: Final = regex(r"#[^\r\n]*")


def _gives_an_outcome(handler: ast.ExceptHandler) -> bool:
    """Whether a handler that names the cancellation makes a result of it, or of the wish of the user to stop."""
    names = [ast.unparse(each).rpartition(".")[2] for each in caught(handler)]
    if not names or "BaseException" in names:
        return False
    if "KeyboardInterrupt" in names:
        return True
    for node in walk_block(handler.body):
        match node:
            case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
                return True
            case _:
                pass
    return any(isinstance(each, ast.Return) and not _is_none(each.value) for each in leaving(handler.body))


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _is_a_task(value: ast.expr) -> bool:
    match value:
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return True
        # asyncio.wait_for(self.task, 5)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[first, *_]) if name in _WAITERS:
            return name == "shield" or _is_a_task(first.value if isinstance(first, ast.Starred) else first)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in {"wrap_future", "run_in_executor"}:
            return True
        case _:
            return False


_LOGS: Final = regex(
    r"(?i)(?:^|\.)(?:critical|debug|error|exception|fatal|info|log|print|repr|str|type|warn|warning|isinstance|"
    r"format_exc\w*|print_exc\w*|print_stack|capture_exception|record_exception)$"
)


def _is_handed_on(handler: ast.ExceptHandler) -> bool:
    """Whether the exception goes somewhere else than into a log."""
    if handler.name is None:
        return any(
            isinstance(node, ast.Call) and ast.unparse(node.func) == "sys.exc_info" for node in walk_block(handler.body)
        )
    shown: set[ast.AST] = set()
    for node in walk_block(handler.body):
        match node:
            case ast.Call(func=function) if _LOGS.search(ast.unparse(function)):
                shown.update(ast.walk(node))
            case ast.JoinedStr():
                shown.update(ast.walk(node))
            case _:
                pass
    return any(
        isinstance(node, ast.Name) and node.id == handler.name and node not in shown
        for each in handler.body
        for node in ast.walk(each)
    )


def _is_noted(around: ast.Try, handler: ast.ExceptHandler, function: ast.AsyncFunctionDef, code: Analysis) -> bool:
    """Whether the handler keeps something in a variable, and the function raises later."""
    end = code.span(around).end
    if not any(isinstance(node, ast.Assign | ast.AnnAssign) for node in walk_block(handler.body)):
        return False
    last = set(walk_block(around.finalbody))
    return any(
        isinstance(node, ast.Raise) and (node in last or code.span(node).start >= end)
        for node in walk_block(function.body)
    )


def _speaks_of_cancelling(function: ast.AsyncFunctionDef, before: int, code: Analysis) -> bool:
    """Whether the function has cancelled something itself by then, or looks at how often it was cancelled."""
    for node in walk_block(function.body):
        match node:
            case ast.Call(func=ast.Attribute(attr="cancel" | "cancel_scope" | "aclose")) if (
                code.span(node).start < before
            ):
                return True
            case ast.Attribute(attr="uncancel" | "cancelling" | "cancel_called" | "cancelled_caught"):
                return True
            case _:
                pass
    return False


def _is_on_its_way(around: ast.Try, code: Analysis) -> bool:
    """Whether it stands in a `finally` or a handler, so that another exception may be raised afterwards."""
    child: ast.AST = around
    for parent in code.ancestors(around):
        match parent:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return False
            case ast.Try(finalbody=last) | ast.TryStar(finalbody=last) if child in last:
                return True
            case ast.ExceptHandler():
                return True
            case _:
                child = parent
    return False


@about(lambda name: (name,))
def is_run(module: Module, name: str) -> bool:
    """Question: whether `asyncio.run` or the like runs a function of the module: nobody cancels that but the user."""
    runs = re.compile(rf"\b(?:run|run_until_complete|run_forever)\(\s*{re.escape(name)}\b")
    return any(name in statement.text and runs.search(statement.text) for statement in module.statements)
