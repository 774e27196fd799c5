"""A service that is started and stopped, and knows its state.

## Why
Starting and stopping wait, and meanwhile somebody else may want to start or stop: the lock lets one of them finish, and
who comes second finds it done. What was opened by a start that fails or is cancelled is closed again, because the stack
has it until all is open. An enumeration says in which state the service is, where flags such as `started` and
`stopping` could contradict each other. Work that fails is logged when it happens, and shows in the state. It is a task
and not a task group, which belongs in one block: not half of it in `start` and half in `stop`.

## Use
```python
async with Service() as service:
    print(service.status)  # running
```

## References
- [contextlib.AsyncExitStack.pop_all](https://docs.python.org/3/library/contextlib.html#contextlib.ExitStack.pop_all)
- [enum.StrEnum](https://docs.python.org/3/library/enum.html#enum.StrEnum)
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Self

PREFIXES = ("asyncservice", "service")
WHERE = ("module",)
TAB_STOPS = ("Service", "ServiceStatus")
REUSES = ("logger",)
SINCE = (3, 11)

logger = logging.getLogger(__name__)


class ServiceStatus(StrEnum):
    """Where a service is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"


class Service:
    """Does its work from `start` to `stop`; both may be called at any time."""

    def __init__(self) -> None:
        """Begin stopped."""
        self._status = ServiceStatus.STOPPED
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()

    @property
    def status(self) -> ServiceStatus:
        """Where it is in its life."""
        return self._status

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *details: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Open what it needs and begin; nothing happens if it runs already."""
        async with self._lock:
            if self._status is ServiceStatus.RUNNING:
                return
            await self._stack.aclose()  # what is left of a service that failed
            self._status = ServiceStatus.STARTING
            try:
                async with AsyncExitStack() as stack:
                    await self._open(stack)
                    worker = asyncio.create_task(self._work())
                    stack.push_async_callback(self._end, worker)
                    self._stack = stack.pop_all()
            except BaseException:
                self._status = ServiceStatus.STOPPED
                raise
            self._status = ServiceStatus.RUNNING
            worker.add_done_callback(self._note)

    async def stop(self) -> None:
        """End, and close what it opened; nothing happens if it is stopped already."""
        async with self._lock:
            if self._status is ServiceStatus.STOPPED:
                return
            self._status = ServiceStatus.STOPPING
            try:
                await self._stack.aclose()
            finally:
                self._status = ServiceStatus.STOPPED

    async def _open(self, stack: AsyncExitStack) -> None:
        """Open what the work needs, in the stack: it closes the last first."""

    async def _work(self) -> None:
        """What is done while the service runs."""
        while True:
            logger.debug("at work")
            await asyncio.sleep(1.0)

    async def _end(self, worker: asyncio.Task[None]) -> None:
        worker.cancel()
        await asyncio.wait([worker])

    def _note(self, worker: asyncio.Task[None]) -> None:
        if not worker.cancelled() and (error := worker.exception()) is not None:
            logger.error("the service failed", exc_info=error)
            if self._status is ServiceStatus.RUNNING:
                self._status = ServiceStatus.FAILED
