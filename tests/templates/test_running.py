"""What the templates do: each is inserted into a file and that file is run."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import sys
from typing import Any

import pytest

from tests.templates.inserting import inserted

HERE = sys.version_info[:2]


def run(name: str, marked: str = "x|\n") -> dict[str, Any]:
    """The names of a module in which a template was inserted."""
    namespace: dict[str, Any] = {"__name__": "inserted"}
    exec(compile(inserted(name, marked, HERE), f"{name}.py", "exec", dont_inherit=True), namespace)
    return namespace


# -- async-retry ------------------------------------------------------------------------------------------------------


class Flaky:
    """Fails some times, then works; remembers how long it was waited."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls: list[tuple[tuple[object, ...], dict[str, object]]] = []
        self.waits: list[float] = []

    async def __call__(self, *args: object, **kwargs: object) -> str:
        self.calls.append((args, kwargs))
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def retried(flaky: Flaky, *exceptions: type[Exception], **options: float) -> Any:
    namespace = run("async-retry")
    namespace["asyncio"] = flaky

    async def function(*args: object, **kwargs: object) -> str:
        """What it does."""
        return await flaky(*args, **kwargs)

    return namespace["retry"](*exceptions, **options)(function)


async def test_retry_calls_again_until_it_works() -> None:
    flaky = Flaky(OSError("1"), ConnectionError("2"))
    assert await retried(flaky, OSError)(1, b=2) == "done"
    assert flaky.calls == [((1,), {"b": 2})] * 3
    assert len(flaky.waits) == 2


async def test_retry_waits_longer_each_time_up_to_a_limit() -> None:
    for _ in range(20):
        flaky = Flaky(*[OSError()] * 7)
        await retried(flaky, OSError, attempts=8, base_delay=1.0, max_delay=20.0)()
        assert flaky.waits[:5] == sorted(flaky.waits[:5])
        for wait, most in zip(flaky.waits, [1, 2, 4, 8, 16, 20, 20], strict=True):
            assert most / 2 <= wait <= most


async def test_retry_gives_up_with_the_last_error() -> None:
    flaky = Flaky(OSError("1"), OSError("2"), OSError("3"), OSError("4"))
    with pytest.raises(OSError, match=r"^3$") as raised:
        await retried(flaky, OSError, attempts=3)()
    assert raised.value.__context__ is None
    assert len(flaky.waits) == 2


async def test_retry_leaves_other_errors_alone() -> None:
    flaky = Flaky(KeyError("1"))
    with pytest.raises(KeyError):
        await retried(flaky, OSError)()
    assert flaky.waits == []


async def test_retry_never_swallows_cancellation() -> None:
    flaky = Flaky(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await retried(flaky, Exception)()
    assert len(flaky.calls) == 1

    namespace = run("async-retry")
    calls = 0

    async def fails() -> None:
        nonlocal calls
        calls += 1
        raise OSError

    task = asyncio.create_task(namespace["retry"](OSError, base_delay=60.0)(fails)())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert calls == 1


async def test_retry_keeps_name_and_signature() -> None:
    async def fetch(url: str, *, limit: float = 1) -> bytes:
        """Fetch it."""
        return b""

    wrapped = run("async-retry")["retry"](OSError)(fetch)
    assert (wrapped.__name__, wrapped.__doc__) == ("fetch", "Fetch it.")
    assert list(inspect.signature(wrapped).parameters) == ["url", "limit"]
    assert inspect.iscoroutinefunction(wrapped)


def test_retry_wants_an_attempt() -> None:
    with pytest.raises(ValueError, match="at least one attempt is needed, not 0"):
        run("async-retry")["retry"](OSError, attempts=0)


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


# -- task-group-results -----------------------------------------------------------------------------------------------

CALLER = "async def f(load, items):\n    tg|\n    return results\n"


async def test_results_stand_in_the_order_of_the_items() -> None:
    running = most = 0

    async def load(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.03 - item / 100)
        running -= 1
        return item * 10

    assert await run("task-group-results", CALLER)["f"](load, range(3)) == [0, 10, 20]
    assert most == 3


async def test_no_items_no_results() -> None:
    async def load(item: int) -> int:
        return item

    assert await run("task-group-results", CALLER)["f"](load, []) == []


async def test_a_failure_cancels_the_siblings() -> None:
    ended: list[str] = []

    async def load(item: int) -> None:
        try:
            if item == 1:
                await asyncio.sleep(0)
                raise KeyError(item)
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(f"{item} cancelled")
            raise

    with pytest.raises(ExceptionGroup) as raised:
        await run("task-group-results", CALLER)["f"](load, range(3))
    assert [type(error) for error in raised.value.exceptions] == [KeyError]
    assert sorted(ended) == ["0 cancelled", "2 cancelled"]


# -- frozen-value-object ----------------------------------------------------------------------------------------------


def test_a_value_is_valid() -> None:
    address_class = run("frozen-value-object")["EmailAddress"]
    assert str(address_class("ada@example.org")) == "ada@example.org"
    for wrong in ("", "ada", "@example.org", "ada@"):
        with pytest.raises(ValueError, match=f"not an email address: '{wrong}'"):
            address_class(wrong)
    with pytest.raises(ValueError, match="not an email address"):
        dataclasses.replace(address_class("ada@example.org"), value="ada")


def test_a_value_is_compared_by_what_it_holds() -> None:
    address_class = run("frozen-value-object")["EmailAddress"]
    one, same, other = map(address_class, ("a@b", "a@b", "c@d"))
    assert one == same != other
    assert {one, same, other} == {one, other}
    assert repr(one) == "EmailAddress(value='a@b')"


def test_a_value_is_immutable() -> None:
    address = run("frozen-value-object")["EmailAddress"]("a@b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        address.value = "c"
    with pytest.raises((AttributeError, TypeError)):
        address.other = 1
    assert not hasattr(address, "__dict__")
