"""Wait for several coroutines in an `asyncio.TaskGroup` instead of with `asyncio.gather`.

## Why
When one coroutine fails, `gather` raises at once and lets the others run on: nobody waits for them any more, nobody
sees their exceptions, and they work on with resources that are being closed. A task group ends when all its tasks have
ended: a failure cancels the others, and an `ExceptionGroup` tells of every failure.

## Example
```python
import asyncio


async def load_page(user_id):
    user, posts = await asyncio.gather(load_user(user_id), load_posts(user_id))
    return render(user, posts)


async def load_user(user_id): ...


async def load_posts(user_id): ...
```
becomes
```python
import asyncio


async def load_page(user_id):
    async with asyncio.TaskGroup() as tg:
        user_task = tg.create_task(load_user(user_id))
        posts_task = tg.create_task(load_posts(user_id))
    user = user_task.result()
    posts = posts_task.result()
    return render(user, posts)


async def load_user(user_id): ...


async def load_posts(user_id): ...
```

A starred comprehension becomes a list of tasks:
```python
import asyncio


async def load_all(paths):
    return await asyncio.gather(*[load(path) for path in paths])


async def load(path): ...
```
becomes
```python
import asyncio


async def load_all(paths):
    async with asyncio.TaskGroup() as tg:
        tasks = [tg.create_task(load(path)) for path in paths]
    return [task.result() for task in tasks]


async def load(path): ...
```

## Fix safety
Unsafe. When a coroutine fails, the others are cancelled, the failure is raised after they have cleaned up, and as an
`ExceptionGroup`: a caller's `except ValueError` does not match it. An `except ValueError` around it in the same
function becomes `except* ValueError` in the same edit. A coroutine that cancels itself is noticed only where its result
is read. The second action keeps the single exception: it raises the group's first one.

A task group takes coroutines and nothing else. What is called is looked up in the file, in the project and in the
standard library; the reasons name each call that can't be seen.

`wait_for` directly around it becomes an `asyncio.timeout` in the same statement. A single argument is awaited directly;
it then runs in the same task, with the same context variables.

Refused: `return_exceptions=True`; tasks, futures and other awaitables; a `gather` that is not awaited on the spot, or
in an expression of which another part comes first; in a `finally`, where every clean-up must have its turn; an argument
that yields; a coroutine that is clean-up, or has work to do when it is cancelled; and handlers that can't become
`except*`, because they return, break or continue, use the exception they caught, or stand next to one that must not.

## References
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
- [`asyncio.gather`](https://docs.python.org/3/library/asyncio-task.html#asyncio.gather)
- [PEP 654, exception groups and `except*`](https://peps.python.org/pep-0654/)
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import libcst as cst

from idiomatic.core.analysis.clean_up import CLOSING, is_clean_up
from idiomatic.core.analysis.coroutines import Gives, OnCancel, call_gives, on_cancel
from idiomatic.core.analysis.evaluation import is_first
from idiomatic.core.analysis.exception_groups import Handlers, callers_that_catch, handlers_for_group
from idiomatic.core.analysis.exceptions import builtin_is_visible, finally_around, withs_around
from idiomatic.core.analysis.scopes import BindingKind
from idiomatic.core.analysis.tree import COMPREHENSIONS
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict

KIND = Kind.IDIOM
SINCE = (3, 11)
# Below `from asyncio import gather as g`, the name itself is nowhere else.
TRIGGERS = ("gather", "await")
ALSO = ()

GATHER: Final = ("asyncio.gather", "asyncio.tasks.gather")
GROUP: Final = "asyncio.TaskGroup"
WAIT_FOR: Final = ("asyncio.wait_for", "asyncio.tasks.wait_for")
TIMEOUT: Final = "asyncio.timeout"
MESSAGE: Final = "`gather` leaves the others running when one fails"
TITLE: Final = "Use a `TaskGroup` (siblings are cancelled; raises ExceptionGroup)"
KEEP_TITLE: Final = "Use a `TaskGroup` and raise the first exception itself (siblings are cancelled)"
AWAIT_TITLE: Final = "Await it directly (in this task)"

Comprehension: TypeAlias = ast.ListComp | ast.GeneratorExp


def detect(node: ast.Await | ast.Call, code: Analysis) -> Iterator[Finding]:
    match node:
        # await asyncio.gather(load_user(), load_posts())
        case ast.Await(value=ast.Call(args=[_, *_]) as call) if _is_gather(call, code):
            yield from _found(node, call, code)
        # await asyncio.wait_for(asyncio.gather(load_user(), load_posts()), 5)
        case ast.Await(value=ast.Call(args=[ast.Call() as call, *_])) if _is_gather(call, code) and _is_limited(
            node, call, code
        ):
            yield from _found(node, call, code)
        # asyncio.gather(load_user(), load_posts()), awaited elsewhere or not at all
        case ast.Call(func=ast.Attribute(attr="gather") | ast.Name(id="gather"), args=[_, *_]) if _is_gather(
            node, code
        ) and not _is_awaited(node, code):
            reason = "It is not awaited here: a task group is a block that waits for its tasks itself."
            yield Finding(node, MESSAGE, (Fix(TITLE, Refused(reason), code.lines(node)),))
        case _:
            pass


def _is_gather(call: ast.Call, code: Analysis) -> bool:
    match call.func:
        case ast.Attribute(attr="gather") | ast.Name():
            return code.is_name(call.func, *GATHER)
        case _:
            return False


def _limit(place: ast.Await, call: ast.Call, code: Analysis) -> ast.expr | None:
    """How long `wait_for`, called directly around, waits; `None` if it isn't."""
    match place.value:
        case ast.Call(func=function, args=[first, limit], keywords=[]) if first is call:
            pass
        case ast.Call(func=function, args=[first], keywords=[ast.keyword(arg="timeout", value=limit)]) if first is call:
            pass
        case _:
            return None
    return limit if code.is_name(function, *WAIT_FOR) else None


def _is_limited(place: ast.Await, call: ast.Call, code: Analysis) -> bool:
    """Whether it is `await wait_for(gather(...), limit)`, of several awaitables."""
    is_several = len(call.args) > 1 or any(isinstance(each, ast.Starred) for each in call.args)
    return is_several and _limit(place, call, code) is not None


def _is_awaited(call: ast.Call, code: Analysis) -> bool:
    """Whether the `await` is found instead."""
    parent = code.parent(call)
    around = parent and code.parent(parent)
    return isinstance(parent, ast.Await) or (isinstance(around, ast.Await) and _is_limited(around, call, code))


