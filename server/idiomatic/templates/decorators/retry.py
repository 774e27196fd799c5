"""Retry a function, waiting longer each time.

## Why
What fails for a moment (a connection, a busy server) often works a little later. Each wait is twice as long as the
one before, so that a struggling server is left in peace, and a little random, so that clients that failed together do
not come back together. After the last attempt its error is raised as it is, for the caller to handle.

## Use
```python
@retry(OSError, attempts=5)
def fetch(url: str) -> bytes: ...
```
"""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

PREFIXES = ("syncretry",)
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
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Call a function again when it fails, waiting longer each time.

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

    def decorate(func: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(func)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            for attempt in range(attempts - 1):
                try:
                    return func(*args, **kwargs)
                except exceptions:
                    delay = min(max_delay, base_delay * 2**attempt)
                # Half to all of it: no wait is shorter than the one before.
                time.sleep(delay * random.uniform(0.5, 1.0))
            return func(*args, **kwargs)

        return wrapper

    return decorate
