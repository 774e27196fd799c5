"""Remember what a function returned, for some time.

## Why
`functools.cache` remembers for ever: what was read from elsewhere grows stale, and the cache grows. Here each result
has an end (told by `time.monotonic`, which no setting of the clock can move), and there are never more than `maxsize`.
They stand in the order in which they expire, so those that are over are dropped without a look at the others. A lock
guards the results; the function runs outside of it, so that a slow call holds up nobody, and two threads that miss at
the same time both call it. Errors are not remembered. The arguments are kept as long as the result: of a method, the
object is one of them.

## Use
```python
@cached(ttl=60.0)
def exchange_rate(currency: str) -> Decimal: ...
```

## References
- [time.monotonic](https://docs.python.org/3/library/time.html#time.monotonic)
"""

import functools
import inspect
import threading
import time
from collections.abc import Callable, Hashable
from typing import ParamSpec, TypeVar

PREFIXES = ("cached", "ttlcache")
WHERE = ("module",)
TAB_STOPS = ("cached", "ttl", "maxsize")
SINCE = (3, 10)

P = ParamSpec("P")
R = TypeVar("R")


def cached(
    *,
    ttl: float,
    maxsize: int = 128,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Remember results by the arguments, which have to be hashable. Thread-safe.

    Args:
        ttl: seconds for which a result is given again.
        maxsize: how many results are kept; then the oldest goes.
        clock: gives seconds, for tests.

    Returns:
        A decorator for functions. Coroutine functions are refused with a `TypeError`:
        their result is a coroutine, which can be awaited only once.
    """
    if ttl <= 0 or maxsize < 1:
        msg = f"nothing is remembered with ttl={ttl} and maxsize={maxsize}"
        raise ValueError(msg)

    def decorate(func: Callable[P, R]) -> Callable[P, R]:
        if inspect.iscoroutinefunction(func):
            msg = f"{func!r} is a coroutine function"
            raise TypeError(msg)
        lock = threading.Lock()
        results: dict[Hashable, tuple[float, R]] = {}  # in the order of their ends

        @functools.wraps(func)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            key = (args, frozenset(kwargs.items()))
            with lock:
                if (known := results.get(key)) is not None and clock() < known[0]:
                    return known[1]
            result = func(*args, **kwargs)
            with lock:
                now = clock()
                results.pop(key, None)
                results[key] = (now + ttl, result)
                while results:
                    oldest = next(iter(results))
                    if len(results) <= maxsize and now < results[oldest][0]:
                        break
                    del results[oldest]
            return result

        return wrapper

    return decorate
