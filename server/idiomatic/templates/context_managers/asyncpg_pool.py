"""A pool of connections to PostgreSQL, for the life of the program.

## Why
Opening a connection takes longer than most queries, so a pool is opened once, where the program starts, and handed to
those who need it. `asyncpg.create_pool` is an `async with` block: its end waits until every connection was given back
and then closes them, and if that is cancelled it cuts them off. A limit of the size keeps a busy moment from using up
what the server allows; a time limit keeps one lost answer from holding a connection for ever.

## Use
```python
async with open_pool("postgresql://localhost/shop") as pool:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE orders SET status = 'paid' WHERE id = $1", 1)
```

## References
- [asyncpg.create_pool](https://magicstack.github.io/asyncpg/current/api/index.html#connection-pools)
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

PREFIXES = ("asyncpgpool", "dbpool")
WHERE = ("module",)
TAB_STOPS = ("open_pool", "max_size", "command_timeout")
REQUIRES = ("asyncpg>=0.27",)
SINCE = (3, 9)


async def _set_up(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make a new connection take and give JSON as Python's values, not as text."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=json.dumps,
            decoder=json.loads,
        )


@asynccontextmanager
async def open_pool(
    dsn: str,
    *,
    max_size: int = 10,
    command_timeout: float = 30.0,
) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """Open a pool for the length of an `async with` block.

    Args:
        dsn: `postgresql://user:password@host:port/database`.
        max_size: how many connections there are at most; who asks for more waits.
        command_timeout: seconds after which a query raises `TimeoutError`.

    Yields:
        The pool; a first connection has been made, so a wrong address shows at once.
    """
    async with asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=max_size,
        command_timeout=command_timeout,
        init=_set_up,
    ) as pool:
        yield pool