def _found(place: ast.Await, call: ast.Call, code: Analysis) -> Iterator[Finding]:
    around = code.function_around(place)
    if around is not None and not isinstance(around, ast.AsyncFunctionDef):
        return
    match call.args:
        case [ast.expr() as only] if not isinstance(only, ast.Starred):
            yield Finding(place, "`gather` of a single awaitable is an `await`", (_single(place, call, code),))
        case _:
            yield Finding(place, MESSAGE, tuple(_fixes(place, call, code)))


def _single(place: ast.Await, call: ast.Call, code: Analysis) -> Fix:
    if (fault := _keyword_fault(call)) is not None:
        return Fix(AWAIT_TITLE, Refused(fault), code.lines(place))
    reason = "It no longer runs as a task of its own: it starts at once and shares this task's context variables."
    return Fix(AWAIT_TITLE, Unsafe((reason,)), code.lines(place), partial(to_await, place, call))


def _fixes(place: ast.Await, call: ast.Call, code: Analysis) -> Iterator[Fix]:
    statement = code.statement_of(place)
    fault = _fault(place, call, statement, code)
    if fault is not None:
        yield Fix(TITLE, Refused(fault), code.lines(place))
        return
    handlers = handlers_for_group(code, place, times_out=place.value is not call)
    where = code.lines(handlers.convert[-1] if handlers.convert else statement)
    verdict = _verdict(place, call, handlers, code)
    plan = partial(to_task_group, place, call, handlers)
    yield Fix(TITLE, verdict, where, None if isinstance(verdict, Refused) else plan)
    if builtin_is_visible(code, "BaseExceptionGroup", place):
        reasons = tuple(_common_reasons(place, call, code))
        yield Fix(KEEP_TITLE, Unsafe(reasons), code.lines(statement), partial(to_first_exception, place, call))


# -- whether it can be done -------------------------------------------------------------------------------------------


def _fault(place: ast.Await, call: ast.Call, statement: ast.stmt, code: Analysis) -> str | None:
    """Why it can't be a task group, whatever is done about the exceptions."""
    return (
        _keyword_fault(call)
        or _place_fault(place, statement, code)
        or _limit_fault(_limit(place, call, code))
        or _twice_fault(call)
        or next((fault for argument in call.args if (fault := _argument_fault(argument, code))), None)
        or next((fault for argument in call.args if (fault := _cancel_fault(argument, code))), None)
    )


def _keyword_fault(call: ast.Call) -> str | None:
    for given in call.keywords:
        match given:
            case ast.keyword(arg="return_exceptions", value=ast.Constant(value=False)):
                pass
            case ast.keyword(arg="return_exceptions"):
                return "With `return_exceptions` the failures are results, which a task group can't return."
            case ast.keyword(arg=str(name)):
                return f"A task group has no `{name}`."
            case _:
                return "What `**` passes on may be `return_exceptions`."
    return None


def _place_fault(place: ast.Await, statement: ast.stmt, code: Analysis) -> str | None:
    if isinstance(code.scope(place).node, COMPREHENSIONS):
        return "It stands in a comprehension, where no block can."
    if finally_around(code, place) is not None:
        return "It stands in a `finally`, where a failure must not keep the others from cleaning up."
    if any(isinstance(node, ast.Yield) for node in ast.walk(place)):
        return "An argument yields, and a task group must not be left by a generator."
    if _is_elif(statement, code) or not code.has_own_lines(statement):
        return "Its statement has no lines of its own, so no block can stand before it."
    if not is_first(code, place, statement):
        return "Its statement evaluates something else before it, or may not get to it: the order would change."
    return None


def _limit_fault(limit: ast.expr | None) -> str | None:
    if limit is None or _is_simple(limit):
        return None
    return f"`{_shown(limit)}` would be evaluated before the arguments: the order would change."


def _is_elif(statement: ast.stmt, code: Analysis) -> bool:
    return isinstance(statement, ast.If) and code.statement.text.startswith("elif", code.span(statement).start)


def _argument_fault(argument: ast.expr, code: Analysis) -> str | None:
    functions = _functions(argument, code)
    if functions is None:
        shown = f"`{_shown(argument)}`"
        if isinstance(argument, ast.Starred):
            return f"What {shown} holds can't be seen: a task group takes coroutines only, no tasks or futures."
        return f"{shown} may be a task or a future: a task group takes coroutines only."
    for function in functions:
        if call_gives(code, function) is Gives.OTHER:
            return f"`{_shown(function)}(...)` gives no coroutine, and a task group takes nothing else."
    return None


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    if len(text) <= 40:
        return text
    return node.attr if isinstance(node, ast.Attribute) else f"{text[:37]}..."


def _twice_fault(call: ast.Call) -> str | None:
    names = [argument.id for argument in call.args if isinstance(argument, ast.Name)]
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"`{twice}` is passed twice: `gather` runs it once, a task group would fail." if twice else None


def _cancel_fault(argument: ast.expr, code: Analysis) -> str | None:
    """Why a coroutine had better not be cancelled because another one failed."""
    for function in _functions(argument, code) or ():
        if is_clean_up(function, CLOSING):
            return f"`{_shown(function)}` is clean-up, from which a failure of another must not keep it."
        match on_cancel(code, function):
            case OnCancel.HANDLES:
                return (
                    f"`{_shown(function)}` has work to do when it is cancelled, and another's failure would cancel it."
                )
            case OnCancel.AWAITS:
                return f"`{_shown(function)}` awaits in a `finally`, and another's failure would cancel it."
            case _:
                pass
    return None


def _functions(argument: ast.expr, code: Analysis) -> Sequence[ast.expr] | None:
    """The functions whose calls give an argument or, starred, its elements; `None` if it isn't made of calls."""
    match argument:
        case ast.Starred(value=value):
            return _functions_of_elements(value, code)
        case ast.Call(func=function):
            return [function]
        case ast.IfExp(body=yes, orelse=no):
            both = _functions(yes, code), _functions(no, code)
            return None if both[0] is None or both[1] is None else [*both[0], *both[1]]
        case ast.Name() if (made := _only_value(argument, code)) is not None:
            return None if isinstance(made, ast.Name) else _functions(made, code)
        case _:
            return None


