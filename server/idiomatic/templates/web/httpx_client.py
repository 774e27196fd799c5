"""One HTTP client for the whole program, with limits to what it waits for.

## Why
A client keeps its connections open and uses them again; one for each request would connect and shake hands each time.
A server that does not answer must not hold up the program: there is a limit for connecting, for each wait on the
network, and for the wait for a free connection. It is closed with the block, however that ends. A test hands in a
`transport`, and the same code talks to the test.

## Use
```python
async with open_client("https://api.example.org") as client:
    response = await client.get("/orders", params={"page": 2})
    response.raise_for_status()
```
In FastAPI that is a line of the lifespan: `yield {"client": client}`. A limit for the whole of a request, whatever it
consists of, is `async with asyncio.timeout(30)` around it.

## References
- [HTTPX: timeouts](https://www.python-httpx.org/advanced/timeouts/)
- [HTTPX: resource limits](https://www.python-httpx.org/advanced/resource-limits/)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

PREFIXES = ("httpx", "httpclient", "openclient")
WHERE = ("module",)
TAB_STOPS = ("open_client", "base_url")
REQUIRES = ("httpx>=0.24",)
SINCE = (3, 10)


@asynccontextmanager
async def open_client(
    base_url: str,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Make an HTTP client for the length of an `async with` block.

    Args:
        base_url: what the paths of requests are relative to.
        transport: what sends the requests instead of the network.

    Yields:
        The client; tasks may share it.
    """
    async with httpx.AsyncClient(
        base_url=base_url,
        # Seconds: to connect, for a free connection, and for each read and write.
        timeout=httpx.Timeout(10.0, connect=3.0, pool=5.0),
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
        transport=transport,
    ) as client:
        yield client
