"""Tasks that run beside a test, and end with it.

## Why
What a test starts it has to end, or it disturbs the next one: here all tasks are cancelled and waited for, however the
test ended. A task that failed meanwhile fails the test, which otherwise would not notice. What an asynchronous fixture
does after its `yield` runs in another task than what it does before: so there is no `asyncio.TaskGroup` or
`asyncio.timeout` around the `yield`.

## Use
```python
async def test_the_worker_takes_what_is_queued(background: Background) -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()
    background(work(queue))
    await queue.put("tea")
    await queue.join()
```

## References
- [pytest-asyncio: fixtures](https://pytest-asyncio.readthedocs.io/en/stable/reference/decorators/index.html)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest_asyncio

PREFIXES = ("asyncfixture", "background")
WHERE = ("test module", "conftest")
TAB_STOPS = ("background", "Background")
REQUIRES = ("pytest-asyncio>=0.23",)
SINCE = (3, 11)


Background = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@pytest_asyncio.fixture
async def background() -> AsyncIterator[Background]:
    """Start coroutines that run until the test ends.

    Raises:
        ExceptionGroup: after the test: what failed meanwhile.
    """
    tasks: list[asyncio.Task[None]] = []

    def start(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(coroutine))
        return tasks[-1]

    try:
        yield start
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    if failures := [each for each in ended if isinstance(each, Exception)]:
        msg = "tasks beside the test failed"
        raise ExceptionGroup(msg, failures)
