"""A database's sessions, for as long as the program runs.

## Why
An engine holds a pool of connections: a program has one for each database, opened where it starts and closed where it
ends, on every path. A session is for one piece of work, so that what is handed around is what makes them. With
`expire_on_commit=False` objects can be read after the commit; else each attribute would have to be loaded again, which
under asyncio fails.

## Use
```python
async with open_database("postgresql+asyncpg://shop@localhost/shop") as sessions:
    async with sessions.begin() as session:  # commits, or rolls back on an exception
        session.add(order)
```
In FastAPI that is a line of the lifespan: `yield {"sessions": sessions}`.

## References
- [Asynchronous I/O](https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

PREFIXES = ("sessionfactory", "sessionmaker", "engine", "opendatabase")
WHERE = ("module",)
TAB_STOPS = ("open_database", "url", "engine")
REQUIRES = ("sqlalchemy[asyncio]>=2.0",)
SINCE = (3, 9)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Make sessions for the length of an `async with` block.

    The first session connects, not the block.

    Args:
        url: with an asynchronous driver, such as `postgresql+asyncpg://host/name`.

    Yields:
        What makes sessions.
    """
    # `pool_pre_ping`: a connection that died while it was idle is replaced.
    engine = create_async_engine(url, pool_pre_ping=True)
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()
