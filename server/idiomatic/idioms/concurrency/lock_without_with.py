"""Hold a lock with a `with` block instead of `acquire()`, `try` and `finally`.

## Why
`with lock:` says in one line what `acquire`, `try`, `finally` and `release` say in four, and nothing can come between
them: no statement that fails with the lock held, no `release` that somebody forgets when the block grows. `async with`
does the same for the locks of `asyncio`.

## Example
```python
import threading

lock = threading.Lock()
total = 0


def add(amount):
    global total
    lock.acquire()
    try:
        total += amount
    finally:
        lock.release()
```
becomes
```python
import threading

lock = threading.Lock()
total = 0


def add(amount):
    global total
    with lock:
        total += amount
```

```python
import asyncio


class Account:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def withdraw(self, amount):
        await self.lock.acquire()
        try:
            return await self.book(-amount)
        except OSError:
            return None
        finally:
            self.lock.release()
```
becomes
```python
import asyncio


class Account:
    def __init__(self):
        self.lock = asyncio.Lock()

    async def withdraw(self, amount):
        async with self.lock:
            try:
                return await self.book(-amount)
            except OSError:
                return None
```

## Fix safety
Safe for the locks, semaphores and conditions of `threading`, `multiprocessing`, `asyncio` and `anyio`: the block
acquires them and releases them, and does nothing else. What can't fail between `acquire()` and `try` moves into the
block, `except` and `else` clauses stay in a `try` inside it, where they still run with the lock held.

Unsafe, with the reason:

- the type is only declared by an annotation, or only the name says that it is a lock;
- `acquire()` stands inside the `try`: when it fails or is cancelled, a lock that is not held is released today;
- the `finally` does something else before it releases the lock: when that fails, the lock stays locked today;
- the lock is an element (`locks[key]`), which is now looked up once.

Refused: `acquire` with a timeout, without blocking, or with a result that is asked for, because `with` waits until it
has the lock; something between `acquire()` and `try` that may fail; a `release()` under a condition, with an
argument, or not at the end of the `finally`; a lock that is bound anew inside.

## References
- [Using locks in the `with` statement](https://docs.python.org/3/library/threading.html#with-locks)
- [`asyncio.Lock`](https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock)
"""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.flow import can_raise
from idiomatic.core.analysis.instances import instance_of
from idiomatic.core.analysis.resources import LOCKS
from idiomatic.core.analysis.tool_comments import FOR_TOOLS
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.lazy import regex
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.IDIOM
SINCE = (3, 2)
TRIGGERS = ("release",)
ALSO = ()

MESSAGE: Final = "`{}` is acquired and released by hand, which a `with` block does by itself"
_LIKE_A_LOCK: Final = regex(r"(?i)(?:^|_)[rw]?(?:lock|mutex|semaphore|sem)$")


class Held(Struct, frozen=True, eq=False):
    """A lock that is held in a `try`.

    Attributes:
        lock: what is released.
        acquire: the statement that acquires it.
        inside: whether that is the first one of the `try`.
        between: what stands between it and the `try`.
        is_async: whether it is awaited.
    """

    lock: ast.expr
    acquire: ast.Expr
    inside: bool
    between: tuple[ast.stmt, ...]
    is_async: bool


def detect(statement: ast.Try | ast.TryStar, code: Analysis) -> Iterator[Finding]:
    lock = _released(statement.finalbody)
    if lock is None:
        return
    if (asked := _asked(statement, lock, code)) is not None:
        if _is_known(lock, code) is not None:
            reason = "Whether the lock could be acquired is asked for; `with` waits until it has it."
            yield _refusal(asked, lock, reason, code)
        return
    held = _held(statement, lock, code)
    if held is None or (certainty := _is_known(lock, code, is_async=held.is_async)) is None:
        return
    if (fault := _fault(statement, held, code)) is not None:
        yield _refusal(held.acquire, lock, fault, code)
        return
    word = "async with" if held.is_async else "with"
    first, last = held.acquire if not held.inside else statement, statement
    verdict = safe_unless([*certainty, *_reasons(statement, held)])
    fix = Fix(f"Use `{word} {ast.unparse(lock)}`", verdict, (first, last), partial(to_with, statement, held))
    yield Finding(held.acquire, MESSAGE.format(ast.unparse(lock)), (fix,))


def _refusal(place: ast.AST, lock: ast.expr, reason: str, code: Analysis) -> Finding:
    fix = Fix(f"Use `with {ast.unparse(lock)}`", Refused(reason), code.lines(place))
    return Finding(place, MESSAGE.format(ast.unparse(lock)), (fix,))


# -- what is acquired and released ------------------------------------------------------------------------------------


