"""Tasks in the background that somebody answers for.

## Why
The event loop itself keeps only a weak reference to a task: one that nobody else holds can vanish in the middle of its
work, and what it raises is noticed by nobody. Here each task is held until it is done, its failure is logged when it
happens, and at the end the tasks are cancelled *and awaited*: their `finally` blocks have run before the program closes
what they use. Unlike in a task group, the failure of one does not concern the others.

## Use
```python
async with TaskManager() as tasks:
    tasks.spawn(send_mail(order), name=f"mail for {order.id}")
    ...
```

## References
- [asyncio.create_task](https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task)
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

PREFIXES = ("taskmanager", "backgroundtasks")
WHERE = ("module",)
TAB_STOPS = ("TaskManager",)
REUSES = ("logger",)
SINCE = (3, 11)

logger = logging.getLogger(__name__)

R = TypeVar("R")


class TaskManager:
    """Holds running tasks, logs their failures, and ends them with itself."""

    def __init__(self) -> None:
        """Begin without tasks."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    async def __aenter__(self) -> Self:
        """Nothing is to be prepared."""
        return self

    async def __aexit__(self, *details: object) -> None:
        """Cancel what still runs, and wait for it."""
        await self.shutdown()

    def spawn(
        self,
        coroutine: Coroutine[Any, Any, R],
        *,
        name: str | None = None,
    ) -> asyncio.Task[R]:
        """Run a coroutine in the background.

        Args:
            coroutine: what is run.
            name: of the task, for the log.

        Returns:
            The task, for those who want to await or cancel it.

        Raises:
            RuntimeError: it is shut down already.
        """
        if self._is_closed:
            coroutine.close()
            msg = "no task is started after the shutdown"
            raise RuntimeError(msg)
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._discard)
        return task

    async def shutdown(self, *, grace: float = 10.0) -> None:
        """Cancel all tasks and wait until they have cleaned up.

        Args:
            grace: seconds after which those that still run are only logged.
        """
        self._is_closed = True
        # A task that shuts down everything is not to wait for itself.
        tasks = {task for task in self._tasks if task is not asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            _, running = await asyncio.wait(tasks, timeout=grace)
            for task in running:
                logger.error("%s did not end in %s s", task.get_name(), grace)

    def _discard(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)
