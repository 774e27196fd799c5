"""What does leaving a `with` block do with an object of this type?

The answers for the standard library and the common drivers stand here as tables, each read off the source of its
`__exit__`. Whoever rewrites a `finally` into a `with` needs them: `with sqlite3.connect(...)` commits and leaves the
connection open, `with Popen(...)` waits, `with TemporaryDirectory()` gives a string.

Calls are written as they stand in the code, without the object: `close()`, `await aclose()`, `shutdown(wait=True)`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final, TypeAlias

from msgspec import Struct

Calls: TypeAlias = tuple[str, ...]
"""One or more calls on an object, in order."""


class Manager(Struct, frozen=True):
    """What a type does in a `with` statement.

    Attributes:
        exits: the calls that do what leaving the block does, each with the reasons why that is not quite the same; no
            reasons: exactly the same.
        is_async: whether it is `async with`.
        gives: the attribute that entering returns instead of the object itself.
        starts: the call that entering makes, if it has not been made.
        unless: given the call that creates the object, why leaving the block does something else after all.
    """

    exits: Mapping[Calls, tuple[str, ...]]
    is_async: bool = False
    gives: str | None = None
    starts: str | None = None
    unless: Callable[[ast.Call], str | None] | None = None


class Creation(Enum):
    """How the call that creates an object stands in a `with` statement."""

    AS_IT_IS = auto()
    """`with open(...)`, `async with await asyncio.start_server(...)`."""
    NOT_AWAITED = auto()
    """The call can be awaited or entered: `await asyncpg.create_pool()` becomes `async with asyncpg.create_pool()`."""


class Factory(Struct, frozen=True):
    """A callable that creates an object of a known type.

    Attributes:
        makes: the type's dotted name.
        awaited: whether the call is awaited to get it.
        creation: what becomes of the call.
    """

    makes: str
    awaited: bool = False
    creation: Creation = Creation.AS_IT_IS


def _exactly(*calls: str, is_async: bool = False) -> Manager:
    return Manager({(call,): () for call in calls}, is_async=is_async)


def _keyword(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """The argument of that name; `None` if it isn't given."""
    if position is not None and len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _has_stars(call: ast.Call) -> bool:
    return any(isinstance(arg, ast.Starred) for arg in call.args) or any(k.arg is None for k in call.keywords)


def _deletes_later(call: ast.Call) -> str | None:
    if _keyword(call, "delete_on_close") is not None or _has_stars(call):
        return "With `delete_on_close`, leaving the block deletes the file and `close()` may not."
    return None


def _is_kept(call: ast.Call) -> str | None:
    if _keyword(call, "delete") is not None or _has_stars(call):
        return "With `delete`, leaving the block may keep the directory; `cleanup()` removes it."
    return None


def _may_write(call: ast.Call) -> str | None:
    mode = _keyword(call, "mode", 1)
    if mode is None and not _has_stars(call):
        return None
    if isinstance(mode, ast.Constant) and str(mode.value).startswith("r"):
        return None
    return "If the block fails, the archive is left without its end marker; today `close()` writes one."


_SHIELDED: Final = "Leaving the block closes it in a task of its own, which a cancellation does not interrupt."

_CLOSES: Final = _exactly("close()")
_SHUTS_DOWN: Final = _exactly("shutdown()", "shutdown(wait=True)", "shutdown(True)")
_TAR: Final = Manager({("close()",): ()}, unless=_may_write)
_NAMED_TEMPORARY: Final = Manager({("close()",): ()}, unless=_deletes_later)
_QUITS: Final = Manager({("quit()",): ("A failure of `quit()` no longer raises; the connection is then closed.",)})
_SMTP: Final = Manager(
    {
        ("quit()",): (
            "Leaving the block raises if the server refuses to quit, and does not if the connection is lost already; "
            "`quit()` does the opposite.",
        )
    }
)
_POPEN: Final = Manager(
    {
        ("wait()",): (
            "Leaving the block closes the pipes of the process before it waits.",
            "After Ctrl+C it waits for a moment only.",
        )
    }
)

