"""Log how long a block takes, and how it ended.

## Why
`time.perf_counter` is the clock for durations: nothing sets it, and it has the best resolution there is. The time is
logged in the `finally`, so that what fails or is cancelled is in the log too, and is told apart from what succeeded: an
operation that looks fast because it failed misleads. Name, outcome and seconds also stand in the record as values, for
handlers that write JSON.

## Use
```python
with timed("import of orders"):
    import_orders(path)
```

## References
- [time.perf_counter](https://docs.python.org/3/library/time.html#time.perf_counter)
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

PREFIXES = ("timedblock", "timer")
WHERE = ("module",)
TAB_STOPS = ("timed", "operation")
REUSES = ("logger",)
SINCE = (3, 9)

logger = logging.getLogger(__name__)


@contextmanager
def timed(operation: str) -> Iterator[None]:
    """Log how many seconds a `with` block takes, in functions and coroutines alike.

    Args:
        operation: what is done in it, for the log.
    """
    outcome = "failed"
    started = time.perf_counter()
    try:
        yield
        outcome = "succeeded"
    finally:
        seconds = time.perf_counter() - started
        details = {"operation": operation, "outcome": outcome, "seconds": seconds}
        logger.info("%s %s after %.3f s", operation, outcome, seconds, extra=details)
