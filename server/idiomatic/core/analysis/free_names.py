"""Which name may a handler give the exception it catches?"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

CUSTOMARY: Final = ("error", "exc", "err", "exception", "caught")


def exception_name(handler: ast.ExceptHandler, code: Analysis) -> str:
    """A name for what a handler without one catches.

    It means nothing yet in the function around: `except ... as name` deletes the name at the end of the handler. A name
    that only other handlers beside this one use, each for its own exception, is free. What the file's other handlers
    say is preferred.
    """
    preferred = code.ask(handler_names)
    numbered = (f"{CUSTOMARY[0]}_{number}" for number in range(2, 1000))
    taken = _taken(handler, code)
    return next(name for name in (*preferred, *CUSTOMARY, *numbered) if not _is_taken(name, taken, code))


@about(lambda: ("except",))
def handler_names(module: Module) -> tuple[str, ...]:
    """Question: the names that the file's handlers give to exceptions, the most frequent first."""
    found: Counter[str] = Counter()
    for statement in module.statements:
        if "except" in statement.text:
            found.update(statement.fact(_handler_names))
    return tuple(name for name, _ in found.most_common() if not name.startswith("_"))


def _handler_names(statement: Statement) -> Sequence[str]:
    return [handler.name for handler in statement.fact(tree).of(ast.ExceptHandler) if handler.name]


def _taken(handler: ast.ExceptHandler, code: Analysis) -> set[str] | None:
    """The names that mean something in the function around; `None` if the handler belongs to the module."""
    around = code.enclosing(handler, *FUNCTIONS, ast.ClassDef)
    return None if around is None else set(_identifiers(around, handler))


def _is_taken(name: str, taken: set[str] | None, code: Analysis) -> bool:
    return code.ask(mentions, name) if taken is None else name in taken


def _identifiers(node: ast.AST, handler: ast.ExceptHandler) -> Iterator[str]:
    """The names below a node, without those that another handler has for its own exception."""
    stack: list[tuple[ast.AST, frozenset[str]]] = [(node, frozenset())]
    while stack:
        current, private = stack.pop()
        if current is handler:
            for below in ast.walk(current):
                yield from _names_of(below)
                if isinstance(below, ast.ExceptHandler) and below.name:
                    yield below.name
            continue
        if isinstance(current, ast.ExceptHandler) and current.name:
            if _contains(current, handler):
                yield current.name
            else:
                private |= {current.name}
        yield from (name for name in _names_of(current) if name not in private)
        stack += [(child, private) for child in ast.iter_child_nodes(current)]


def _contains(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def _names_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name.partition(".")[0]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case _:
            return
