"""What the templates of concurrency do that use threads and processes."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest
from idiomatic.templates.concurrency.process_pool_map import map_in_processes
from idiomatic.templates.concurrency.thread_offload import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# -- process-pool-map -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    # What forks does not get along with the threads of other tests.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as found:
        yield found


async def test_items_are_computed_in_other_processes_while_the_loop_goes_on(pool: ProcessPoolExecutor) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    # The process takes a while to start.
    assert await map_in_processes(pool, abs, range(-5, 5), chunk_size=3) == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
    assert await map_in_processes(pool, abs, []) == []
    ids = await map_in_processes(pool, _process, [1, 2, 3])
    assert len(set(ids)) == 1
    assert os.getpid() not in ids
    assert ticks > 10
    ticking.cancel()
    with pytest.raises(ValueError, match="a chunk has at least one item, not 0"):
        await map_in_processes(pool, abs, [1], chunk_size=0)


def _process(_: object) -> int:
    return os.getpid()


def _note(path: Path) -> None:
    path.touch()
    time.sleep(0.01)


def _appears(path: Path) -> bool:
    """Whether a file is there before long."""
    for _ in range(10_000):
        if path.exists():
            return True
        time.sleep(0.001)
    return False


def _fail_at_first(path: Path) -> None:
    _note(path)
    if path.name == "0":
        raise KeyError(path.name)


async def test_chunks_that_have_not_begun_never_do(pool: ProcessPoolExecutor, tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(100)]
    with pytest.raises(KeyError, match="'0'"):
        await map_in_processes(pool, _fail_at_first, paths, chunk_size=1)
    # What runs, and what is on its way to the process, ends.
    await map_in_processes(pool, abs, [1])
    assert 1 <= sum(path.exists() for path in paths) < 100

    paths = [tmp_path / f"again-{number}" for number in range(100)]
    task = asyncio.create_task(map_in_processes(pool, _note, paths, chunk_size=1))
    assert await asyncio.to_thread(_appears, paths[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await map_in_processes(pool, abs, [1])
    assert 1 <= sum(path.exists() for path in paths) < 100


# -- thread-offload ---------------------------------------------------------------------------------------------------

REQUEST: ContextVar[str] = ContextVar("REQUEST", default="none")


async def test_a_blocking_function_does_not_stop_the_loop() -> None:
    go_on = threading.Event()

    @in_thread
    def block(number: int, *, by: int = 2) -> tuple[float, str, bool]:
        """Divide it."""
        assert go_on.wait(10)
        return number / by, REQUEST.get(), threading.current_thread() is threading.main_thread()

    REQUEST.set("7")
    task = asyncio.create_task(block(6, by=3))
    await asyncio.sleep(0.001)
    assert not task.done()
    go_on.set()
    assert await task == (2.0, "7", False)
    with pytest.raises(ZeroDivisionError):
        await block(1, by=0)
    assert (block.__name__, block.__doc__) == ("block", "Divide it.")
    assert list(inspect.signature(block).parameters) == ["number", "by"]
    assert inspect.iscoroutinefunction(block)


async def test_the_wait_can_be_cancelled_and_the_call_goes_on() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    @in_thread
    def block() -> None:
        begun.set()
        assert go_on.wait(10)
        ended.set()

    task = asyncio.create_task(block())
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not ended.is_set()
    go_on.set()
    assert await asyncio.to_thread(ended.wait, 10)
