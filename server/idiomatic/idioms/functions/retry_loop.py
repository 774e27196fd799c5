"""Say how often something is tried again in a decorator, and leave what is tried alone.

## Why
A loop that tries, catches, counts, waits and gives up hides the one line it is about, and is easily wrong: it waits
after the last attempt, swallows the last error, or counts one too many. All clients that wait equally long come back
together. A decorator does it once for all, in one place, and a function that fails says only what it does.

## Example
```python
import time


def retry(*exceptions, attempts=3, base_delay=0.1, max_delay=10.0): ...


def fetch(url):
    for attempt in range(5):
        try:
            return download(url)
        except OSError:
            if attempt == 4:
                raise
            time.sleep(2**attempt)
```
becomes
```python
def retry(*exceptions, attempts=3, base_delay=0.1, max_delay=10.0): ...


@retry(OSError, attempts=5, base_delay=1)
def fetch(url):
    return download(url)
```

```python
import time


def retry(*exceptions, attempts=3, base_delay=0.1, max_delay=10.0): ...


def report(url, attempts):
    for number in range(attempts):
        try:
            rows = download(url)
            break
        except (OSError, TimeoutError) as error:
            print("failed:", error)
            if number == attempts - 1:
                raise
            time.sleep(5)
    return sum(rows)
```
becomes
```python
def retry(*exceptions, attempts=3, base_delay=0.1, max_delay=10.0): ...


def report(url, attempts):
    @retry(OSError, TimeoutError, attempts=attempts, base_delay=5, max_delay=5)
    def attempt():
        try:
            return download(url)
        except (OSError, TimeoutError) as error:
            print("failed:", error)
            raise

    rows = attempt()
    return sum(rows)
```

Where there is no such decorator it is put below the imports, from the template `retry` or `async-retry`.

## Fix safety
Always unsafe: the waits are half to all of what they were, at random, so that not all clients come back at once; those
that grow are doubled each time, up to ten seconds if the code has no other limit. What the handler does besides, such
as logging, it then does after the last failure, too. Another error that the loop raised in the end is raised by a
handler around the call, and has what failed for its cause. A number of attempts that is computed must be at least one,
and is read once if the function itself is decorated.

The function is decorated itself if it does nothing else, otherwise what is tried becomes a function inside it.

Refused where a decorator would do something else: the handler does more than wait, log and raise, uses the number of
the attempt, or may catch what is no `Exception`; the loop goes on without raising after the last attempt, has several
handlers, a `finally` or more than one wait; what is tried changes variables of the function or has several results;
and where how often or how long is decided in the loop.

Not found are loops without end, which are no retries but the work of a program, and generators.

## References
- [Timeouts, retries and backoff with jitter](https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.defaults import has_docstring
from idiomatic.core.analysis.exceptions import NO_EXCEPTIONS
from idiomatic.core.analysis.known_types import is_bound
from idiomatic.core.analysis.retries import NoRetry, Retry, retry
from idiomatic.core.analysis.scopes import scopes
from idiomatic.core.facts import FunctionFact
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.module import about, bindings, imported_definition
from idiomatic.core.module import definition as defined
from idiomatic.core.writing.retried_function import to_retried

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import libcst as cst

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module

KIND = Kind.IDIOM
SINCE = (3, 10)
TRIGGERS = ("sleep",)
ALSO = ()

TITLE: Final = "Retry with a decorator"


def detect(loop: ast.For | ast.While, code: Analysis) -> Iterator[Finding]:
    found = retry(loop, code)
    if found is None:
        return
    message = "This loop tries again, counts and waits by hand"
    refusal = found.reason if isinstance(found, NoRetry) else _refusal(found, code)
    # What is underlined is the first line of a loop, not all of it.
    place = loop.iter if isinstance(loop, ast.For) else loop.test
    if refusal is not None or isinstance(found, NoRetry):
        yield Finding(place, message, (Fix(TITLE, Refused(refusal or ""), code.lines(loop)),))
        return
    is_whole = _is_whole(found, code)
    reasons = tuple(_reasons(found, code, is_whole=is_whole))
    where = code.lines(found.function) if is_whole else _lines(found, code)
    yield Finding(
        place,
        message,
        (Fix(f"{TITLE} (waits vary)", Unsafe(reasons), where, partial(rewrite, found, is_whole)),),
    )


def _lines(found: Retry, code: Analysis) -> tuple[ast.stmt, ast.stmt]:
    """All between the first and the last statement that goes away."""
    block = code.siblings(found.loop)
    places = [block.index(each) for each in (found.loop, *found.gone)]
    return block[min(places)], block[max(places)]


def _refusal(found: Retry, code: Analysis) -> str | None:
    handler = found.handler
    if handler.type is None:
        return "`except:` catches what is no failure, such as Ctrl+C: say what may be tried again."
    for each in _exceptions(handler.type):
        if code.is_name(each, *NO_EXCEPTIONS):
            return f"`{ast.unparse(each)}` is no failure that should be tried again."
        if _starred(each, code) is None:
            return f"`{ast.unparse(each)}` may be several exceptions."
    block = code.siblings(found.loop)
    for statement in (found.loop, *found.gone):
        if statement not in block or not code.has_own_lines(statement):
            return "The loop shares its lines with something else."
    for part in (found.delay, found.limit, found.attempts.of):
        if part is not None and any(isinstance(each, ast.Call | ast.Await | ast.NamedExpr) for each in ast.walk(part)):
            return "How often it is tried, or how long it waits, is computed anew each time."
    if not _is_whole(found, code):
        tried = (*found.work, *([found.ending] if found.ending is not None else []))
        names = {each.id for part in tried for each in ast.walk(part) if isinstance(each, ast.Name)}
        if taken := names & {"super", "__class__", "locals"}:
            return f"What is tried uses `{min(taken)}`, which means something else in a function of its own."
    return None


def _exceptions(type_: ast.expr) -> Sequence[ast.expr]:
    return type_.elts if isinstance(type_, ast.Tuple) else [type_]


def _starred(exception: ast.expr, code: Analysis) -> bool | None:
    """Whether it is a tuple of exceptions; `None` if that can't be seen."""
    match exception:
        case ast.Name(id=name) if code.local_bindings(exception) is None and code.ask(is_tuple, name):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            is_class = name[:1].isupper() and not (name.isupper() and len(name) > 1)
            return False if is_class or name in {"error", "timeout", "herror", "gaierror"} else None
        case _:
            return None


