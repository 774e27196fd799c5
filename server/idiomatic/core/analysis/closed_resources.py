"""Which objects are created for a `try` and closed in its `finally`, and how?"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from idiomatic.core.analysis.resources import HAS_OTHER_RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.resources import Calls

Try: TypeAlias = ast.Try | ast.TryStar
Assignment: TypeAlias = ast.Assign | ast.AnnAssign

CLOSING: Final = frozenset(
    {
        "aclose", "cleanup", "close", "disconnect", "dispose", "kill", "logout", "quit", "release", "server_close",
        "shutdown", "stop", "terminate", "unlink", "wait", "wait_closed",
    }
)  # fmt: skip
"""The methods that say: this object is no longer needed."""


class Closing(Struct, frozen=True, eq=False):
    """A statement of the `finally` that closes something.

    Attributes:
        target: the object, a name or an attribute.
        call: the call without the object: `await close()`.
        condition: the test it stands under, if any.
        pool: for `pool.release(connection)`, the pool.
    """

    target: ast.expr
    call: str
    condition: ast.expr | None = None
    pool: ast.expr | None = None


class Resource(Struct, frozen=True, eq=False):
    """A variable that is created, used in a `try` and closed in its `finally`.

    Attributes:
        name: the variable.
        assignment: creates it.
        closings: close it.
        inside: whether it is created inside the `try`.
        none: for one created inside, the assignment of `None` before the `try`, if there is one.
        start: for one created before the `try`, the statement between the two that calls a method of it.
    """

    name: str
    assignment: Assignment
    closings: Sequence[Closing]
    inside: bool
    none: Assignment | None
    start: ast.Expr | None

    @property
    def creation(self) -> ast.Call:
        """The call that creates it."""
        value = self.assignment.value
        call = value.value if isinstance(value, ast.Await) else value
        assert isinstance(call, ast.Call)
        return call

    @property
    def is_awaited(self) -> bool:
        """Whether the call that creates it is awaited."""
        return isinstance(self.assignment.value, ast.Await)

    @property
    def calls(self) -> Calls:
        """How it is closed."""
        return tuple(closing.call for closing in self.closings)


def closing_of(statement: ast.stmt) -> Closing | None:
    """What a statement of a `finally` closes; `None` if it does something else."""
    match statement:
        # file.close()
        # await session.close()
        case ast.Expr(value=value):
            return _closing_call(value)
        # if file is not None: file.close()
        case ast.If(test=test, body=[ast.Expr(value=value)], orelse=[]):
            found = _closing_call(value)
            return found and Closing(found.target, found.call, test, found.pool)
        case _:
            return None


def _closing_call(value: ast.expr) -> Closing | None:
    prefix, call = ("await ", value.value) if isinstance(value, ast.Await) else ("", value)
    match call:
        # pool.release(connection)
        case ast.Call(func=ast.Attribute(value=pool, attr="release"), args=[ast.Name() as target], keywords=[]):
            return Closing(target, f"{prefix}release()", pool=pool)
        case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as target, attr=method)) if (
            method in CLOSING
        ):
            arguments = ", ".join([*map(ast.unparse, call.args), *map(_keyword, call.keywords)])
            return Closing(target, f"{prefix}{method}({arguments})")
        case _:
            return None


def _keyword(keyword: ast.keyword) -> str:
    value = ast.unparse(keyword.value)
    return f"{keyword.arg}={value}" if keyword.arg else f"**{value}"


def _created(assignment: ast.stmt) -> str | None:
    """The variable that an assignment of a call creates."""
    match assignment:
        # file = open(path)
        # session: Session = await connect(url)
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() | ast.Await(value=ast.Call()))
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() | ast.Await(value=ast.Call()))
        ):
            return name
        case _:
            return None


def _assigned_none(assignment: ast.stmt) -> str | None:
    match assignment:
        # file = None
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=None))
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=None))
        ):
            return name
        case _:
            return None


def statements_before(statement: ast.stmt, code: Analysis) -> Sequence[ast.stmt]:
    """The statements before one in its block, the nearest first."""
    block = code.siblings(statement)
    return block[: block.index(statement)][::-1]


def binds(statement: ast.stmt, name: str) -> bool:
    """Whether a statement gives a variable a value, or deletes it."""
    return any(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        for node in ast.walk(statement)
    )


def closed_resources(statement: Try, closings: Sequence[Closing], code: Analysis) -> Sequence[Resource]:
    """The variables that are both created for the `try` and closed in its `finally`, in the order of creation."""
    found: list[tuple[int, Resource]] = []
    for name in dict.fromkeys(closing.target.id for closing in closings if isinstance(closing.target, ast.Name)):
        own = [c for c in closings if isinstance(c.target, ast.Name) and c.target.id == name]
        binder = next((each for each in statements_before(statement, code) if binds(each, name)), None)
        none = binder if binder is not None and _assigned_none(binder) == name else None
        if binder is not None and _created(binder) == name:
            creation, inside = binder, False
        elif (within := next((s for s in statement.body if binds(s, name)), None)) is not None and (
            _created(within) == name
        ):
            creation, inside = within, True
        else:
            continue
        assert isinstance(creation, (ast.Assign, ast.AnnAssign))
        assert none is None or isinstance(none, (ast.Assign, ast.AnnAssign))
        start = None if inside else _start(name, statement, creation, code)
        resource = Resource(name, creation, own, inside, none if inside else None, start)
        if not _belongs_elsewhere(resource, statement, code):
            found.append((code.span(creation).start, resource))
    return [resource for _, resource in sorted(found, key=lambda each: each[0])]


def _start(name: str, statement: Try, creation: ast.stmt, code: Analysis) -> ast.Expr | None:
    """`client.connect()` between creating the client and the `try`, if that is all that is done with it there."""
    before = list(statements_before(statement, code))
    uses = [each for each in before[: before.index(creation)] if any(True for _ in code.uses(name, each))]
    match uses:
        case [ast.Expr() as start] if starting_call(start, name) is not None:
            return start
        case _:
            return None


def starting_call(statement: ast.Expr, name: str) -> str | None:
    """The call of a method without arguments that a statement is."""
    prefix, call = (
        ("await ", statement.value.value) if isinstance(statement.value, ast.Await) else ("", statement.value)
    )
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr=method), args=[], keywords=[]) if found == name:
            return f"{prefix}{method}()"
        case _:
            return None


def _belongs_elsewhere(resource: Resource, statement: Try, code: Analysis) -> bool:
    """Whether it is a lock that is released or an event loop."""
    if code.qualified_name(resource.creation.func) in HAS_OTHER_RULES:
        return True
    if not any(call.endswith("release()") for call in resource.calls) or any(c.pool for c in resource.closings):
        return False
    acquire = re.compile(rf"\b{re.escape(resource.name)}\s*\.\s*acquire\b")
    return any(acquire.search(code.source(each)) for each in [*statements_before(statement, code), *statement.body[:1]])


def is_unpacked(name: str, statement: Try, code: Analysis) -> bool:
    """Whether a variable is one of several that an assignment above binds together."""
    binder = next((each for each in statements_before(statement, code) if binds(each, name)), None)
    return isinstance(binder, ast.Assign) and isinstance(binder.targets[0], (ast.Tuple, ast.List))