def _released(block: Sequence[ast.stmt]) -> ast.expr | None:
    """The lock that a `finally` releases, anywhere."""
    for node in walk_block(block):
        match node:
            case ast.Call(func=ast.Attribute(value=lock, attr="release")) if _is_reference(lock):
                return lock
            case _:
                pass
    return None


def _is_reference(node: ast.expr) -> bool:
    match node:
        case ast.Name():
            return True
        case ast.Attribute(value=value):
            return _is_reference(value)
        case ast.Subscript(value=value, slice=ast.Name() | ast.Constant() | ast.Attribute()):
            return _is_reference(value)
        case _:
            return False


def _acquires(node: ast.AST, lock: ast.expr) -> ast.Call | None:
    """The call that acquires a lock, if an expression is that."""
    call = node.value if isinstance(node, ast.Await) else node
    match call:
        case ast.Call(func=ast.Attribute(value=value, attr="acquire")) if ast.dump(value) == ast.dump(lock):
            return call
        case _:
            return None


def _held(statement: ast.Try | ast.TryStar, lock: ast.expr, code: Analysis) -> Held | None:
    """How the lock is acquired for the `try`: on the nearest statement above that says `acquire`, or inside."""
    block = code.siblings(statement)
    between: list[ast.stmt] = []
    for each in reversed(block[: block.index(statement)]):
        if isinstance(each, ast.Expr) and _acquires(each.value, lock) is not None:
            return Held(lock, each, False, tuple(reversed(between)), isinstance(each.value, ast.Await))
        if len(between) == _FAR:
            break
        between.append(each)
    first = statement.body[0]
    if isinstance(first, ast.Expr) and _acquires(first.value, lock) is not None:
        return Held(lock, first, True, (), isinstance(first.value, ast.Await))
    return None


_FAR: Final = 3


def _asked(statement: ast.Try | ast.TryStar, lock: ast.expr, code: Analysis) -> ast.expr | None:
    """`if lock.acquire(timeout=1):` around the `try`, or `if not lock.acquire(...):` above it."""
    block = code.siblings(statement)
    around = code.parent(statement)
    candidates = [*block[: block.index(statement)][-2:], *([around] if isinstance(around, ast.If) else [])]
    for each in candidates:
        match each:
            case ast.If(test=test) | ast.Assign(value=test):
                for node in ast.walk(test):
                    if isinstance(node, ast.Call) and _acquires(node, lock) is not None:
                        return test
            case _:
                pass
    return None


def _is_known(lock: ast.expr, code: Analysis, *, is_async: bool | None = None) -> list[str] | None:
    """Why it is not certain that it is a lock; `None` if nothing says so."""
    shown = ast.unparse(lock)
    found = instance_of(code, lock)
    if found is not None:
        if found.of not in LOCKS or is_async not in {None, LOCKS[found.of]}:
            return None
        # What a class assigns to its attribute is as good as a variable, what an annotation says is not.
        is_assigned = found.declared is None or found.declared == shown
        return [] if is_assigned else [f"That `{shown}` is a `{found.of}` is only declared."]
    last = lock.attr if isinstance(lock, ast.Attribute) else lock.id if isinstance(lock, ast.Name) else ""
    if isinstance(lock, ast.Subscript):
        last = ast.unparse(lock.value).rpartition(".")[2].removesuffix("s")
    return [f"That `{shown}` is a lock is only taken from its name."] if _LIKE_A_LOCK.search(last) else None


# -- whether it may be done -------------------------------------------------------------------------------------------


def _fault(statement: ast.Try | ast.TryStar, held: Held, code: Analysis) -> str | None:
    shown = ast.unparse(held.lock)
    call = _acquires(held.acquire.value, held.lock)
    assert call is not None
    if not _waits(call):
        return "It may give up before it has the lock; `with` waits until it has it."
    match statement.finalbody[-1]:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=lock, attr="release"), args=[], keywords=[])) if ast.dump(
            lock
        ) == ast.dump(held.lock):
            pass
        case _:
            return f"The `finally` does not end with `{shown}.release()`."
    releases = [
        node
        for node in walk_block(statement.finalbody)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "release"
    ]
    if len(releases) > 1 and any(ast.dump(each.func.value) == ast.dump(held.lock) for each in releases[:-1]):  # type: ignore[attr-defined]
        return "The `finally` releases it more than once."
    if any(can_raise(each) for each in held.between):
        return "What stands between `acquire()` and `try` may fail, and leaves the lock locked today."
    if _is_bound_anew(statement, held):
        return f"`{shown}` is bound anew in the block: another lock is released then."
    if held.inside and len(statement.body) == 1:
        return "Nothing is done with the lock held."
    places = (statement,) if held.inside else (held.acquire, *held.between, statement)
    if not all(code.has_own_lines(each) for each in (held.acquire, *places)):
        return "It shares its lines with other statements."
    return None


