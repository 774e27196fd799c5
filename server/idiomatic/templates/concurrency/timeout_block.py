"""Limit how long a block may take.

## Why
The limit is for everything that is awaited in the block together, not for each call. When it is over, the block is
cancelled where it waits, cleans up, and `TimeoutError` is raised *below* the `async with`: an `except TimeoutError`
inside the block would not see it. `as` gives the limit a name, to move it later with `reschedule`, or to ask with
`expired()` whether the error came from it.

## Use
Inside an `async def`, or around lines that are selected. `seconds` is a number, or `None` for no limit.

## References
- [asyncio.timeout](https://docs.python.org/3/library/asyncio-task.html#timeouts)
"""

import asyncio

PREFIXES = ("timeout", "deadline")
WHERE = ("async function",)
TAB_STOPS = ("seconds", "work")
SINCE = (3, 11)


async def work() -> None:
    """What takes its time."""
    await asyncio.sleep(0)


async def main(seconds: float) -> None:
    """What the template is inserted into."""
    # template: begin
    async with asyncio.timeout(seconds):
        # template: selection
        await work()
        # template: end selection
    # template: end
