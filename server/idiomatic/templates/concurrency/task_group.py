"""A block that ends when all tasks that were started in it have ended.

## Why
No task is left running, and no error gets lost: if one fails, the others are cancelled and waited for, and what went
wrong is raised at the end of the block, as an `ExceptionGroup` (caught with `except*`). The group holds its tasks, so
they cannot vanish in the middle of their work. Results are there after the block: `task.result()`.

## Use
Inside an `async def`, or around lines that are selected.

## References
- [asyncio.TaskGroup](https://docs.python.org/3/library/asyncio-task.html#task-groups)
- [PEP 654](https://peps.python.org/pep-0654/): exception groups
"""

import asyncio
from collections.abc import Coroutine

PREFIXES = ("taskgroupblock", "tgblock")
WHERE = ("async function",)
TAB_STOPS = ("group", "work", "more_work")
SINCE = (3, 11)


async def main(work: Coroutine[None, None, None], more_work: Coroutine[None, None, None]) -> None:
    """What the template is inserted into."""
    # template: begin
    async with asyncio.TaskGroup() as group:
        # template: selection
        group.create_task(work)
        group.create_task(more_work)
        # template: end selection
    # template: end
