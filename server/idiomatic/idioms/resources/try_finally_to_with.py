"""Let a `with` block close what you open, instead of a `finally`.

## Why
`with` says in one line what is opened and that it is closed on every path. The `finally` form says it in four, lets
statements slip in between opening and `try`, and fails in its own way when opening fails inside the `try`.

Where the type is no context manager, or does something else when the block ends, `contextlib.closing` and
`contextlib.aclosing` do exactly what the `finally` did: they call `close()` or `aclose()`.

## Example
```python
def count(path):
    file = open(path)
    try:
        return len(file.readlines())
    finally:
        file.close()
```
becomes
```python
def count(path):
    with open(path) as file:
        return len(file.readlines())
```

The connection of `sqlite3` commits at the end of a `with` block and stays open, so:
```python
import sqlite3


def tables(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("select name from sqlite_master").fetchall()
    finally:
        connection.close()
```
becomes
```python
import contextlib
import sqlite3


def tables(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("select name from sqlite_master").fetchall()
```

## Fix safety
Safe where leaving the block does exactly what the `finally` does: for types whose exit is known to be that call, for
classes of this file whose `__exit__` is nothing but that call and whose `__enter__` returns the object, and for
`closing` and `aclosing` around anything whose `close()` or `await aclose()` is called. `except` and `else` clauses of
the `try` stay in a `try` inside the block: they still run before the object is closed.

Unsafe, with the reason:

- the object is created inside the `try`: when that fails, the error is shown as it is, no longer hidden by one about a
  variable without a value;
- several objects: when creating the second fails, the first is closed too;
- what leaving the block does is known to differ a little (a SQLAlchemy `AsyncSession` is closed in a task of its own),
  or it can't be shown to be the same: a class of the project whose `__exit__` does more, a type that only an annotation
  or a name tells.

Refused: the variable is used after the `finally`, rebound or deleted, returned, stored, handed to a thread or task,
used in a nested function, or yielded (except by the generator of a context manager or fixture); something between
creating it and the `try` may raise; the `finally` does more than closing, or closes under a condition; several objects
are not closed in reverse order; the object is created inside a `try` with `except` clauses, which today see what fails
while it is created; the type's exit does not do what the call does, as with `Popen.kill()`.

An `await` in a `finally` can be cancelled, and so can the one that leaves an `async with` block: nothing changes there.

## References
- [The `with` statement](https://docs.python.org/3/reference/compound_stmts.html#with), PEP 343, PEP 492
- [`contextlib.closing`](https://docs.python.org/3/library/contextlib.html#contextlib.closing),
  [`contextlib.aclosing`](https://docs.python.org/3/library/contextlib.html#contextlib.aclosing)
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst

from idiomatic.core.analysis.escapes import escapes, is_used_elsewhere
from idiomatic.core.analysis.flow import can_raise, is_read_after
from idiomatic.core.analysis.instances import Instance, OwnProtocol, callee, declaration, instance_of, own_class
from idiomatic.core.analysis.resources import FACTORIES, HAS_OTHER_RULES, MANAGERS, NOT_MANAGERS, Creation
from idiomatic.core.analysis.tool_comments import FOR_TOOLS, first_tool_comment
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.module import about
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.resources import Calls
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module

KIND = Kind.IDIOM
SINCE = (3, 2)
TRIGGERS = ("finally",)
ALSO = ()

Try: TypeAlias = ast.Try | ast.TryStar
Assignment: TypeAlias = ast.Assign | ast.AnnAssign

CLOSING: Final = frozenset(
    {
        "aclose", "cleanup", "close", "disconnect", "dispose", "kill", "logout", "quit", "release", "server_close",
        "shutdown", "stop", "terminate", "unlink", "wait", "wait_closed",
    }
)  # fmt: skip
"""The methods that say: this object is no longer needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
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


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
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


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write the resource in a `with` statement.

    Attributes:
        is_async: whether it is `async with`.
        wrapper: `contextlib.closing` or `contextlib.aclosing`, if it needs one.
        drops_await: whether the creating call is no longer awaited.
        gives: the attribute that the variable will hold instead of the object.
        reasons: why it is not exactly the same.
    """

    is_async: bool = False
    wrapper: str | None = None
    drops_await: bool = False
    gives: str | None = None
    reasons: tuple[str, ...] = ()


def detect(statement: ast.Try | ast.TryStar, code: Analysis) -> Iterator[Finding]:
    closings = [closing for each in statement.finalbody if (closing := _closing(each)) is not None]
    if not closings:
        return
    stored = next((closing.target for closing in closings if isinstance(closing.target, ast.Attribute)), None)
    if stored is not None:
        yield from _stored(statement, stored, code)
        return
    if any(
        isinstance(closing.target, ast.Name) and _is_unpacked(closing.target.id, statement, code)
        for closing in closings
    ):
        yield from _unpacked(statement, closings, code)
        return
    resources = _resources(statement, closings, code)
    if not resources:
        return
    names = _join(resource.name for resource in resources)
    first = resources[0].assignment
    are = "is" if len(resources) == 1 else "are"
    message = f"{names} {are} closed in a `finally`, which a `with` block does by itself"
    yield Finding(first, message, tuple(_fixes(statement, resources, closings, code)))


def _join(names: Iterator[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


# -- what is closed, and where it comes from --------------------------------------------------------------------------


def _closing(statement: ast.stmt) -> Closing | None:
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


def _before(statement: ast.stmt, code: Analysis) -> Sequence[ast.stmt]:
    """The statements before one in its block, the nearest first."""
    block = code.siblings(statement)
    return block[: block.index(statement)][::-1]


def _binds(statement: ast.stmt, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        for node in ast.walk(statement)
    )


def _resources(statement: Try, closings: Sequence[Closing], code: Analysis) -> Sequence[Resource]:
    """The variables that are both created for the `try` and closed in its `finally`, in the order of creation."""
    found: list[tuple[int, Resource]] = []
    for name in dict.fromkeys(closing.target.id for closing in closings if isinstance(closing.target, ast.Name)):
        own = [c for c in closings if isinstance(c.target, ast.Name) and c.target.id == name]
        binder = next((each for each in _before(statement, code) if _binds(each, name)), None)
        none = binder if binder is not None and _assigned_none(binder) == name else None
        if binder is not None and _created(binder) == name:
            creation, inside = binder, False
        elif (within := next((s for s in statement.body if _binds(s, name)), None)) is not None and (
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
    before = list(_before(statement, code))
    uses = [each for each in before[: before.index(creation)] if any(True for _ in code.uses(name, each))]
    match uses:
        case [ast.Expr() as start] if _started(start, name) is not None:
            return start
        case _:
            return None


def _started(statement: ast.Expr, name: str) -> str | None:
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
    return any(acquire.search(code.source(each)) for each in [*_before(statement, code), *statement.body[:1]])


def _stored(statement: Try, target: ast.Attribute, code: Analysis) -> Iterator[Finding]:
    """`self.connection = connect()`, closed in the `finally` of the same function."""
    wanted = ast.unparse(target)
    for each in _before(statement, code):
        match each:
            case ast.Assign(targets=[ast.Attribute() as stored], value=ast.Call() | ast.Await()) if (
                ast.unparse(stored) == wanted
            ):
                reason = f"`{wanted}` is an attribute: it lives on after the block."
                yield _refusal(each, f"`{wanted}`", reason, statement, code)
                return
            case _:
                pass


def _is_unpacked(name: str, statement: Try, code: Analysis) -> bool:
    binder = next((each for each in _before(statement, code) if _binds(each, name)), None)
    return isinstance(binder, ast.Assign) and isinstance(binder.targets[0], (ast.Tuple, ast.List))


def _unpacked(statement: Try, closings: Sequence[Closing], code: Analysis) -> Iterator[Finding]:
    for closing in closings:
        if isinstance(closing.target, ast.Name) and _is_unpacked(closing.target.id, statement, code):
            name = closing.target.id
            binder = next(each for each in _before(statement, code) if _binds(each, name))
            if isinstance(binder, ast.Assign) and isinstance(binder.value, (ast.Call, ast.Await)):
                reason = f"`{name}` is one of several things that are created together."
                yield _refusal(binder, f"`{name}`", reason, statement, code)
            return


def _refusal(place: ast.stmt, names: str, reason: str, statement: Try, code: Analysis) -> Finding:
    message = f"{names} is closed in a `finally`, which a `with` block does by itself"
    return Finding(place, message, (Fix("Use `with`", Refused(reason), code.lines(statement)),))


# -- whether it may be done -------------------------------------------------------------------------------------------


def _fixes(statement: Try, resources: Sequence[Resource], closings: Sequence[Closing], code: Analysis) -> Iterator[Fix]:
    where = _where(statement, resources, code)
    title = "Use `async with`" if any("await" in closing.call for closing in closings) else "Use `with`"
    refusal = next(_refusals(statement, resources, closings, code), None)
    if refusal is not None:
        yield Fix(title, Refused(refusal), code.lines(statement))
        return
    forms: list[Sequence[Form]] = []
    for resource in resources:
        found = _forms(resource, statement, code)
        if isinstance(found, Refused):
            yield Fix(title, found, code.lines(statement))
            return
        forms.append(found)
    reasons = list(_reasons(statement, resources))
    offered = [[choices[0] for choices in forms]]
    if any(len(choices) > 1 for choices in forms):
        offered.append([choices[-1] for choices in forms])
    for chosen in offered:
        if len({form.is_async for form in chosen}) > 1:
            yield Fix(title, Refused("Some are closed with `await` and some without."), code.lines(statement))
            return
        own = [reason for form in chosen for reason in form.reasons]
        verdict = safe_unless([*own, *reasons])
        yield Fix(_title(chosen, own, resources), verdict, where, partial(to_with, statement, resources, tuple(chosen)))


def _title(forms: Sequence[Form], own: Sequence[str], resources: Sequence[Resource]) -> str:
    keyword = "async with" if forms[0].is_async else "with"
    wrappers = sorted({form.wrapper for form in forms if form.wrapper})
    title = f"Use `{keyword} {wrappers[0]}(...)`" if wrappers else f"Use `{keyword}`"
    if own:
        return f"{title} (closing may differ)"
    if any(resource.inside for resource in resources):
        return f"{title} (a failure to create it shows)"
    if len(resources) > 1:
        return f"{title} (all are closed on every path)"
    return title


def _where(statement: Try, resources: Sequence[Resource], code: Analysis) -> tuple[ast.stmt, ast.stmt]:
    """From the first statement that changes to the `try`."""
    changed = [each for r in resources for each in ((r.none,) if r.inside else (r.assignment,)) if each is not None]
    first = min(changed, key=lambda each: code.span(each).start, default=statement)
    return code.lines(first)[0], code.lines(statement)[1]


def _refusals(
    statement: Try, resources: Sequence[Resource], closings: Sequence[Closing], code: Analysis
) -> Iterator[str]:
    names = _join(resource.name for resource in resources)
    if len(closings) < len(statement.finalbody) or sum(len(r.closings) for r in resources) < len(closings):
        yield f"The `finally` does more than close {names}."
    if (comment := _comment_for_a_tool(statement, code)) is not None:
        yield f"The comment `{comment}` belongs to a line that goes away."
    yield from _order_refusals(resources, closings)
    yield from _place_refusals(statement, resources, code)
    for resource in resources:
        yield from _condition_refusals(resource)
        yield from _variable_refusals(resource, statement, code)
        yield from escapes(code, resource.name, statement, [resource.assignment, *statement.finalbody])
        yield from _replaced_methods(resource, statement, code)
        yield from _pool_refusals(resource, statement)


def _comment_for_a_tool(statement: Try, code: Analysis) -> str | None:
    """A comment in the `finally` that is meant for a type checker or linter."""
    last = max(
        code.statement.end_line(each)
        for part in (statement.body, statement.handlers, statement.orelse)
        for each in part
    )
    return first_tool_comment(code, last + 1, code.statement.end_line(statement))


def _order_refusals(resources: Sequence[Resource], closings: Sequence[Closing]) -> Iterator[str]:
    order = [closing.target.id for closing in closings if isinstance(closing.target, ast.Name)]
    runs = [name for index, name in enumerate(order) if not index or order[index - 1] != name]
    names = [resource.name for resource in resources]
    if len(names) > 1 and runs != names[::-1]:
        yield f"A `with` closes in reverse order, {_join(iter(names[::-1]))}, and this `finally` does not."


def _place_refusals(statement: Try, resources: Sequence[Resource], code: Analysis) -> Iterator[str]:
    moved = [resource.none if resource.inside else resource.assignment for resource in resources]
    if not all(code.has_own_lines(each) for each in [*filter(None, moved), statement]) or not all(
        code.has_own_lines(resource.assignment) for resource in resources
    ):
        yield "It shares a line with another statement."
    if len({resource.inside for resource in resources}) > 1:
        yield "One is created before the `try` and one inside it."
    if resources[0].inside:
        yield from _inside_refusals(statement, resources, code)
        return
    first = min(code.span(resource.assignment).start for resource in resources)
    assignments = [resource.assignment for resource in resources]
    starts = [resource.start for resource in resources]
    for between in _before(statement, code):
        if code.span(between).start <= first:
            break
        if between in starts and len(resources) == 1 and code.has_own_lines(between):
            # Whether entering the block does the same is asked where the type is known.
            continue
        if between not in assignments and can_raise(between):
            yield (
                f"`{_head(between, code)}` stands between creating {_join(r.name for r in resources)} and the `try`: "
                "if it raises, nothing is closed today."
            )
        elif between not in assignments and any(
            True for resource in resources for _ in code.uses(resource.name, between)
        ):
            yield f"`{_head(between, code)}` uses it before the `try`."
        if between not in assignments and len(resources) > 1:
            yield f"`{_head(between, code)}` stands between the things that are created."


def _inside_refusals(statement: Try, resources: Sequence[Resource], code: Analysis) -> Iterator[str]:
    names = _join(resource.name for resource in resources)
    if statement.handlers:
        yield f"The `except` clauses also see what fails while {names} is created, and run before it is closed."
    positions = [statement.body.index(resource.assignment) for resource in resources]
    if positions != list(range(positions[0], positions[0] + len(positions))):
        yield f"Other statements stand between those that create {names}."
    if positions[-1] + 1 == len(statement.body):
        yield f"Nothing is done with {names} after it is created."
    for resource in resources:
        if any(True for each in statement.body[: positions[0]] for _ in code.uses(resource.name, each)):
            yield f"`{resource.name}` is used before it is created."
        if resource.none is None and any(_binds(each, resource.name) for each in _before(statement, code)):
            yield f"`{resource.name}` has another value before the `try`: it is closed if creating the new one fails."
        between = list(_before(statement, code))
        if resource.none is not None and any(
            True for each in between[: between.index(resource.none)] for _ in code.uses(resource.name, each)
        ):
            yield f"`{resource.name}` is used between `{resource.name} = None` and the `try`."


def _head(statement: ast.stmt, code: Analysis) -> str:
    lines = code.source(statement).splitlines()
    return lines[0].strip() + (" ..." if len(lines) > 1 else "")


def _condition_refusals(resource: Resource) -> Iterator[str]:
    for closing in resource.closings:
        if closing.condition is None:
            if resource.none is not None:
                yield f"If creating `{resource.name}` fails, the `finally` fails on `None` today."
            continue
        if resource.none is None:
            yield f"`{resource.name}` is closed under a condition."
            return
        match closing.condition:
            # if file:
            case ast.Name(id=name) if name == resource.name:
                pass
            # if file is not None:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]) if (
                name == resource.name
            ):
                pass
            case _:
                yield f"`{resource.name}` is closed under a condition."


def _variable_refusals(resource: Resource, statement: Try, code: Analysis) -> Iterator[str]:
    name = resource.name
    scope = code.scope(statement)
    owner = scope.lookup(name)
    if isinstance(scope.node, ast.ClassDef):
        yield f"`{name}` is an attribute of the class and lives on after the block."
        return
    if owner is not scope:
        yield f"`{name}` is declared `global` or `nonlocal`: other functions can use it."
        return
    allowed = {id(resource.assignment), id(resource.none)}
    for binding in scope.bindings.get(name, ()):
        within = next((each for each in (binding.node, *code.ancestors(binding.node)) if id(each) in allowed), None)
        if within is None and statement in code.ancestors(binding.node):
            yield f"`{name}` is bound again or deleted inside the `try`."
            return
    if scope.node is None:
        if code.ask(is_used_elsewhere, name, code.statement):
            yield f"`{name}` is a variable of the module and is used elsewhere."
        within_all: ast.AST = code.statement.nodes[0]
        for node in code.statement.nodes:
            if node is statement or node in code.ancestors(statement):
                within_all = node
    else:
        within_all = scope.node
    around = code.function_around(statement)
    if any(code.function_around(use) is not around for use in code.uses(name, within_all, owner)):
        yield f"A nested function uses `{name}`, and may do so after it is closed."
    if is_read_after(code, statement, name):
        yield f"`{name}` is used after it is closed."


def _replaced_methods(resource: Resource, statement: Try, code: Analysis) -> Iterator[str]:
    for use in code.uses(resource.name, statement):
        match code.parent(use):
            case ast.Attribute(attr=attr, ctx=ast.Store()) if attr in CLOSING:
                yield f"`{resource.name}.{attr}` is replaced."
            case _:
                pass


def _pool_refusals(resource: Resource, statement: Try) -> Iterator[str]:
    for closing in resource.closings:
        if closing.pool is not None and any(
            isinstance(node, (ast.Name, ast.Attribute))
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node) == ast.unparse(closing.pool)
            for node in ast.walk(statement)
        ):
            yield f"`{ast.unparse(closing.pool)}` is bound again inside the `try`."


# -- which form it takes ----------------------------------------------------------------------------------------------


def _reasons(statement: Try, resources: Sequence[Resource]) -> Iterator[str]:
    for resource in resources:
        name = resource.name
        if not resource.inside:
            continue
        if resource.none is not None:
            yield f"If creating `{name}` fails, `{name}` is left unbound instead of `None`."
        else:
            yield (
                f"If creating `{name}` fails, that error is raised as it is; today the `finally` raises a `NameError` "
                f"about `{name}` over it."
            )
        if any(isinstance(closing.condition, ast.Name) for closing in resource.closings):
            yield f"`{name}` is closed even if it is false in an `if`."
    if len(resources) > 1:
        *earlier, last = (resource.name for resource in resources)
        yield (
            f"If creating `{last}` or closing it fails, {_join(iter(earlier))} {'are' if len(earlier) > 1 else 'is'} "
            "closed all the same; today not."
        )


def _forms(resource: Resource, statement: Try, code: Analysis) -> Sequence[Form] | Refused:
    """The ways to write it, the best first."""
    if resource.closings[0].pool is not None:
        return _pool_form(resource, code)
    instance = instance_of(code, resource.assignment.value) if resource.assignment.value is not None else None
    wrapped = None if resource.start is not None else _wrapped(resource, instance, code)
    plain: Form | Refused
    if instance is not None and instance.is_own:
        plain = _own_form(resource, instance)
    else:
        plain = _known_form(resource, instance, statement, code)
    if isinstance(plain, Form):
        return [plain, wrapped] if wrapped is not None and plain.reasons else [plain]
    return [wrapped] if wrapped is not None else plain


def _wrapped(resource: Resource, instance: Instance | None, code: Analysis) -> Form | None:
    """`closing` or `aclosing`, if they do what the `finally` does."""
    manager = MANAGERS.get(instance.of) if instance is not None else None
    awaits = {call for calls in manager.exits for call in calls} if manager is not None else set[str]()
    match resource.calls:
        case ("close()",) if "await close()" not in awaits:
            return Form(wrapper="contextlib.closing")
        case ("await aclose()",) if code.target >= (3, 10):
            return Form(is_async=True, wrapper="contextlib.aclosing")
        case _:
            return None


def _says(calls: Sequence[str]) -> str:
    return " and ".join(f"`{call}`" for call in calls)


def _known_form(resource: Resource, instance: Instance | None, statement: Try, code: Analysis) -> Form | Refused:
    name, calls = resource.name, resource.calls
    if instance is None and resource.start is not None:
        return Refused(_starts_unlike(resource, "entering a `with` block"))
    if instance is None:
        return _named_session(resource, code) or Refused(
            f"The type of `{name}` is not known here, so neither is what a `with` block would do with it."
        )
    if resource.start is not None:
        known = MANAGERS.get(instance.of)
        if known is None or known.starts is None or known.starts != _started(resource.start, name):
            return Refused(_starts_unlike(resource, "entering a `with` block"))
    if instance.of in NOT_MANAGERS:
        return Refused(NOT_MANAGERS[instance.of])
    manager = MANAGERS.get(instance.of)
    if manager is None or calls not in manager.exits:
        return Refused(f"Leaving a `with` block would not do what {_says(calls)} does here.")
    if manager.gives is not None and not _is_always(resource.name, manager.gives, statement, code):
        return Refused(f"`{name}` is not only used as `{name}.{manager.gives}`, which is all that `with` gives.")
    if manager.unless is not None and (difference := manager.unless(resource.creation)) is not None:
        if len(calls) == 1 and calls[0] == "close()" and manager.gives is None and "today" in difference:
            return Form(reasons=(difference,))
        return Refused(difference)
    reasons = list(manager.exits[calls])
    if declared := declaration(code, resource.creation.func):
        reasons.append(f"That `{name}` is closed by leaving the block rests on the declared type, `{declared}`.")
    factory = FACTORIES.get(callee(code, resource.creation.func) or "")
    drops = factory is not None and factory.creation is Creation.NOT_AWAITED and resource.is_awaited
    return Form(manager.is_async, None, drops, manager.gives, tuple(reasons))


def _is_always(name: str, attribute: str, statement: Try, code: Analysis) -> bool:
    """Whether a variable is only used to read one attribute."""
    parts = [*statement.body, *statement.handlers, *statement.orelse]
    for use in (use for part in parts for use in code.uses(name, part)):
        match code.parent(use):
            case ast.Attribute(attr=attr, ctx=ast.Load()) if attr == attribute:
                pass
            case _:
                if not isinstance(use.ctx, ast.Store):
                    return False
    return True


_SESSION: Final = re.compile(r"(?i)async_?session(_?(local|maker|factory))?")


def _named_session(resource: Resource, code: Analysis) -> Form | None:
    """`session = AsyncSessionLocal()`, where what is called can't be seen: it comes from another module."""
    function = resource.creation.func
    if not isinstance(function, ast.Name) or resource.is_awaited or not _SESSION.fullmatch(function.id):
        return None
    if resource.calls != ("await close()",) or own_class(code, function) is not None:
        return None
    reason = f"That `{function.id}()` gives a SQLAlchemy `AsyncSession` is only taken from its name."
    (shielded,) = MANAGERS["sqlalchemy.ext.asyncio.AsyncSession"].exits["await close()",]
    return Form(is_async=True, reasons=(reason, shielded))