@about(lambda name: (name,))
def is_tuple(module: Module, name: str) -> bool:
    """Question: whether a name is bound once at module level, to a tuple."""
    for statement in module.statements if len(module.ask(bindings, name)) == 1 else ():
        match statement.nodes:
            case (ast.Assign(targets=[ast.Name(id=bound)], value=ast.Tuple()),) if bound == name:
                return True
            case _:
                pass
    return False


def _is_whole(found: Retry, code: Analysis) -> bool:
    """Whether the function does nothing but try again, in a way that can be said above it."""
    function = found.function
    body = function.body[1 if has_docstring(function) else 0 :]
    if {id(each) for each in body} != {id(each) for each in (found.loop, *found.gone)}:
        return False
    if isinstance(function, ast.AsyncFunctionDef) != found.is_async or found.result or found.raises:
        return False
    handler = found.handler.type
    parts = [found.delay, found.limit, found.attempts.of, handler]
    names = [each for part in parts if part is not None for each in ast.walk(part) if isinstance(each, ast.Name)]
    return all(is_bound(each, code) for each in names)


def _reasons(found: Retry, code: Analysis, *, is_whole: bool) -> Iterator[str]:
    assert found.delay is not None
    if found.is_constant:
        yield f"Each wait is half to all of {_seconds(found.delay)}, at random."
    else:
        limit = "10 seconds" if found.limit is None else _seconds(found.limit)
        yield f"Each wait is half to all of twice the one before, at random, and at most {limit}."
    if found.raises is not None and not any(each is found.raises for each in ast.walk(found.handler)):
        yield "What it raises in the end has what failed for its cause."
    if found.is_kept_longer:
        yield "What the handler does, it does after the last failure, too."
    if found.attempts.of is not None:
        yield "For less than one attempt the decorator raises a `ValueError`."
        if is_whole:
            yield f"`{ast.unparse(found.attempts.of)}` is read once, when the function is defined."


def _seconds(node: ast.expr) -> str:
    return f"{node.value!r} seconds" if isinstance(node, ast.Constant) else f"`{ast.unparse(node)}`"


def rewrite(found: Retry, is_whole: bool, draft: Draft) -> Sequence[cst.BaseStatement]:
    name = _known_decorator(found, draft) or _inserted(found, draft)
    starred = [each for each in _exceptions(found.handler.type or ast.Tuple([])) if _starred(each, draft.code)]
    return to_retried(found, name, starred, is_whole, draft)


PARAMETERS: Final = ("exceptions", "attempts", "base_delay", "max_delay")


def retry_decorators(module: Module) -> tuple[tuple[str, bool], ...]:
    """Question: the names of such decorators that the module has, and whether they are for coroutines."""
    found: list[tuple[str, bool]] = []
    names = {name for statement in module.statements for name in statement.fact(scopes).by_node[None].bindings}
    for name in sorted(names):
        bound = module.ask(bindings, name)
        fact = module.ask(defined, name)
        if (
            fact is None
            and len(bound) == 1
            and bound[0].qualified is not None
            and "retry" in bound[0].qualified.lower()
        ):
            fact = module.ask(imported_definition, bound[0].qualified)
        if isinstance(fact, FunctionFact) and set(fact.parameters) == set(PARAMETERS):
            found.append((name, "Awaitable" in (fact.returns or "")))
    return tuple(found)


def _known_decorator(found: Retry, draft: Draft) -> str | None:
    """The name of such a decorator that is there."""
    code = draft.code
    for name, is_async in code.ask(retry_decorators):
        visible = code.scope(found.loop).lookup(name)
        if is_async is found.is_async and visible is not None and visible.parent is None:
            return name
    return None


def _inserted(found: Retry, draft: Draft) -> str:
    """The name of the decorator, from its template."""
    # With the catalogue, all that templates need would be loaded.
    from idiomatic.templates.catalogue import load
    from idiomatic.templates.insertion import definition

    code = draft.code
    outermost = [found.loop, *code.ancestors(found.loop)][-1]
    scope, taken = code.scope(found.loop), set[str]()
    while scope.parent is not None:
        taken |= scope.bindings.keys()
        scope = scope.parent
    template = load()["async-retry" if found.is_async else "retry"]
    text, name = definition(
        template,
        draft.document,
        code.statement,
        code.target,
        written=lambda need: (
            draft.module(need.module, outermost)
            if need.attribute is None
            else draft.reference(need.qualified, outermost)
        ),
        taken=taken,
    )
    draft.constant(text)
    return name
