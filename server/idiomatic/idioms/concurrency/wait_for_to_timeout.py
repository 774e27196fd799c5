"""Limit how long a block may take with `asyncio.timeout` instead of wrapping what it awaits in `wait_for`.

## Why
`wait_for` limits one awaitable, which has to be passed to it like an argument; what is called is hidden in the middle
of another call. `async with asyncio.timeout(...)` leaves the code as it is, takes as many statements as belong together
under one limit, and the limit can be moved while the block runs.

## Example
```python
import asyncio


async def greet(reader, writer):
    line = await asyncio.wait_for(reader.readline(), timeout=5)
    writer.write(b"hello " + line)
    await asyncio.wait_for(writer.drain(), 10)
```
becomes
```python
import asyncio


async def greet(reader, writer):
    async with asyncio.timeout(5):
        line = await reader.readline()
    writer.write(b"hello " + line)
    async with asyncio.timeout(10):
        await writer.drain()
```

## Fix safety
Safe from Python 3.12 on, where `wait_for` is made of such a block, if the limit is `None` or a positive number: written
there, or in a constant of the module. Whether another limit is positive can't be seen: `wait_for` with a limit of 0
gives up before it begins, the block only when something really has to wait.

Unsafe if the code has to run on Python 3.11: there `wait_for` makes a task, with its own context variables. Unsafe as
well if the limit is computed by something other than names and numbers, because that then happens first, and if the
statement does something before it gets to `wait_for`, because that then takes of the time.

What a condition, a loop or a `yield` needs is awaited into a variable above it. Refused: inside a comprehension; where
something else is awaited in the same statement, or may come before or instead of it, and in the condition of a `while`;
with arguments besides the awaitable and the limit.

## References
- [`asyncio.timeout`](https://docs.python.org/3/library/asyncio-task.html#asyncio.timeout)
- [`asyncio.wait_for`](https://docs.python.org/3/library/asyncio-task.html#asyncio.wait_for)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.coroutines import suspends
from idiomatic.core.analysis.evaluation import has_room_above, is_first, order_fault
from idiomatic.core.analysis.group_effects import shown
from idiomatic.core.analysis.tasks import WAIT_FOR
from idiomatic.core.analysis.tree import COMPREHENSIONS, walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.writing.arguments import dedented, indent_of
from idiomatic.core.writing.changes import changed, lines_above, whole
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.writing.changes import Change

KIND = Kind.IDIOM
SINCE = (3, 11)
# Below `from asyncio import wait_for as w`, the name itself is nowhere else.
TRIGGERS = ("wait_for", "await")
ALSO = ()

MESSAGE: Final = "`wait_for` hides what is awaited: a block can have a timeout"
TITLE: Final = "Put it into `async with asyncio.timeout(...)`"
SAME_SINCE: Final = (3, 12)


def detect(place: ast.Await, code: Analysis) -> Iterator[Finding]:
    match place.value:
        # await asyncio.wait_for(work(), 5)
        case ast.Call(func=ast.Attribute(attr="wait_for") | ast.Name() as function) as call if code.is_name(
            function, *WAIT_FOR
        ):
            yield Finding(place, MESSAGE, (_fix(place, call, code),))
        case _:
            pass


def _fix(place: ast.Await, call: ast.Call, code: Analysis) -> Fix:
    statement = code.statement_of(place)
    where = code.lines(statement)
    given = _arguments(call)
    if given is None:
        return Fix(TITLE, Refused("It has other arguments than the awaitable and the limit."), where)
    limit = given[1]
    if (fault := _fault(place, statement, code)) is not None:
        return Fix(TITLE, Refused(fault), where)
    hoists = _has_to_be_hoisted(statement)
    reasons = tuple(_reasons(place, statement, limit, code, hoists=hoists))
    consequence = next((short for short, _ in reasons), None)
    title = f"{TITLE} ({consequence})" if consequence else TITLE
    verdict = safe_unless(reason for _, reason in reasons)
    return Fix(title, verdict, where, partial(to_timeout, place, call, hoists=hoists))


def _arguments(call: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """The awaitable and the limit."""
    names = ("fut", "timeout")
    given = dict(zip(names, call.args, strict=False))
    given |= {each.arg: each.value for each in call.keywords if each.arg is not None}
    is_plain = not any(isinstance(each, ast.Starred) for each in call.args) and len(call.args) <= len(names)
    if not is_plain or set(given) != set(names) or len(call.args) + len(call.keywords) != len(names):
        return None
    return given["fut"], given["timeout"]


# -- whether it can be done -------------------------------------------------------------------------------------------


def _fault(place: ast.Await, statement: ast.stmt, code: Analysis) -> str | None:
    if isinstance(code.scope(place).node, COMPREHENSIONS):
        return "It stands in a comprehension, where no block can."
    if not isinstance(code.function_around(place), ast.AsyncFunctionDef):
        return "It stands outside any function, where no `async with` can."
    own = _evaluated(statement)
    if any(suspends(node) and node is not place and not isinstance(node, ast.Yield) for node in walk_block(own)):
        return "Something else is awaited in the same statement and would count towards the timeout."
    if not has_room_above(code, statement):
        return "Its statement has no lines of its own, so no block can stand around it."
    return order_fault(code, place, statement) if _has_to_be_hoisted(statement) else None


def _evaluated(statement: ast.stmt) -> Sequence[ast.AST]:
    """What a statement itself evaluates: of a compound one the head."""
    match statement:
        case ast.If(test=test) | ast.While(test=test):
            return [test]
        case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable):
            return [iterable]
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return [each.context_expr for each in items]
        case ast.Match(subject=subject):
            return [subject]
        case _:
            return [statement]


def _has_to_be_hoisted(statement: ast.stmt) -> bool:
    """Whether a statement can't be put into the block: with it would go what it is the head of, or a `yield`."""
    return hasattr(statement, "body") or isinstance(statement, ast.Match) or _yields(statement)