def _own_form(resource: Resource, instance: Instance) -> Form | Refused:
    """The form for a class of the project."""
    name, calls = resource.name, resource.calls
    wanted = "await" in calls[0] or any(call.startswith("await") for call in calls)
    both = {protocol.is_async: protocol for protocol in instance.protocols}
    protocol = both.get(wanted)
    if protocol is None:
        method = "__aenter__" if wanted else "__enter__"
        return Refused(f"`{instance.of}` has no `{method}`.")
    leave, enter = ("__aexit__", "__aenter__") if wanted else ("__exit__", "__enter__")
    if protocol.returns_self is False:
        return Refused(f"`{instance.of}.{enter}` does not return the object.")
    if protocol.may_swallow:
        return Refused(f"`{instance.of}.{leave}` returns something: it may swallow exceptions.")
    if protocol.is_seen and not set(calls) <= protocol.touches:
        return Refused(f"`{instance.of}.{leave}` does not call {_says(calls)}.")
    started = None if resource.start is None else _started(resource.start, name)
    if protocol.starts is not None and started is None:
        return Refused(f"`{instance.of}.{enter}` also calls `{protocol.starts}`.")
    if started is not None and started != protocol.starts:
        return Refused(_starts_unlike(resource, f"`{instance.of}.{enter}`"))
    return Form(is_async=wanted, reasons=tuple(_own_reasons(instance.of, protocol, calls, name)))


