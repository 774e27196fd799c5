"""What the templates of context managers do."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sqlite3
import struct
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import aiosqlite
import asyncpg
import pytest
from idiomatic.templates.context_managers import (
    async_exit_stack,
    async_with_block,
    try_finally,
    with_block,
)
from idiomatic.templates.context_managers.async_context_manager_class import LineClient
from idiomatic.templates.context_managers.async_resource import open_connection
from idiomatic.templates.context_managers.asyncpg_pool import open_pool
from idiomatic.templates.context_managers.context_manager import environment
from idiomatic.templates.context_managers.timed_operation import timed
from idiomatic.templates.context_managers.transaction import transaction
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.templates.cancelling import cancelled_at_each_await

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


# -- a server to connect to -------------------------------------------------------------------------------------------


class Server:
    """Greets, answers lines in upper case, and knows which connections are open."""

    def __init__(self, greeting: bytes) -> None:
        self.greeting = greeting
        self.open = 0
        self.accepted = 0
        self.port = 0
        self.arrived = asyncio.Event()
        self.all_closed = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.accepted += 1
        self.arrived.set()
        self.all_closed.clear()
        try:
            writer.write(self.greeting)
            is_whole = self.greeting.endswith(b"\n") or not self.greeting
            while is_whole and (line := await reader.readline()) not in {b"", b"leave\n"}:
                if line == b"reset\n":
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
                writer.write(line.upper())
        except ConnectionError:
            pass
        finally:
            writer.close()
            self.open -= 1
            if not self.open:
                self.all_closed.set()

    async def closed(self) -> bool:
        """Whether all that was accepted is closed before long."""
        async with asyncio.timeout(5):
            await self.all_closed.wait()
        return True


@asynccontextmanager
async def serving(greeting: bytes = b"") -> AsyncIterator[Server]:
    found = Server(greeting)
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    async with server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


# -- async-resource ---------------------------------------------------------------------------------------------------


async def test_the_resource_is_open_in_the_block_and_closed_after_it() -> None:
    async with serving() as server:
        async with open_connection("127.0.0.1", server.port) as (reader, writer):
            writer.write(b"hello\n")
            assert await reader.readline() == b"HELLO\n"
            assert not writer.is_closing()
        assert writer.is_closing()
        assert await server.closed()


async def test_the_resource_is_closed_after_an_error() -> None:
    async with serving() as server:
        with pytest.raises(KeyError):
            async with open_connection("127.0.0.1", server.port):
                raise KeyError
        assert await server.closed()


async def test_the_resource_is_closed_when_cancelled() -> None:
    async with serving() as server:

        async def talk() -> None:
            async with open_connection("127.0.0.1", server.port) as (reader, writer):
                writer.write(b"hello\n")
                await reader.readline()

        async for task in cancelled_at_each_await(talk):
            assert task.cancelled()
        # What was cancelled while it connected may never have been accepted.
        assert server.accepted
        assert await server.closed()


async def test_a_connection_that_was_lost_is_closed() -> None:
    async def talk(port: int) -> None:
        async with open_connection("127.0.0.1", port) as (reader, writer):
            writer.write(b"reset\n")
            with pytest.raises(ConnectionResetError):
                await reader.readline()
            raise KeyError

    async with serving() as server:
        with pytest.raises(KeyError):
            await talk(server.port)
        assert await server.closed()


async def test_nothing_is_closed_that_was_never_opened() -> None:
    async with serving() as server:
        pass
    with pytest.raises(OSError, match=r".+"):
        async with open_connection("127.0.0.1", server.port):
            pytest.fail("nobody listens")


# -- async-context-manager-class --------------------------------------------------------------------------------------


async def test_the_object_is_open_in_the_block_and_closed_after_it() -> None:
    async with serving(b"welcome\n") as server:
        async with LineClient("127.0.0.1", server.port) as client:
            assert client.greeting == "welcome"
            assert [await client.ask("one"), await client.ask("two")] == ["ONE", "TWO"]
        assert await server.closed()
        with pytest.raises(KeyError):
            async with LineClient("127.0.0.1", server.port):
                raise KeyError
        assert server.accepted == 2
        assert await server.closed()


async def test_what_was_entered_halfway_is_closed() -> None:
    async with serving(b"half a greeting") as server:
        with pytest.raises(ConnectionError, match=f"127.0.0.1:{server.port} has closed the connection"):
            async with asyncio.timeout(5), LineClient("127.0.0.1", server.port) as client:
                pytest.fail(f"entered without a greeting: {client}")

        server.greeting = b""
        server.arrived.clear()

        async def enter() -> None:
            async with LineClient("127.0.0.1", server.port):
                pytest.fail("entered without a greeting")

        task = asyncio.create_task(enter())
        await server.arrived.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert server.accepted == 2
        assert await server.closed()


async def test_the_object_is_closed_wherever_it_is_cancelled() -> None:
    async with serving(b"welcome\n") as server:

        async def talk() -> None:
            async with LineClient("127.0.0.1", server.port) as client:
                await client.ask("one")

        steps = 0
        async for task in cancelled_at_each_await(talk):
            assert task.cancelled()
            steps += 1
        assert steps > 3
        assert await server.closed()


@pytest.mark.parametrize("how", ["leave", "reset"])
async def test_an_error_shows_where_the_connection_was_lost_too(how: str) -> None:
    async def talk(port: int) -> None:
        async with LineClient("127.0.0.1", port) as client:
            with pytest.raises(ConnectionError):
                await client.ask(how)
            raise KeyError

    async with serving(b"welcome\n") as server:
        with pytest.raises(KeyError):
            await talk(server.port)
        assert await server.closed()


async def test_a_subclass_is_what_its_block_is_given() -> None:
    class Client(LineClient):
        async def hello(self) -> str:
            return await self.ask("hello")

    async with serving(b"welcome\n") as server, Client("127.0.0.1", server.port) as client:
        assert await client.hello() == "HELLO"


# -- context-manager --------------------------------------------------------------------------------------------------


def test_the_environment_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDIOMATIC_A", "before")
    monkeypatch.delenv("IDIOMATIC_B", raising=False)

    def seen() -> list[str | None]:
        return [os.environ.get(name) for name in ("IDIOMATIC_A", "IDIOMATIC_B")]

    with environment(IDIOMATIC_A="1", IDIOMATIC_B="2"):
        assert seen() == ["1", "2"]
        with environment(IDIOMATIC_A="3"):
            assert seen() == ["3", "2"]
        assert seen() == ["1", "2"]
    assert seen() == ["before", None]

    with pytest.raises(KeyError), environment(IDIOMATIC_A="1", IDIOMATIC_B="2"):
        raise KeyError
    assert seen() == ["before", None]

    with environment(IDIOMATIC_A="1", IDIOMATIC_B="2"):
        del os.environ["IDIOMATIC_B"]
    assert seen() == ["before", None]

    with pytest.raises(ValueError, match="null byte"), environment(IDIOMATIC_A="1", IDIOMATIC_B="\0"):
        pytest.fail("entered halfway")
    assert seen() == ["before", None]


# -- timed-operation --------------------------------------------------------------------------------------------------


async def test_the_log_says_how_long_it_took_and_how_it_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = iter([100.0, 101.5, 200.0, 200.25, 300.0, 302.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))
    caplog.set_level(logging.INFO)
    with timed("import"):
        pass
    with pytest.raises(KeyError), timed("import"):
        raise KeyError

    async def wait() -> None:
        with timed("waiting"):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert caplog.messages == [
        "import succeeded after 1.500 s",
        "import failed after 0.250 s",
        "waiting failed after 2.000 s",
    ]
    last: Any = caplog.records[-1]
    assert (last.operation, last.outcome, last.seconds) == ("waiting", "failed", 2.0)


# -- transaction ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def database(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY)")
        await connection.commit()
        yield connection


def stored(path: Path) -> list[int]:
    """What another connection sees; it can write as well, so nobody holds a lock."""
    with closing(sqlite3.connect(path, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.rollback()
        return [number for (number,) in other.execute("SELECT id FROM orders ORDER BY id")]


async def test_a_transaction_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    async with database(path) as connection:
        async with transaction(connection):
            await connection.execute("INSERT INTO orders VALUES (1)")
            await connection.execute("INSERT INTO orders VALUES (2)")
        assert stored(path) == [1, 2]


async def test_a_transaction_is_rolled_back_on_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    async with database(path) as connection:

        async def order_twice() -> None:
            async with transaction(connection):
                await connection.execute("INSERT INTO orders VALUES (1)")
                await connection.execute("INSERT INTO orders VALUES (1)")

        with pytest.raises(sqlite3.IntegrityError):
            await order_twice()
        assert stored(path) == []
        # The connection is as good as before.
        async with transaction(connection):
            await connection.execute("INSERT INTO orders VALUES (3)")
        assert stored(path) == [3]


async def test_a_transaction_is_rolled_back_on_cancellation(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    async with database(path) as connection:

        async def order() -> None:
            async with transaction(connection):
                await connection.execute("INSERT INTO orders VALUES (1)")
                await connection.execute("INSERT INTO orders VALUES (2)")

        outcomes = []
        async for task in cancelled_at_each_await(order):
            assert task.cancelled()
            outcomes.append(stored(path))
            assert not connection.in_transaction
            await connection.execute("DELETE FROM orders")
            await connection.commit()
        # All or nothing: while it was cancelled in the commit, only the database knows.
        assert outcomes[:-1] == [[]] * (len(outcomes) - 1)
        assert len(outcomes) == 3
        assert outcomes[-1] in ([], [1, 2])
        assert stored(path) == [1, 2]


async def test_a_transaction_is_rolled_back_after_a_time_limit(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    async with database(path) as connection:

        async def order_slowly() -> None:
            async with asyncio.timeout(0.05), transaction(connection):
                await connection.execute("INSERT INTO orders VALUES (1)")
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await order_slowly()
        assert stored(path) == []


async def test_a_commit_that_fails_is_rolled_back() -> None:
    class Connection:
        def __init__(self) -> None:
            self.calls: list[str] = []

        async def commit(self) -> None:
            self.calls.append("commit")
            raise OSError("the disk is full")

        async def rollback(self) -> None:
            self.calls.append("rollback")

    connection = Connection()
    with pytest.raises(OSError, match="the disk is full"):
        async with transaction(connection):
            pass
    assert connection.calls == ["commit", "rollback"]


async def test_a_transaction_of_a_session(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    async with database(path):
        pass
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    try:
        async with AsyncSession(engine) as session:
            async with transaction(session):
                await session.execute(text("INSERT INTO orders VALUES (1)"))
            assert stored(path) == [1]

            ordered = asyncio.Event()

            async def order() -> None:
                async with transaction(session):
                    await session.execute(text("INSERT INTO orders VALUES (2)"))
                    ordered.set()
                    await asyncio.Event().wait()

            task = asyncio.create_task(order())
            await ordered.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert stored(path) == [1]
    finally:
        await engine.dispose()


# -- asyncpg-pool -----------------------------------------------------------------------------------------------------


class StandIn:
    """Stands in for asyncpg's pool and for its connections."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.events: list[str] = []
        self.codecs: dict[str, tuple[Any, Any]] = {}

    def create_pool(self, dsn: str, **options: Any) -> StandIn:
        self.options = {"dsn": dsn, **options}
        return self

    async def __aenter__(self) -> StandIn:
        self.events.append("opened")
        await self.options["init"](self)
        return self

    async def __aexit__(self, *details: object) -> None:
        await asyncio.sleep(0)
        self.events.append("closed")

    async def set_type_codec(self, name: str, *, schema: str, encoder: Any, decoder: Any) -> None:
        assert schema == "pg_catalog"
        await asyncio.sleep(0)
        self.codecs[name] = encoder, decoder


