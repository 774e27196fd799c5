"""Compute on all cores while the event loop goes on.

## Why
A coroutine that computes stops every other task, and a thread does not help: Python's threads take turns at computing.
Processes do not share that turn. Arguments and results are pickled on their way, which costs more than a small function
does: so items travel in chunks. If one fails or the wait is cancelled, chunks that have not begun never do; one that
runs cannot be stopped and is left to end.

## Use
```python
# Once, where the program starts: processes take a while to start, and the end of the block waits for them.
with ProcessPoolExecutor() as pool:
    digests = await map_in_processes(pool, digest, files, chunk_size=32)
```

## References
- [ProcessPoolExecutor](https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor)
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import TypeVar

PREFIXES = ("processpool", "cpumap")
WHERE = ("module",)
TAB_STOPS = ("map_in_processes", "chunk_size")
SINCE = (3, 9)

T = TypeVar("T")
R = TypeVar("R")


def _map_chunk(func: Callable[[T], R], chunk: Sequence[T]) -> list[R]:
    """What one process does at a time."""
    return [func(item) for item in chunk]


async def map_in_processes(
    pool: ProcessPoolExecutor,
    func: Callable[[T], R],
    items: Sequence[T],
    *,
    chunk_size: int = 64,
) -> list[R]:
    """Call a function with each item, in the processes of a pool.

    Args:
        pool: the processes.
        func: a function of a module, so that the processes can import it.
        items: what it is called with; they are pickled, and so are the results.
        chunk_size: how many items a process takes at a time.

    Returns:
        The results in the order of the items.

    Raises:
        Exception: what the function raised first.
    """
    if chunk_size < 1:
        msg = f"a chunk has at least one item, not {chunk_size}"
        raise ValueError(msg)
    starts = range(0, len(items), chunk_size)
    chunks = [items[start : start + chunk_size] for start in starts]
    loop = asyncio.get_running_loop()
    futures = [loop.run_in_executor(pool, _map_chunk, func, each) for each in chunks]
    try:
        return list(chain.from_iterable(await asyncio.gather(*futures)))
    finally:
        for future in futures:
            future.cancel()
