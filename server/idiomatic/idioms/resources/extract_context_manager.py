"""Put what opens and what closes around a block into a context manager of its own.

## Why
Setup, `try`, `finally` and clean-up are one thought in four places, and whoever needs it a second time copies all of
them. As a context manager it has a name, can be used again, and can't be half forgotten.

## Example
```python
import os


def build(directory: str, target: str) -> None:
    before = os.getcwd()
    os.chdir(directory)
    try:
        run("make", target)
    finally:
        os.chdir(before)
```
becomes
```python
import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def managed_chdir(directory: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def build(directory: str, target: str) -> None:
    with managed_chdir(directory):
        run("make", target)
```

What the `finally` needs, and the statements below it, are the setup. Handlers that clean up and raise again go along,
and then run for every exception; so does a `commit()` at the end of the block, unless the block can be left before it:
```python
import contextlib


async def transfer(url: str, amount: int) -> None:
    session = Session(url)
    try:
        await session.add(amount)
        await session.commit()
    except Exception:
        await session.rollback()
        raise
    finally:
        await session.close()


class Session: ...
```
becomes
```python
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def managed_session(url: str) -> AsyncIterator["Session"]:
    session = Session(url)
    try:
        yield session
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()


async def transfer(url: str, amount: int) -> None:
    async with managed_session(url) as session:
        await session.add(amount)


class Session: ...
```

## Fix safety
Unsafe: setup and clean-up run in a function of their own, which tracebacks and everything that looks at the caller's
frame will see. Where a handler for `Exception` goes along, it also runs when the task is cancelled; a second action
leaves it as it is.

Refused: the clean-up needs a variable that the block gives a value; a variable that the clean-up sets is used
afterwards; setup or clean-up leave the function, yield, define functions or are about `nonlocal` variables; more than
three variables would have to be handed out, or more than six passed in.

Not offered: at the top of a module, whose variables live on; in a function that is a context manager already; where
one thing is opened and closed, or a lock is taken and released, which a `with` does without a function.

## References
- [`contextlib.contextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager),
  [`contextlib.asynccontextmanager`](https://docs.python.org/3/library/contextlib.html#contextlib.asynccontextmanager)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.clean_up import is_clean_up
from idiomatic.core.analysis.exceptions import reraises
from idiomatic.core.analysis.flow import is_read_after
from idiomatic.core.analysis.instances import instance_of
from idiomatic.core.analysis.known_types import is_bound, type_of_value
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block, walk_own
from idiomatic.core.facts import ClassFact, FunctionFact, parameters
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.imports import spelling
from idiomatic.core.module import bindings, definition
from idiomatic.core.text import Span
from idiomatic.core.writing.signatures import are_annotations_lazy, generic, on_one_line, signature

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.scopes import Scope
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft

KIND = Kind.REFACTOR
SINCE = (3, 7)
TRIGGERS = ("finally",)
ALSO = ()

MANAGERS: Final = ("contextlib.contextmanager", "contextlib.asynccontextmanager")
FRAME: Final = (
    "Setup and clean-up run in a function of their own, which tracebacks and whatever looks at the caller's frame see."
)
LOGGERS: Final = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"})
_FARTHEST: Final = 6
"""How many statements above the `try` may belong to the setup."""
_MOST: Final = 3
"""How many variables may be handed out."""
_MANY: Final = 6
"""How many may be passed in."""
_WIDE: Final = 88


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
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


def detect(statement: ast.Try, code: Analysis) -> Iterator[Finding]:
    function = code.function_around(statement)
    if not statement.finalbody or not isinstance(function, FUNCTIONS) or _is_manager(function, code):
        return
    setup = _setup(statement, code)
    if not setup:
        return
    parts = _parts(statement, function, setup, code)
    if not parts.moves_handlers and _is_simple(statement, setup):
        return
    place = Span(code.span(setup[0]).start, code.span(statement).start + len("try"))
    message = "Setup and clean-up around this block can be a context manager of their own"
    title = "Extract a context manager from setup and `finally`"
    outer = _outer(parts, code)
    if (reason := next(_refusals(parts, code), None)) is not None:
        yield Finding(place, message, (Fix(title, Refused(reason), code.lines(statement)),))
        return
    title += " (in a function of its own)"
    fixes = [Fix(title, Unsafe((FRAME,)), code.lines(outer), partial(to_manager, parts, None))]
    widened = statement.handlers[-1] if parts.moves_handlers else None
    if widened is not None and code.is_name(widened.type, "builtins.Exception"):
        reasons = (
            FRAME,
            "The handler for `Exception` also runs when the task is cancelled or the program interrupted.",
        )
        wider = title.replace(" (in", ", for every exception (in")
        fixes.insert(0, Fix(wider, Unsafe(reasons), code.lines(outer), partial(to_manager, parts, widened)))
    yield Finding(place, message, tuple(fixes))


def _is_manager(function: Function, code: Analysis) -> bool:
    return any(code.is_name(each, *MANAGERS) for each in function.decorator_list)


# -- what belongs to it -----------------------------------------------------------------------------------------------


def _setup(statement: ast.Try, code: Analysis) -> Sequence[ast.stmt]:
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


def _is_simple(statement: ast.Try, setup: Sequence[ast.stmt]) -> bool:
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


def _parts(statement: ast.Try, function: Function, setup: Sequence[ast.stmt], code: Analysis) -> Parts:
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
    given = [name for name in _stored_in(setup) if _is_given(name, draft, code)]
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
        isinstance(node, ast.Return | ast.Break | ast.Continue) and not _stays_inside(node, each, code)
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


def _stored_in(statements: Sequence[ast.AST]) -> Sequence[str]:
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
    scopes = list(_around(code.scope(parts.statement)))
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


def _around(scope: Scope) -> Iterator[Scope]:
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


def _outer(parts: Parts, code: Analysis) -> ast.stmt:
    """The statement beside which the function is put."""
    if parts.method is not None:
        return parts.method
    chain = [each for each in (parts.statement, *code.ancestors(parts.statement)) if isinstance(each, ast.stmt)]
    return chain[-1]


# -- whether it may be done -------------------------------------------------------------------------------------------


def _refusals(parts: Parts, code: Analysis) -> Iterator[str]:
    statement = parts.statement
    if not all(map(code.has_own_lines, [*parts.setup, statement])):
        yield "It shares a line with another statement."
    for each in parts.moved:
        for node in (each, *walk_own(each)):
            match node:
                case ast.Return() | ast.Break() | ast.Continue() if not _stays_inside(node, each, code):
                    yield "Setup or clean-up leave the function or a loop."
                case ast.Yield() | ast.YieldFrom():
                    yield "Setup or clean-up yield something."
                case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    yield "Setup or clean-up define a function, which would see other variables."
                case ast.Import() | ast.ImportFrom() | ast.Delete():
                    yield "Setup or clean-up import or delete something."
                case ast.Call(func=ast.Name(id="locals" | "vars" | "eval" | "exec" | "super" as called)):
                    yield f"`{called}()` depends on the function it is called in."
                case ast.Attribute(attr=attr) if parts.method is None and attr.startswith("__") and attr[-2:] != "__":
                    yield f"`{attr}` has another name outside of its class."
                case _:
                    pass
    scope = code.scope(statement)
    for name in _stored_in(parts.moved):
        if scope.lookup(name) is not scope and not _is_in_comprehension(name, parts, code):
            yield f"`{name}` belongs to another function or to the module."
    yield from _variable_refusals(parts, code)
    if len(parts.given) > _MOST:
        yield f"{len(parts.given)} variables would have to be handed out."
    if len(parts.taken) > _MANY:
        yield f"{len(parts.taken)} variables would have to be passed in."


def _stays_inside(node: ast.stmt, within: ast.AST, code: Analysis) -> bool:
    """Whether a `break` or `continue` is about a loop inside the code."""
    if isinstance(node, ast.Return):
        return False
    loop = code.enclosing(node, ast.For, ast.AsyncFor, ast.While)
    return loop is not None and loop in set(ast.walk(within))


def _is_in_comprehension(name: str, parts: Parts, code: Analysis) -> bool:
    scope = code.scope(parts.statement)
    return not any(
        isinstance(node, ast.Name) and node.id == name and code.scope(node) is scope
        for each in parts.moved
        for node in ast.walk(each)
    )


def _variable_refusals(parts: Parts, code: Analysis) -> Iterator[str]:
    scope = code.scope(parts.statement)
    later = [each for each in parts.moved if each not in parts.setup]
    read_later = {
        n.id for each in later for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }
    stay = {id(node) for each in parts.stays for node in ast.walk(each)}
    for binding in (each for name in read_later for each in scope.bindings.get(name, ())):
        if id(binding.node) in stay:
            yield f"`{binding.name}` gets its value in the block, and the clean-up needs it."
    for binding in (each for name in read_later for each in scope.bindings.get(name, ())):
        if code.function_around(binding.node) is not parts.function and not isinstance(binding.node, ast.arg):
            yield f"A nested function changes `{binding.name}`, and the clean-up needs it."
    for name in _stored_in(later):
        if is_read_after(code, parts.statement, name):
            yield f"`{name}` is set by the clean-up and used after it."
    for name in parts.taken:
        # A value from the last round of a loop, or none at all.
        bindings = [b for owner in _around(scope) for b in owner.bindings.get(name, ())]
        if bindings and all(any(b.node in set(ast.walk(each)) for each in later) for b in bindings):
            yield f"`{name}` has no value before the block."


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_manager(parts: Parts, widened: ast.ExceptHandler | None, draft: Draft) -> Sequence[cst.BaseStatement]:
    code, statement = draft.code, parts.statement
    outer = _outer(parts, code)
    old = draft.node(statement, cst.Try)
    setup = [draft.node(each, cst.SimpleStatementLine) for each in parts.setup]
    commit = draft.node(parts.commit, cst.SimpleStatementLine) if parts.commit is not None else None
    name = draft.fresh(f"{'_' if parts.method is not None else ''}managed_{_word(parts, code)}")

    called = f"{_receiver(parts)}.{name}" if parts.method is not None else name
    given = f" as ({', '.join(parts.given)})" if parts.given else ""
    call = f"{called}({', '.join(parts.taken)})"
    if len(f" {' ' * 7}async with {call}{given}:") > _WIDE and parts.taken:
        call = f"{called}(\n{draft.indent}{', '.join(parts.taken)}\n)"
    item = cst.WithItem(cst.parse_expression(call), _as(parts.given))
    block = old.body
    if commit is not None:
        block = _without(block, commit)
    if not parts.moves_handlers and old.handlers:
        inner = old.with_changes(finalbody=None, leading_lines=[])
        block = cst.IndentedBlock([inner])
    above = [line for line in setup[0].leading_lines if line.comment is None]
    above += [line for line in old.leading_lines if line.comment is not None]
    made = cst.With([item], block, asynchronous=cst.Asynchronous() if parts.is_async else None, leading_lines=above)

    manager = _manager(parts, old, setup, commit, name, outer, widened, draft)
    new: dict[cst.CSTNode, cst.CSTNode] = {setup[0]: made, old: cst.RemoveFromParent()}  # type: ignore[dict-item]
    new |= {each: cst.RemoveFromParent() for each in setup[1:]}  # type: ignore[misc]
    changed = draft.replaced(new)
    lines = [cst.EmptyLine(indent=False)] * (1 if parts.method is not None else 2)
    if _goes_below(outer, code):
        return [*changed, manager.with_changes(leading_lines=lines)]
    first, *rest = changed
    return [manager, first.with_changes(leading_lines=[*lines, *getattr(first, "leading_lines", ())]), *rest]


def _as(names: Sequence[str]) -> cst.AsName | None:
    match names:
        case []:
            return None
        case [name]:
            return cst.AsName(cst.Name(name))
        case _:
            return cst.AsName(cst.Tuple([cst.Element(cst.Name(name)) for name in names]))


def _goes_below(outer: ast.stmt, code: Analysis) -> bool:
    """Whether nothing can be put above: a comment there belongs to the statement, or it is one of several overloads."""
    if isinstance(outer, FUNCTIONS):
        others = code.siblings(outer) if code.parent(outer) is not None else ()
        if any(isinstance(each, FUNCTIONS) and each.name == outer.name and each is not outer for each in others):
            return True
        if code.parent(outer) is None and len(code.ask(bindings, outer.name)) > 1:
            return True
    return _has_comment_above(outer, code)


def _has_comment_above(outer: ast.stmt, code: Analysis) -> bool:
    """Whether the line above belongs to the statement, so that nothing can be put between."""
    lines = code.statement.lines
    decorators = getattr(outer, "decorator_list", None) or [outer]
    first, _ = lines.position(code.span(decorators[0]).start)
    return first > 0 and lines.line(first - 1).lstrip().startswith("#")


def _without(block: cst.BaseSuite, gone: cst.SimpleStatementLine) -> cst.BaseSuite:
    if not isinstance(block, cst.IndentedBlock):
        return block
    kept = [each for each in block.body if each is not gone]
    return block.with_changes(body=kept or [cst.SimpleStatementLine([cst.Pass()])])


def _manager(
    parts: Parts,
    old: cst.Try,
    setup: Sequence[cst.SimpleStatementLine],
    commit: cst.SimpleStatementLine | None,
    name: str,
    outer: ast.stmt,
    widened: ast.ExceptHandler | None,
    draft: Draft,
) -> cst.FunctionDef:
    kind = "asynccontextmanager" if parts.is_async else "contextmanager"
    decorator = draft.reference(f"contextlib.{kind}", outer, as_module=True)
    given = ", ".join(parts.given)
    head = signature(
        f"{'async ' if parts.is_async else ''}def {name}",
        _parameters(parts, draft.code),
        _returns(parts, outer, draft),
        draft.indent,
    )
    skeleton = cst.parse_statement(f"@{decorator}\n{head}\n    yield{f' {given}' if given else ''}\n")
    function = cst.ensure_type(skeleton, cst.FunctionDef)
    inside = cst.ensure_type(function.body, cst.IndentedBlock)
    protected = cst.Try(
        body=cst.IndentedBlock([*inside.body, *([commit] if commit is not None else [])]),
        handlers=[
            handler.with_changes(type=cst.Name("BaseException")) if found is widened else handler
            for handler, found in zip(old.handlers, parts.statement.handlers, strict=True)
        ]
        if parts.moves_handlers
        else [],
        orelse=old.orelse if parts.moves_handlers else None,
        finalbody=_without_blank_lines(old.finalbody),
    )
    first = setup[0].with_changes(leading_lines=[line for line in setup[0].leading_lines if line.comment is not None])
    return function.with_changes(body=inside.with_changes(body=[first, *setup[1:], protected]))


def _without_blank_lines(last: cst.Finally | None) -> cst.Finally | None:
    return last and last.with_changes(leading_lines=[line for line in last.leading_lines if line.comment is not None])


def _word(parts: Parts, code: Analysis) -> str:
    """What the context manager is about: what it hands out, or else what it changes."""
    if parts.given:
        return parts.given[0].strip("_") or "block"
    for each in reversed(parts.setup):
        match each:
            case (
                ast.Assign(targets=[ast.Attribute(attr=name)])
                | ast.AugAssign(target=ast.Attribute(attr=name))
                | ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name))])
            ):
                return name.strip("_") or "block"
            case ast.Expr(value=ast.Call(func=function)) | ast.Expr(value=ast.Await(value=ast.Call(func=function))):
                match function:
                    case ast.Attribute(value=receiver, attr=attr) if code.qualified_name(function) is None:
                        name = receiver.id if isinstance(receiver, ast.Name) else getattr(receiver, "attr", attr)
                        return name.strip("_") or "block"
                    case ast.Attribute(attr=name) | ast.Name(id=name):
                        return name.strip("_") or "block"
                    case _:
                        pass
            case _:
                pass
    return (_stored_in(parts.setup) or ["block"])[0].strip("_")


def _receiver(parts: Parts) -> str:
    assert parts.method is not None
    arguments = parts.method.args
    return [*arguments.posonlyargs, *arguments.args][0].arg


# -- types ------------------------------------------------------------------------------------------------------------


def _parameters(parts: Parts, code: Analysis) -> Iterator[str]:
    if parts.method is not None:
        yield _receiver(parts)
    for name in parts.taken:
        annotation = _annotation(name, parts, code)
        yield f"{name}: {annotation}" if annotation else name


def _annotation(name: str, parts: Parts, code: Analysis) -> str:
    """The type of a variable from outside, where it is declared or a literal."""
    owner = code.scope(parts.statement).lookup(name)
    bindings = owner.bindings.get(name, []) if owner is not None else []
    if len(bindings) != 1:
        return ""
    match bindings[0].node:
        case ast.arg(annotation=ast.expr() as annotation) as argument:
            arguments = code.parent(argument)
            if isinstance(arguments, ast.arguments) and argument not in (arguments.vararg, arguments.kwarg):
                return _if_visible(annotation, code)
            return ""
        case ast.Name() as target:
            match code.parent(target):
                case ast.AnnAssign(annotation=annotation):
                    return _if_visible(annotation, code)
                case ast.Assign(targets=[ast.Name()], value=value) if _is_typed(parts.function):
                    return _type_of(value, code)
                case _:
                    return ""
        case _:
            return ""


def _is_typed(function: Function) -> bool:
    return function.returns is not None or any(each.annotation is not None for each in parameters(function.args))


def _if_visible(annotation: ast.expr, code: Analysis) -> str:
    """An annotation, if what it names is seen from everywhere in the module; in quotes if that comes too late."""
    names = [node for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    module = code.scope(annotation).module
    if any(code.scope(name).lookup(name.id) is not module for name in names):
        return ""
    text = on_one_line(annotation, code)
    return text if are_annotations_lazy(code) or all(is_bound(name, code) for name in names) else _quoted(text)


def _quoted(text: str) -> str:
    return "" if {'"', "'", "\\"} & set(text) else f'"{text}"'


def _returns(parts: Parts, outer: ast.stmt, draft: Draft) -> str:
    """The annotation of the result; empty if it is not known."""
    code = draft.code
    types = [_given_type(name, parts, code) for name in parts.given]
    if not all(types):
        return ""
    inner = "None" if not types else types[0] if len(types) == 1 else ""
    if not inner:
        if code.target < (3, 9):
            return ""
        inner = f"tuple[{', '.join(types)}]"
    return f"{generic('AsyncIterator' if parts.is_async else 'Iterator', outer, draft)}[{inner}]"


def _given_type(name: str, parts: Parts, code: Analysis) -> str:
    """The type of a variable that the setup gives a value."""
    found = ""
    for each in parts.setup:
        match each:
            case ast.AnnAssign(target=ast.Name(id=target), annotation=annotation) if target == name:
                return _if_visible(annotation, code)
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                found = _type_of(value, code)
            case _:
                pass
    return found


_BUILTIN: Final = frozenset({"bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"})
_KNOWN: Final = {"sqlite3.connect": "sqlite3.Connection", "time.monotonic": "float", "time.time": "float"}
_KNOWN_TOO: Final = {"time.perf_counter": "float", "os.getcwd": "str"}


def _type_of(value: ast.expr, code: Analysis) -> str:
    """The type of what an expression gives, as it is written in this module."""
    call = value.value if isinstance(value, ast.Await) else value
    if isinstance(call, ast.Call):
        known = (_KNOWN | _KNOWN_TOO).get(code.qualified_name(call.func) or "")
        if known is not None:
            return known if "." not in known else spelling(code, known, value) or ""
        fact = code.definition(call.func)
        match fact, call.func:
            case ClassFact(), ast.Name(id=name) if not isinstance(value, ast.Await):
                if code.local_bindings(call.func) is not None:
                    return ""
                return name if are_annotations_lazy(code) or is_bound(call.func, code) else _quoted(name)
            case FunctionFact(is_async=is_async, returns=str(returns), is_generator=False), ast.Name(id=name):
                is_here = code.local_bindings(call.func) is None and code.ask(definition, name) is not None
                if not is_here or is_async != isinstance(value, ast.Await):
                    return ""
                plain = returns.strip("'") if returns.count("'") == 2 else returns
                return plain if are_annotations_lazy(code) or plain in _BUILTIN else _quoted(plain)
            case _:
                pass
        found = instance_of(code, value)
        if found is not None and not found.is_own and not found.of.startswith(("io.", "os.", "tempfile.", "codecs.")):
            return spelling(code, found.of, value) or ""
    if isinstance(value, ast.Await):
        return ""
    return {"list": "", "dict": "", "set": "", "tuple": ""}.get(known := type_of_value(value, code), known)
