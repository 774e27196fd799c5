"""Put the `yield` of a context manager into a `try`, and what cleans up after it into the `finally`.

## Why
When the body of the `with` fails, the exception is raised at the `yield`. What stands below is then skipped: the
connection stays open, the lock locked, the variable changed, and that on exactly the path on which nobody looks.

## Example
```python
import contextlib
import os


@contextlib.contextmanager
def working_directory(path):
    before = os.getcwd()
    os.chdir(path)
    yield before
    os.chdir(before)
```
becomes
```python
import contextlib
import os


@contextlib.contextmanager
def working_directory(path):
    before = os.getcwd()
    os.chdir(path)
    try:
        yield before
    finally:
        os.chdir(before)
```

What is meant for success only stays below the `yield`:
```python
import contextlib


@contextlib.asynccontextmanager
async def session(pool):
    connection = await pool.acquire()
    yield connection
    await connection.commit()
    await pool.release(connection)
```
becomes
```python
import contextlib


@contextlib.asynccontextmanager
async def session(pool):
    connection = await pool.acquire()
    try:
        yield connection
        await connection.commit()
    finally:
        await pool.release(connection)
```

## Fix safety
Unsafe, because that is the point: the clean-up now also runs when the body fails, when its task is cancelled, and when
something between the `yield` and the clean-up fails.

Clean-up is what closes, releases or restores something, judged by its name (`close`, `rollback`, `unlock`...), and what
mirrors something above the `yield`: the same function called again with a value that was saved, the same attribute set
again. Logging may stand between.

Refused: something else follows the clean-up, which may be for success only, such as moving a finished file to its
place; the clean-up commits; it uses a value that only the body or a statement below the `yield` gives; it returns,
which would swallow the exception in a `finally`.

Not found: fixtures of pytest, which does not raise in them; a `yield` whose exceptions a handler around it swallows or
cleans up after; several `yield`s on one path, in a loop or in a handler.

An `await` in a `finally` can be interrupted by a second cancellation; where that must not happen, shield it and give it
a time limit.

## References
- [`contextlib.contextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager)
- [FastAPI: dependencies with `yield`](https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.clean_up import CLOSING, is_clean_up
from idiomatic.core.analysis.escapes import is_dependency
from idiomatic.core.analysis.exceptions import catches_every_exception, reraises
from idiomatic.core.analysis.tree import walk_block, walk_own
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 2)
TRIGGERS = ("yield",)
ALSO = ("RUF075",)

Yield: TypeAlias = ast.Yield | ast.YieldFrom

MAKERS: Final = ("contextlib.contextmanager", "contextlib.asynccontextmanager")
WORDS: Final = CLOSING | {
    "discard", "exit", "leave", "pop", "reset", "restore", "revert", "rmtree", "undo", "uninstall", "unlink", "unlock",
    "unregister", "unset", "unsubscribe",
}  # fmt: skip
"""Not `delete` or `invalidate`, which are as often meant for success."""
LOGGERS: Final = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"})


class Teardown(Struct, frozen=True, eq=False):
    """What stands below the `yield`.

    Attributes:
        around: the statement with the `yield`, next to the others.
        success: the statements that run only if the body succeeds, and are to stay so.
        clean_up: those that are to run in any case.
    """

    around: ast.stmt
    success: Sequence[ast.stmt]
    clean_up: Sequence[ast.stmt]


def detect(function: ast.FunctionDef | ast.AsyncFunctionDef, code: Analysis) -> Iterator[Finding]:
    yields = [node for node in walk_block(function.body) if isinstance(node, Yield)]
    if not yields or not _is_manager(function, code):
        return
    statements = [code.statement_of(each) for each in yields]
    found = _teardown(function, statements, code)
    if found is None:
        return
    first = next(each for each in found.clean_up if _does_clean_up(each, function, found.around))
    message = f"An exception in the body of the `with` skips `{_head(first, code)}` after the `yield`"
    if (reason := next(_refusals(found, function, code), None)) is not None:
        fix = Fix("Protect the `yield` with `try` and `finally`", Refused(reason), code.lines(found.around))
    else:
        last = found.clean_up[-1]
        verdict = Unsafe(("The clean-up also runs when the body of the `with` fails or is cancelled.",))
        fix = Fix(
            "Protect the `yield` with `try` and `finally` (cleans up after failures too)",
            verdict,
            (code.lines(found.around)[0], code.lines(last)[1]),
            partial(to_try, len(found.success)),
        )
    yield Finding(statements[0], message, (fix,))


def _is_manager(function: Function, code: Analysis) -> bool:
    """Whether a generator is a context manager, or a dependency of FastAPI, which makes one of it."""
    if any(code.is_name(each, *MAKERS) for each in function.decorator_list):
        return True
    return not function.decorator_list and code.parent(function) is None and code.ask(is_dependency, function.name)


# -- what stands below ------------------------------------------------------------------------------------------------


def _teardown(function: Function, yields: Sequence[ast.stmt], code: Analysis) -> Teardown | None:
    """The clean-up nearest to the `yield` that an exception skips."""
    current = yields[0]
    if not all(isinstance(each, ast.Expr | ast.Assign | ast.AnnAssign) for each in yields):
        return None
    for around in (around for each in yields for around in code.ancestors(each)):
        if around is function:
            break
        if isinstance(around, ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler):
            return None
    others = yields[1:]
    while True:
        block = code.siblings(current)
        below = block[block.index(current) + 1 :]
        inside = {node for node in ast.walk(current) if isinstance(node, ast.stmt)}
        outside = [each for each in others if each not in inside]
        if not outside and any(_does_clean_up(each, function, current) for each in below):
            return _divided(current, below, function)
        parent = code.parent(current)
        match parent:
            case ast.Try(handlers=handlers, finalbody=last) | ast.TryStar(handlers=handlers, finalbody=last):
                if current not in parent.body or any(_settles(handler, code) for handler in handlers):
                    return None
                if any(_does_clean_up(each, function, parent) for each in last) and code.parent(parent) is function:
                    # Whatever stands below it is no clean-up that somebody has forgotten.
                    return None
            case ast.With(items=items) | ast.AsyncWith(items=items):
                if any(_swallows(item, code) for item in items):
                    return None
            # Two branches, each with a `yield`.
            case ast.If(body=yes, orelse=no):
                here = yes if current in yes else no
                if any(each in here for each in others):
                    return None
            case _:
                return None
        assert isinstance(parent, ast.stmt)
        current = parent


def _settles(handler: ast.ExceptHandler, code: Analysis) -> bool:
    """Whether a handler cleans up itself, or keeps every exception from getting further."""
    if any(isinstance(node, ast.Call) and is_clean_up(node.func, WORDS) for node in walk_block(handler.body)):
        return True
    return catches_every_exception(code, handler) and not reraises(handler)


def _swallows(item: ast.withitem, code: Analysis) -> bool:
    match item.context_expr:
        case ast.Call(func=function):
            return code.is_name(function, "contextlib.suppress")
        case _:
            return False


def _does_clean_up(statement: ast.stmt, function: Function, around: ast.stmt) -> bool:
    """Whether a statement below the `yield` undoes something."""
    match statement:
        # if failed: connection.close(); raise failed
        case ast.If() if any(isinstance(node, ast.Raise | ast.Return) for node in walk_own(statement)):
            return False
        case ast.If(body=body, orelse=orelse):
            return any(_does_clean_up(each, function, around) for each in [*body, *orelse])
        case ast.For(body=body) | ast.AsyncFor(body=body) | ast.With(body=body) | ast.AsyncWith(body=body):
            return any(_does_clean_up(each, function, around) for each in body)
        case ast.Try(body=body, finalbody=last):
            return any(_does_clean_up(each, function, around) for each in [*body, *last])
        case ast.Expr(value=ast.Call() as call) | ast.Expr(value=ast.Await(value=ast.Call() as call)):
            return is_clean_up(call.func, WORDS) or _mirrors_call(call, function, around)
        # sys.stdout = before
        case ast.Assign(targets=[target]) | ast.AugAssign(target=target):
            return _mirrors_assignment(target, statement, function, around)
        case _:
            return False


def _above(function: Function, around: ast.stmt) -> Iterator[ast.AST]:
    """What runs before the `yield`."""
    inside = set(ast.walk(around))
    for node in walk_block(function.body):
        if node is around:
            return
        if node not in inside:
            yield node


def _mirrors_call(call: ast.Call, function: Function, around: ast.stmt) -> bool:
    """Whether the same function was called above, and now gets a value that was saved there: `os.chdir(before)`."""
    called = ast.unparse(call.func)
    above = list(_above(function, around))
    saved = {
        target.id
        for node in above
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if not any(isinstance(arg, ast.Name) and arg.id in saved for arg in call.args):
        return False
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func) == called and ast.dump(node) != ast.dump(call)
        for node in above
    ) and not called.startswith(("print", "logg", "LOG"))


def _mirrors_assignment(target: ast.expr, statement: ast.stmt, function: Function, around: ast.stmt) -> bool:
    """Whether something outside of the function was set above as well."""
    declared = {
        name for node in ast.walk(function) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names
    }
    if not isinstance(target, ast.Attribute | ast.Subscript) and not (
        isinstance(target, ast.Name) and target.id in declared
    ):
        return False
    written = ast.unparse(target)
    return any(
        isinstance(node, type(statement))
        and any(ast.unparse(each) == written for each in _targets(node))
        and ast.unparse(node) != ast.unparse(statement)
        for node in _above(function, around)
    )


def _targets(statement: ast.AST) -> Sequence[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AugAssign(target=target):
            return [target]
        case _:
            return []


def _divided(around: ast.stmt, below: Sequence[ast.stmt], function: Function) -> Teardown:
    start = next(index for index, each in enumerate(below) if _does_clean_up(each, function, around))
    return Teardown(around, below[:start], below[start:])


# -- whether it may be done -------------------------------------------------------------------------------------------


def _refusals(found: Teardown, function: Function, code: Analysis) -> Iterator[str]:
    moved = [found.around, *found.success, *found.clean_up]
    if not all(map(code.has_own_lines, moved)):
        yield "It shares a line with another statement."
    for each in found.clean_up:
        if isinstance(each, ast.Return):
            yield "A `return` in a `finally` would swallow the exception."
        if not _does_clean_up(each, function, found.around) and not _is_neutral(each):
            yield f"`{_head(each, code)}` follows the clean-up and may be meant for success only."
        for node in (each, *walk_own(each)):
            match node:
                case ast.Call(func=ast.Attribute(attr=attr) | ast.Name(id=attr)) if attr.strip("_").startswith(
                    "commit"
                ):
                    yield f"`{_head(node, code)}` must not run when the body has failed."
                case _:
                    pass
    bound = {
        node.id
        for each in [found.around, *found.success]
        for node in (each, *walk_own(each))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    above = {
        node.id
        for node in _above(function, found.around)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in walk_block(found.clean_up):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in bound - above:
            yield f"`{node.id}` has no value when the body has failed."


def _is_neutral(statement: ast.stmt) -> bool:
    """Whether it only reports something."""
    match statement:
        case ast.Pass():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name)))):
            return name in LOGGERS
        case _:
            return False


def _head(node: ast.AST, code: Analysis) -> str:
    lines = code.source(node).splitlines()
    return lines[0].strip() + (" ..." if len(lines) > 1 else "")


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_try(success: int, draft: Draft) -> Sequence[cst.BaseStatement]:
    around, *below = draft.body
    lines: Sequence[cst.EmptyLine] = getattr(around, "leading_lines", ())
    protected = [around.with_changes(leading_lines=[]), *below[:success]]
    clean_up = [*below[success:]]
    own: Sequence[cst.EmptyLine] = getattr(clean_up[0], "leading_lines", ())
    clean_up[0] = clean_up[0].with_changes(leading_lines=[line for line in own if line.comment is not None])
    last = cst.Finally(cst.IndentedBlock(clean_up))
    if isinstance(around, cst.Try | cst.TryStar) and around.finalbody is None and not success:
        return [around.with_changes(finalbody=last)]
    return [cst.Try(cst.IndentedBlock(protected), finalbody=last, leading_lines=lines)]