def _functions_of_elements(value: ast.expr, code: Analysis) -> Sequence[ast.expr] | None:
    match value:
        # *[load(path) for path in paths]
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            return _functions(element, code)
        # *map(load, paths)
        case ast.Call(func=ast.Name() as function, args=[mapped, _, *_], keywords=[]) if code.is_name(
            function, "builtins.map"
        ):
            return _functions(mapped.body, code) if isinstance(mapped, ast.Lambda) else [mapped]
        # *[load_user(), load_posts()]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            each = [_functions(element, code) for element in elements]
            return None if None in each else [function for some in each for function in some or ()]
        # *coroutines
        case ast.Name():
            made = _only_value(value, code)
            if made is not None and not isinstance(made, ast.Name):
                return _functions_of_elements(made, code)
            return _functions_of_appended(value, code)
        case _:
            return None


def _only_value(name: ast.Name, code: Analysis) -> ast.expr | None:
    """What a local variable is, if it is assigned once, further up in the same block, and read only here."""
    function = code.function_around(name)
    local = code.local_bindings(name)
    if function is None or local is None or len(local) != 1 or local[0].kind is not BindingKind.VARIABLE:
        return None
    if code.function_around(local[0].node) is not function:
        return None
    assignment = code.parent(local[0].node)
    match assignment:
        case ast.Assign(targets=[target], value=value) if target is local[0].node:
            pass
        case ast.AnnAssign(value=ast.expr() as value):
            pass
        case _:
            return None
    assert isinstance(assignment, ast.Assign | ast.AnnAssign)
    if len(list(code.uses(name.id, function, code.scope(name).lookup(name.id)))) != 2:
        return None
    here = {code.statement_of(name), *code.ancestors(name)}
    return (
        value
        if any(each in here for each in code.siblings(assignment)) and not _in_loop(name, assignment, code)
        else None
    )


def _in_loop(name: ast.Name, assignment: ast.stmt, code: Analysis) -> bool:
    """Whether a loop that does not repeat the assignment stands around a name."""
    outside = set(code.ancestors(assignment))
    child: ast.AST = name
    for each in code.ancestors(name):
        if each in outside:
            return False
        if isinstance(each, ast.While) or (isinstance(each, ast.For | ast.AsyncFor) and child is not each.iter):
            return True
        child = each
    return False


def _functions_of_appended(name: ast.Name, code: Analysis) -> Sequence[ast.expr] | None:
    """The functions whose calls are appended to a list that is used for nothing else."""
    function = code.function_around(name)
    local = code.local_bindings(name)
    if function is None or local is None or len(local) != 1 or code.function_around(local[0].node) is not function:
        return None
    assignment = code.parent(local[0].node)
    match assignment:
        case ast.Assign(targets=[ast.Name()], value=ast.List(elts=elements)):
            pass
        case ast.AnnAssign(value=ast.List(elts=elements)):
            pass
        case _:
            return None
    found: list[ast.expr] = []
    given = list(elements)
    for use in code.uses(name.id, function, code.scope(name).lookup(name.id)):
        if use is name or use is local[0].node:
            continue
        attribute = code.parent(use)
        match attribute and code.parent(attribute):
            case ast.Call(func=ast.Attribute(attr="append") as append, args=[element], keywords=[]) as call if (
                append is attribute and isinstance(code.parent(call), ast.Expr)
            ):
                given.append(element)
            case _:
                return None
    for element in given:
        functions = _functions(element, code)
        if functions is None:
            return None
        found += functions
    return found if found and not _in_loop(name, cast("ast.stmt", assignment), code) else None


# -- what changes -----------------------------------------------------------------------------------------------------


def _verdict(place: ast.Await, call: ast.Call, handlers: Handlers, code: Analysis) -> Verdict:
    if handlers.fault is not None:
        return Refused(handlers.fault)
    for item in withs_around(code, place):
        if (fault := _manager_fault(item.context_expr, code)) is not None:
            return Refused(fault)
    return Unsafe((*_common_reasons(place, call, code), *_group_reasons(place, call, handlers, code)))


def _manager_fault(manager: ast.expr, code: Analysis) -> str | None:
    """Why a `with` around it would not work with groups."""
    match manager:
        case ast.Call(func=function, args=[_, *_] as types):
            if all(code.is_name(each, "builtins.Exception", "builtins.BaseException") for each in types):
                return None
            suppresses = code.is_name(function, "contextlib.suppress") and code.target < (3, 12)
            expects = code.is_name(function, "pytest.raises") or (
                isinstance(function, ast.Attribute) and function.attr in {"assertRaises", "assertRaisesRegex"}
            )
            if suppresses or expects:
                return f"`{_shown(manager)}` around it does not look into groups."
            return None
        case _:
            return None


def _common_reasons(place: ast.Await, call: ast.Call, code: Analysis) -> Iterator[str]:
    if place.value is not call:
        yield "`asyncio.timeout` takes the place of `wait_for`."
    yield "When one fails, the others are cancelled, and the exception is raised when they have cleaned up."
    yield "One that raises `CancelledError` by itself is noticed only where its result is read."
    for argument in call.args:
        for function in _functions(argument, code) or ():
            if call_gives(code, function) is Gives.UNKNOWN:
                yield (
                    f"Whether `{_shown(function)}(...)` gives a coroutine can't be seen; "
                    "a task group takes no other awaitable."
                )
            if on_cancel(code, function) is OnCancel.CLEANS_UP:
                yield f"`{_shown(function)}` has a `finally`, which runs earlier when it is cancelled."
    if any(
        isinstance(node, ast.Await) or _is_async_comprehension(node) for each in call.args for node in ast.walk(each)
    ):
        yield "An argument is awaited while the tasks before it already run."


def _is_async_comprehension(node: ast.AST) -> bool:
    return isinstance(node, ast.comprehension) and bool(node.is_async)


def _group_reasons(place: ast.Await, call: ast.Call, handlers: Handlers, code: Analysis) -> Iterator[str]:
    yield "The failures are raised as an `ExceptionGroup`: callers that catch the exception itself miss it."
    for caller, caught in _callers(place, code):
        yield f"`{caller}` catches `{caught}` around a call of this function and misses it."
    if not all(_is_plain(argument, code) for argument in call.args):
        yield "If evaluating an argument fails, that is raised in a group as well."
    yield from handlers.reasons


def _callers(place: ast.Await, code: Analysis) -> Sequence[tuple[str, str]]:
    """The functions of this file that call the function around in a `try`, with a class that they catch."""
    function = code.function_around(place)
    if not isinstance(function, ast.AsyncFunctionDef):
        return ()
    match code.parent(function):
        case None:
            return code.ask(callers_that_catch, function.name)
        case ast.ClassDef(name=class_):
            return code.ask(callers_that_catch, f"{class_}.{function.name}")
        case _:
            return ()


