"""Cancels a coroutine at each of its awaits, to see that it cleans up wherever it is."""

from __future__ import annotations

import asyncio
import functools
import itertools
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator


async def cancelled_at_each_await(
    make: Callable[[], Coroutine[Any, Any, object]],
) -> AsyncIterator[asyncio.Task[object]]:
    """Run a coroutine again and again, cancelled when it waits for the first time, for the second...

    Args:
        make: a new coroutine for each run.

    Yields:
        The task of each run, which is done; none of the run that was over before it could be cancelled.
    """
    for step in itertools.count(1):
        reached: list[int] = []
        task = asyncio.create_task(_with_cancellation(make(), step, reached))
        await asyncio.wait([task])
        if not reached:
            assert step > 1, "it never waits"
            task.result()
            return
        yield task


async def _with_cancellation(coroutine: Coroutine[Any, Any, object], step: int, reached: list[int]) -> object:
    return await _driven(coroutine, step, reached)


@types.coroutine
def _driven(coroutine: Coroutine[Any, Any, object], step: int, reached: list[int]) -> Generator[Any, Any, object]:
    proceed = functools.partial(coroutine.send, None)
    for number in itertools.count(1):
        try:
            waits_for = proceed()
        except StopIteration as end:
            return end.value
        if number == step:
            reached.append(step)
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        try:
            proceed = functools.partial(coroutine.send, (yield waits_for))
        except BaseException as error:
            proceed = functools.partial(coroutine.throw, error)
    raise AssertionError
