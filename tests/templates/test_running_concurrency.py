"""What the templates of concurrency do that do several things at the same time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from idiomatic.templates.concurrency import except_star, task_group, timeout_block
from idiomatic.templates.concurrency.async_paginator import Page, paginate
from idiomatic.templates.concurrency.bounded_gather import bounded_gather
from idiomatic.templates.concurrency.producer_consumer import consume
from idiomatic.templates.concurrency.task_group_results import load_all

from tests.templates.cancelling import cancelled_at_each_await
from tests.templates.inserting import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Counter:
    """How many things go on at the same time, and how many did at most."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.begun = 0

    def __enter__(self) -> None:
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)

    def __exit__(self, *details: object) -> None:
        self.running -= 1


# -- task-group-results, task-group -----------------------------------------------------------------------------------

CALLER = "async def f(load, items):\n    tg|\n    return results\n"


async def test_results_stand_in_the_order_of_the_items() -> None:
    counter = Counter()

    async def load(item: int) -> int:
        with counter:
            for _ in range(3 - item):
                await asyncio.sleep(0)
        return item * 10

    assert await run("task-group-results", CALLER)["f"](load, range(3)) == [0, 10, 20]
    assert counter.most == 3
    assert await load_all(["a", "b"]) == {"a": "A", "b": "B"}
    assert await load_all([]) == {}


async def test_a_failure_cancels_the_siblings() -> None:
    ended: list[str] = []

    async def load(item: int) -> None:
        try:
            if item == 1:
                await asyncio.sleep(0)
                raise KeyError(item)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(f"{item} cancelled")
            raise

    with pytest.raises(ExceptionGroup) as raised:
        await run("task-group-results", CALLER)["f"](load, range(3))
    assert [type(error) for error in raised.value.exceptions] == [KeyError]
    assert sorted(ended) == ["0 cancelled", "2 cancelled"]


async def test_a_group_ends_when_its_tasks_have() -> None:
    counter = Counter()

    async def work() -> None:
        with counter:
            await asyncio.sleep(0)

    await task_group.main(work(), work())
    assert (counter.begun, counter.most, counter.running) == (2, 2, 0)
    async for task in cancelled_at_each_await(lambda: task_group.main(work(), work())):
        assert task.cancelled()
        assert counter.running == 0


# -- bounded-gather ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3, 10, 50])
async def test_no_more_run_at_once_than_allowed(limit: int) -> None:
    counter = Counter()

    async def work(item: int) -> int:
        with counter:
            # The later ones are quicker.
            for _ in range(1 + (20 - item) % 7):
                await asyncio.sleep(0)
        return item * 10

    assert await bounded_gather(work, range(20), limit=limit) == [item * 10 for item in range(20)]
    assert counter.most == min(limit, 20)


async def test_a_failure_ends_those_that_run_and_those_that_wait() -> None:
    counter = Counter()

    async def work(item: int) -> None:
        with counter:
            await asyncio.sleep(0)
            if item == 1:
                raise KeyError(item)
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as raised:
        await bounded_gather(work, range(20), limit=2)
    assert [error.args for error in raised.value.exceptions] == [(1,)]
    assert counter.running == 0
    assert counter.most == 2
    assert counter.begun <= 3, "one may have begun when the first had failed"


async def test_a_bounded_gather_is_cancelled_anywhere() -> None:
    counter = Counter()

    async def work(item: int) -> int:
        with counter:
            await asyncio.sleep(0)
        return item

    async for task in cancelled_at_each_await(lambda: bounded_gather(work, range(5), limit=2)):
        assert task.cancelled()
        assert counter.running == 0
    assert await bounded_gather(work, [], limit=1) == []
    with pytest.raises(ValueError, match="at least one has to run at a time, not 0"):
        await bounded_gather(work, [1], limit=0)


# -- producer-consumer ------------------------------------------------------------------------------------------------


async def numbers(count: int, produced: list[int], pause: int = 0) -> AsyncIterator[int]:
    for number in range(count):
        for _ in range(pause):
            await asyncio.sleep(0)
        produced.append(number)
        yield number


