"""What the templates of context managers do."""

from __future__ import annotations

import asyncio

import pytest

from tests.templates.inserting import run

# -- async-resource ---------------------------------------------------------------------------------------------------


async def listening() -> tuple[asyncio.Server, int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_the_resource_is_open_in_the_block_and_closed_after_it() -> None:
    open_connection = run("async-resource")["open_connection"]
    server, port = await listening()
    async with server:
        async with open_connection("127.0.0.1", port) as (reader, writer):
            writer.write(b"hello\n")
            assert await reader.readline() == b"HELLO\n"
            assert not writer.is_closing()
        assert writer.is_closing()


async def test_the_resource_is_closed_after_an_error() -> None:
    open_connection = run("async-resource")["open_connection"]
    server, port = await listening()
    seen: list[asyncio.StreamWriter] = []

    async def fail() -> None:
        async with open_connection("127.0.0.1", port) as (_, writer):
            seen.append(writer)
            raise KeyError

    async with server:
        with pytest.raises(KeyError):
            await fail()
    assert seen[0].is_closing()


async def test_the_resource_is_closed_when_cancelled() -> None:
    open_connection = run("async-resource")["open_connection"]
    server, port = await listening()
    seen: list[asyncio.StreamWriter] = []
    opened = asyncio.Event()

    async def hold() -> None:
        async with open_connection("127.0.0.1", port) as (_, writer):
            seen.append(writer)
            opened.set()
            await asyncio.sleep(60)

    async with server:
        task = asyncio.create_task(hold())
        await opened.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert seen[0].is_closing()


async def test_nothing_is_closed_that_was_never_opened() -> None:
    open_connection = run("async-resource")["open_connection"]
    server, port = await listening()
    server.close()
    await server.wait_closed()
    with pytest.raises(OSError, match=r".+"):
        async with open_connection("127.0.0.1", port):
            pytest.fail("nobody listens")
