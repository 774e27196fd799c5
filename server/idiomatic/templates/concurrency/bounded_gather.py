"""One task for each item, only so many at a time, and their results in order.

## Why
A thousand requests at once exhaust sockets, memory or the patience of the server. A semaphore lets only `limit` of them
run; the others wait for their turn. The task group ends when all have: none is left running. If one fails, the others
are cancelled, also those that wait, and the failures are raised together as an `ExceptionGroup`. The function is called
when it is an item's turn, so no coroutine is made that nobody awaits.

## Use
```python
pages = await bounded_gather(fetch, urls, limit=10)
```

## References
- [asyncio.Semaphore](https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore)
- [asyncio.TaskGroup](https://docs.python.org/3/library/asyncio-task.html#task-groups)
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

PREFIXES = ("boundedgather", "gatherlimit")
WHERE = ("module",)
TAB_STOPS = ("bounded_gather", "limit")
SINCE = (3, 11)

T = TypeVar("T")
R = TypeVar("R")


async def bounded_gather(
    func: Callable[[T], Awaitable[R]],
    items: Iterable[T],
    *,
    limit: int,
) -> list[R]:
    """Call a coroutine function with each item, with several at the same time.

    Args:
        func: what is called.
        items: what it is called with.
        limit: how many calls run at once at most.

    Returns:
        The results in the order of the items.

    Raises:
        ExceptionGroup: what went wrong; the other calls were cancelled.
    """
    if limit < 1:
        msg = f"at least one has to run at a time, not {limit}"
        raise ValueError(msg)
    semaphore = asyncio.Semaphore(limit)

    async def call(item: T) -> R:
        async with semaphore:
            return await func(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call(item)) for item in items]
    return [task.result() for task in tasks]
