"""What are the setup and the clean-up of a block, and which variables do they share with the code around?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.clean_up import is_clean_up
from idiomatic.core.analysis.exceptions import reraises
from idiomatic.core.analysis.flow import is_read_after
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block, walk_own

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.scopes import Scope
    from idiomatic.core.analysis.tree import Function


LOGGERS: Final = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"})


_FARTHEST: Final = 6
"""How many statements above the `try` may belong to the setup."""


class Parts(Struct, frozen=True, eq=False):
    """What becomes of the statements.

    Attributes:
        statement: the `try`.
        function: the function it stands in.
        setup: the statements above that belong to it.
        moves_handlers: whether its handlers and its `else` go along.
        commit: the last statement of the block, if it goes along.
        taken: the variables that setup and clean-up need from outside.
        given: the variables of the setup that are used in the block or after it.
        method: the method beside which the context manager becomes one, if it needs its `self`.
    """

    statement: ast.Try
    function: Function
    setup: Sequence[ast.stmt]
    moves_handlers: bool
    commit: ast.stmt | None
    taken: Sequence[str]
    given: Sequence[str]
    method: Function | None

    @property
    def moved(self) -> Sequence[ast.AST]:
        """Everything that goes into the context manager, in order of execution."""
        more = [*self.statement.handlers, *self.statement.orelse] if self.moves_handlers else []
        return [*self.setup, *([self.commit] if self.commit else []), *more, *self.statement.finalbody]

    @property
    def stays(self) -> Sequence[ast.AST]:
        """What stays in the block."""
        more = [] if self.moves_handlers else [*self.statement.handlers, *self.statement.orelse]
        return [*(each for each in self.statement.body if each is not self.commit), *more]

    @property
    def is_async(self) -> bool:
        """Whether setup or clean-up wait for something."""
        waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
        return any(isinstance(node, waiting) for each in self.moved for node in ast.walk(each))


def setup_of(statement: ast.Try, code: Analysis) -> Sequence[ast.stmt]:
    """The statements above from the first that has to do with the `finally`."""
    block = code.siblings(statement)
    above: list[ast.stmt] = []
    for each in reversed(block[: block.index(statement)]):
        if not isinstance(each, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr) or len(above) == _FARTHEST:
            break
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            break
        above.append(each)
    needed = {
        node.id
        for node in walk_block(statement.finalbody)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    touched = {_subject(node, code) for node in walk_block(statement.finalbody)} - {None, "builtins.print"}
    first = -1
    for index, each in enumerate(above):
        stored = {n.id for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if stored & needed or {_subject(node, code) for node in ast.walk(each)} & touched:
            first = index
            needed |= {n.id for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} & stored
    return above[: first + 1][::-1]


def _subject(node: ast.AST, code: Analysis) -> str | None:
    """What a statement changes: the attribute it sets, the function or the receiver of the method it calls."""
    match node:
        case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
            return ast.unparse(node)
        # os.chdir(path)
        case ast.Call(func=ast.Name() | ast.Attribute() as function) if code.qualified_name(function) is not None:
            return code.qualified_name(function)
        # log.debug(message)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name))) if name in LOGGERS:
            return None
        # self.timer.start()
        case ast.Call(func=ast.Attribute(value=ast.Attribute() | ast.Name() as receiver)):
            return ast.unparse(receiver)
        case _:
            return None


def is_simple(statement: ast.Try, setup: Sequence[ast.stmt]) -> bool:
    """Whether a `with` alone does it: one thing is opened and closed, one lock taken and released."""
    if len(setup) != 1 or len(statement.finalbody) != 1:
        return False
    match statement.finalbody[0]:
        case (
            ast.Expr(value=ast.Call(func=ast.Attribute(value=closed, attr=method)))
            | ast.Expr(value=ast.Await(value=ast.Call(func=ast.Attribute(value=closed, attr=method))))
        ):
            pass
        case _:
            return False
    match setup[0]:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() | ast.Await()):
            return isinstance(closed, ast.Name) and closed.id == name and method in {"close", "aclose"}
        case _:
            return method == "release"


def parts_of(statement: ast.Try, function: Function, setup: Sequence[ast.stmt], code: Analysis) -> Parts:
    """What becomes of a `try` statement and the setup above it."""
    bound = {n.id for each in setup for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    moves = bool(statement.handlers) and all(
        reraises(each) and any(isinstance(node, ast.Call) and is_clean_up(node.func) for node in walk_block(each.body))
        for each in statement.handlers
    )
    leaves = _leaves_early(statement, code)
    if statement.orelse and leaves:
        # After a `return` in the block the `else` does not run, and what stands below the `yield` would.
        moves = False
    can_commit = not leaves and not statement.orelse and (moves or not statement.handlers)
    commit = statement.body[-1] if can_commit and _commits(statement.body[-1], bound) else None
    draft = Parts(statement, function, setup, moves, commit, (), (), None)
    taken, receiver = _taken(draft, code)
    given = [name for name in stored_in(setup) if _is_given(name, draft, code)]
    method = None
    if receiver is not None:
        method = next(
            each
            for each in (statement, *code.ancestors(statement))
            if isinstance(each, FUNCTIONS) and isinstance(code.parent(each), ast.ClassDef)
        )
        taken = [name for name in taken if name != receiver]
    return Parts(statement, function, setup, moves, commit, taken, given, method)


def _leaves_early(statement: ast.Try, code: Analysis) -> bool:
    """Whether something in the block leaves it without an exception."""
    return any(
        isinstance(node, ast.Return | ast.Break | ast.Continue) and not stays_inside(node, each, code)
        for each in statement.body
        for node in (each, *walk_own(each))
    )


def _commits(statement: ast.stmt, bound: set[str]) -> bool:
    match statement:
        case (
            ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="commit")))
            | ast.Expr(value=ast.Await(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="commit"))))
        ):
            return name in bound
        case _:
            return False


def stored_in(statements: Sequence[ast.AST]) -> Sequence[str]:
    """The variables that some code assigns, each once."""
    return list(
        dict.fromkeys(
            node.id
            for each in statements
            for node in ast.walk(each)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
    )


def _taken(parts: Parts, code: Analysis) -> tuple[Sequence[str], str | None]:
    """The local variables that have to be passed in, and which of them is `self`."""
    module = code.scope(parts.function).module
    scopes = list(scopes_around(code.scope(parts.statement)))
    names: dict[str, ast.Name] = {}
    bound: set[str] = set()
    for each in parts.moved:
        found = [node for node in ast.walk(each) if isinstance(node, ast.Name)]
        found.sort(key=lambda name: code.span(name).start)
        changed = {id(node.target) for node in ast.walk(each) if isinstance(node, ast.AugAssign)}
        caught = {node.name for node in ast.walk(each) if isinstance(node, ast.ExceptHandler)}
        for name in found:
            scope = code.scope(name).lookup(name.id)
            is_read = isinstance(name.ctx, ast.Load) or id(name) in changed
            if is_read and scope is not module and scope in scopes and name.id not in bound | caught:
                names.setdefault(name.id, name)
        bound |= {name.id for name in found if isinstance(name.ctx, ast.Store)}
    receiver = next((name for name, node in names.items() if _is_self(node, code)), None)
    return list(names), receiver


def scopes_around(scope: Scope) -> Iterator[Scope]:
    """A scope and those around it, but for the module's."""
    while scope.parent is not None:
        yield scope
        scope = scope.parent


