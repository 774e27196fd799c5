"""Which calls stop the event loop, and what can take their place?

The answers stand here as tables of dotted names, with methods behind the type of their object: `requests.Session.get`.
What calls create is said in `resources`.
"""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.exceptions import withs_around
from idiomatic.core.analysis.instances import callee, instance_of
from idiomatic.core.analysis.resources import LOCKS
from idiomatic.core.analysis.tree import tree
from idiomatic.core.lazy import regex
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.module import Module


class Instead(Enum):
    """What a coroutine can do in the place of a call that blocks."""

    SLEEP = auto()
    """`await asyncio.sleep(...)`."""
    THREAD = auto()
    """`await asyncio.to_thread(function, ...)`."""
    HTTPX = auto()
    """The method of `httpx.AsyncClient` that is called like the function."""
    PROCESS = auto()
    """`asyncio.create_subprocess_exec`, where nothing is done with the result; else a thread."""
    OTHER = auto()
    """Something else altogether; `Blocking.fault` says what."""


class Blocking(Struct, frozen=True):
    """A call that blocks.

    Attributes:
        name: its dotted name.
        waits: for what it waits.
        instead: what can take its place.
        fault: why nothing can do so here, a sentence, for `Instead.OTHER`.
    """

    name: str
    waits: str
    instead: Instead = Instead.THREAD
    fault: str | None = None


_NETWORK: Final = "the network"
_PROCESS: Final = "a process"
_DATABASE: Final = "the database"
_PERSON: Final = "somebody at the keyboard"

_HTTP: Final = ("delete", "get", "head", "options", "patch", "post", "put", "request")
_SQLITE: Final = (
    "A connection of `sqlite3` may only be used in the thread that made it: a driver such as `aiosqlite` has to take "
    "its place."
)
_MONGO: Final = "Every use of the client blocks: `pymongo.AsyncMongoClient` has to take its place."


def _entries() -> Mapping[str, Blocking]:
    def each(waits: str, *names: str, instead: Instead = Instead.THREAD, fault: str | None = None) -> None:
        found.update({name: Blocking(name, waits, instead, fault) for name in names})

    found: dict[str, Blocking] = {}
    each("the clock", "time.sleep", instead=Instead.SLEEP)
    each(_PERSON, "builtins.input", "getpass.getpass")
    each(_NETWORK, *(f"requests.{name}" for name in _HTTP), *(f"requests.Session.{name}" for name in _HTTP))
    each(_NETWORK, *(f"requests.api.{name}" for name in _HTTP), "urllib3.request")
    each(_NETWORK, *(f"httpx.{name}" for name in _HTTP), instead=Instead.HTTPX)
    each(_NETWORK, *(f"httpx.Client.{name}" for name in _HTTP))
    each(_NETWORK, "urllib.request.urlopen", "urllib.request.urlretrieve", "smtplib.SMTP", "smtplib.SMTP_SSL")
    each(_NETWORK, "socket.create_connection", "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname")
    each(_PROCESS, "subprocess.run", "subprocess.call", instead=Instead.PROCESS)
    each(_PROCESS, "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput", "os.system")
    each(_PROCESS, "subprocess.getstatusoutput", "subprocess.Popen.wait", "subprocess.Popen.communicate", "os.wait")
    each(_DATABASE, "sqlite3.connect", instead=Instead.OTHER, fault=_SQLITE)
    each(_DATABASE, "pymongo.MongoClient", "pymongo.mongo_client.MongoClient", instead=Instead.OTHER, fault=_MONGO)
    each(_DATABASE, "psycopg.connect", "psycopg.Connection.connect", "psycopg2.connect")
    for connection, cursor in (
        ("psycopg.Connection", "psycopg.Cursor"),
        ("psycopg2.connection", "psycopg2.cursor"),
    ):
        each(_DATABASE, f"{connection}.commit", f"{connection}.rollback", f"{connection}.execute")
        each(
            _DATABASE, *(f"{cursor}.{name}" for name in ("execute", "executemany", "fetchall", "fetchmany", "fetchone"))
        )
    each(_NETWORK, *(f"redis.Redis.{name}" for name in _REDIS))
    return found


_REDIS: Final = (
    "blpop", "brpop", "decr", "delete", "eval", "exists", "expire", "flushall", "flushdb", "get", "getdel", "getset",
    "hdel", "hget", "hgetall", "hincrby", "hmget", "hset", "incr", "keys", "llen", "lpop", "lpush", "lrange", "mget",
    "mset", "ping", "publish", "rpop", "rpush", "sadd", "scan", "set", "setex", "setnx", "sismember", "smembers",
    "srem", "ttl", "xadd", "xread", "zadd", "zrange", "zrem",
)  # fmt: skip

