"""Wrap functions in something that is told how it is to be done.

## Why
`@logged(level=...)` is a call whose result is the decorator: so there are three functions, one inside the other, and
each knows what the ones around it were given. What can be wrong with the arguments is found in the outermost, where the
decorator is written, and not when the function is called for the first time. Name, docstring and types of the
function stay as they are.

## Use
```python
@logged(level=logging.INFO)
def import_orders(path: Path) -> int: ...
```

## References
- [PEP 612](https://peps.python.org/pep-0612/): parameter specification variables
- [PEP 318](https://peps.python.org/pep-0318/): decorators for functions and methods
"""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

PREFIXES = ("decoratorwitharguments", "decoargs")
WHERE = ("module",)
TAB_STOPS = ("logged", "level")
REUSES = ("logger",)
SINCE = (3, 10)

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def logged(
    *,
    level: int = logging.DEBUG,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Log when a function is called and when the call is over.

    Args:
        level: of the records, such as `logging.INFO`.

    Returns:
        A decorator; the function returns and raises the same as without.
    """
    if level <= logging.NOTSET:
        msg = f"a level of logging is needed, not {level}"
        raise ValueError(msg)

    def decorate(func: Callable[P, R]) -> Callable[P, R]:
        # A `functools.partial` has no name.
        name = getattr(func, "__qualname__", repr(func))

        @functools.wraps(func)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            logger.log(level, "%s begins", name)
            try:
                return func(*args, **kwargs)
            finally:
                logger.log(level, "%s is over", name)

        return wrapper

    return decorate
