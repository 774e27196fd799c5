"""One decorator for functions and for coroutine functions.

## Why
Calling a coroutine function only makes a coroutine: a plain wrapper around it is over before anything has happened, and
measures, catches and logs nothing. So there is a wrapper for each kind, and what both do stands once, in a context
manager. `inspect.iscoroutinefunction` also sees through `functools.partial`; an object whose `__call__` is a coroutine
function is asked for by its type. The overloads tell type checkers that each kind stays what it was.

## Use
```python
@logged
def parse(text: str) -> Order: ...


@logged
async def fetch(url: str) -> bytes: ...
```

## References
- [inspect.iscoroutinefunction](https://docs.python.org/3/library/inspect.html#inspect.iscoroutinefunction)
- [PEP 612](https://peps.python.org/pep-0612/): parameter specification variables
"""

import functools
import inspect
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, overload

PREFIXES = ("asyncdecorator", "decoratorforboth")
WHERE = ("module",)
TAB_STOPS = ("logged",)
REUSES = ("logger",)
SINCE = (3, 10)

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def _logged_call(name: str) -> Iterator[None]:
    """What is done around a call, whichever kind it is."""
    logger.debug("%s begins", name)
    try:
        yield
    finally:
        logger.debug("%s is over", name)


@overload
def logged(
    func: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]: ...
@overload
def logged(func: Callable[P, R]) -> Callable[P, R]: ...
def logged(func: Callable[P, Any]) -> Callable[P, Any]:
    """Log when a function is called and when the call is over.

    Args:
        func: a function or a coroutine function. A generator function is a function:
            its call is over before the first item.

    Returns:
        One of the same kind and signature, that returns and raises the same.
    """
    # A `functools.partial` has no name.
    name = getattr(func, "__qualname__", repr(func))

    if any(map(inspect.iscoroutinefunction, (func, type(func).__call__))):

        @functools.wraps(func)
        async def async_wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
            with _logged_call(name):
                return await func(*args, **kwargs)

        return async_wrapper

    @functools.wraps(func)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        with _logged_call(name):
            return func(*args, **kwargs)

    return wrapper