def _starts_unlike(resource: Resource, entering: str) -> str:
    """Why a call between creating something and the `try` is in the way."""
    called = f"{resource.name}.{_started(resource.start, resource.name)}" if resource.start is not None else ""
    called = called.replace(f"{resource.name}.await ", f"await {resource.name}.")
    return (
        f"`{called}` stands between creating `{resource.name}` and the `try`, and {entering} can't be shown to do that."
    )


def _own_reasons(of: str, protocol: OwnProtocol, calls: Calls, name: str) -> Iterator[str]:
    leave, enter = ("__aexit__", "__aenter__") if protocol.is_async else ("__exit__", "__enter__")
    if not protocol.is_seen:
        yield f"`{of}.{leave}` has to do what {_says(calls)} does, and `{of}.{enter}` to return the object."
        return
    if protocol.returns_self is None:
        yield f"`{of}.{enter}` could not be shown to return the object and do nothing else."
    if protocol.exits != calls:
        yield f"`{of}.{leave}` could not be shown to do nothing but call {_says(calls)}."


def _pool_form(resource: Resource, code: Analysis) -> Sequence[Form] | Refused:
    """`connection = await pool.acquire()`, given back with `await pool.release(connection)`."""
    pool = resource.closings[0].pool
    assert pool is not None
    same = (
        isinstance(resource.creation.func, ast.Attribute)
        and resource.creation.func.attr == "acquire"
        and ast.unparse(resource.creation.func.value) == ast.unparse(pool)
    )
    if not same or len(resource.closings) > 1:
        return Refused(f"`{resource.name}` does not come from `{ast.unparse(pool)}.acquire()`.")
    if not resource.is_awaited or resource.calls != ("await release()",):
        return Refused("Acquiring and releasing are not both awaited.")
    found = instance_of(code, pool)
    if found is not None and found.of == "asyncpg.Pool":
        reasons = [f"That `{ast.unparse(pool)}` is a pool of asyncpg is only declared."] if found.declared else []
        return [Form(is_async=True, drops_await=True, reasons=tuple(reasons))]
    if found is None and code.ask(imports_asyncpg):
        reason = f"That `{ast.unparse(pool)}` is a pool of asyncpg is only taken from the imports of this file."
        return [Form(is_async=True, drops_await=True, reasons=(reason,))]
    return Refused(f"The type of `{ast.unparse(pool)}` is not known here.")


