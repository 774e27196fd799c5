"""Hand functions the clients, engines and settings they use, instead of building them when a module is imported.

## Why
What is built at import time is built for everybody who imports the module: in tests, in tools, in a process that forks
afterwards. It reads its configuration before anybody could set it, holds connections that nobody closes, and can only
be replaced by patching the module. A function that takes what it uses says so, and a test hands it something else.

## Example
```python
import httpx

client = httpx.Client(base_url="https://example.org")


def load(path: str) -> bytes:
    return client.get(path).content


def report() -> int:
    return len(load("/orders"))
```
becomes
```python
import httpx

client = httpx.Client(base_url="https://example.org")


def load(path: str, *, client: httpx.Client) -> bytes:
    return client.get(path).content


def report(*, client: httpx.Client) -> int:
    return len(load("/orders", client=client))
```

```python
import httpx
from fastapi import FastAPI

app = FastAPI()
client = httpx.AsyncClient()


@app.get("/orders")
async def orders() -> bytes:
    return (await client.get("https://example.org/orders")).content
```
becomes
```python
from functools import cache
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI

app = FastAPI()


@cache
def get_client() -> httpx.AsyncClient:
    return httpx.AsyncClient()


@app.get("/orders")
async def orders(*, client: Annotated[httpx.AsyncClient, Depends(get_client)]) -> bytes:
    return (await client.get("https://example.org/orders")).content
```

## Fix safety
Always unsafe. The functions get a keyword parameter, and their calls in the file pass the variable on: callers in other
files don't, and fail. It is one step at a time (the example shows two): what calls such a function then uses it
itself, and is next to get the parameter.

Where routes of FastAPI use it, directly or through functions of the file, a provider takes the place of the variable.
What it builds is built for the first request and kept; files that import the variable fail, and tests replace it
through `app.dependency_overrides`.

Refused where a method uses the variable (its object should be given it), where a function that uses it is handed on,
exported as a hook or decorated with anything but a route, so that somebody else calls it, and where the variable is
assigned more than once. A provider is refused where the variable is used for anything else, too.

Not found are variables that only code at module level or other files use, objects that are cheap and hold nothing, and
the variables of a notebook, which nobody imports.

## References
- [FastAPI: dependencies](https://fastapi.tiangolo.com/tutorial/dependencies/)
- [FastAPI: testing dependencies with overrides](https://fastapi.tiangolo.com/advanced/testing-dependencies/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.readers import Place, Reader, readers
from idiomatic.core.analysis.scopes import scopes
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.facts import ClassFact, parameter_names
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.imports import names_for
from idiomatic.core.module import about, bindings, exported_names, is_notebook
from idiomatic.core.writing.handed_over import to_parameter, to_provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

KIND = Kind.IDIOM
SINCE = (3, 9)
TRIGGERS = (
    *("Client", "client", "Session", "session", "engine", "Redis", "from_url", "connect", "resource", "Elasticsearch"),
    *("OpenAI", "Anthropic", "KafkaProducer", "SMTP", "Settings", "Config", "settings", "config"),
)
ALSO = ()

SERVICES: Final[Mapping[str, str | None]] = {
    "httpx.Client": "httpx.Client",
    "httpx.AsyncClient": "httpx.AsyncClient",
    "requests.Session": "requests.Session",
    "requests.session": "requests.Session",
    "aiohttp.ClientSession": "aiohttp.ClientSession",
    "sqlalchemy.create_engine": "sqlalchemy.Engine",
    "sqlalchemy.ext.asyncio.create_async_engine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.orm.Session": "sqlalchemy.orm.Session",
    "sqlmodel.create_engine": "sqlalchemy.Engine",
    "sqlmodel.Session": "sqlmodel.Session",
    "redis.Redis": "redis.Redis",
    "redis.StrictRedis": "redis.StrictRedis",
    "redis.from_url": "redis.Redis",
    "redis.Redis.from_url": "redis.Redis",
    "redis.asyncio.Redis": "redis.asyncio.Redis",
    "redis.asyncio.from_url": "redis.asyncio.Redis",
    "redis.asyncio.Redis.from_url": "redis.asyncio.Redis",
    "pymongo.MongoClient": "pymongo.MongoClient",
    "pymongo.AsyncMongoClient": "pymongo.AsyncMongoClient",
    "motor.motor_asyncio.AsyncIOMotorClient": "motor.motor_asyncio.AsyncIOMotorClient",
    "elasticsearch.Elasticsearch": "elasticsearch.Elasticsearch",
    "elasticsearch.AsyncElasticsearch": "elasticsearch.AsyncElasticsearch",
    "psycopg.connect": "psycopg.Connection",
    "psycopg2.connect": "psycopg2.extensions.connection",
    "sqlite3.connect": "sqlite3.Connection",
    "boto3.client": None,
    "boto3.resource": None,
    "boto3.Session": "boto3.Session",
    "boto3.session.Session": "boto3.session.Session",
    "openai.OpenAI": "openai.OpenAI",
    "openai.AsyncOpenAI": "openai.AsyncOpenAI",
    "anthropic.Anthropic": "anthropic.Anthropic",
    "anthropic.AsyncAnthropic": "anthropic.AsyncAnthropic",
    "stripe.StripeClient": "stripe.StripeClient",
    "kafka.KafkaProducer": "kafka.KafkaProducer",
    "smtplib.SMTP": "smtplib.SMTP",
    "smtplib.SMTP_SSL": "smtplib.SMTP_SSL",
    "google.cloud.storage.Client": "google.cloud.storage.Client",
    "google.cloud.bigquery.Client": "google.cloud.bigquery.Client",
}
FASTAPI: Final = ("fastapi", "fastapi.FastAPI", "fastapi.APIRouter")
ROUTES: Final = frozenset(("get", "post", "put", "patch", "delete", "head", "options", "api_route", "websocket"))


class Definition(Struct, frozen=True):
    """A function of the module, as far as it matters whether it can get a parameter.

    Attributes:
        name: as defined.
        decorators: the source of its decorators; those of routes are `route`.
        takes: the names of its parameters.
        order: the number of its statement in the module.
    """

    name: str
    decorators: tuple[str, ...]
    takes: tuple[str, ...]
    order: int


def detect(assignment: ast.Assign | ast.AnnAssign, code: Analysis) -> Iterator[Finding]:
    if code.parent(assignment) is not None or code.ask(is_notebook):
        return
    match assignment:
        # client = httpx.Client()
        case ast.Assign(targets=[ast.Name() as target], value=ast.Call() as call):
            pass
        case ast.AnnAssign(target=ast.Name() as target, value=ast.Call() as call):
            pass
        case _:
            return
    known = _service(call, code)
    if known is None:
        return
    uses = code.ask(readers, target.id)
    users = list(dict.fromkeys(each.function for each in uses if each.place is not Place.MODULE))
    if not users:
        return
    others = f" and {len(users) - 1} more" if len(users) > 1 else ""
    message = f"`{target.id}` is built when the module is imported, for `{users[0]}`{others} to use"
    yield Finding(call, message, tuple(_fixes(assignment, target.id, known[0], uses, code)))


def _service(call: ast.Call, code: Analysis) -> tuple[str | None] | None:
    """The dotted name of the type of a service that a call builds, if it is known; `None` if it builds none."""
    name = code.qualified_name(call.func)
    if name is not None and name in SERVICES:
        return (SERVICES[name],)
    # Settings(), for class Settings(BaseSettings)
    match call.func, code.definition(call.func):
        case ast.Name(id=own), ClassFact(bases=bases) if any(base.endswith("BaseSettings") for base in bases):
            return (own,)
        case _:
            return None


def _fixes(
    assignment: ast.Assign | ast.AnnAssign, name: str, of: str | None, uses: Sequence[Reader], code: Analysis
) -> Iterator[Fix]:
    where = code.lines(assignment)
    users = tuple(dict.fromkeys(each.function for each in uses if each.place is not Place.MODULE))
    if any(code.ask(names_for, each) for each in FASTAPI):
        found = _with_callers(users, code)
        title = "Provide it with `Depends` (built for the first request)"
        refusal = found if isinstance(found, str) else _against_provider(assignment, name, uses, found, code)
        if refusal is None and not isinstance(found, str):
            reasons = (
                "It is built for the first request, not when the module is imported.",
                f"Files that import `{name}` from this one fail, and so do tests that patch it.",
            )
            routes = frozenset(each.name for each in found if "route" in each.decorators)
            rewrite = partial(to_provider, assignment, name, of, frozenset(each.name for each in found), routes)
            yield Fix(title, Unsafe(reasons), where, rewrite)
            return
        yield Fix(title, Refused(refusal or ""), where)
    title = f"Take `{name}` as a parameter (callers in other files have to pass it)"
    if (refusal := _against_parameter(name, uses, users, code)) is not None:
        yield Fix(title, Refused(refusal), where)
    else:
        listed = ", ".join(f"`{each}`" for each in users)
        reason = f"Callers of {listed} in other files have to pass `{name}`, and fail until they do."
        yield Fix(title, Unsafe((reason,)), where, partial(to_parameter, assignment, name, of, frozenset(users)))


# -- what is against it -----------------------------------------------------------------------------------------------


def definitions(module: Module) -> tuple[Definition, ...]:
    """Question: the functions of the module that are defined at its top level."""
    return tuple(
        Definition(name, decorators, takes, number)
        for number, statement in enumerate(module.statements)
        for name, decorators, takes in statement.fact(_defined)
    )


def _defined(statement: Statement) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    return tuple(
        (node.name, tuple(map(_decorator, node.decorator_list)), parameter_names(node.args))
        for node in statement.nodes
        if isinstance(node, FUNCTIONS)
    )


def _decorator(node: ast.expr) -> str:
    match node:
        # @app.get("/")
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=attr)) if attr in ROUTES:
            return "route"
        case _:
            return ast.unparse(node)


@about(lambda name: (name, "__all__"))
def is_public(module: Module, name: str) -> bool:
    """Question: whether something of the module is named in a `global` statement or in `__all__`."""
    if name in (module.ask(exported_names) or ()):
        return True
    return any(
        name in node.names
        for statement in module.statements
        if statement.mentions(name) and statement.mentions("global")
        for part in statement.parts
        for node in part.fact(tree).of(ast.Global)
    )


def _against_function(function: Definition | None, name: str, code: Analysis) -> str | None:
    """Why a function can't be given a parameter."""
    if function is None:
        return f"`{name}` is used where no parameter can be added."
    if any(each != "route" for each in function.decorators):
        return f"`{function.name}` has the decorator `@{function.decorators[0]}`: who calls it can't be seen."
    if len(code.ask(bindings, function.name)) != 1:
        return f"`{function.name}` is defined more than once."
    uses = code.ask(readers, function.name)
    if any(not each.is_called for each in uses) or code.ask(is_public, function.name):
        return f"`{function.name}` is handed on: who calls it can't be seen."
    if name in function.takes:
        return f"`{function.name}` has a parameter `{name}`."
    return None