@pytest.mark.parametrize(("workers", "capacity"), [(1, 1), (3, 2), (8, 100)])
async def test_no_item_is_lost(workers: int, capacity: int) -> None:
    produced: list[int] = []
    handled: list[int] = []
    counter = Counter()
    ahead = 0

    async def handle(item: int) -> None:
        nonlocal ahead
        with counter:
            ahead = max(ahead, len(produced) - len(handled))
            for _ in range(1 + item % 4):
                await asyncio.sleep(0)
            handled.append(item)

    async with asyncio.timeout(10):
        await consume(numbers(50, produced), handle, workers=workers, capacity=capacity)
    assert sorted(handled) == list(range(50))
    assert counter.most == workers
    # One more waits to get into the queue.
    assert ahead <= workers + capacity + 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_last_items_are_handled_however_slow() -> None:
    handled: list[int] = []

    async def handle(item: int) -> None:
        await asyncio.sleep(0.005)
        handled.append(item)

    await consume(numbers(6, []), handle, workers=6)
    assert len(handled) == 6


async def test_a_failure_of_a_worker_or_the_producer_ends_it_all() -> None:
    counter = Counter()

    async def handle(item: int) -> None:
        with counter:
            await asyncio.sleep(0)
            if item == 3:
                raise KeyError(item)

    produced: list[int] = []
    with pytest.raises(ExceptionGroup) as raised:
        await consume(numbers(1000, produced, 1), handle, workers=2, capacity=1)
    assert [error.args for error in raised.value.exceptions] == [(3,)]
    assert len(produced) < 20

    async def failing() -> AsyncIterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with pytest.raises(ExceptionGroup) as raised:
        await consume(failing(), handle)
    assert [type(error) for error in raised.value.exceptions] == [OSError]
    assert counter.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_workers_end_wherever_it_is_cancelled() -> None:
    counter = Counter()

    async def handle(item: int) -> None:
        with counter:
            for _ in range(item):
                await asyncio.sleep(0)

    async for task in cancelled_at_each_await(lambda: consume(numbers(5, [], 1), handle, workers=2, capacity=1)):
        assert task.cancelled()
        assert counter.running == 0
        assert asyncio.all_tasks() <= {asyncio.current_task()}
    for options in ({"workers": 0}, {"capacity": 0}):
        with pytest.raises(ValueError, match="nothing is handled with"):
            await consume(numbers(1, []), handle, **options)


# -- timeout-block, except-star ---------------------------------------------------------------------------------------


async def test_a_block_that_takes_too_long_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    await timeout_block.main(10.0)
    cleaned_up: list[int] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.append(1)

    monkeypatch.setattr(timeout_block, "work", work)
    with pytest.raises(TimeoutError):
        await timeout_block.main(0.001)
    assert cleaned_up == [1]


async def test_errors_of_a_type_are_handled_and_others_are_raised(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(error: Exception) -> None:
        raise error

    await except_star.main(fail(ConnectionResetError("1")), fail(ExceptionGroup("nested", [ConnectionError("2")])))
    assert caplog.messages == ["no connection"]
    assert caplog.records[0].exc_info is not None
    assert isinstance(caplog.records[0].exc_info[1], ExceptionGroup)
    with pytest.raises(ExceptionGroup) as raised:
        await except_star.main(fail(ConnectionError("1")), fail(KeyError("2")))
    assert [type(error) for error in raised.value.exceptions] == [KeyError]
    assert len(caplog.messages) == 2


# -- async-paginator --------------------------------------------------------------------------------------------------


class Pages:
    """Gives pages, and knows which were asked for."""

    def __init__(self, *pages: list[int]) -> None:
        self.pages = pages
        self.cursors: list[str | None] = []

    async def __call__(self, cursor: str | None) -> Page[int]:
        self.cursors.append(cursor)
        await asyncio.sleep(0)
        at = int(cursor or 0)
        return Page(self.pages[at], str(at + 1) if at + 1 < len(self.pages) else None)


async def test_all_items_of_all_pages() -> None:
    pages = Pages([1, 2], [], [3])
    assert [item async for item in paginate(pages)] == [1, 2, 3]
    assert pages.cursors == [None, "1", "2"]
    assert [item async for item in paginate(Pages([]))] == []


async def test_a_page_is_fetched_when_it_is_needed() -> None:
    pages = Pages([1, 2], [3], [4])
    async with contextlib.aclosing(paginate(pages)) as items:
        async for item in items:
            if item == 2:
                break
        assert pages.cursors == [None]
    # It is closed and not only forgotten.
    assert [item async for item in items] == []

    async def use() -> None:
        async with contextlib.aclosing(paginate(Pages([1, 2], [3]))) as items:
            async for _ in items:
                await asyncio.sleep(0)

    async for task in cancelled_at_each_await(use):
        assert task.cancelled()
