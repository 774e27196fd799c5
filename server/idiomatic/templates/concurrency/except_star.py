"""Handle what went wrong in several tasks at once, by type.

## Why
What the tasks of a group raised it raises together, as an `ExceptionGroup`, which an `except ConnectionError` never
sees. `except*` takes out all errors of a type, at any depth of nested groups, and hands them over as a group; what no
clause takes is raised again. So more than one clause may run, and none of them can `return`, `break` or `continue`.

## Use
Around a task group, or around lines that are selected.

## References
- [The try statement: except*](https://docs.python.org/3/reference/compound_stmts.html#except-star)
- [PEP 654](https://peps.python.org/pep-0654/): exception groups
"""

import asyncio
import logging
from collections.abc import Coroutine

PREFIXES = ("exceptstar", "exceptgroup")
WHERE = ("async function",)
TAB_STOPS = ("work", "more_work", "ConnectionError", "errors")
REUSES = ("logger",)
SINCE = (3, 11)

logger = logging.getLogger(__name__)


async def main(work: Coroutine[None, None, None], more_work: Coroutine[None, None, None]) -> None:
    """What the template is inserted into."""
    # template: begin
    try:
        # template: selection
        async with asyncio.TaskGroup() as group:
            group.create_task(work)
            group.create_task(more_work)
        # template: end selection
    except* ConnectionError as errors:
        logger.warning("no connection", exc_info=errors)
    # template: end