BLOCKING: Final = _entries()
"""The calls that block, by dotted name."""

_LAST: Final = frozenset(name.rpartition(".")[2] for name in BLOCKING)

_READS: Final = {("read", "r"): "read_text", ("read", "rb"): "read_bytes"}
_WRITES: Final = {("write", "w"): "write_text", ("write", "wb"): "write_bytes"}


def blocking_call(code: Analysis, call: ast.Call) -> Blocking | None:
    """What a call blocks on, if it does."""
    match call.func:
        case ast.Attribute(attr=attr) as function if attr in _LAST:
            found = BLOCKING.get(callee(code, function) or "")
        case ast.Name() as function if code.may_be(function, _LAST):
            found = BLOCKING.get(code.qualified_name(function) or "")
        case _:
            return None
    # With `flags=AI_NUMERICHOST` nobody is asked.
    asks = found is None or found.name != "socket.getaddrinfo" or (len(call.args) < 6 and not _flags(call))
    return found if asks else None


def _flags(call: ast.Call) -> bool:
    return any(keyword.arg in {"flags", None} for keyword in call.keywords)


def whole_file(code: Analysis, call: ast.Call) -> str | None:
    """The method of `pathlib.Path` that does what `open(path).read()` or `open(path, "w").write(text)` does."""
    match call:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(), args=[_, *rest]) as opened, attr="read" | "write" as verb
            ),
            keywords=[],
        ) if code.is_name(opened.func, "builtins.open"):
            pass
        case _:
            return None
    if len(call.args) != (verb == "write") or any(isinstance(each, ast.Starred) for each in (*opened.args, *call.args)):
        return None
    given = {keyword.arg: keyword.value for keyword in opened.keywords}
    if len(rest) > 1 or not set(given) <= {"mode", "encoding", "errors"}:
        return None
    mode = rest[0] if rest else given.get("mode")
    match mode:
        case None:
            text = "r"
        case ast.Constant(value=str(text)):
            pass
        case _:
            return None
    return {**_READS, **_WRITES}.get((verb, text.replace("t", "")))


_EVENT_LIBRARIES: Final = ("asyncio", "anyio", "trio")


@about(lambda: _EVENT_LIBRARIES)
def event_library(module: Module) -> str | None:
    """Question: on whose event loop the module's coroutines run, as far as its imports say."""
    found = {
        name.partition(".")[0]
        for statement in module.statements
        if statement.mentions("import")
        for node in statement.fact(tree).of(ast.Import)
        for name in (alias.name for alias in node.names)
    } | {
        (node.module or "").partition(".")[0]
        for statement in module.statements
        if statement.mentions("import")
        for node in statement.fact(tree).of(ast.ImportFrom)
        if not node.level
    }
    return next((name for name in _EVENT_LIBRARIES if name in found), None)


_LIKE_A_LOCK: Final = regex(r"(?i)(?:lock|mutex|semaphore)$")


def held_lock(code: Analysis, node: ast.AST) -> str | None:
    """The lock of a thread that is held around a node, if one is, or what is called like one."""
    for item in withs_around(code, node):
        if not isinstance(code.parent(item), ast.With):
            continue
        manager = item.context_expr
        found = instance_of(code, manager)
        last = (
            manager.attr if isinstance(manager, ast.Attribute) else manager.id if isinstance(manager, ast.Name) else ""
        )
        if (found is not None and LOCKS.get(found.of) is False) or _LIKE_A_LOCK.search(last):
            return ast.unparse(manager)
    return None


_BLOCKS: Final = regex(r"Blocking|(?<![A-Za-z])Sync(?=[A-Z])|Synchronous")


def is_driven_by_hand(code: Analysis, node: ast.AST) -> bool:
    """Whether coroutines of the class around are not run by an event loop: its name says that it blocks.

    Libraries that come in two forms write both with `async def`, and drive the coroutines of one of them themselves.
    """
    class_ = code.enclosing(node, ast.ClassDef)
    return class_ is not None and _BLOCKS.search(class_.name) is not None


_FORM: Final = regex(r"(?i)\b_*is_a?sync\b")


def is_never_run(code: Analysis, node: ast.AST) -> bool:
    """Whether a node belongs to the other one of two forms of a file: below `if True: ... else:` or `if _IS_SYNC:`."""
    child = node
    for parent in code.ancestors(node):
        match parent:
            case ast.If(test=ast.Constant(value=value), body=body, orelse=orelse) if child in (
                orelse if value else body
            ):
                return True
            case ast.If(test=test) if child is not test and _FORM.search(ast.unparse(test)):
                return True
            case _:
                child = parent
    return False