def _against_parameter(name: str, uses: Sequence[Reader], users: Sequence[str], code: Analysis) -> str | None:
    if len(code.ask(bindings, name)) != 1 or code.ask(is_public, name):
        return f"`{name}` is assigned or named in more than one place."
    if method := next((each.function for each in uses if each.place is Place.METHOD), None):
        return f"`{method}` is a method: give its object the `{name}` it uses."
    known = {each.name: each for each in code.ask(definitions)}
    for user in users:
        function = known.get(user)
        if function is not None and "route" in function.decorators:
            return f"`{user}` is a route, which is called by the framework."
        if (refusal := _against_function(function, name, code)) is not None:
            return refusal
    return None


def _with_callers(users: Sequence[str], code: Analysis) -> Sequence[Definition] | str:
    """The functions that use something, and those that call them, up to routes; or why there is an end before."""
    known = {each.name: each for each in code.ask(definitions)}
    found: dict[str, Definition] = {}
    todo = list(users)
    while todo:
        user = todo.pop()
        function = known.get(user)
        if function is None:
            return f"`{user}` is no function of this file that could be given a parameter."
        if user in found:
            continue
        found[user] = function
        if "route" in function.decorators:
            continue
        callers = code.ask(readers, user)
        if not callers or any(each.place is not Place.FUNCTION for each in callers):
            return f"`{user}` is used by more than the routes of this file."
        todo += [each.function for each in callers]
    return list(found.values())


def _against_provider(
    assignment: ast.stmt, name: str, uses: Sequence[Reader], found: Sequence[Definition], code: Analysis
) -> str | None:
    if len(code.ask(bindings, name)) != 1 or code.ask(is_public, name):
        return f"`{name}` is assigned or named in more than one place."
    if any(each.place is Place.MODULE for each in uses):
        return f"`{name}` is used when the module is imported, too."
    if not any("route" in each.decorators for each in found):
        return "No route uses it."
    if not code.has_own_lines(assignment):
        return "It shares its line with something else."
    for each in found:
        if (refusal := _against_function(each, name, code)) is not None:
            return refusal
        if "route" in each.decorators and not code.ask(is_below, each.name, code.statement):
            return f"`{each.name}` is defined above it."
    return None


@about(lambda name, statement: (name,))
def is_below(module: Module, name: str, statement: Statement) -> bool:
    """Question: whether a name is bound below a statement."""
    seen = False
    for each in module.statements:
        if each == statement:
            seen = True
        elif seen and each.mentions(name) and name in each.fact(scopes).by_node[None].bindings:
            return True
    return False