MANAGERS: Final[Mapping[str, Manager]] = {
    # -- files
    "io.IOBase": _CLOSES,
    "io.BytesIO": _CLOSES,
    "io.StringIO": _CLOSES,
    "io.FileIO": _CLOSES,
    "io.TextIOWrapper": _CLOSES,
    "io.BufferedReader": _CLOSES,
    "io.BufferedWriter": _CLOSES,
    "gzip.GzipFile": _CLOSES,
    "bz2.BZ2File": _CLOSES,
    "lzma.LZMAFile": _CLOSES,
    "codecs.StreamReaderWriter": _CLOSES,
    "fileinput.FileInput": _CLOSES,
    "zipfile.ZipFile": _CLOSES,
    "zipfile.PyZipFile": _CLOSES,
    "tarfile.TarFile": _TAR,
    "wave.Wave_read": _CLOSES,
    "wave.Wave_write": _CLOSES,
    "os.scandir": _CLOSES,
    "os.popen": _CLOSES,
    "mmap.mmap": _CLOSES,
    "memoryview": _exactly("release()"),
    "shelve.Shelf": _exactly("close()"),
    "dbm.open": _exactly("close()"),
    "tempfile.TemporaryFile": _CLOSES,
    "tempfile.SpooledTemporaryFile": _CLOSES,
    "tempfile.NamedTemporaryFile": _NAMED_TEMPORARY,
    "tempfile.TemporaryDirectory": Manager({("cleanup()",): ()}, gives="name", unless=_is_kept),
    # -- the network
    "socket.socket": _CLOSES,
    "http.client.HTTPResponse": _CLOSES,
    "selectors.BaseSelector": _CLOSES,
    "select.epoll": _CLOSES,
    "socketserver.BaseServer": _exactly("server_close()"),
    "smtplib.SMTP": _SMTP,
    "ftplib.FTP": _QUITS,
    "nntplib.NNTP": _QUITS,
    "imaplib.IMAP4": Manager({("logout()",): ("An `OSError` of `logout()` is no longer raised.",)}),
    "telnetlib.Telnet": _CLOSES,
    "multiprocessing.connection.Connection": _CLOSES,
    "multiprocessing.connection.Listener": _CLOSES,
    # -- processes, pools and loops
    "subprocess.Popen": _POPEN,
    "concurrent.futures.Executor": _SHUTS_DOWN,
    "multiprocessing.pool.Pool": _exactly("terminate()"),
    "multiprocessing.managers.BaseManager": Manager({("shutdown()",): ()}, starts="start()"),
    "asyncio.Server": Manager({("close()", "await wait_closed()"): ()}, is_async=True),
    "asyncio.Runner": _CLOSES,
    "contextlib.ExitStack": Manager(
        {("close()",): ("What the stack holds gets to see an exception of the block, and may swallow it.",)}
    ),
    "contextlib.AsyncExitStack": Manager(
        {("await aclose()",): ("What the stack holds gets to see an exception of the block, and may swallow it.",)},
        is_async=True,
    ),
    # -- databases; what is missing here on purpose: connections whose exit commits (sqlite3, psycopg, psycopg2)
    "aiosqlite.Connection": _exactly("await close()", is_async=True),
    "aiosqlite.Cursor": _exactly("await close()", is_async=True),
    "asyncpg.Pool": _exactly("await close()", is_async=True),
    "psycopg.Cursor": _CLOSES,
    "psycopg.AsyncCursor": _exactly("await close()", is_async=True),
    "psycopg2.cursor": _CLOSES,
    "redis.Redis": _CLOSES,
    "redis.asyncio.Redis": Manager(
        {("await aclose()",): (_SHIELDED,), ("await close()",): (_SHIELDED,)}, is_async=True
    ),
    "sqlalchemy.orm.Session": _CLOSES,
    "sqlalchemy.Connection": _CLOSES,
    "sqlalchemy.ext.asyncio.AsyncSession": Manager(
        {("await close()",): (_SHIELDED,), ("await aclose()",): (_SHIELDED,)}, is_async=True
    ),
    "sqlalchemy.ext.asyncio.AsyncConnection": Manager(
        {("await close()",): (_SHIELDED,), ("await aclose()",): (_SHIELDED,)}, is_async=True
    ),
    # -- HTTP and the like
    "httpx.Client": _CLOSES,
    "httpx.AsyncClient": _exactly("await aclose()", is_async=True),
    "requests.Session": _CLOSES,
    "aiohttp.ClientSession": _exactly("await close()", is_async=True),
    "aiohttp.TCPConnector": _exactly("await close()", is_async=True),
    "anyio.AsyncFile": _exactly("await aclose()", is_async=True),
    "anyio.SocketStream": _exactly("await aclose()", is_async=True),
    "aiofiles.File": _exactly("await close()", is_async=True),
    "websockets.ClientConnection": Manager(
        {("await close()",): ("If the block fails, the connection is closed with code 1011 instead of 1000.",)},
        is_async=True,
    ),
    "websockets.Server": Manager({("close()", "await wait_closed()"): ()}, is_async=True),
}
"""The context managers, by the dotted name of their type (or of the function that makes them, if the type has none)."""