@about(lambda: ("asyncpg",))
def imports_asyncpg(module: Module) -> bool:
    """Question: whether the module imports asyncpg."""
    return any(
        isinstance(node, (ast.Import, ast.ImportFrom))
        and any(
            name.partition(".")[0] == "asyncpg"
            for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        )
        for statement in module.statements
        if "asyncpg" in statement.text
        for node in statement.nodes
    )


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_with(
    statement: Try, resources: Sequence[Resource], forms: Sequence[Form], draft: Draft
) -> Sequence[cst.BaseStatement]:
    old = draft.node(statement, cst.TryStar if isinstance(statement, ast.TryStar) else cst.Try)
    assert isinstance(old, (cst.Try, cst.TryStar))
    assignments = {draft.node(r.assignment, cst.SimpleStatementLine): r for r in resources}
    nones = {draft.node(r.none, cst.SimpleStatementLine) for r in resources if r.none is not None}
    if resources[0].inside:
        return _rewrite_inside(old, draft, resources, forms, assignments, nones)
    before: list[cst.BaseStatement] = []
    into: list[cst.BaseStatement] = []
    above: list[cst.EmptyLine] = []
    created = False
    starts = [draft.node(r.start, cst.SimpleStatementLine) for r in resources if r.start is not None]
    for each in draft.body:
        if each is old:
            break
        if isinstance(each, cst.SimpleStatementLine) and each in starts:
            above += [*_comment_lines(each.leading_lines), *_own_comment(each.trailing_whitespace)]
            continue
        if isinstance(each, cst.SimpleStatementLine) and each in assignments:
            above += each.leading_lines if not created else _comment_lines(each.leading_lines)
            created = True
        elif created:
            into.append(each)
        else:
            before.append(each)
    above += _comment_lines(old.leading_lines)
    made = _with(old, draft, resources, forms, [*assignments], above)
    if into:
        body = made.body
        if not isinstance(body, cst.IndentedBlock):
            raise DraftError("The block stands on the line of its `try`.")
        made = made.with_changes(body=body.with_changes(body=[*into, *body.body]))
    return [*before, *_declarations(resources, draft, made), *draft.body[draft.body.index(old) + 1 :]]


