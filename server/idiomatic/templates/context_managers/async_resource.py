"""A resource for the length of an `async with` block.

## Why
The `try/finally` around the `yield` runs the clean-up however the block ends: normally, with an exception, or because
the task is cancelled. Without it, an exception in the block would skip the clean-up. Nothing is closed that was never
opened, because opening stands before the `try`.

## Use
```python
async with open_connection("localhost", 6379) as (reader, writer):
    writer.write(request)
    answer = await reader.readline()
```
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PREFIXES = ("asynccontextmanager", "acm")
WHERE = ("module",)
TAB_STOPS = ("open_connection", "host", "port", "reader", "writer")
SINCE = (3, 9)


@asynccontextmanager
async def open_connection(
    host: str,
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect for the length of an `async with` block.

    Args:
        host: what to connect to.
        port: where it listens.

    Yields:
        What to read from and what to write to.
    """
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        # A connection that is lost already is closed, too.
        with suppress(OSError):
            await writer.wait_closed()