NOT_MANAGERS: Final[Mapping[str, str]] = {
    "asyncpg.Connection": "`asyncpg.Connection` can't be used with `async with`; a pool and its connections can.",
    "psycopg.AsyncConnection": "`async with` would also commit when the block succeeds, and roll back when it fails.",
    "sqlalchemy.Engine": "`Engine` can't be used with `with`.",
    "sqlalchemy.ext.asyncio.AsyncEngine": "`AsyncEngine` can't be used with `async with`.",
}
"""Why an object of some other types can't take care of itself, as sentences."""

LOCKS: Final[Mapping[str, bool]] = {
    **{
        f"{module}.{name}": False
        for module in ("threading", "multiprocessing")
        for name in ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition")
    },
    **{f"asyncio.{name}": True for name in ("Lock", "Semaphore", "BoundedSemaphore", "Condition")},
    **{f"anyio.{name}": True for name in ("Lock", "Semaphore", "CapacityLimiter", "Condition")},
}
"""What is acquired and released, and whether that takes `async with`; leaving the block does nothing but release."""

_CONTEXT: Final = Creation.NOT_AWAITED

FACTORIES: Final[Mapping[str, Factory]] = {
    **{name: Factory(name) for name in LOCKS},
    "builtins.open": Factory("io.IOBase"),
    "builtins.memoryview": Factory("memoryview"),
    "io.open": Factory("io.IOBase"),
    "io.open_code": Factory("io.IOBase"),
    "os.fdopen": Factory("io.IOBase"),
    "pathlib.Path.open": Factory("io.IOBase"),
    "socket.socket.makefile": Factory("io.IOBase"),
    "zipfile.ZipFile.open": Factory("io.IOBase"),
    "gzip.open": Factory("io.IOBase"),
    "bz2.open": Factory("io.IOBase"),
    "lzma.open": Factory("io.IOBase"),
    "tokenize.open": Factory("io.IOBase"),
    "codecs.open": Factory("codecs.StreamReaderWriter"),
    "fileinput.input": Factory("fileinput.FileInput"),
    "tarfile.open": Factory("tarfile.TarFile"),
    "tarfile.TarFile.open": Factory("tarfile.TarFile"),
    "wave.open": Factory("wave.Wave_read"),
    "shelve.open": Factory("shelve.Shelf"),
    "socket.create_connection": Factory("socket.socket"),
    "socket.create_server": Factory("socket.socket"),
    "socket.fromfd": Factory("socket.socket"),
    "urllib.request.urlopen": Factory("http.client.HTTPResponse"),
    "selectors.DefaultSelector": Factory("selectors.BaseSelector"),
    "selectors.SelectSelector": Factory("selectors.BaseSelector"),
    "selectors.PollSelector": Factory("selectors.BaseSelector"),
    "selectors.EpollSelector": Factory("selectors.BaseSelector"),
    "selectors.KqueueSelector": Factory("selectors.BaseSelector"),
    "socketserver.TCPServer": Factory("socketserver.BaseServer"),
    "socketserver.UDPServer": Factory("socketserver.BaseServer"),
    "socketserver.ThreadingTCPServer": Factory("socketserver.BaseServer"),
    "socketserver.ThreadingUDPServer": Factory("socketserver.BaseServer"),
    "http.server.HTTPServer": Factory("socketserver.BaseServer"),
    "http.server.ThreadingHTTPServer": Factory("socketserver.BaseServer"),
    "wsgiref.simple_server.make_server": Factory("socketserver.BaseServer"),
    "xmlrpc.server.SimpleXMLRPCServer": Factory("socketserver.BaseServer"),
    "smtplib.SMTP_SSL": Factory("smtplib.SMTP"),
    "ftplib.FTP_TLS": Factory("ftplib.FTP"),
    "nntplib.NNTP_SSL": Factory("nntplib.NNTP"),
    "imaplib.IMAP4_SSL": Factory("imaplib.IMAP4"),
    "multiprocessing.connection.Client": Factory("multiprocessing.connection.Connection"),
    "multiprocessing.Pool": Factory("multiprocessing.pool.Pool"),
    "multiprocessing.pool.ThreadPool": Factory("multiprocessing.pool.Pool"),
    "multiprocessing.Manager": Factory("multiprocessing.managers.BaseManager"),
    "multiprocessing.managers.SharedMemoryManager": Factory("multiprocessing.managers.BaseManager"),
    "concurrent.futures.ThreadPoolExecutor": Factory("concurrent.futures.Executor"),
    "concurrent.futures.ProcessPoolExecutor": Factory("concurrent.futures.Executor"),
    "concurrent.futures.thread.ThreadPoolExecutor": Factory("concurrent.futures.Executor"),
    "concurrent.futures.process.ProcessPoolExecutor": Factory("concurrent.futures.Executor"),
    "asyncio.start_server": Factory("asyncio.Server", awaited=True),
    "asyncio.start_unix_server": Factory("asyncio.Server", awaited=True),
    "aiosqlite.connect": Factory("aiosqlite.Connection", awaited=True, creation=_CONTEXT),
    "aiosqlite.Connection.cursor": Factory("aiosqlite.Cursor", awaited=True, creation=_CONTEXT),
    "aiosqlite.Connection.execute": Factory("aiosqlite.Cursor", awaited=True, creation=_CONTEXT),
    "asyncpg.connect": Factory("asyncpg.Connection", awaited=True),
    "asyncpg.create_pool": Factory("asyncpg.Pool", awaited=True, creation=_CONTEXT),
    "asyncpg.Pool.acquire": Factory("asyncpg.Connection", awaited=True, creation=_CONTEXT),
    "psycopg.connect": Factory("psycopg.Connection"),
    "psycopg.Connection.connect": Factory("psycopg.Connection"),
    "psycopg.Connection.cursor": Factory("psycopg.Cursor"),
    "psycopg.AsyncConnection.connect": Factory("psycopg.AsyncConnection", awaited=True),
    "psycopg.AsyncConnection.cursor": Factory("psycopg.AsyncCursor"),
    "psycopg2.connect": Factory("psycopg2.connection"),
    "psycopg2.connection.cursor": Factory("psycopg2.cursor"),
    "redis.StrictRedis": Factory("redis.Redis"),
    "redis.from_url": Factory("redis.Redis"),
    "redis.Redis.from_url": Factory("redis.Redis"),
    "redis.asyncio.from_url": Factory("redis.asyncio.Redis"),
    "redis.asyncio.StrictRedis": Factory("redis.asyncio.Redis"),
    "redis.asyncio.Redis.from_url": Factory("redis.asyncio.Redis"),
    "sqlalchemy.create_engine": Factory("sqlalchemy.Engine"),
    "sqlalchemy.Engine.connect": Factory("sqlalchemy.Connection"),
    "sqlalchemy.orm.sessionmaker.__call__": Factory("sqlalchemy.orm.Session"),
    "sqlalchemy.ext.asyncio.create_async_engine": Factory("sqlalchemy.ext.asyncio.AsyncEngine"),
    "sqlalchemy.ext.asyncio.AsyncEngine.connect": Factory(
        "sqlalchemy.ext.asyncio.AsyncConnection", awaited=True, creation=_CONTEXT
    ),
    "sqlalchemy.ext.asyncio.async_sessionmaker.__call__": Factory("sqlalchemy.ext.asyncio.AsyncSession"),
    "requests.session": Factory("requests.Session"),
    "anyio.open_file": Factory("anyio.AsyncFile", awaited=True),
    "anyio.connect_tcp": Factory("anyio.SocketStream", awaited=True),
    "aiofiles.open": Factory("aiofiles.File", awaited=True, creation=_CONTEXT),
    "websockets.connect": Factory("websockets.ClientConnection", awaited=True, creation=_CONTEXT),
    "websockets.asyncio.client.connect": Factory("websockets.ClientConnection", awaited=True, creation=_CONTEXT),
    "websockets.serve": Factory("websockets.Server", awaited=True, creation=_CONTEXT),
    "websockets.asyncio.server.serve": Factory("websockets.Server", awaited=True, creation=_CONTEXT),
}
"""What calls create, by the dotted name of what is called; a method stands behind the name of its type."""

