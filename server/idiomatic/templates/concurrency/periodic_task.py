"""Do something again and again, at fixed times.

## Why
To sleep for the interval after each run makes every round longer by what the run took, so a job meant for every minute
drifts. Here each time is counted from the one before, on the clock of the loop, which no setting of the computer's
clock can move; times that pass during a long run are left out, and not made up for all at once. A run that fails is
logged, and the next one comes as planned. Cancellation is no `Exception`: it ends the task at once.

## Use
```python
task = group.create_task(every(60.0, refresh_rates))
```

## References
- [loop.time](https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.time)
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

PREFIXES = ("periodic", "every")
WHERE = ("module",)
TAB_STOPS = ("every", "interval", "action")
REUSES = ("logger",)
SINCE = (3, 10)

logger = logging.getLogger(__name__)


async def every(interval: float, action: Callable[[], Awaitable[object]]) -> None:
    """Call a coroutine function now and then again and again, until cancelled.

    Args:
        interval: seconds from the beginning of one call to the beginning of the next.
        action: what is called; never twice at the same time.
    """
    if interval <= 0:
        msg = f"an interval is more than {interval} s"
        raise ValueError(msg)
    loop = asyncio.get_running_loop()
    start = loop.time()
    while True:
        try:
            await action()
        except Exception:
            logger.exception("%r failed, and is called again in time", action)
        passed = (loop.time() - start) // interval
        start += (passed + 1) * interval
        await asyncio.sleep(start - loop.time())