def _is_self(name: ast.Name, code: Analysis) -> bool:
    """Whether it is the object whose method this is."""
    class_ = code.class_of_self(name)
    owner = code.scope(name).lookup(name.id)
    if class_ is None or owner is None or not isinstance(owner.node, FUNCTIONS):
        return False
    return not any(code.is_name(each, "builtins.classmethod") for each in owner.node.decorator_list)


def _is_given(name: str, parts: Parts, code: Analysis) -> bool:
    """Whether a variable of the setup is used in the block, after it, or in a nested function."""
    scope = code.scope(parts.statement).lookup(name)
    moved = {node for each in parts.moved for node in ast.walk(each)}
    if any(True for each in parts.stays for use in code.uses(name, each, scope) if use not in moved):
        return True
    if is_read_after(code, parts.statement, name):
        return True
    return any(
        code.function_around(use) is not parts.function
        for use in code.uses(name, parts.function, scope)
        if use not in moved
    )


def outer_statement(parts: Parts, code: Analysis) -> ast.stmt:
    """The statement beside which the function is put."""
    if parts.method is not None:
        return parts.method
    chain = [each for each in (parts.statement, *code.ancestors(parts.statement)) if isinstance(each, ast.stmt)]
    return chain[-1]


def stays_inside(node: ast.stmt, within: ast.AST, code: Analysis) -> bool:
    """Whether a `break` or `continue` is about a loop inside the code."""
    if isinstance(node, ast.Return):
        return False
    loop = code.enclosing(node, ast.For, ast.AsyncFor, ast.While)
    return loop is not None and loop in set(ast.walk(within))
