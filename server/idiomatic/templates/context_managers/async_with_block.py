"""Do something with a resource that is closed afterwards, in a coroutine.

## Why
However the block ends, the resource is closed: normally, with an exception, with a `return`, or because the task is
cancelled. Closing it may take a while and is awaited: that is why there is an `async with` beside the `with`, and why a
`with` does not do for it.

## Use
Inside an `async def`, or around lines that are selected.

## References
- [The async with statement](https://docs.python.org/3/reference/compound_stmts.html#the-async-with-statement)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PREFIXES = ("asyncwith", "aw")
WHERE = ("async function",)
TAB_STOPS = ("open_resource", "resource", "use")
SINCE = (3, 8)

log: list[str] = []


@asynccontextmanager
async def open_resource() -> AsyncIterator[str]:
    """What is opened."""
    log.append("opened")
    try:
        yield "resource"
    finally:
        log.append("closed")


async def use(resource: str) -> None:
    """What is done with it."""
    log.append(f"{resource} used")


async def main() -> None:
    """What the template is inserted into."""
    # template: begin
    async with open_resource() as resource:
        # template: selection
        await use(resource)
        # template: end selection
    # template: end