async def test_a_pool_is_open_in_the_block_and_closed_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = StandIn()
    monkeypatch.setattr(asyncpg, "create_pool", stand_in.create_pool)
    async with open_pool("postgresql://localhost/shop", max_size=3) as pool:
        opened: object = pool
        assert opened is stand_in
        assert stand_in.events == ["opened"]
    assert stand_in.events == ["opened", "closed"]
    init = stand_in.options.pop("init")
    expected = {"dsn": "postgresql://localhost/shop", "min_size": 1, "max_size": 3, "command_timeout": 30.0}
    assert (stand_in.options, callable(init)) == (expected, True)
    for encoder, decoder in (stand_in.codecs["json"], stand_in.codecs["jsonb"]):
        assert decoder(encoder({"paid": True})) == {"paid": True}


async def test_a_pool_is_closed_after_an_error_and_wherever_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = StandIn()
    monkeypatch.setattr(asyncpg, "create_pool", stand_in.create_pool)
    with pytest.raises(KeyError):
        async with open_pool("postgresql://localhost/shop"):
            raise KeyError
    assert stand_in.events == ["opened", "closed"]

    async def work() -> None:
        async with open_pool("postgresql://localhost/shop"):
            await asyncio.sleep(0)

    entered = 0
    async for task in cancelled_at_each_await(work):
        assert task.cancelled()
        entered += 1
    assert entered == 4


