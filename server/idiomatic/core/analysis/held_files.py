"""How long does a variable hold a file, and what closes it?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from idiomatic.core.analysis.names import last_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis


Assignment: TypeAlias = ast.Assign | ast.AnnAssign


def _is_tried(assignment: Assignment, code: Analysis) -> ast.Try | None:
    """The `try` statement in which nothing is tried but to open the file."""
    match code.parent(assignment):
        case ast.Try(body=[only], handlers=[_, *_], finalbody=[]) as around if only is assignment:
            return around
        case _:
            return None


def _below(assignment: Assignment, code: Analysis) -> Sequence[ast.stmt]:
    """The statements that run next, if opening has succeeded."""
    around = _is_tried(assignment, code)
    # try: file = open(path)
    # except OSError: ...
    # else: file.read()
    if around is not None and around.orelse:
        return around.orelse
    # try: file = open(path)
    # except OSError: return None
    if around is not None and all(_leaves(handler.body) for handler in around.handlers):
        block = code.siblings(around)
        return block[block.index(around) + 1 :]
    block = code.siblings(assignment)
    return block[block.index(assignment) + 1 :]


def has_other_values(name: str, assignment: Assignment, code: Analysis) -> bool:
    """Whether a variable may hold something else than a file that is opened here: `sys.stdin`, for example."""
    block = code.siblings(assignment)
    for binding in code.scope(assignment).bindings.get(name, ()):
        match code.parent(binding.node):
            case ast.Assign(value=ast.Constant(value=None)) | ast.AnnAssign(value=ast.Constant(value=None)):
                pass
            case ast.stmt() as other if other in block:
                pass
            case _:
                return True
    return False


def _leaves(block: Sequence[ast.stmt]) -> bool:
    match block[-1]:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="sys"), attr="exit"))):
            return True
        case ast.If(body=yes, orelse=[_, *_] as no):
            return _leaves(yes) and _leaves(no)
        case _:
            return False


def life_of(name: str, assignment: Assignment, code: Analysis) -> tuple[Sequence[ast.stmt], bool]:
    """The statements below in which a variable holds the file, and whether it gets another value after them."""
    below = _below(assignment, code)
    for index, each in enumerate(below):
        match each:
            # file = open(other)
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
            ) if target == name and not any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value)):
                return below[:index], True
            case ast.With(items=items) | ast.AsyncWith(items=items) if any(
                isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name for item in items
            ):
                return below[:index], True
            case _:
                pass
    return below, False


def is_taken_care_of(use: ast.Name, code: Analysis) -> bool:
    """Whether a `finally`, a handler for failures only, a later `with` or an exit stack closes the file."""
    parent = code.parent(use)
    for child, each in _ways_out(use, code):
        match each:
            # finally: close(file)
            case ast.Try(finalbody=last) | ast.TryStar(finalbody=last) if child in last:
                return True
            # except: file.close(); raise
            case ast.ExceptHandler() if isinstance(parent, ast.Attribute) and parent.attr == "close":
                return True
            case _:
                pass
    match parent:
        # with file:
        case ast.withitem():
            return True
        # stack.callback(file.close)
        case ast.Attribute(attr="close"):
            around = code.parent(parent)
            return not (isinstance(around, ast.Call) and around.func is parent)
        # with closing(file):
        # with context.wrap_socket(file) as secure:
        case ast.Call(func=function) if isinstance(code.parent(parent), ast.withitem):
            name = last_name(function).lstrip("_")
            return code.is_name(function, "contextlib.closing") or "wrap" in name or name[:1].isupper()
        case _:
            return False


def _ways_out(node: ast.AST, code: Analysis) -> Iterator[tuple[ast.AST, ast.AST]]:
    child = node
    for around in code.ancestors(node):
        yield child, around
        child = around


def closes(statement: ast.stmt, name: str) -> bool:
    """Whether a statement does nothing but close what a variable holds."""
    match statement:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=closed), attr="close"), args=[], keywords=[])
        ):
            return closed == name
        case _:
            return False


def is_closed_before(statement: ast.stmt, name: str, code: Analysis) -> bool:
    """Whether the file is closed in the same block above a statement."""
    block = code.siblings(statement)
    return any(closes(each, name) for each in block[: block.index(statement)])
