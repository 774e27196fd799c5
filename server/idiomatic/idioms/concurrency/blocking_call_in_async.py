"""Wait with `await` in a coroutine: a call that blocks stops every other task.

## Why
All tasks of an event loop share one thread: while `time.sleep`, `requests.get` or `subprocess.run` waits, no other
request is answered, no timeout fires, no cancellation arrives. An `await` hands the thread to the others for exactly
that time. What has no asynchronous form can wait in a thread of its own, with `asyncio.to_thread`.

## Example
```python
import time

import requests


async def poll(url):
    started = time.monotonic()
    while not requests.get(url, timeout=5).ok:
        time.sleep(1)
    return time.monotonic() - started
```
becomes
```python
import asyncio
import time

import requests


async def poll(url):
    started = time.monotonic()
    while not (await asyncio.to_thread(requests.get, url, timeout=5)).ok:
        await asyncio.sleep(1)
    return time.monotonic() - started
```

## Fix safety
Unsafe. Other tasks run at the new `await`, so what this coroutine has read before may have changed after it, and a
cancellation can arrive there. A function in a thread goes on when its task is cancelled, and what it is given must not
be used elsewhere at the same time. `httpx.get` becomes the method of an `httpx.AsyncClient`; the second action runs it
in a thread. `subprocess.run`, where nobody looks at its result, has `asyncio.create_subprocess_exec` for a second
action.

Refused, with the reason:

- in a `with` block of a `threading.Lock` or the like: the lock would be held while other tasks run, and one of them
  that wants it blocks all, for ever;
- in a comprehension or generator expression, and where the same expression has already read an attribute, an element
  or a variable of the module that another task may change in the meantime;
- as an argument of `run_in_executor` or `to_thread`, where it was meant to be passed on without being called;
- what is opened by the call and used in a `with` block, where reading from it blocks as well;
- where the file uses `trio` or `anyio` without `asyncio`;
- `sqlite3` connections, which belong to one thread, and a `pymongo.MongoClient`, of which every use blocks.

Nothing is reported in a function defined inside the coroutine, in a test, in a class whose name says that it blocks
(libraries drive such coroutines without an event loop), or for a function that is passed on without being called.
`open` counts only where the whole file is read or written in the same expression.

## References
- [Running blocking code](https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code)
- [`asyncio.to_thread`](https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread)
- [`httpx.AsyncClient`](https://www.python-httpx.org/async/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.blocking import (
    Blocking,
    Instead,
    blocking_call,
    event_library,
    held_lock,
    is_driven_by_hand,
    is_never_run,
    whole_file,
)
from idiomatic.core.analysis.evaluation import is_first, is_stable, shared_before
from idiomatic.core.analysis.tree import COMPREHENSIONS, FUNCTIONS
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 9)
TRIGGERS = ("async",)
ALSO = ("ASYNC210", "ASYNC212", "ASYNC221", "ASYNC222", "ASYNC230", "ASYNC250", "ASYNC251")

SLEEP: Final = "asyncio.sleep"
THREAD: Final = "asyncio.to_thread"
OTHERS_RUN: Final = "Other tasks run at the new `await`: what was read before it may have changed after it."
GOES_ON: Final = "A cancellation of the task does not stop the thread."
SHARES: Final = "It runs in another thread: nothing else may use what it is given at the same time."

# What `httpx.get` takes and passes on to the client it makes.
_OF_CLIENT: Final = frozenset({"cert", "cookies", "mounts", "proxies", "proxy", "trust_env", "verify"})
_OF_PROCESS: Final = frozenset({"cwd", "env", "start_new_session", "stderr", "stdin", "stdout"})


def detect(call: ast.Call, code: Analysis) -> Iterator[Finding]:
    if (method := whole_file(code, call)) is not None:
        blocking = Blocking("open", "the disk")
    elif (found := blocking_call(code, call)) is not None:
        blocking = found
    else:
        return
    # Already wrong in another way: the result of a call that blocks can't be awaited.
    if not isinstance(code.function_around(call), ast.AsyncFunctionDef) or isinstance(code.parent(call), ast.Await):
        return
    if _is_in_a_test(call, code) or is_driven_by_hand(code, call) or is_never_run(code, call):
        return
    name = blocking.name.removeprefix("builtins.")
    message = f"`{name}` waits for {blocking.waits} and stops every other task meanwhile"
    yield Finding(call.func, message, tuple(_fixes(call, blocking, method, code)))


def _is_in_a_test(call: ast.Call, code: Analysis) -> bool:
    """Whether nothing else runs there anyway, or it is the point that nothing does."""
    return any(isinstance(each, FUNCTIONS) and each.name.startswith("test_") for each in code.ancestors(call))


def _fixes(call: ast.Call, blocking: Blocking, method: str | None, code: Analysis) -> Iterator[Fix]:
    where = code.lines(call)
    thread = Fix(
        "Run it in a thread with `asyncio.to_thread` (a cancellation does not stop it)",
        Unsafe((OTHERS_RUN, GOES_ON, SHARES)),
        where,
        partial(to_thread, call, method),
    )
    if (fault := blocking.fault or _fault(call, code)) is not None:
        sleeps = blocking.instead is Instead.SLEEP
        yield Fix("Use `asyncio.sleep`" if sleeps else "Wait for it with `await`", Refused(fault), where)
        return
    match blocking.instead:
        case Instead.SLEEP:
            if len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred):
                yield Fix(
                    "Use `await asyncio.sleep(...)` (other tasks run meanwhile)",
                    Unsafe((OTHERS_RUN, "The task can be cancelled while it sleeps.")),
                    where,
                    partial(to_sleep, call),
                )
        case Instead.HTTPX if _fits_client(call, code):
            yield Fix(
                f"Use `httpx.AsyncClient().{blocking.name.rpartition('.')[2]}` (other tasks run meanwhile)",
                Unsafe((OTHERS_RUN, "The task can be cancelled while it waits.")),
                where,
                partial(to_client, call),
            )
            yield thread
        case Instead.PROCESS:
            yield thread
            if _is_dropped_command(call, code):
                yield Fix(
                    "Use `asyncio.create_subprocess_exec` (a cancellation leaves the process running)",
                    Unsafe((OTHERS_RUN, "A cancellation stops the waiting, not the process.")),
                    where,
                    partial(to_process, call),
                )
        case _:
            yield thread


# -- whether it can be awaited ----------------------------------------------------------------------------------------


def _fault(call: ast.Call, code: Analysis) -> str | None:
    if isinstance(code.scope(call).node, COMPREHENSIONS):
        return "It stands in a comprehension, which an `await` would change."
    if (held := held_lock(code, call)) is not None:
        return f"`{held}` would be held while other tasks run, and one that waits for it stops all of them."
    match code.parent(call):
        case ast.withitem():
            return "What it opens is used in a `with` block, where reading from it blocks as well."
        case ast.Call(func=ast.Attribute(attr="run_in_executor" | "to_thread" as runner)):
            return f"Its result is passed to `{runner}`, which wants the function and its arguments apart."
        case ast.Call(func=function) if code.is_name(function, "contextlib.closing"):
            return "What it opens is used in a `with` block, where reading from it blocks as well."
        case _:
            pass
    if (read := shared_before(code, call)) is not None:
        return f"`{ast.unparse(read)}` is read before it in the same expression, and may change while it waits."
    library = code.ask(event_library)
    if library not in {None, "asyncio"}:
        return f"This file uses `{library}`, which has functions of its own for that."
    return None


def _fits_client(call: ast.Call, code: Analysis) -> bool:
    """Whether a client can be made before the statement for this call alone."""
    statement = code.statement_of(call)
    moved = [keyword.value for keyword in call.keywords if keyword.arg in _OF_CLIENT]
    return (
        isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr)
        and code.has_own_lines(statement)
        and is_first(code, call, statement)
        and all(keyword.arg is not None for keyword in call.keywords)
        and all(is_stable(code, each) for each in moved)
    )


def _is_dropped_command(call: ast.Call, code: Analysis) -> bool:
    """Whether it is `subprocess.run(["make", target])` as a statement, with options that both ways have."""
    match call.args:
        case [ast.List(elts=[_, *_] as words)] if isinstance(code.parent(call), ast.Expr):
            pass
        case _:
            return False
    return (
        not any(isinstance(word, ast.Starred) for word in words)
        and {keyword.arg for keyword in call.keywords} <= _OF_PROCESS
        and code.has_own_lines(code.statement_of(call))
    )


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_sleep(call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    def made(old: cst.Call) -> cst.BaseExpression:
        return old.with_changes(func=draft.expression(SLEEP, call, as_module=True), lpar=[], rpar=[])

    return _awaited(call, made, draft)


def to_thread(call: ast.Call, method: str | None, draft: Draft) -> Sequence[cst.BaseStatement]:
    function = draft.expression(THREAD, call, as_module=True)

    def made(old: cst.Call) -> cst.BaseExpression:
        if method is not None:
            return _whole_file(call, method, function, draft)
        first = cst.Arg(old.func)
        if old.args:
            first = first.with_changes(comma=cst.Comma(whitespace_after=_between(old.whitespace_before_args)))
        return old.with_changes(func=function, args=[first, *old.args], lpar=[], rpar=[])

    return _awaited(call, made, draft)


def _between(before: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    """The white space between two arguments of a call that has this before its first one."""
    if isinstance(before, cst.ParenthesizedWhitespace):
        return cst.ParenthesizedWhitespace(indent=before.indent, last_line=before.last_line)
    return cst.SimpleWhitespace(" ")


def _whole_file(call: ast.Call, method: str, function: cst.BaseExpression, draft: Draft) -> cst.BaseExpression:
    """`to_thread(Path(path).read_text)` for `open(path).read()`."""
    old = draft.node(call, cst.Call)
    opened = cst.ensure_type(cst.ensure_type(old.func, cst.Attribute).value, cst.Call)
    plain = cst.MaybeSentinel.DEFAULT
    path = cst.Call(draft.expression("pathlib.Path", call), [cst.Arg(opened.args[0].value)])
    options = [each for each in opened.args[1:] if each.keyword is not None and each.keyword.value != "mode"]
    given = [cst.Arg(cst.Attribute(path, cst.Name(method))), *old.args, *options]
    return cst.Call(function, [each.with_changes(comma=plain) for each in given])


def _awaited(
    call: ast.Call, make: Callable[[cst.Call], cst.BaseExpression], draft: Draft
) -> Sequence[cst.BaseStatement]:
    old = draft.node(call, cst.Call)
    awaited = cst.Await(make(old))
    match draft.code.parent(call):
        case ast.Attribute() | ast.Subscript(value=ast.Call()):
            is_part = True
        case ast.Call(func=function):
            is_part = function is call
        case _:
            is_part = False
    if is_part or old.lpar:
        awaited = awaited.with_changes(lpar=old.lpar or [cst.LeftParen()], rpar=old.rpar or [cst.RightParen()])
    return draft.replaced({old: awaited})


def to_client(call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    code = draft.code
    statement = code.statement_of(call)
    name = draft.fresh("client", "http_client", within=code.function_around(call))
    old = draft.node(call, cst.Call)
    own = [each for each in old.args if each.keyword is not None and each.keyword.value in _OF_CLIENT]
    made = cst.Call(
        draft.expression("httpx.AsyncClient", call, as_module=True),
        [each.with_changes(comma=cst.MaybeSentinel.DEFAULT) for each in own],
    )
    verb = (
        old.func.attr
        if isinstance(old.func, cst.Attribute)
        else cst.Name((code.qualified_name(call.func) or "").rpartition(".")[2])
    )

    def request(old: cst.Call) -> cst.BaseExpression:
        kept = [each for each in old.args if each not in own]
        if own and kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return old.with_changes(func=cst.Attribute(cst.Name(name), verb), args=kept, lpar=[], rpar=[])

    result: list[cst.BaseStatement] = []
    before = draft.node(statement, cst.SimpleStatementLine)
    for each, new in zip(draft.body, _awaited(call, request, draft), strict=True):
        if each is not before:
            result.append(new)
            continue
        line = cst.ensure_type(new, cst.SimpleStatementLine)
        result.append(
            cst.With(
                [cst.WithItem(made, cst.AsName(cst.Name(name)))],
                cst.IndentedBlock([line.with_changes(leading_lines=[])]),
                asynchronous=cst.Asynchronous(),
                leading_lines=line.leading_lines,
            )
        )
    return result


def to_process(call: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    code = draft.code
    old = draft.node(call, cst.Call)
    words = cst.ensure_type(old.args[0].value, cst.List)
    plain = cst.MaybeSentinel.DEFAULT
    name = draft.fresh("process", within=code.function_around(call))
    arguments = [
        *(cst.Arg(each.value) for each in words.elements),
        *(each.with_changes(comma=plain) for each in old.args[1:]),
    ]
    start = cst.Call(draft.expression("asyncio.create_subprocess_exec", call, as_module=True), arguments)
    line = draft.node(code.statement_of(call), cst.SimpleStatementLine)
    created = cst.Assign([cst.AssignTarget(cst.Name(name))], cst.Await(start))
    waited = cst.parse_statement(f"await {name}.wait()")
    result: list[cst.BaseStatement] = []
    for each in draft.body:
        result += [line.with_changes(body=[created]), waited] if each is line else [each]
    return result
