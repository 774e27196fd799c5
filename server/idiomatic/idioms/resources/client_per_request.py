"""Build HTTP clients, engines and pools once and share them, instead of one for each call.

## Why
What a client is for is its pool: connections that are open already, TLS that is negotiated, cookies, limits. One that
is built for a single request pays for all of that each time and throws it away; under load the machine runs out of
ports. A database engine built in a request handler opens a new pool of connections each time.

Make it where the application starts (a `lifespan`, `main()`), and hand it to what needs it as a parameter, or with
`Depends` in FastAPI. Several requests at a time can share one.

## Example
```python
import httpx


async def load(urls: list[str]) -> list[str]:
    pages = []
    for url in urls:
        async with httpx.AsyncClient(timeout=10) as client:
            response = await client.get(url)
            pages.append(response.text)
    return pages
```
becomes
```python
import httpx


async def load(urls: list[str]) -> list[str]:
    pages = []
    async with httpx.AsyncClient(timeout=10) as client:
        for url in urls:
            response = await client.get(url)
            pages.append(response.text)
    return pages
```

## Fix safety
Reported are clients that are built in the handler of a web request (`@app.get("/...")`), in each round of a `for` loop,
or in a function of this file that is called in a loop.

Only the loop can be rewritten: the client is built above it. Unsafe, because all rounds then share its connections,
cookies and limits, and because its errors while it is opened and closed are no longer caught inside the loop.

Everywhere else it is explained only: who builds the client, and how it gets here, is for the application to decide.

Not found: clients that are made for somebody (their arguments depend on a parameter of the function or on the round),
returned, stored or yielded; clients that serve a loop of their own; `while` loops and `for` loops over a `range`, which
build a new one to try again; tests; and clients with a transport or an application of their own.

## References
- [HTTPX: why use a client?](https://www.python-httpx.org/advanced/clients/#why-use-a-client)
- [aiohttp: client session](https://docs.aiohttp.org/en/stable/http_request_lifecycle.html)
- [SQLAlchemy: engine](https://docs.sqlalchemy.org/en/20/core/connections.html#basic-usage)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst

from idiomatic.core.analysis.escapes import escapes
from idiomatic.core.analysis.tree import COMPREHENSIONS, FUNCTIONS, tree
from idiomatic.core.idiom import Finding, Fix, Kind, Unsafe
from idiomatic.core.module import about
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.document import Statement
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module

KIND = Kind.IDIOM
SINCE = (3, 2)
TRIGGERS = ("Client", "Session", "create_pool", "_engine", "Redis", "from_url")
ALSO = ()

Loop: TypeAlias = ast.For | ast.AsyncFor
LOOPS: Final = (ast.For, ast.AsyncFor)
WITHS: Final = (ast.With, ast.AsyncWith)

CLIENTS: Final = frozenset(
    {
        "aiohttp.ClientSession",
        "aiohttp.client.ClientSession",
        "asyncpg.create_pool",
        "asyncpg.pool.create_pool",
        "httpx.AsyncClient",
        "httpx.Client",
        "motor.motor_asyncio.AsyncIOMotorClient",
        "psycopg_pool.AsyncConnectionPool",
        "psycopg_pool.ConnectionPool",
        "pymongo.AsyncMongoClient",
        "pymongo.MongoClient",
        "redis.Redis",
        "redis.StrictRedis",
        "redis.from_url",
        "redis.Redis.from_url",
        "redis.asyncio.Redis",
        "redis.asyncio.client.Redis",
        "redis.client.Redis",
        "redis.asyncio.from_url",
        "redis.asyncio.Redis.from_url",
        "requests.Session",
        "requests.session",
        "requests.sessions.Session",
        "sqlalchemy.create_engine",
        "sqlalchemy.engine.create_engine",
        "sqlalchemy.ext.asyncio.create_async_engine",
    }
)
"""What has a pool of connections, by the dotted name that builds it."""

HANDLERS: Final = frozenset(
    {
        "api_route", "delete", "get", "head", "middleware", "options", "patch", "post", "put", "route", "view",
        "websocket",
    }
)  # fmt: skip
"""Decorators that make a function answer requests."""

OWN_WAYS: Final = frozenset({"app", "connector", "mounts", "poolclass", "transport"})
"""Arguments that say it is no ordinary client."""


def detect(call: ast.Call, code: Analysis) -> Iterator[Finding]:
    name = code.qualified_name(call.func)
    if name not in CLIENTS or any(keyword.arg in OWN_WAYS for keyword in call.keywords):
        return
    function = code.function_around(call)
    if isinstance(function, ast.Lambda):
        return
    if function is not None and (_is_test(function, code) or not _is_kept_here(call, function, code)):
        return
    built = f"`{ast.unparse(call.func)}(...)`"
    loop = _loop(call, code)
    if loop is not None and not _depends_on(call, _bound_in(loop), code):
        if not _serves_a_loop(call, code):
            message = f"{built} is built again in each round of the loop"
            yield Finding(call, message, tuple(_fixes(call, loop, code)))
        return
    if function is None or _depends_on(call, _bound_in(function), code):
        return
    if _handles_requests(function):
        message = f"{built} is built for each request; one that is made when the application starts can be shared"
        yield Finding(call, message)
    elif not _serves_a_loop(call, code) and _is_called_in_loop(function, code):
        yield Finding(call, f"{built} is built each time `{function.name}` is called, which is done in a loop")


# -- whose client it is -----------------------------------------------------------------------------------------------


def _is_test(function: Function, code: Analysis) -> bool:
    names = [function.name, *(each.name for each in code.ancestors(function) if isinstance(each, FUNCTIONS))]
    fixtures = (
        code.is_name(_plain(each), "pytest.fixture", "pytest_asyncio.fixture") for each in function.decorator_list
    )
    return any(name.startswith("test") for name in names) or any(fixtures)


def _plain(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _is_kept_here(call: ast.Call, function: Function, code: Analysis) -> bool:
    """Whether nobody else gets the client."""
    place = code.parent(call)
    place = code.parent(place) if isinstance(place, ast.Await) else place
    match place:
        case ast.withitem(optional_vars=None):
            return True
        case ast.withitem(optional_vars=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            pass
        # httpx.Client().get(url)
        case ast.Attribute():
            return True
        case _:
            return False
    scope = code.scope(call)
    if scope.lookup(name) is not scope:
        return False
    uses = [use for use in code.uses(name, function, scope) if isinstance(use.ctx, ast.Load)]
    if any(code.function_around(use) is not function for use in uses):
        return False
    if any(isinstance(code.parent(use), ast.keyword | ast.Call) and _may_keep(use, code) for use in uses):
        return False
    made = [place] if isinstance(place, ast.Assign) else []
    return not any(True for each in function.body for _ in escapes(code, name, each, made))


def _may_keep(use: ast.Name, code: Analysis) -> bool:
    """Whether it is handed to a class, which keeps it: `Api(client)`."""
    parent = code.parent(use)
    around = code.parent(parent) if isinstance(parent, ast.keyword) else parent
    match around:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if around.func is not use:
            return name.lstrip("_")[:1].isupper()
        case _:
            return False


def _depends_on(call: ast.Call, names: set[str], code: Analysis) -> bool:
    """Whether the arguments have to do with variables of the function or loop: the client is made for somebody."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    found = {node.id for each in given for node in ast.walk(each) if isinstance(node, ast.Name)}
    own = {name.id for each in given for name in ast.walk(each) if isinstance(name, ast.Name) and _is_self(name, code)}
    return not names.isdisjoint(found - own)