def _rewrite_inside(
    old: cst.Try | cst.TryStar,
    draft: Draft,
    resources: Sequence[Resource],
    forms: Sequence[Form],
    assignments: Mapping[cst.SimpleStatementLine, Resource],
    nones: set[cst.SimpleStatementLine],
) -> Sequence[cst.BaseStatement]:
    body = old.body
    if not isinstance(body, cst.IndentedBlock):
        raise DraftError("The block stands on the line of its `try`.")
    above: list[cst.EmptyLine] = []
    result: list[cst.BaseStatement] = []
    for each in draft.body:
        if each is old:
            break
        if isinstance(each, cst.SimpleStatementLine) and each in nones:
            kept = [*each.leading_lines] if not result else _comment_lines(each.leading_lines)
            above += [*kept, *_own_comment(each.trailing_whitespace)]
        else:
            result.append(_below(above, each))
            above = []
    above += old.leading_lines if not above else _comment_lines(old.leading_lines)
    above += _own_comment(body.header)
    first = min(index for index, each in enumerate(body.body) if each in assignments)
    last = max(index for index, each in enumerate(body.body) if each in assignments)
    for each in body.body[:first]:
        assert isinstance(each, cst.BaseStatement)
        result.append(_below(above, each))
        above = []
    for made in body.body[first : last + 1]:
        assert isinstance(made, cst.SimpleStatementLine)
        above += made.leading_lines if not above else _comment_lines(made.leading_lines)
    rest = body.with_changes(body=body.body[last + 1 :], header=cst.TrailingWhitespace())
    with_ = _with(old.with_changes(body=rest), draft, resources, forms, [*assignments], above)
    return [*result, *_declarations(resources, draft, with_), *draft.body[draft.body.index(old) + 1 :]]


