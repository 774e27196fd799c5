"""Which handlers stand around a place, and what they do with an exception."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.module import bindings, has_star_import

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis

Try: TypeAlias = ast.Try | ast.TryStar

CANCELLED: Final = frozenset(
    {
        "asyncio.CancelledError",
        "asyncio.exceptions.CancelledError",
        "anyio.get_cancelled_exc_class",
        "trio.Cancelled",
    }
)
"""What a cancelled task raises in itself."""

NO_EXCEPTIONS: Final = CANCELLED | {
    f"builtins.{name}" for name in ("BaseException", "GeneratorExit", "KeyboardInterrupt", "SystemExit")
}
"""What `except Exception` does not catch."""


def tries_around(code: Analysis, node: ast.AST) -> Iterator[Try]:
    """The `try` statements of the same function in whose `try:` block a node stands, the innermost first."""
    for child, parent in _ways_out(code, node):
        if isinstance(parent, Try) and child in parent.body:
            yield parent


def finally_around(code: Analysis, node: ast.AST) -> Try | None:
    """The innermost `try` statement of the same function in whose `finally:` block a node stands."""
    for child, parent in _ways_out(code, node):
        if isinstance(parent, Try) and child in parent.finalbody:
            return parent
    return None


def withs_around(code: Analysis, node: ast.AST) -> Iterator[ast.withitem]:
    """The context managers of the same function in whose block a node stands, the innermost first."""
    for child, parent in _ways_out(code, node):
        if isinstance(parent, ast.With | ast.AsyncWith) and child in parent.body:
            yield from reversed(parent.items)


def expects_exception(code: Analysis, item: ast.withitem) -> bool:
    """Whether a context manager is there for its block to raise: `pytest.raises(...)`, `self.assertRaises(...)`."""
    match item.context_expr:
        case ast.Call(func=ast.Attribute(attr="assertRaises" | "assertRaisesRegex" | "assertRaisesMessage")):
            return True
        case ast.Call(func=function):
            return code.is_name(function, "pytest.raises", "contextlib.suppress")
        case _:
            return False


def is_meant_to_fail(code: Analysis, node: ast.AST) -> bool:
    """Whether a place is there to raise: in a test that expects it, or where somebody tries whether it does."""
    return any(expects_exception(code, item) for item in withs_around(code, node)) or any(
        around.handlers for around in tries_around(code, node)
    )


def _ways_out(code: Analysis, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Each node around with the child through which an exception arrives there, up to the function's edge."""
    child = node
    for parent in code.ancestors(node):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return
        yield child, parent
        child = parent


def caught(handler: ast.ExceptHandler) -> Sequence[ast.expr]:
    """The classes of a handler as they are written, one by one; none for a bare `except:`."""
    match handler.type:
        case None:
            return ()
        case ast.Tuple(elts=elements):
            return elements
        case single:
            return (single,)


def catches(code: Analysis, handler: ast.ExceptHandler, *qualified: str) -> bool:
    """Whether one of the classes a handler is written with is one of these; `f()` counts as `f`."""
    return any(code.is_name(each.func if isinstance(each, ast.Call) else each, *qualified) for each in caught(handler))


def catches_every_exception(code: Analysis, handler: ast.ExceptHandler) -> bool:
    """Whether it is a bare `except:` or names `Exception` or `BaseException`."""
    return handler.type is None or catches(code, handler, "builtins.Exception", "builtins.BaseException")


def reraises(handler: ast.ExceptHandler) -> bool:
    """Whether every path through a handler ends in a bare `raise`, or in raising the very exception it caught."""
    return _ends_in_raise(handler.body, handler) and not any(
        isinstance(node, ast.Return | ast.Break | ast.Continue)
        or (isinstance(node, ast.Raise) and not is_reraise(node, handler))
        for node in walk_block(handler.body)
    )


def is_reraise(statement: ast.stmt, handler: ast.ExceptHandler) -> bool:
    """Whether it is `raise`, or `raise error` for the `error` that the handler has bound and not bound again."""
    match statement:
        case ast.Raise(exc=None):
            return True
        case ast.Raise(exc=ast.Name(id=name), cause=None) if name == handler.name:
            return not any(
                isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
                for node in walk_block(handler.body)
            )
        case _:
            return False


def _ends_in_raise(body: Sequence[ast.stmt], handler: ast.ExceptHandler) -> bool:
    match body[-1]:
        case ast.If(body=yes, orelse=[_, *_] as no):
            return _ends_in_raise(yes, handler) and _ends_in_raise(no, handler)
        case ast.Try(finalbody=[_, *_] as last) if _ends_in_raise(last, handler):
            return True
        case ast.Raise() as last_statement:
            return is_reraise(last_statement, handler)
        case _:
            return False


def builtin_is_visible(code: Analysis, name: str, at: ast.AST) -> bool:
    """Whether a built-in name, written at a place, means the built-in."""
    scope = code.scope(at).lookup(name)
    return scope is not None and scope.parent is None and not code.ask(bindings, name) and not code.ask(has_star_import)