SAME: Final[Mapping[str, str]] = {
    "asyncio.base_events.Server": "asyncio.Server",
    "asyncpg.pool.Pool": "asyncpg.Pool",
    "asyncpg.connection.Connection": "asyncpg.Connection",
    "psycopg2.extensions.connection": "psycopg2.connection",
    "redis.client.Redis": "redis.Redis",
    "redis.asyncio.client.Redis": "redis.asyncio.Redis",
    "sqlalchemy.orm.session.Session": "sqlalchemy.orm.Session",
    "sqlalchemy.orm.session.sessionmaker": "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.engine.Engine": "sqlalchemy.Engine",
    "sqlalchemy.engine.Connection": "sqlalchemy.Connection",
    "sqlalchemy.engine.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.engine.base.Engine": "sqlalchemy.Engine",
    "requests.sessions.Session": "requests.Session",
    "sqlalchemy.ext.asyncio.session.AsyncSession": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.engine.AsyncEngine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "pathlib.PosixPath": "pathlib.Path",
    "pathlib.WindowsPath": "pathlib.Path",
}
"""Other names of types and functions of the tables."""

HAS_OTHER_RULES: Final = frozenset({"asyncio.new_event_loop", "asyncio.get_event_loop", *LOCKS})
"""What has rules of its own: event loops and locks."""

ONLY_ASYNC: Final = frozenset(
    {
        *(f"aiohttp.ClientSession.{verb}" for verb in ("delete", "get", "head", "options", "patch", "post", "put")),
        "aiohttp.ClientSession.request",
        "aiohttp.ClientSession.ws_connect",
        "aiohttp.request",
        "anyio.create_task_group",
        "asyncio.TaskGroup",
        "asyncio.timeout",
        "asyncio.timeout_at",
        "asyncpg.Connection.transaction",
        "contextlib.aclosing",
        "httpx.AsyncClient.stream",
        "psycopg.AsyncConnection.pipeline",
        "psycopg.AsyncConnection.transaction",
        "redis.asyncio.Redis.pipeline",
        "sqlalchemy.ext.asyncio.AsyncEngine.begin",
        "sqlalchemy.ext.asyncio.AsyncSession.begin",
        "sqlalchemy.ext.asyncio.AsyncSession.begin_nested",
        "trio.open_nursery",
    }
)
"""What else gives something for `async with`, and not for `with`, by the dotted name of what is called."""