def _below(lines: Sequence[cst.EmptyLine], statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement with more lines above it."""
    own: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return statement.with_changes(leading_lines=[*lines, *own]) if lines else statement


def _declarations(resources: Sequence[Resource], draft: Draft, made: cst.With) -> Sequence[cst.BaseStatement]:
    """`file: IO[str]` lines for annotated variables, and the `with`: a `with` can't annotate."""
    lines: list[cst.BaseStatement] = []
    for resource in resources:
        if isinstance(resource.assignment, ast.AnnAssign) and resource.none is None:
            old = draft.node(resource.assignment, cst.AnnAssign)
            declared = old.with_changes(value=None, equal=cst.MaybeSentinel.DEFAULT)
            lines.append(cst.SimpleStatementLine([declared]))
    if not lines:
        return [made]
    lines[0] = lines[0].with_changes(leading_lines=made.leading_lines)
    return [*lines, made.with_changes(leading_lines=[])]


def _with(
    old: cst.Try | cst.TryStar,
    draft: Draft,
    resources: Sequence[Resource],
    forms: Sequence[Form],
    lines: Sequence[cst.SimpleStatementLine],
    above: Sequence[cst.EmptyLine],
) -> cst.With:
    items: list[cst.WithItem] = []
    for resource, form in reversed([*zip(resources, forms, strict=True)]):
        later = [item.item for item in items]
        items.insert(0, _item(resource, form, draft, [old.body, *old.handlers, *filter(None, [old.orelse]), *later]))
    above = [*above]
    own = old.body.header if isinstance(old.body, cst.IndentedBlock) else None
    behind = [line.trailing_whitespace for line in lines] + ([] if own is None else [own])
    header = _header([each for each in behind if each.comment is not None], fits=own is not None)
    for each in behind:
        if each is not header:
            above += _own_comment(each)
    above += _closing_comments(old)
    body: cst.BaseSuite
    if old.handlers:
        inner = old.with_changes(finalbody=None, leading_lines=[])
        if header is own and header is not None:
            # The comment behind `try:` stays there.
            header = None
        body = cst.IndentedBlock([inner], header=header or cst.TrailingWhitespace())
    elif isinstance(old.body, cst.IndentedBlock):
        body = old.body.with_changes(header=header or cst.TrailingWhitespace())
    else:
        body = old.body
    body = _with_attribute_given(body, resources, forms)
    is_async = forms[0].is_async
    asynchronous = cst.Asynchronous() if is_async else None
    made = cst.With(items, body, asynchronous=asynchronous, leading_lines=above)
    width = len(draft.code_for(made.with_changes(leading_lines=[], body=cst.SimpleStatementSuite([cst.Pass()]))))
    if len(items) > 1 and width > _WIDE and draft.code.target >= (3, 10):
        return _on_several_lines(made, draft.indent)
    return made


def _header(comments: Sequence[cst.TrailingWhitespace], *, fits: bool) -> cst.TrailingWhitespace | None:
    """Which of the comments behind the lines that become one stays behind it: one for a tool, else the last."""
    for_tools = [each for each in comments if each.comment is not None and FOR_TOOLS.match(each.comment.value)]
    if len(for_tools) > 1 or (for_tools and not fits):
        raise DraftError("Two comments for other tools would end up on one line.")
    return (for_tools or [*comments])[-1] if comments and fits else None


_WIDE: Final = 88


def _on_several_lines(made: cst.With, indent: str) -> cst.With:
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
    end = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(""))
    items = [
        item.with_changes(comma=cst.Comma(whitespace_after=inner if index + 1 < len(made.items) else end))
        for index, item in enumerate(made.items)
    ]
    return made.with_changes(
        items=items,
        lpar=cst.LeftParen(whitespace_after=inner),
        rpar=cst.RightParen(),
        whitespace_after_with=cst.SimpleWhitespace(" "),
    )


