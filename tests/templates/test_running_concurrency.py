"""What the templates of concurrency do."""

from __future__ import annotations

import asyncio

import pytest

from tests.templates.inserting import run

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