def _is_plain(argument: ast.expr, code: Analysis) -> bool:
    """Whether evaluating an argument can hardly fail: a call of a coroutine function with names and constants."""
    match argument:
        case ast.Starred(value=value):
            return _is_plain(value, code)
        case ast.ListComp(elt=element, generators=generators) | ast.GeneratorExp(elt=element, generators=generators):
            return _is_plain(element, code) and all(_is_simple(each.iter) and not each.ifs for each in generators)
        case ast.Call(func=function, args=args, keywords=keywords):
            given = [function, *args, *(each.value for each in keywords)]
            return all(_is_simple(each.value if isinstance(each, ast.Starred) else each) for each in given)
        case _:
            return _is_simple(argument)


def _is_simple(expression: ast.expr) -> bool:
    match expression:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return _is_simple(value)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(_is_simple(each) for each in elements)
        case _:
            return False


# -- the rewrites -----------------------------------------------------------------------------------------------------

Change: TypeAlias = Callable[[cst.CSTNode], "cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]"]


class _Changes(cst.CSTTransformer):
    """Changes nodes of a draft after what is below them: a change outside sees those inside."""

    def __init__(self, changes: dict[cst.CSTNode, Change]) -> None:
        super().__init__()
        self._changes = changes

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        change = self._changes.get(original_node)
        return updated_node if change is None else cast("cst.CSTNode", change(updated_node))


def _changed(draft: Draft, changes: dict[cst.CSTNode, Change]) -> Sequence[cst.BaseStatement]:
    result: list[cst.BaseStatement] = []
    for statement in draft.body:
        new = statement.visit(_Changes(changes))
        result += new if isinstance(new, cst.FlattenSentinel) else [cast("cst.BaseStatement", new)]
    return result


