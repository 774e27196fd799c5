"""Make a coroutine function of one that blocks, by running it in a thread.

## Why
A call that blocks (a file, a driver without `async`) stops every task of the event loop. `asyncio.to_thread` runs it
beside the loop, with a copy of the context variables, so that loggers and tracing know to which request it belongs. Not
everything may be used from another thread: connections of `sqlite3`, for one, must not. Nothing can stop a thread: if
the wait is cancelled or a time limit is over, the call goes on in the background and its result is dropped.

## Use
```python
@in_thread
def read_report(path: Path) -> str:
    return path.read_text()


text = await read_report(path)
```

## References
- [asyncio.to_thread](https://docs.python.org/3/library/asyncio-task.html#running-in-threads)
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

PREFIXES = ("tothread", "offload")
WHERE = ("module",)
TAB_STOPS = ("in_thread",)
SINCE = (3, 10)

P = ParamSpec("P")
R = TypeVar("R")


def in_thread(func: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Run each call in a thread; the coroutine waits for its end.

    Args:
        func: a function that blocks and may run in any thread.

    Returns:
        A coroutine function with the same signature, that returns and raises the same.
    """

    @functools.wraps(func)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(func, *args, **kwargs)

    return wrapper
