"""Retry a coroutine function, waiting longer each time.

## Why
What fails for a moment (a connection, a busy server) often works a little later. Each wait is twice as long as the
one before, so that a struggling server is left in peace, and a little random, so that clients that failed together do
not come back together. After the last attempt its error is raised as it is, for the caller to handle. Cancellation is
not an `Exception` and is never retried.

## Use
```python
@retry(OSError, attempts=5)
async def fetch(url: str) -> bytes: ...
```
"""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

PREFIXES = ("retry", "asyncretry")
WHERE = ("module",)
TAB_STOPS = ("retry", "attempts", "base_delay", "max_delay")
SINCE = (3, 10)

P = ParamSpec("P")
R = TypeVar("R")


def retry(
    *exceptions: type[Exception],
    attempts: int = 3,
    base_delay: float = 0.1,
    max_delay: float = 10.0,
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
    """Call a coroutine function again when it fails, waiting longer each time.

    Args:
        *exceptions: the failures after which another attempt is worth while.
        attempts: how often it is called at most.
        base_delay: seconds to wait after the first failure, doubled after each other.
        max_delay: seconds to wait at most.

    Returns:
        A decorator; the function then raises what its last attempt raises.
    """
    if attempts < 1:
        msg = f"at least one attempt is needed, not {attempts}"
        raise ValueError(msg)

    def decorate(
        func: Callable[P, Awaitable[R]],
    ) -> Callable[P, Coroutine[Any, Any, R]]:
        @functools.wraps(func)
        async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            for attempt in range(attempts - 1):
                try:
                    return await func(*args, **kwargs)
                except exceptions:
                    delay = min(max_delay, base_delay * 2**attempt)
                # Half to all of it: no wait is shorter than the one before.
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            return await func(*args, **kwargs)

        return wrapper

    return decorate