def to_await(place: ast.Await, call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    """`x = [await f()]` for `x = await gather(f())`."""
    old = draft.node(place, cst.Await)
    only = _arguments(draft.node(call, cst.Call))[0].value
    awaited = old.with_changes(expression=_dedented(only, _indent_of(call.args[0], place, draft)))
    listed = cst.List([cst.Element(awaited.with_changes(lpar=[], rpar=[]))])
    match draft.code.parent(place):
        case ast.Expr():
            return draft.replaced({old: awaited})
        case ast.Assign(targets=[ast.Tuple(elts=[target]) | ast.List(elts=[target])]) as assignment if not isinstance(
            target, ast.Starred
        ):
            line = draft.node(assignment, cst.Assign)
            sequence = line.targets[0].target
            assert isinstance(sequence, cst.Tuple | cst.List)
            return draft.replaced({old: awaited, sequence: sequence.elements[0].value})
        case ast.Subscript(slice=ast.Constant(value=0)) as first:
            whole = draft.code.parent(first)
            is_alone = isinstance(whole, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr | ast.keyword)
            bare = awaited.with_changes(lpar=[], rpar=[]) if is_alone else awaited
            return draft.replaced({draft.node(first, cst.Subscript): bare})
        case _:
            return draft.replaced({old: listed})


def to_task_group(place: ast.Await, call: ast.Call, handlers: Handlers, draft: Draft) -> Sequence[cst.BaseStatement]:
    changes = _block_changes(place, call, draft, lambda block: block)
    for each in handlers.convert:
        changes[draft.node(each, cst.Try)] = _to_except_star
    return _changed(draft, changes)


def to_first_exception(place: ast.Await, call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    group = draft.fresh("group", "exception_group", within=draft.code.function_around(place))

    def unwrapped(block: cst.With) -> cst.BaseStatement:
        first = cst.parse_statement(f"raise {group}.exceptions[0] from None")
        handler = cst.ExceptHandler(
            cst.IndentedBlock([first]), cst.Name("BaseExceptionGroup"), cst.AsName(cst.Name(group))
        )
        inner = block.with_changes(leading_lines=())
        return cst.Try(cst.IndentedBlock([inner]), [handler], leading_lines=block.leading_lines)

    return _changed(draft, _block_changes(place, call, draft, unwrapped))


def _to_except_star(node: cst.CSTNode) -> cst.CSTNode:
    old = cst.ensure_type(node, cst.Try)
    handlers = [
        cst.ExceptStarHandler(
            body=each.body,
            type=each.type or cst.Name("Exception"),
            name=each.name,
            leading_lines=each.leading_lines,
            whitespace_after_star=cst.SimpleWhitespace(each.whitespace_after_except.value or " "),
            whitespace_before_colon=each.whitespace_before_colon,
        )
        for each in old.handlers
    ]
    return cst.TryStar(
        body=old.body,
        handlers=handlers,
        orelse=old.orelse,
        finalbody=old.finalbody,
        leading_lines=old.leading_lines,
        whitespace_before_colon=old.whitespace_before_colon,
    )


# -- the block --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tasks:
    """The tasks made of one argument.

    Attributes:
        name: of the variable that holds the task or the list of tasks; `None` if nothing reads the result.
        many: whether it is a list.
    """

    name: str | None
    many: bool

    @property
    def result(self) -> cst.BaseExpression:
        """The result, or for a list a comprehension of the results."""
        if not self.many:
            return cst.parse_expression(f"{self.name}.result()")
        each = "task" if self.name != "task" else "each"
        return cst.parse_expression(f"[{each}.result() for {each} in {self.name}]")

    @property
    def element(self) -> cst.Element | cst.StarredElement:
        """The result as part of a list; starred, if it is several."""
        if not self.many:
            return cst.Element(self.result)
        listed = cst.ensure_type(self.result, cst.ListComp)
        return cst.StarredElement(cst.GeneratorExp(listed.elt, listed.for_in))


def _block_changes(
    place: ast.Await, call: ast.Call, draft: Draft, around: Callable[[cst.With], cst.BaseStatement]
) -> dict[cst.CSTNode, Change]:
    """The changes that put a block before a statement and the results into it."""
    code = draft.code
    statement = code.statement_of(place)
    plan = _Plan(place, call, statement, draft)
    block = plan.block()
    old = draft.node(place, cst.Await)
    changes: dict[cst.CSTNode, Change] = {}
    if isinstance(statement, ast.Expr) and statement.value is place:
        line = draft.node(statement, cst.SimpleStatementLine)
        changes[line] = lambda new: around(_commented(block, cst.ensure_type(new, cst.SimpleStatementLine)))
        return changes
    kind = cst.BaseCompoundStatement if isinstance(statement, _COMPOUND) else cst.SimpleStatementLine
    whole = cast("cst.CSTNode", draft.node(statement, cast("type[cst.SimpleStatementLine]", kind)))
    separate = (
        plan.separate_results(cst.ensure_type(whole, cst.SimpleStatementLine))
        if kind is cst.SimpleStatementLine
        else ()
    )

    def with_block(new: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
        after = separate or [cast("cst.BaseStatement", new.with_changes(leading_lines=()))]
        before = block.with_changes(leading_lines=cast("cst.SimpleStatementLine", new).leading_lines)
        return cst.FlattenSentinel([around(before), *after])

    changes[whole] = with_block
    if not separate:
        changes |= plan.results_in_place(old)
    return changes


_COMPOUND: Final = (ast.If, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Match)


def _commented(block: cst.With, line: cst.SimpleStatementLine) -> cst.With:
    """The block with the comments of the line it takes the place of."""
    block = block.with_changes(leading_lines=line.leading_lines)
    comment = line.trailing_whitespace.comment
    body = cst.ensure_type(block.body, cst.IndentedBlock)
    if comment is None or body.header.comment is not None:
        return block
    return block.with_changes(body=body.with_changes(header=line.trailing_whitespace))


class _Plan:
    """How one `gather` becomes a block: the names and the order of things."""

    def __init__(self, place: ast.Await, call: ast.Call, statement: ast.stmt, draft: Draft) -> None:
        self.place = place
        self.call = call
        self.statement = statement
        self.draft = draft
        self.function = draft.code.function_around(place)
        self.targets = _targets(statement, place, call)
        self.is_read = not (isinstance(statement, ast.Expr) and statement.value is place)
        self.group = draft.fresh("tg", "group", "task_group", within=self.function, apart=self._other_groups("tg"))
        self.tasks: list[_Tasks] = []

    def _other_groups(self, name: str) -> Sequence[ast.AST]:
        """The task groups of this name in the same function that are over, or not yet begun, where this one is."""
        if self.function is None:
            return ()
        code = self.draft.code
        found = [
            node
            for node in ast.walk(self.function)
            if isinstance(node, ast.AsyncWith)
            and node not in code.ancestors(self.place)
            and any(
                isinstance(item.optional_vars, ast.Name)
                and item.optional_vars.id == name
                and isinstance(item.context_expr, ast.Call)
                and code.is_name(item.context_expr.func, GROUP)
                for item in node.items
            )
            and all(
                code.function_around(use) is self.function
                for use in ast.walk(node)
                if isinstance(use, ast.Name) and use.id == name
            )
        ]
        return [node for node in found if not any(outer in found for outer in code.ancestors(node))]

    # -- names

    def _fresh(self, *wanted: str) -> str:
        return self.draft.fresh(*wanted, within=self.function)

    def _task_name(self, index: int, argument: ast.expr) -> str | None:
        target = self.targets[index] if self.targets else None
        if not self.is_read or (target is not None and self._is_ignored(target)):
            return None
        base = _name_of_target(target) if target is not None else None
        base = base or _name_of_call(argument, self.draft.code)
        return self._fresh(base if base.endswith("task") else f"{base}_task")

    def _is_ignored(self, target: ast.expr) -> bool:
        """Whether a target is a `_` that nothing reads."""
        return (
            isinstance(target, ast.Name)
            and target.id == "_"
            and self.function is not None
            and self._are_separate
            and not any(isinstance(use.ctx, ast.Load) for use in self._uses(target))
        )

    def _uses(self, target: ast.Name) -> Iterator[ast.Name]:
        code = self.draft.code
        assert self.function is not None
        return code.uses(target.id, self.function, code.scope(target).lookup(target.id))

    def _list_name(self, argument: ast.expr) -> str | None:
        if not self.is_read:
            return None
        base = _name_of_call(argument, self.draft.code)
        return self._fresh("tasks", f"{base}_tasks")

    @property
    def _are_separate(self) -> bool:
        """Whether each result is assigned to a variable of its own, which can be done one after the other."""
        names = [target.id for target in self.targets if isinstance(target, ast.Name)]
        return bool(names) and len(set(names)) == len(self.targets)

    # -- the block

    def block(self) -> cst.With:
        """The `async with`, which makes the tasks."""
        draft = self.draft
        call = draft.node(self.call, cst.Call)
        body: list[cst.BaseStatement] = []
        for index, (argument, value) in enumerate(self._arguments(call)):
            if isinstance(argument, ast.Starred):
                body.append(self._many(argument.value, value))
            else:
                name = self._task_name(index, argument)
                self.tasks.append(_Tasks(name, many=False))
                body.append(_line(self._create(value), name))
        group = cst.WithItem(cst.Call(draft.expression(GROUP, self.place)), cst.AsName(cst.Name(self.group)))
        block = cst.With([*self._timeout(), group], cst.IndentedBlock(body), asynchronous=cst.Asynchronous())
        return _with_comments_of_arguments(block, call)

    def _arguments(self, call: cst.Call) -> Iterator[tuple[ast.expr, cst.BaseExpression]]:
        """The arguments, those of a starred list one by one; starred ones without their star in the second place."""
        for argument, old in zip(self.call.args, _arguments(call), strict=True):
            value = _dedented(old.value, _indent_of(argument, self.place, self.draft))
            if (elements := _listed(argument)) is not None:
                assert isinstance(value, cst.List | cst.Tuple)
                for each, new in zip(elements, value.elements, strict=True):
                    yield (
                        each,
                        _dedented(
                            new.value,
                            _indent_between(self.draft.code.span(argument).start, _start(each, self.draft), self.draft),
                        ),
                    )
            else:
                yield argument, value

    def _timeout(self) -> Iterator[cst.WithItem]:
        limit = _limit(self.place, self.call, self.draft.code)
        if limit is not None:
            arguments = self.draft.node(cast("ast.Call", self.place.value), cst.Call).args
            timeout = cst.Call(self.draft.expression(TIMEOUT, self.place), [cst.Arg(arguments[1].value)])
            yield cst.WithItem(timeout, comma=_COMMA)

    def _create(self, coroutine: cst.BaseExpression) -> cst.Call:
        create = cst.Attribute(cst.Name(self.group), cst.Name("create_task"))
        if len(coroutine.lpar) != 1 or isinstance(coroutine, cst.GeneratorExp):
            return cst.Call(create, [cst.Arg(coroutine)])
        # The parentheses of the call do for it.
        inside = coroutine.with_changes(lpar=[], rpar=[])
        after = coroutine.rpar[0].whitespace_before
        argument = cst.Arg(inside, whitespace_after_arg=after)
        return cst.Call(create, [argument], whitespace_before_args=coroutine.lpar[0].whitespace_after)

    def _many(self, value: ast.expr, new: cst.BaseExpression) -> cst.BaseStatement:
        """The statement for a starred argument."""
        code = self.draft.code
        comments: Sequence[cst.EmptyLine] = ()
        match value:
            case ast.ListComp() | ast.GeneratorExp():
                made = cst.ensure_type(new, cst.ListComp) if isinstance(new, cst.ListComp) else new
                assert isinstance(made, cst.ListComp | cst.GeneratorExp)
                element, loops = made.elt, made.for_in
                brackets = (made.lbracket, made.rbracket) if isinstance(made, cst.ListComp) else _brackets(made)
                fresh = self._loop_is_free(value)
                comments = _comments_between(made)
            case ast.Call(args=[function, iterable]) if isinstance(function, ast.Name | ast.Attribute):
                # *map(load, paths)
                assert isinstance(new, cst.Call)
                variable = self._variable(_one_of(iterable), value)
                element = cst.Call(new.args[0].value, [cst.Arg(cst.Name(variable))])
                loops = cst.CompFor(cst.Name(variable), new.args[1].value)
                brackets, fresh = (cst.LeftSquareBracket(), cst.RightSquareBracket()), True
            case _:
                variable = self._variable("coroutine", value)
                element, loops = cst.Name(variable), cst.CompFor(cst.Name(variable), new)
                brackets, fresh = (cst.LeftSquareBracket(), cst.RightSquareBracket()), True
        if not self.is_read and fresh:
            if isinstance(value, ast.ListComp | ast.GeneratorExp):
                element = _dedented(
                    element, _indent_between(code.span(value).start, code.span(value.elt).start, self.draft)
                )
            loop = _loop(loops, _line(self._create(element), None))
            return loop.with_changes(leading_lines=comments)
        name = self._list_name(ast.Starred(value)) if self.is_read else self._fresh("tasks")
        self.tasks.append(_Tasks(name, many=True))
        listed = cst.ListComp(self._create(element), loops, lbracket=brackets[0], rbracket=brackets[1])
        return _line(listed, name)

    def _variable(self, wanted: str, inside: ast.expr) -> str:
        """A name for the elements: of a loop's variable nothing else may be called that, in a comprehension all may."""
        if not self.is_read or wanted in {node.id for node in ast.walk(inside) if isinstance(node, ast.Name)}:
            return self._fresh(wanted)
        return wanted

    def _loop_is_free(self, comprehension: Comprehension) -> bool:
        """Whether a comprehension can be a loop: its variables mean nothing outside, and nothing inside keeps them."""
        code = self.draft.code
        if self.function is None:
            return False
        inside = set(ast.walk(comprehension))
        if any(isinstance(node, ast.Lambda | ast.NamedExpr) for node in inside):
            return False
        if any(isinstance(node, COMPREHENSIONS) and node is not comprehension for node in inside):
            return False
        names = set(code.scope_made_by(comprehension).bindings)
        uses = [node for node in ast.walk(self.function) if node not in inside and _mentions(node, names)]
        return all(self._is_another(use) for use in uses)

    def _is_another(self, use: ast.AST) -> bool:
        """Whether a name is the variable of a function or comprehension in here, or of a loop not around this place."""
        code = self.draft.code
        if isinstance(use, ast.arg):
            return use not in set(ast.walk(cast("ast.AsyncFunctionDef", self.function).args))
        owner = code.scope(use).lookup(use.id) if isinstance(use, ast.Name) else None
        if owner is None or not isinstance(use, ast.Name) or self.function is None:
            return False
        if owner.node is not self.function:
            return owner.node is not None and self.function in code.ancestors(owner.node)
        if code.function_around(use) is not self.function:
            return False
        return any(
            isinstance(loop, ast.For | ast.AsyncFor)
            and any(isinstance(each, ast.Name) and each.id == use.id for each in ast.walk(loop.target))
            and use not in set(ast.walk(loop.iter))
            and loop not in code.ancestors(self.place)
            for loop in code.ancestors(use)
        )

    # -- the results

    def separate_results(self, line: cst.SimpleStatementLine) -> Sequence[cst.BaseStatement]:
        """`user = user_task.result()` and so on, if each result has a variable of its own."""
        if not self._are_separate or line.trailing_whitespace.comment is not None:
            return []
        return [
            cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(target.id))], tasks.result)])
            for target, tasks in zip(self.targets, self.tasks, strict=True)
            if isinstance(target, ast.Name) and tasks.name is not None
        ]

    def results_in_place(self, old: cst.Await) -> dict[cst.CSTNode, Change]:
        """The change that puts the results where the `await` was."""
        parent = self.draft.code.parent(self.place)
        if self.targets:
            return {old: lambda _: self._tuple()}
        if isinstance(parent, ast.Starred) and isinstance(self.draft.code.parent(parent), ast.Call):
            argument = next(each for each in self._nodes_of_call(parent) if each.value is old)
            return {argument: lambda new: cst.FlattenSentinel(self._spliced(cst.ensure_type(new, cst.Arg)))}
        return {old: lambda _: self._list()}

    def _nodes_of_call(self, starred: ast.Starred) -> Sequence[cst.Arg]:
        around = self.draft.code.parent(starred)
        assert isinstance(around, ast.Call)
        return self.draft.node(around, cst.Call).args

    def _spliced(self, old: cst.Arg) -> Sequence[cst.Arg]:
        elements = [tasks.element for tasks in self.tasks]
        new = [
            cst.Arg(each.value, star="*" if isinstance(each, cst.StarredElement) else "", comma=_COMMA)
            for each in elements
        ]
        return [*new[:-1], new[-1].with_changes(comma=old.comma)]

    def _list(self) -> cst.BaseExpression:
        if len(self.tasks) == 1 and self.tasks[0].many:
            return self.tasks[0].result
        elements = [tasks.element for tasks in self.tasks]
        listed = cst.List(elements)
        if not self._is_too_long(listed):
            return listed
        inner, _ = self._breaks()
        return cst.List(self._on_lines(elements), lbracket=cst.LeftSquareBracket(whitespace_after=inner))

    def _tuple(self) -> cst.Tuple:
        elements = [cst.Element(tasks.result) for tasks in self.tasks]
        tight = cst.Tuple(elements, lpar=[], rpar=[])
        if not self._is_too_long(tight):
            return tight
        inner, _ = self._breaks()
        return cst.Tuple(self._on_lines(elements), lpar=[cst.LeftParen(whitespace_after=inner)])

    def _breaks(self) -> tuple[cst.ParenthesizedWhitespace, cst.ParenthesizedWhitespace]:
        """The line breaks inside brackets before an element and before the closing one."""
        outer = _indent_of(self.place, self.place, self.draft)
        inner = outer + _indentation_unit(self.function, self.draft)
        return (
            cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(inner)),
            cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(outer)),
        )

    def _on_lines(self, elements: Sequence[cst.BaseElement]) -> Sequence[cst.BaseElement]:
        inner, outer = self._breaks()
        commas = [*(cst.Comma(whitespace_after=inner) for _ in elements[:-1]), cst.Comma(whitespace_after=outer)]
        return [each.with_changes(comma=comma) for each, comma in zip(elements, commas, strict=True)]

    def _is_too_long(self, listed: cst.BaseExpression) -> bool:
        """Whether the line would be longer than formatters like it."""
        code, lines = self.draft.code, self.draft.code.statement.lines
        span = code.span(self.place)
        (first, start), (last, end) = lines.position(span.start), lines.position(span.end)
        line = lines.line(first)[:start] + self.draft.code_for(listed) + lines.line(last)[end:]
        return len(line.expandtabs(4)) > 88


