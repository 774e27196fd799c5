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
from functools import partial
from typing import TYPE_CHECKING

from idiomatic.core.analysis.closed_resources import (
    CLOSING,
    binds,
    closed_resources,
    closing_of,
    is_unpacked,
    statements_before,
)
from idiomatic.core.analysis.escapes import escapes, is_used_elsewhere
from idiomatic.core.analysis.flow import can_raise, is_read_after
from idiomatic.core.analysis.tool_comments import first_tool_comment
from idiomatic.core.analysis.with_forms import forms_of
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.writing.with_block import to_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.closed_resources import Closing, Resource, Try
    from idiomatic.core.analysis.with_forms import Form

KIND = Kind.IDIOM
SINCE = (3, 2)
TRIGGERS = ("finally",)
ALSO = ()


def detect(statement: ast.Try | ast.TryStar, code: Analysis) -> Iterator[Finding]:
    closings = [closing for each in statement.finalbody if (closing := closing_of(each)) is not None]
    if not closings:
        return
    stored = next((closing.target for closing in closings if isinstance(closing.target, ast.Attribute)), None)
    if stored is not None:
        yield from _stored(statement, stored, code)
        return
    if any(
        isinstance(closing.target, ast.Name) and is_unpacked(closing.target.id, statement, code) for closing in closings
    ):
        yield from _unpacked(statement, closings, code)
        return
    resources = closed_resources(statement, closings, code)
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


def _stored(statement: Try, target: ast.Attribute, code: Analysis) -> Iterator[Finding]:
    """`self.connection = connect()`, closed in the `finally` of the same function."""
    wanted = ast.unparse(target)
    for each in statements_before(statement, code):
        match each:
            case ast.Assign(targets=[ast.Attribute() as stored], value=ast.Call() | ast.Await()) if (
                ast.unparse(stored) == wanted
            ):
                reason = f"`{wanted}` is an attribute: it lives on after the block."
                yield _refusal(each, f"`{wanted}`", reason, statement, code)
                return
            case _:
                pass


def _unpacked(statement: Try, closings: Sequence[Closing], code: Analysis) -> Iterator[Finding]:
    for closing in closings:
        if isinstance(closing.target, ast.Name) and is_unpacked(closing.target.id, statement, code):
            name = closing.target.id
            binder = next(each for each in statements_before(statement, code) if binds(each, name))
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
        found = forms_of(resource, statement, code)
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
    for between in statements_before(statement, code):
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
        if resource.none is None and any(binds(each, resource.name) for each in statements_before(statement, code)):
            yield f"`{resource.name}` has another value before the `try`: it is closed if creating the new one fails."
        between = list(statements_before(statement, code))
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
