"""Log how long each call of a function or coroutine function takes.

## Why
`time.perf_counter` is the clock for durations: it has the best resolution there is and never goes backwards, whereas
`time.time` jumps when the computer's clock is set. The time is logged in a `finally`, so calls that fail or are
cancelled are in the log as well. A coroutine function is awaited inside the measurement; its time includes what it
waited for, and other tasks that ran meanwhile.

## Use
```python
@timed
async def fetch(url: str) -> bytes: ...
```

## References
- [time.perf_counter](https://docs.python.org/3/library/time.html#time.perf_counter)
"""

import functools
import inspect
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, overload

PREFIXES = ("timed", "timing")
WHERE = ("module",)
TAB_STOPS = ("timed",)
REUSES = ("logger",)
SINCE = (3, 10)

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def _timed_call(name: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        logger.info("%s took %.3f s", name, time.perf_counter() - started)


@overload
def timed(
    func: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]: ...
@overload
def timed(func: Callable[P, R]) -> Callable[P, R]: ...
def timed(func: Callable[P, Any]) -> Callable[P, Any]:
    """Log how many seconds each call takes, those that fail included.

    Args:
        func: a function or a coroutine function.

    Returns:
        One of the same kind and signature, that returns and raises the same.
    """
    # A `functools.partial` has no name.
    name = getattr(func, "__qualname__", repr(func))

    if any(map(inspect.iscoroutinefunction, (func, type(func).__call__))):

        @functools.wraps(func)
        async def async_wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            with _timed_call(name):
                return await func(*args, **kwargs)

        return async_wrapper

    @functools.wraps(func)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        with _timed_call(name):
            return func(*args, **kwargs)

    return wrapper
