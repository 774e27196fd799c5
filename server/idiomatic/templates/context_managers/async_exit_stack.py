"""Several resources in one block, however many there are.

## Why
How many there are is known only when the program runs, so they cannot each have an `async with` of their own. When the
block ends, the stack closes what was opened, the last first: also when opening one of them fails or is cancelled, and
also when closing another fails.

## Use
Inside an `async def`. `open_resource` returns an asynchronous context manager. For some that are not asynchronous
there is `stack.enter_context`, and for a coroutine function that only cleans up, `stack.push_async_callback`.

## References
- [contextlib.AsyncExitStack](https://docs.python.org/3/library/contextlib.html#contextlib.AsyncExitStack)
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

PREFIXES = ("asyncexitstack", "exitstack")
WHERE = ("async function",)
TAB_STOPS = ("resources", "open_resource", "name", "names", "use")
SINCE = (3, 10)

log: list[str] = []


@asynccontextmanager
async def open_resource(name: str) -> AsyncIterator[str]:
    """What is opened."""
    if name == "broken":
        raise OSError(name)
    log.append(f"{name} opened")
    try:
        yield name.upper()
    finally:
        log.append(f"{name} closed")


async def use(resources: Sequence[str]) -> None:
    """What is done with all of them."""
    log.append(f"{resources} used")


async def use_all(names: Iterable[str]) -> None:
    """What the template is inserted into."""
    # template: begin
    async with AsyncExitStack() as stack:
        resources = [await stack.enter_async_context(open_resource(name)) for name in names]
        # template: selection
        await use(resources)
        # template: end selection
    # template: end
