"""Stop cleanly when the process is told to end.

## Why
A container or service manager ends a program with SIGTERM, a user with Ctrl+C, which is SIGINT. Python's answer to the
first is to die at once: nothing is closed, and work is lost. Here the work is cancelled, so that its `finally` and
`async with` clean up as always. From then on signals are not caught any more: a second one ends a process whose
clean-up hangs. Event loops on Windows have no signal handlers; there a handler of the process wakes the loop.

## Use
```python
asyncio.run(run_until_stopped(serve()))
```

## References
- [loop.add_signal_handler](https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_signal_handler)
"""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

PREFIXES = ("gracefulshutdown", "sigterm")
WHERE = ("module",)
TAB_STOPS = ("run_until_stopped", "stop_signals")
SINCE = (3, 11)


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Catch SIGINT and SIGTERM in a `with` block, in the main thread.

    Yields:
        An event that is set when one of them arrives.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, stop.set)
                stack.callback(loop.remove_signal_handler, number)
            except NotImplementedError:  # on Windows
                before = signal.signal(
                    number,
                    lambda *_: loop.call_soon_threadsafe(stop.set),
                )
                stack.callback(signal.signal, number, before)
        yield stop


async def run_until_stopped(work: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine until it ends, or SIGINT or SIGTERM cancels it.

    Args:
        work: what is run; it may clean up in its own time when it is cancelled.

    Raises:
        ExceptionGroup: the work failed.
    """
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        with stop_signals() as stop:
            task.add_done_callback(lambda _: stop.set())
            await stop.wait()
        # Signals are not caught any more: another one ends the process.
        task.cancel()