_COMMA: Final = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _line(value: cst.BaseExpression, name: str | None) -> cst.SimpleStatementLine:
    if name is None:
        return cst.SimpleStatementLine([cst.Expr(value)])
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])


def _loop(loops: cst.CompFor, body: cst.BaseStatement) -> cst.BaseStatement:
    """The `for` statement, with the `if` statements, that a comprehension's clauses are."""
    inner = _loop(loops.inner_for_in, body) if loops.inner_for_in is not None else body
    for condition in reversed(loops.ifs):
        inner = cst.If(condition.test, cst.IndentedBlock([inner]))
    return cst.For(loops.target, loops.iter, cst.IndentedBlock([inner]), asynchronous=loops.asynchronous)


def _brackets(generator: cst.GeneratorExp) -> tuple[cst.LeftSquareBracket, cst.RightSquareBracket]:
    left, right = generator.lpar[-1:], generator.rpar[:1]
    return (
        cst.LeftSquareBracket(left[0].whitespace_after) if left else cst.LeftSquareBracket(),
        cst.RightSquareBracket(right[0].whitespace_before) if right else cst.RightSquareBracket(),
    )


class _Comments(cst.CSTVisitor):
    """Collects comments, those below some nodes left out."""

    def __init__(self, without: Sequence[cst.CSTNode]) -> None:
        super().__init__()
        self.found: list[cst.EmptyLine] = []
        self._without = without

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Comment):
            self.found.append(cst.EmptyLine(comment=node))
        return not any(node is each for each in self._without)