def _yields(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Yield) for node in walk_block([statement]))


# -- what changes -----------------------------------------------------------------------------------------------------


def _reasons(
    place: ast.Await, statement: ast.stmt, limit: ast.expr, code: Analysis, *, hoists: bool
) -> Iterator[tuple[str, str]]:
    """What is different, in a few words and in a sentence."""
    if code.target < SAME_SINCE:
        yield (
            "runs in this task",
            "On Python 3.11, `wait_for` runs it in a task of its own: the context variables it sets, and the current "
            "task, are now those of this task.",
        )
    if not _is_positive(limit, code):
        known = isinstance(limit, ast.Constant)
        yield (
            "not the same for a limit of 0" if known else "unless the limit is 0",
            "With a limit of 0, `wait_for` raises `TimeoutError` at once, and the block only when it has to wait."
            if known
            else f"If `{shown(limit)}` is 0 or negative, `wait_for` raises `TimeoutError` at once, "
            "and the block only when it has to wait.",
        )
    if not _is_simple(limit):
        yield (
            "the limit is computed first",
            f"`{shown(limit)}` is evaluated before what is awaited, no longer after it.",
        )
    if not hoists and not is_first(code, place, statement):
        yield (
            "all of the statement is timed",
            "What the statement evaluates before it counts towards the timeout.",
        )


def _is_positive(limit: ast.expr, code: Analysis) -> bool:
    match limit:
        case ast.Constant(value=None):
            return True
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float() as value):
            return value > 0
        case ast.BinOp(left=left, op=ast.Mult() | ast.Add(), right=right):
            return _is_positive_number(left, code) and _is_positive_number(right, code)
        case ast.Name(id=name) if code.local_bindings(limit) is None:
            return code.ask(is_positive_constant, name)
        case _:
            return False


def _is_positive_number(limit: ast.expr, code: Analysis) -> bool:
    return not (isinstance(limit, ast.Constant) and limit.value is None) and _is_positive(limit, code)