async def test_the_real_pool_takes_these_options() -> None:
    """Nobody listens there, and it says so at once."""
    with pytest.raises(OSError, match=r".+"):
        async with open_pool("postgresql://127.0.0.1:1/shop"):
            pytest.fail("nobody listens")


# -- async-exit-stack, async-with-block, with-block, try-finally ------------------------------------------------------


async def test_a_stack_closes_what_was_opened_the_last_first() -> None:
    log = async_exit_stack.log
    log.clear()
    await async_exit_stack.use_all(["a", "b"])
    assert log == ["a opened", "b opened", "['A', 'B'] used", "b closed", "a closed"]
    log.clear()
    with pytest.raises(OSError, match="broken"):
        await async_exit_stack.use_all(["a", "b", "broken", "c"])
    assert log == ["a opened", "b opened", "b closed", "a closed"]


async def test_a_stack_closes_what_was_opened_wherever_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    @asynccontextmanager
    async def open_slowly(name: str) -> AsyncIterator[str]:
        await asyncio.sleep(0)
        opened.append(name)
        try:
            yield name
        finally:
            opened.remove(name)
            await asyncio.sleep(0)

    monkeypatch.setattr(async_exit_stack, "open_resource", open_slowly)
    steps = 0
    async for task in cancelled_at_each_await(lambda: async_exit_stack.use_all(["a", "b", "c"])):
        assert task.cancelled()
        assert opened == []
        steps += 1
    assert steps == 6


async def test_what_is_opened_is_closed() -> None:
    for log in (with_block.log, async_with_block.log):
        log.clear()
    with_block.main()
    await async_with_block.main()
    assert with_block.log == async_with_block.log == ["opened", "resource used", "closed"]


def test_it_is_cleaned_up_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    try_finally.log.clear()
    try_finally.main()
    assert try_finally.log == ["worked", "cleaned up"]

    def fail() -> None:
        raise KeyError

    monkeypatch.setattr(try_finally, "work", fail)
    with pytest.raises(KeyError):
        try_finally.main()
    assert try_finally.log == ["worked", "cleaned up", "cleaned up"]