def _waits(call: ast.Call) -> bool:
    """Whether it waits as long as it takes: without arguments, or with `blocking=True` for the only one."""
    match [*call.args, *(keyword.value for keyword in call.keywords)]:
        case []:
            return True
        case [ast.Constant(value=True)]:
            return all(keyword.arg == "blocking" for keyword in call.keywords)
        case _:
            return False


def _is_bound_anew(statement: ast.Try | ast.TryStar, held: Held) -> bool:
    parts = {ast.dump(each).replace("Load()", "") for each in ast.walk(held.lock) if isinstance(each, ast.expr)}
    nodes = walk_block([*held.between, *statement.body, *statement.handlers, *statement.orelse])
    return any(
        isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        and not isinstance(node.ctx, ast.Load)
        and re.sub(r"(?:Store|Del|Load)\(\)", "", ast.dump(node)) in parts
        for node in nodes
    )


def _reasons(statement: ast.Try | ast.TryStar, held: Held) -> Iterator[str]:
    shown = ast.unparse(held.lock)
    if held.inside:
        yield "When acquiring it fails or is cancelled, a lock that is not held is no longer released."
    before = statement.finalbody[:-1]
    if any(can_raise(each) for each in before):
        text = ast.unparse(before[0]).partition("\n")[0]
        yield f"When `{text}` fails, the lock is now released all the same."
    if isinstance(held.lock, ast.Subscript):
        yield f"`{shown}` is looked up once, not again to release it."


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_with(statement: ast.Try | ast.TryStar, held: Held, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(statement, cst.TryStar if isinstance(statement, ast.TryStar) else cst.Try)
    assert isinstance(old, cst.Try | cst.TryStar)
    assert old.finalbody is not None
    acquire = draft.node(held.acquire, cst.SimpleStatementLine)
    lock = draft.node(held.lock, cst.BaseExpression).deep_clone()  # type: ignore[type-abstract]
    finals = old.finalbody
    rest, gone = _split(finals.body)
    above = [*acquire.leading_lines] if not held.inside else [*old.leading_lines, *_comments(acquire.leading_lines)]
    behind = [acquire.trailing_whitespace.comment, *([] if rest else [_header(finals.body)]), *_behind(gone)]
    if any(each is not None and FOR_TOOLS.match(each.value) for each in (*behind, _header(old.body))):
        raise DraftError("A comment for another tool would end up on another line.")
    above += [cst.EmptyLine(comment=each) for each in behind[:1] if each is not None]
    if not held.inside:
        above += _comments(old.leading_lines)
    above += [*([] if rest else _comments(finals.leading_lines)), *_comments_above(gone)]
    above += [cst.EmptyLine(comment=each) for each in behind[1:] if each is not None]
    body = old.body
    if held.inside:
        assert isinstance(body, cst.IndentedBlock)
        body = body.with_changes(body=body.body[1:])
    if old.handlers or rest:
        kept = None if not rest else finals.with_changes(body=_block_of(finals.body, rest))
        body = cst.IndentedBlock([old.with_changes(body=body, finalbody=kept, leading_lines=[])])
    if held.between:
        moved = [draft.node(each, cst.BaseStatement) for each in held.between]  # type: ignore[type-abstract]
        assert isinstance(body, cst.IndentedBlock)
        body = body.with_changes(body=[*moved, *body.body])
    made = cst.With(
        [cst.WithItem(lock)],
        body,
        asynchronous=cst.Asynchronous() if held.is_async else None,
        leading_lines=above,
    )
    skipped = {id(acquire), *(id(draft.node(each, cst.BaseStatement)) for each in held.between)}  # type: ignore[type-abstract]
    return [made if each is old else each for each in draft.body if id(each) not in skipped]


def _split(body: cst.BaseSuite) -> tuple[Sequence[cst.BaseStatement | cst.BaseSmallStatement], cst.CSTNode]:
    """What of a `finally` stays, and its last statement, which goes away."""
    return body.body[:-1], body.body[-1]


def _block_of(body: cst.BaseSuite, rest: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> cst.BaseSuite:
    return body.with_changes(body=rest)


def _header(body: cst.BaseSuite) -> cst.Comment | None:
    return body.header.comment if isinstance(body, cst.IndentedBlock) else body.trailing_whitespace.comment  # type: ignore[attr-defined]


def _behind(gone: cst.CSTNode) -> list[cst.Comment | None]:
    return [gone.trailing_whitespace.comment] if isinstance(gone, cst.SimpleStatementLine) else []


def _comments_above(gone: cst.CSTNode) -> list[cst.EmptyLine]:
    return _comments(gone.leading_lines) if isinstance(gone, cst.SimpleStatementLine) else []


def _comments(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return comment_lines(*lines)