def is_positive_constant(module: Module, name: str) -> bool:
    """Question: whether a variable is assigned once in the module, a positive number."""
    values: list[object] = []
    for statement in module.statements:
        if not statement.mentions(name):
            continue
        for node in statement.nodes:
            for each in ast.walk(node):
                match each:
                    case ast.Name(id=found, ctx=ast.Store() | ast.Del()) if found == name:
                        values.append(_assigned(node, name))
                    case ast.Global(names=names) if name in names:
                        return False
                    case _:
                        pass
    return len(values) == 1 and isinstance(values[0], int | float) and values[0] > 0


def _assigned(node: ast.stmt, name: str) -> object:
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=value))
            | ast.AnnAssign(target=ast.Name(id=target), value=ast.Constant(value=value))
        ) if target == name:
            return value
        case _:
            return None


def _is_simple(limit: ast.expr) -> bool:
    """Whether evaluating the limit does nothing else."""
    match limit:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value) | ast.UnaryOp(operand=value):
            return _is_simple(value)
        case ast.BinOp(left=left, right=right):
            return _is_simple(left) and _is_simple(right)
        case _:
            return False


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_timeout(place: ast.Await, call: ast.Call, draft: Draft, *, hoists: bool) -> Sequence[cst.BaseStatement]:
    statement = draft.code.statement_of(place)
    given = _arguments(call)
    assert given is not None
    awaited, limit = (_argument(each, call, place, draft) for each in given)
    lost = _comments_besides(draft.node(call, cst.Call), [awaited, limit])
    old = draft.node(place, cst.Await)
    new = old.with_changes(expression=_operand(dedented(awaited.value, indent_of(given[0], place, draft))))
    timeout = cst.Call(
        draft.expression("asyncio.timeout", place, as_module=True),
        [cst.Arg(dedented(limit.value, indent_of(given[1], place, draft)))],
    )
    if not hoists:

        def in_block(node: cst.CSTNode) -> cst.CSTNode:
            line = cst.ensure_type(node, cst.SimpleStatementLine)
            inner = line.with_changes(leading_lines=lost)
            return _block(timeout, inner, line.leading_lines)

        line = draft.node(statement, cst.SimpleStatementLine)
        return changed(draft, {old: lambda _: new, line: in_block})
    name = draft.fresh("result", "awaited", within=draft.code.function_around(place))
    bare = new.with_changes(lpar=[], rpar=[])
    assignment = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], bare)], leading_lines=lost)

    def above(node: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
        return cst.FlattenSentinel(
            [_block(timeout, assignment, lines_above(node)), node.with_changes(leading_lines=())]
        )

    changes: dict[cst.CSTNode, Change] = {old: lambda _: cst.Name(name), whole(statement, draft): above}
    return changed(draft, changes)


def _argument(value: ast.expr, call: ast.Call, place: ast.Await, draft: Draft) -> cst.Arg:
    """The libcst argument of a value: keywords are in their places in both trees."""
    old = draft.node(call, cst.Call).args
    keywords = [each for each in old if each.keyword is not None]
    positional = [each for each in old if each.keyword is None]
    if value in call.args:
        return positional[call.args.index(value)]
    return keywords[[each.value for each in call.keywords].index(value)]


def _comments_besides(call: cst.Call, kept: Sequence[cst.Arg]) -> Sequence[cst.EmptyLine]:
    """The comments of a call that are in none of some arguments' values."""
    known = {id(line.comment) for each in kept for line in comment_lines(each.value)}
    return [line for line in comment_lines(call) if id(line.comment) not in known]


def _operand(value: cst.BaseExpression) -> cst.BaseExpression:
    """What `await` can stand before: anything but a primary needs parentheses."""
    if value.lpar or isinstance(value, cst.Call | cst.Name | cst.Attribute | cst.Subscript):
        return value
    return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _block(timeout: cst.Call, body: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.With:
    return cst.With(
        [cst.WithItem(timeout)], cst.IndentedBlock([body]), asynchronous=cst.Asynchronous(), leading_lines=lines
    )