def _comments_between(comprehension: cst.ListComp | cst.GeneratorExp) -> Sequence[cst.EmptyLine]:
    """The comments between the parts of a comprehension, which have no place in a loop but above it."""
    kept: list[cst.CSTNode] = [comprehension.elt]
    loops: cst.CompFor | None = comprehension.for_in
    while loops is not None:
        kept += [loops.target, loops.iter, *(each.test for each in loops.ifs)]
        loops = loops.inner_for_in
    collector = _Comments(kept)
    comprehension.visit(collector)
    return collector.found


def _arguments(call: cst.Call) -> Sequence[cst.Arg]:
    return [each for each in call.args if each.keyword is None and each.star != "**"]


def _mentions(node: ast.AST, names: set[str]) -> bool:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
            return name in names
        case ast.alias(name=name):
            return name.partition(".")[0] in names
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name in names
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return name in names
        case ast.MatchMapping(rest=str(name)):
            return name in names
        case ast.Global(names=declared) | ast.Nonlocal(names=declared):
            return not names.isdisjoint(declared)
        case _:
            return False


# -- names ------------------------------------------------------------------------------------------------------------


def _listed(argument: ast.expr) -> Sequence[ast.expr] | None:
    """The elements of a starred list of calls, which might as well be arguments."""
    match argument:
        case ast.Starred(value=ast.List(elts=elements) | ast.Tuple(elts=elements)):
            return None if any(isinstance(each, ast.Starred) for each in elements) else elements
        case _:
            return None


def _targets(statement: ast.stmt, place: ast.Await, call: ast.Call) -> Sequence[ast.expr]:
    """The targets that take one result each; empty if the results are not taken apart like that."""
    arguments = [each for argument in call.args for each in _listed(argument) or [argument]]
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets) | ast.List(elts=targets)], value=value) if (
            value is place
            and len(targets) == len(arguments)
            and not any(isinstance(each, ast.Starred) for each in [*targets, *arguments])
        ):
            return targets
        case _:
            return ()


def _name_of_target(target: ast.expr) -> str | None:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return _snake(name)
        case _:
            return None


_VERBS: Final = re.compile(r"(?:async|fetch|find|get|load|query|read|retrieve)_(?=[a-z])")
_PASSED_ON: Final = ("asyncio.to_thread", "asyncio.wait_for")


def _name_of_call(argument: ast.expr, code: Analysis) -> str:
    """A word for what a coroutine gives: `users` for `load_users()`."""
    match argument:
        case ast.Starred(value=ast.ListComp(elt=element) | ast.GeneratorExp(elt=element)):
            return _name_of_call(element, code)
        case ast.Starred(value=ast.Call(args=[ast.Name(id=name) | ast.Attribute(attr=name), *_])):
            return _word(name)
        case ast.Starred():
            return "running"
        case ast.Call(func=function, args=[first, *_]) if code.is_name(function, *_PASSED_ON):
            return _name_of_call(first if isinstance(first, ast.Call) else ast.Call(first, [], []), code)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return _word(name)
        case ast.IfExp(body=body):
            return _name_of_call(body, code)
        case ast.Name(id=name):
            return _word(re.sub(r"_(?:coro|coroutine)$", "", name))
        case _:
            return "first"


def _word(name: str) -> str:
    snake = _snake(name) or "first"
    return _VERBS.sub("", snake, count=1) if _VERBS.match(snake) else snake