def _is_self(name: ast.Name, code: Analysis) -> bool:
    return code.class_of_self(name) is not None


def _bound_in(node: Loop | Function) -> set[str]:
    """The variables that a loop or function gives values."""
    bound = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    if isinstance(node, FUNCTIONS):
        bound |= {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
    return bound


def _loop(call: ast.Call, code: Analysis) -> Loop | None:
    """The loop over things, not attempts, in whose body it stands."""
    child: ast.AST = call
    for around in code.ancestors(call):
        match around:
            case ast.While() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return None
            case ast.For(iter=iterated, body=body) | ast.AsyncFor(iter=iterated, body=body) if child in body:
                is_attempt = isinstance(iterated, ast.Call) and code.is_name(
                    iterated.func, "builtins.range", "itertools.count", "itertools.repeat"
                )
                return None if is_attempt else around
            case _:
                child = around
    return None


def _serves_a_loop(call: ast.Call, code: Analysis) -> bool:
    """Whether the block that the client is for has a loop, or several things use it."""
    statement = code.statement_of(call)
    if isinstance(statement, WITHS):
        inside: Sequence[ast.stmt] = statement.body
    else:
        block = code.siblings(statement)
        inside = block[block.index(statement) + 1 :]
    loops = (*LOOPS, ast.While, *COMPREHENSIONS)
    return any(isinstance(node, loops) for each in inside for node in ast.walk(each))


def _handles_requests(function: Function) -> bool:
    """Whether a decorator says for which address it is: `@app.get("/users")`."""
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(address)), *_]):
                if method in HANDLERS and (address.startswith("/") or method == "middleware"):
                    return True
            case _:
                pass
    return False


