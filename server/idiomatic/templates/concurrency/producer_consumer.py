"""Several workers take what is produced from a queue.

## Why
The queue has a limit: a producer that is faster than the workers waits for them instead of filling the memory. The
program goes on when every item was handled, not when the last was produced: that is what `task_done` and `join` count.
Only then are the workers, which all wait for more, cancelled. If a worker or the producer fails, or the whole is
cancelled, the task group cancels the others and waits for them. (From 3.13 `Queue.shutdown` can end the workers, too.)

## Use
```python
await consume(read_orders(path), import_order, workers=8)
```

## References
- [asyncio.Queue](https://docs.python.org/3/library/asyncio-queue.html)
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

PREFIXES = ("producerconsumer", "workers")
WHERE = ("module",)
TAB_STOPS = ("consume", "workers", "capacity")
SINCE = (3, 11)

T = TypeVar("T")


async def consume(
    items: AsyncIterable[T],
    handle: Callable[[T], Awaitable[object]],
    *,
    workers: int = 4,
    capacity: int = 16,
) -> None:
    """Handle items while more of them are produced.

    Args:
        items: the producer, such as an asynchronous generator.
        handle: is called with each item once.
        workers: how many items are handled at the same time.
        capacity: how many more may wait for a worker.

    Raises:
        ExceptionGroup: producing or handling an item failed; the rest was given up.
    """
    if workers < 1 or capacity < 1:
        msg = f"nothing is handled with {workers=} and {capacity=}"
        raise ValueError(msg)
    queue: asyncio.Queue[T] = asyncio.Queue(capacity)

    async def work() -> None:
        while True:
            item = await queue.get()
            await handle(item)
            queue.task_done()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work()) for _ in range(workers)]
        async for item in items:
            await queue.put(item)
        await queue.join()
        for task in tasks:
            task.cancel()
