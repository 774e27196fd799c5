"""One task for each item, and their results in order.

## Why
The block ends when all tasks have: none is left running. If one fails, its siblings are cancelled and the failures are
raised together, as an `ExceptionGroup` (caught with `except*`). The results stand in the order of the items, whichever
task ends first.

## Use
Inside an `async def`. `load` is a coroutine function and `items` is what it is called with.
"""

import asyncio
from collections.abc import Sequence

PREFIXES = ("taskgroup", "tg", "fanout")
WHERE = ("async function",)
TAB_STOPS = ("tasks", "load", "item", "items", "results")
SINCE = (3, 11)
# How many may run at once is the user's to say.
# idiomatic: ignore-file[unbounded-fan-out]


async def load(item: str) -> str:
    """What is done with each item."""
    await asyncio.sleep(0)
    return item.upper()


async def load_all(items: Sequence[str]) -> dict[str, str]:
    """What the template is inserted into."""
    # template: begin
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(load(item)) for item in items]
    results = [task.result() for task in tasks]
    # template: end
    return dict(zip(items, results, strict=True))