def _snake(name: str) -> str | None:
    """A name without leading underscores, in lower case with underscores; `None` if nothing is left."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_")).lower()
    return words if words.isidentifier() else None


def _one_of(iterable: ast.expr) -> str:
    """A name for an element: `user` for `users`."""
    match iterable:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            pass
        case _:
            return "item"
    name = name.strip("_")
    single = f"{name[:-3]}y" if name.endswith("ies") else name[:-1] if re.search(r"[^sui]s$", name) else ""
    taken = keyword.iskeyword(single) or keyword.issoftkeyword(single) or hasattr(builtins, single)
    return single if len(single) > 1 and single.isidentifier() and not taken else "item"


# -- comments and indentation -----------------------------------------------------------------------------------------


def _with_comments_of_arguments(block: cst.With, call: cst.Call) -> cst.With:
    """The block with the comments that stood between the arguments of a call, each next to the same argument."""
    body = list(cst.ensure_type(block.body, cst.IndentedBlock).body)
    header: cst.Comment | None = None
    waiting: list[cst.EmptyLine] = []
    current = -1
    for space in _layout(call):
        if space is None:
            current += 1
            made = cast("cst.SimpleStatementLine | cst.For", body[current])
            body[current] = made.with_changes(leading_lines=[*waiting, *made.leading_lines])
            waiting = []
            continue
        comment = space.first_line.comment
        if comment is not None and current < 0 and header is None:
            header = comment
        elif comment is not None:
            line = body[max(current, 0)]
            if current >= 0 and isinstance(line, cst.SimpleStatementLine) and line.trailing_whitespace.comment is None:
                trailing = cst.TrailingWhitespace(cst.SimpleWhitespace("  "), comment)
                body[current] = line.with_changes(trailing_whitespace=trailing)
            else:
                waiting.append(cst.EmptyLine(comment=comment))
        waiting += [cst.EmptyLine(comment=line.comment) for line in space.empty_lines if line.comment is not None]
    head = cst.TrailingWhitespace(cst.SimpleWhitespace("  "), header) if header else cst.TrailingWhitespace()
    return block.with_changes(body=cst.IndentedBlock(body, header=head, footer=waiting))


def _layout(call: cst.Call) -> Iterator[cst.ParenthesizedWhitespace | None]:
    """The line breaks between the arguments of a call, in order, and `None` for what becomes a statement."""
    spaces: list[cst.BaseParenthesizableWhitespace | None] = [call.whitespace_before_args]
    for argument in call.args:
        spaces.append(argument.whitespace_after_star)
        if isinstance(argument.value, cst.List | cst.Tuple) and _are_plain(argument.value.elements):
            left, right = _ends(argument.value)
            spaces.append(left)
            for element in argument.value.elements:
                spaces += [None, *_around_comma(element)]
            spaces.append(right)
        elif argument.keyword is None and argument.star != "**":
            spaces.append(None)
        spaces += [argument.whitespace_after_arg, *_around_comma(argument)]
    for space in spaces:
        if space is None or isinstance(space, cst.ParenthesizedWhitespace):
            yield space


def _are_plain(elements: Sequence[cst.BaseElement]) -> bool:
    return all(isinstance(each, cst.Element) for each in elements)


def _ends(
    display: cst.List | cst.Tuple,
) -> tuple[cst.BaseParenthesizableWhitespace, cst.BaseParenthesizableWhitespace]:
    if isinstance(display, cst.List):
        return display.lbracket.whitespace_after, display.rbracket.whitespace_before
    return display.lpar[0].whitespace_after, display.rpar[-1].whitespace_before


def _around_comma(item: cst.BaseElement | cst.Arg) -> Sequence[cst.BaseParenthesizableWhitespace]:
    if isinstance(item.comma, cst.Comma):
        return item.comma.whitespace_before, item.comma.whitespace_after
    return ()


def _indent_of(argument: ast.expr, place: ast.Await, draft: Draft) -> str:
    """By how much the line on which an argument starts is indented more than the statement."""
    outer = draft.code.span(draft.code.statement_of(place)).start
    return _indent_between(outer, _start(argument, draft), draft)


def _indent_between(outer: int, inner: int, draft: Draft) -> str:
    """By how much the line of one offset is indented more than that of another before it."""
    lines = draft.code.statement.lines
    first, here = (lines.position(offset)[0] for offset in (outer, inner))
    if here == first:
        return ""
    base, own = (re.match(r"[ \t]*", lines.line(number)) for number in (first, here))
    assert base is not None
    assert own is not None
    return own.group().removeprefix(base.group()) if own.group().startswith(base.group()) else ""


def _start(node: ast.AST, draft: Draft) -> int:
    """Where a node starts, with the parentheses around it."""
    start = draft.code.span(node).start
    opening = re.search(r"\((?:\s|#.*)*\Z", draft.code.statement.text[:start])
    is_bare = isinstance(node, ast.stmt) or opening is None or _is_called(node, draft)
    return start if is_bare or opening is None else opening.start()


def _is_called(node: ast.AST, draft: Draft) -> bool:
    """Whether the parenthesis before a node is that of a call."""
    text = draft.code.statement.text[: draft.code.span(node).start]
    return re.search(r"[\w\])]\s*\((?:\s|#.*)*\Z", text) is not None


class _Dedent(cst.CSTTransformer):
    def __init__(self, by: str) -> None:
        super().__init__()
        self._by = by

    def leave_ParenthesizedWhitespace(
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        return updated_node.with_changes(
            last_line=cst.SimpleWhitespace(updated_node.last_line.value.removeprefix(self._by)),
            empty_lines=[
                line.with_changes(whitespace=cst.SimpleWhitespace(line.whitespace.value.removeprefix(self._by)))
                for line in updated_node.empty_lines
            ],
        )


def _dedented(expression: cst.BaseExpression, by: str) -> cst.BaseExpression:
    return cast("cst.BaseExpression", expression.visit(_Dedent(by))) if by else expression


def _indentation_unit(function: ast.AST | None, draft: Draft) -> str:
    code = draft.code
    if not isinstance(function, ast.AsyncFunctionDef):
        return "    "
    lines = code.statement.lines
    outer, inner = (
        lines.line(lines.position(code.span(node).start)[0])[: lines.position(code.span(node).start)[1]]
        for node in (function, function.body[0])
    )
    unit = inner.removeprefix(outer)
    return unit if unit and not unit.strip() else "    "