def _is_called_in_loop(function: Function, code: Analysis) -> bool:
    parent = code.parent(function)
    if parent is None:
        return code.ask(called_in_loop, function.name)
    if isinstance(parent, ast.ClassDef):
        own = [*function.args.posonlyargs, *function.args.args][:1]
        return bool(own) and any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == function.name
            and isinstance(node.func.value, ast.Name)
            and code.class_of_self(node.func.value) is parent
            and _is_in_loop(node, list(code.ancestors(node)))
            for node in ast.walk(parent)
        )
    return False


@about(lambda name: (name,))
def called_in_loop(module: Module, name: str) -> bool:
    """Question: whether a function of the module is called in a loop or comprehension somewhere in it."""
    return any(
        _is_in_loop(node, list(statement.fact(tree).ancestors(node)))
        for statement in module.mentioning(name)
        for node in _calls(statement, name)
    )


def _calls(statement: Statement, name: str) -> Iterator[ast.Call]:
    return (
        node for node in statement.fact(tree).of(ast.Call) if isinstance(node.func, ast.Name) and node.func.id == name
    )


def _is_in_loop(call: ast.Call, around: Sequence[ast.AST]) -> bool:
    child: ast.AST = call
    for each in around:
        match each:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return False
            case ast.For(iter=iterated) | ast.AsyncFor(iter=iterated) if child in each.body:
                # for attempt in range(3): ...
                return not (
                    isinstance(iterated, ast.Call)
                    and isinstance(iterated.func, ast.Name)
                    and iterated.func.id in {"range", "count"}
                )
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                if child is element:
                    return True
            case ast.DictComp(value=element):
                if child is element:
                    return True
            case _:
                pass
        child = each
    return False


# -- the rewrite ------------------------------------------------------------------------------------------------------


def _fixes(call: ast.Call, loop: Loop, code: Analysis) -> Iterator[Fix]:
    item = code.parent(call)
    block = code.parent(item) if isinstance(item, ast.withitem) else None
    if not isinstance(block, WITHS) or block.items[0] is not item or not code.has_own_lines(block):
        return
    if not code.has_own_lines(loop) or (isinstance(block, ast.AsyncWith) and code.function_around(loop) is None):
        return
    reasons = ["All rounds share one client, with its connections, cookies and limits."]
    child: ast.AST = block
    for around in code.ancestors(block):
        if around is loop:
            break
        if isinstance(around, ast.Try | ast.TryStar) and child in around.body:
            reasons.append("What fails while it is opened or closed is no longer caught inside the loop.")
        child = around
    yield Fix(
        "Build it once, above the loop (all rounds share it)",
        Unsafe(tuple(dict.fromkeys(reasons))),
        code.lines(loop),
        partial(above_loop, block, loop),
    )


def above_loop(block: ast.With | ast.AsyncWith, loop: Loop, draft: Draft) -> Sequence[cst.BaseStatement]:
    old, around = draft.node(block, cst.With), draft.node(loop, cst.For)
    first, *others = old.items
    kept = old.with_changes(items=others) if others else cst.FlattenSentinel(_contents(old))
    lines = around.leading_lines
    [changed] = draft.replaced({old: kept})  # type: ignore[dict-item]
    made = cst.With(
        [first.with_changes(comma=cst.MaybeSentinel.DEFAULT)],
        cst.IndentedBlock([changed.with_changes(leading_lines=[])]),
        asynchronous=old.asynchronous,
        leading_lines=lines,
    )
    return [made]


def _contents(old: cst.With) -> list[cst.BaseStatement]:
    """What stands in the block, with its comments."""
    block = cst.ensure_type(old.body, cst.IndentedBlock)
    first, *rest = block.body
    assert isinstance(first, cst.BaseStatement)
    own: Sequence[cst.EmptyLine] = getattr(first, "leading_lines", ())
    lines = [*old.leading_lines, *comment_lines(block.header), *(line for line in own if line.comment is not None)]
    made = [first.with_changes(leading_lines=lines), *rest]
    if end := comment_lines(*block.footer):
        made[0] = made[0].with_changes(leading_lines=[*lines, *end])
    return made
