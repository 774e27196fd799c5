"""Wrap functions in something that happens around each call.

## Why
`functools.wraps` gives the wrapper the name, docstring and signature of what it wraps, so that tracebacks,
documentation and tools see the function and not its wrapper. The `ParamSpec` says that the decorated function takes
the same parameters, and the type variable that it returns the same: type checkers and editors know both, where
`Callable[..., Any]` makes them forget. A coroutine function returns before it has begun: for those, and for both kinds,
there is `sync-and-async-decorator`.

## Use
```python
@logged
def import_orders(path: Path) -> int: ...
```

## References
- [PEP 612](https://peps.python.org/pep-0612/): parameter specification variables
- [functools.wraps](https://docs.python.org/3/library/functools.html#functools.wraps)
"""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

PREFIXES = ("decorator", "deco")
WHERE = ("module",)
TAB_STOPS = ("logged",)
REUSES = ("logger",)
SINCE = (3, 10)

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def logged(func: Callable[P, R]) -> Callable[P, R]:
    """Log when a function is called and when the call is over.

    Args:
        func: what is called.

    Returns:
        A function with the same signature; it returns and raises the same.
    """
    # A `functools.partial` has no name.
    name = getattr(func, "__qualname__", repr(func))

    @functools.wraps(func)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        logger.debug("%s begins", name)
        try:
            return func(*args, **kwargs)
        finally:
            logger.debug("%s is over", name)

    return wrapper
