"""A decorator that times each line of a function, in runs that ask for it.

## Why
When it is known which function is slow, the next question is which of its lines. The decorator can stay in the code:
unless a run asks for it, with `LINE_PROFILE=1` or under `kernprof`, the function is returned as it is, nothing is
imported, and production does not need line-profiler. A run that does ask fails if it is not installed: it would else
end without the numbers it was made for.

## Use
```python
@timed_lines
def totals(orders: list[Order]) -> dict[str, int]: ...
```
```sh
LINE_PROFILE=1 python -m my_app    # prints the lines at the end, and writes profile_output.txt
```

## References
- [line_profiler](https://kernprof.readthedocs.io/)
"""

import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

PREFIXES = ("lineprofiler", "timedlines")
WHERE = ("module",)
TAB_STOPS = ("timed_lines",)
SINCE = (3, 10)
REQUIRES = ("line-profiler>=4.1",)

P = ParamSpec("P")
R = TypeVar("R")


def timed_lines(func: Callable[P, R]) -> Callable[P, R]:
    """Time each line of a function if the run asks for it; else leave it alone.

    Raises:
        ModuleNotFoundError: the run asks for it, and there is no line-profiler.
    """
    # If it is imported, `kernprof` runs the program.
    if not os.environ.get("LINE_PROFILE") and "line_profiler" not in sys.modules:
        return func
    from line_profiler import profile

    return profile(func)