def _item(resource: Resource, form: Form, draft: Draft, within: Sequence[cst.CSTNode]) -> cst.WithItem:
    """The part of the `with` for one resource; `within` is what may use its variable, first the body."""
    assignment = resource.assignment
    old_assignment: cst.Assign | cst.AnnAssign
    if isinstance(assignment, ast.AnnAssign):
        old_assignment = draft.node(assignment, cst.AnnAssign)
    else:
        old_assignment = draft.node(assignment, cst.Assign)
    value = old_assignment.value
    if value is None:
        raise DraftError("The creation could not be found again.")
    if form.drops_await:
        if not isinstance(value, cst.Await):
            raise DraftError("The creation could not be found again.")
        value = value.expression
    if form.wrapper is not None:
        function = draft.expression(form.wrapper, assignment, as_module=True)
        value = _wrapped_in(function, value, draft)
    elif not value.lpar and _is_several_lines_bare(value, draft):
        value = value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    used = any(_mentions(part, resource.name) for part in within)
    # In a block that is still to be written, the name is going to be used.
    named = used or re.fullmatch(r"(?:\s|#.*|pass|\.\.\.)*", cst.Module([]).code_for_node(within[0]).strip().strip(":"))
    return cst.WithItem(value, cst.AsName(cst.Name(resource.name)) if named else None)


def _wrapped_in(function: cst.BaseExpression, value: cst.BaseExpression, draft: Draft) -> cst.Call:
    """`closing(value)`; a value of several lines gets lines of its own."""
    if "\n" not in draft.code_for(value):
        return cst.Call(function, [cst.Arg(value)])
    before, after = (
        cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(white)) for white in (draft.indent, "")
    )
    deeper = value.visit(_deeper(draft.indent))
    assert isinstance(deeper, cst.BaseExpression)
    return cst.Call(function, [cst.Arg(deeper, whitespace_after_arg=after)], whitespace_before_args=before)


def _deeper(unit: str) -> cst.CSTTransformer:
    """Indents the lines inside brackets by one more level."""

    class Deeper(cst.CSTTransformer):
        def leave_ParenthesizedWhitespace(
            self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
        ) -> cst.ParenthesizedWhitespace:
            return updated_node.with_changes(
                last_line=cst.SimpleWhitespace(unit + updated_node.last_line.value),
                empty_lines=[
                    line.with_changes(whitespace=cst.SimpleWhitespace(unit + line.whitespace.value))
                    if line.comment is not None
                    else line
                    for line in updated_node.empty_lines
                ],
            )

    return Deeper()


def _is_several_lines_bare(value: cst.BaseExpression, draft: Draft) -> bool:
    return "\\\n" in draft.code_for(value)


def _mentions(part: cst.CSTNode, name: str) -> bool:
    return name in cst.Module([]).code_for_node(part)


def _given(names: Mapping[str, str]) -> cst.CSTTransformer:
    """Writes `directory` where `directory.name` stood."""

    class Given(cst.CSTTransformer):
        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            match original_node:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attr)) if names.get(name) == attr:
                    return updated_node.value.with_changes(
                        lpar=[*updated_node.lpar, *updated_node.value.lpar],
                        rpar=[*updated_node.value.rpar, *updated_node.rpar],
                    )
                case _:
                    return updated_node

        def visit_Attribute_attr(self, node: cst.Attribute) -> None:
            return

    return Given()


def _bare(body: cst.BaseSuite, names: Mapping[str, str]) -> Sequence[str]:
    """The variables that stand somewhere without the attribute they would give."""
    found: list[str] = []

    class Bare(cst.CSTVisitor):
        def visit_Attribute(self, node: cst.Attribute) -> bool:
            match node:
                case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attr)) if names.get(name) == attr:
                    return False
                case _:
                    node.value.visit(self)
                    return False

        def visit_Arg_keyword(self, node: cst.Arg) -> None:
            return

        def visit_Name(self, node: cst.Name) -> None:
            if node.value in names:
                found.append(node.value)

    body.visit(Bare())
    return found


def _with_attribute_given(body: cst.BaseSuite, resources: Sequence[Resource], forms: Sequence[Form]) -> cst.BaseSuite:
    names = {r.name: form.gives for r, form in zip(resources, forms, strict=True) if form.gives is not None}
    if not names:
        return body
    if bare := _bare(body, names):
        name = bare[0]
        raise DraftError(f"`{name}` is used otherwise than as `{name}.{names[name]}`, which is all that `with` gives.")
    changed = body.visit(_given(names))
    assert isinstance(changed, cst.BaseSuite)
    return changed


# -- comments ---------------------------------------------------------------------------------------------------------


def _comment_lines(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return [line for line in lines if line.comment is not None]


def _own_comment(behind: cst.TrailingWhitespace) -> list[cst.EmptyLine]:
    """A comment behind code as a line of its own."""
    return [] if behind.comment is None else [cst.EmptyLine(comment=behind.comment)]


def _closing_comments(old: cst.Try | cst.TryStar) -> list[cst.EmptyLine]:
    """The comments of the `finally`, which goes away, as lines above the `with`."""
    final = old.finalbody
    if final is None:
        return []
    return comment_lines(*final.leading_lines, final.body)
